"""Ids as the public API writes them: opaque texts, each unique among all types."""

from typing import NewType

GlobalId = NewType("GlobalId", str)

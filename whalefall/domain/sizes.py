"""Sizes are bytes, 64-bit; larger units are display."""

from typing import NewType

Bytes = NewType("Bytes", int)
Count = NewType("Count", int)  # rows, as the target's optimiser estimates them

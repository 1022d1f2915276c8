"""The edge in front of both doors."""

from whalefall.edge.answering import COOKIE
from whalefall.edge.middleware import Edge

__all__ = ["COOKIE", "Edge"]

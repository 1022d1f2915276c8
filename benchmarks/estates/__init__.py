"""Estates: instances, databases, tables and history of three sizes, made inside PostgreSQL."""

from benchmarks.estates.building import SCRIPT, Places, build, find_places
from benchmarks.estates.sizes import LEDGER, PAGES, SIZES, Size

__all__ = ["LEDGER", "PAGES", "SCRIPT", "SIZES", "Places", "Size", "build", "find_places"]

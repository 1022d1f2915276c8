"""Searching a million tables by name, in the database and through the operation."""

from benchmarks.searching.measuring import bench_search

__all__ = ["bench_search"]

"""The lists of the console over a large estate: time, bytes, and what their SQL alone takes."""

from benchmarks.pages.measuring import bench_pages

__all__ = ["bench_pages"]

"""Q6: a CSV of about 100,000 rows over HTTP, against psql's COPY of the same bytes."""

from benchmarks.exports.racing import bench_csv

__all__ = ["bench_csv"]

"""WhaleFall: one place that knows every database instance of a company."""

__version__ = "0.1.0"

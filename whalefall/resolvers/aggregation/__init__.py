"""Sizes by period: how they are made in `computing` and kept up in `keeping`, read in `reading`."""

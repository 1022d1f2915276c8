"""How fast WhaleFall is, as ratios to what the same machine does at its best in the same run."""

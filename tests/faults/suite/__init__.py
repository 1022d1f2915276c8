"""The whole table of faults, on servers that nobody else uses."""

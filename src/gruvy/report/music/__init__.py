"""The report of a model of music."""

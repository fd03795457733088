"""The report of a forecaster."""

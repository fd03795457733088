"""The report of a detector of anomalies."""

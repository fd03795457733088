"""What all estimators have in common: fit, save and load, parameters, provenance."""

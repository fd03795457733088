"""What estimators that give labels have in common: reading, weighing and scoring them, and calibrated probabilities."""

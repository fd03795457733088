"""The Lightning module and the trainer that all estimators share."""

from gruvy.training.memory import PeakMemory
from gruvy.training.module import Batches, Loss, Progress, Schedule, TrainingModule
from gruvy.training.randomness import reproducible
from gruvy.training.train import Training, mean_loss, train

__all__ = [
    "Batches",
    "Loss",
    "PeakMemory",
    "Progress",
    "Schedule",
    "Training",
    "TrainingModule",
    "mean_loss",
    "reproducible",
    "train",
]

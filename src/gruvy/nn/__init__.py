"""PyTorch modules on the native engine."""

from gruvy.nn.gru import GRU
from gruvy.nn.models import GRUModel

__all__ = ["GRU", "GRUModel"]

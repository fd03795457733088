"""PyTorch modules on the native engine."""

from gruvy.nn.graph import to_graph
from gruvy.nn.gru import GRU, on_torch
from gruvy.nn.models import GRUModel
from gruvy.nn.precision import PrecisionRow, compare_precision
from gruvy.nn.quantized import QuantizedGRU

__all__ = ["GRU", "GRUModel", "PrecisionRow", "QuantizedGRU", "compare_precision", "on_torch", "to_graph"]

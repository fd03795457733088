"""The contenders, in the order of the table. A new peer is one class in one file and one more name here."""

from __future__ import annotations

from gruvy.bench.peers.jax_scan import JaxScan
from gruvy.bench.peers.keras_layer import KerasLayer
from gruvy.bench.peers.onednn import OneDnn, OneDnnVanilla
from gruvy.bench.peers.onnx_runtime import OnnxRuntime
from gruvy.bench.peers.openvino_runtime import OpenVino
from gruvy.bench.peers.peer import Form, Peer, Ready
from gruvy.bench.peers.torch_layers import Gruvy, GruvyResetBefore, TorchGRU, TorchLSTM

OWN: tuple[Peer, ...] = (Gruvy(), GruvyResetBefore())
PEERS: tuple[Peer, ...] = (
    TorchGRU(),
    TorchLSTM(),
    KerasLayer(),
    JaxScan(),
    OnnxRuntime(),
    OpenVino(),
    OneDnn(),
    OneDnnVanilla(),
)

__all__ = ["OWN", "PEERS", "Form", "Peer", "Ready"]

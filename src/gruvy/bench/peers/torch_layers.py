"""Layers of PyTorch's kind: gruvy's own in both forms, and the two that come with PyTorch."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from gruvy.bench.case import Array, Case
from gruvy.bench.peers.peer import Form, Peer, Ready

if TYPE_CHECKING:
    import torch


class _TorchLayer(Peer):
    packages = ("torch",)
    install = "pip install torch"

    @abstractmethod
    def layer(self, inputs: int, hidden: int) -> torch.nn.Module:
        """Return the layer to be measured."""

    def finished(self, layer: Any) -> Any:
        """Return what is measured of the layer, when that has its weights."""
        return layer

    def prepare(self, case: Case) -> Ready:
        """Make the layer with the case's weights; time first, as every layer here prefers it."""
        import torch

        torch.set_num_threads(case.threads)
        tensors = {name: torch.from_numpy(array.copy()) for name, array in case.arrays.items()}
        layer: Any = self.layer(case.shape.inputs, case.shape.hidden)
        x, h_0, dout = tensors["x"], tensors["h_0"][None], tensors["dout"]
        if self.form is None:
            cell_0 = torch.randn_like(h_0)
            states: Any = (h_0, cell_0)
            leaves: list[torch.Tensor] = [x, h_0, cell_0, *layer.parameters()]
        else:
            states = h_0
            layer.load_state_dict({f"{name}_l0": tensors[name] for name in WEIGHTS})
            layer = self.finished(layer)
            leaves = [x, h_0, *layer.parameters()]
        shapes = {name: array.shape for name, array in case.arrays.items()} | {"out": dout.shape}
        last: dict[str, torch.Tensor] = {}

        def infer() -> None:
            with torch.inference_mode():
                last["out"] = layer(x, states)[0]

        def train() -> None:
            for leaf in leaves:
                leaf.grad = None
            last["out"] = out = layer(x, states)[0]
            out.backward(dout)

        def results() -> dict[str, Array]:
            found: dict[str, Any] = {"out": last["out"]}
            if case.work == "training":
                found |= {"x": x.grad, "h_0": h_0.grad}
                found |= {name: getattr(layer, f"{name}_l0").grad for name in ("weight_ih", "weight_hh")}
            return {name: tensor.detach().numpy().reshape(shapes[name]) for name, tensor in found.items()}

        if case.work == "inference":
            return Ready(infer, results)
        for leaf in leaves:
            leaf.requires_grad_()
        return Ready(train, results)


WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class Gruvy(_TorchLayer):
    """gruvy.nn.GRU, the reset gate after the product."""

    name = "gruvy"
    form: ClassVar[Form | None] = "reset after"

    def layer(self, inputs: int, hidden: int) -> torch.nn.Module:
        """Return the layer, on the engine and on nothing else."""
        from gruvy.nn import GRU

        return GRU(inputs, hidden, reset_after=self.form == "reset after", backend="native")

    def version(self) -> str:
        """Return gruvy's version and instruction set."""
        import gruvy
        from gruvy import engine

        return f"{gruvy.__version__} ({engine.instruction_set()})"


class GruvyResetBefore(Gruvy):
    """gruvy.nn.GRU, the reset gate before the product."""

    name = "gruvy, reset before"
    form = "reset before"


class GruvyBf16(Gruvy):
    """gruvy.nn.GRU with bf16 weights."""

    name = "gruvy bf16"
    works = ("inference",)
    tolerance = 0.02
    dtype: ClassVar[str] = "bf16"

    def finished(self, layer: Any) -> Any:
        """Return the layer with its weights rounded."""
        return layer.quantize(self.dtype)


class GruvyInt8(GruvyBf16):
    """gruvy.nn.GRU with int8 weights."""

    name = "gruvy int8"
    tolerance = 0.1
    dtype = "int8"


class TorchGRU(_TorchLayer):
    """torch.nn.GRU."""

    name = "torch GRU"
    form = "reset after"

    def layer(self, inputs: int, hidden: int) -> torch.nn.Module:
        """Return the layer."""
        import torch

        return torch.nn.GRU(inputs, hidden)


class TorchLSTM(_TorchLayer):
    """torch.nn.LSTM of the same hidden size: another cell, which every GRU is compared with."""

    name = "torch LSTM"
    form = None

    def layer(self, inputs: int, hidden: int) -> torch.nn.Module:
        """Return the layer."""
        import torch

        return torch.nn.LSTM(inputs, hidden)

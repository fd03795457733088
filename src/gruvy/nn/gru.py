"""`GRU`, a drop-in for `torch.nn.GRU` on the native engine."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence

from gruvy import engine
from gruvy.errors import ArgumentError, GruvyError, TensorError
from gruvy.formats.effective import weights_of
from gruvy.nn.arguments import call_layers, in_layout, time_first
from gruvy.nn.composed import torch_gates, torch_layer
from gruvy.nn.layer import Cell, DirectionWeights, StepControls
from gruvy.nn.masks import draw, draw_dropout
from gruvy.nn.memory import plain
from gruvy.nn.native import engine_layer, native_gates, native_layer
from gruvy.nn.onnx import exporting_to_onnx, onnx_layer
from gruvy.nn.ops import op_layer
from gruvy.nn.quantized import QuantizedDtype, QuantizedGRU
from gruvy.nn.tracing import OneCall, scriptable
from gruvy.nn.transforms import at_work, at_work_in_compiled, autocast_is_on
from gruvy.spec import GRUWeights, LayerWeights, suffixes
from gruvy.streaming import StreamingGRU

Backend = Literal["auto", "native", "torch"]
BACKENDS = ("auto", "native", "torch")

# Of the arguments that `torch.nn.GRU` lacks.
DEFAULTS = {
    "reset_after": True,
    "layer_norm": False,
    "input_dropout": 0.0,
    "recurrent_dropout": 0.0,
    "variational": True,
    "zoneout": 0.0,
    "learn_initial_state": False,
    "checkpoint_every": 0,
    "backend": "auto",
}

_on_torch: ContextVar[bool] = ContextVar("gruvy_on_torch", default=False)


@contextmanager
def on_torch() -> Iterator[None]:
    """Let layers with ``backend="auto"`` take the PyTorch path within a block, to see what the engine brings.

    Example:
        >>> import torch, gruvy.nn
        >>> gru = gruvy.nn.GRU(2, 3)
        >>> with gruvy.nn.on_torch():
        ...     output, h_n = gru(torch.zeros(4, 2))
    """
    token = _on_torch.set(True)
    try:
        yield
    finally:
        _on_torch.reset(token)


class GRU(OneCall, torch.nn.RNNBase):
    """Gated recurrent unit: `torch.nn.GRU` on the native engine, with both forms of the reset gate.

    With z keeping the old state, for each layer and step::

        r = sigmoid(W_ir x + b_ir + W_hr h + b_hr)
        z = sigmoid(W_iz x + b_iz + W_hz h + b_hz)
        n = tanh(W_in x + b_in + r * (W_hn h + b_hn))    # reset_after=True: PyTorch, cuDNN
        n = tanh(W_in x + b_in + W_hn (r * h) + b_hn)    # reset_after=False: Cho et al. 2014
        h = (1 - z) * n + z * h

    Constructor, call, parameters and ``state_dict`` are those of `torch.nn.GRU`, and so are results and gradients. It
    compiles and exports to one graph; ``torch.compile`` refuses `torch.nn.GRU` itself, so this is no subclass of it.
    Under autocast the engine goes on in float32, which is faster than PyTorch's bfloat16 path.

    Args:
        input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device, dtype: as in
            `torch.nn.GRU`.
        reset_after: whether the reset gate is applied after the recurrent product. The two forms are different
            functions: weights trained for one do not fit the other.
        layer_norm: whether each product is normalised before its bias is added, W x and W h apart, r and z together
            (Ba et al. 2016, equations 20 to 23); gains are the parameters ``gain_ih_l0``, ``gain_hh_l0`` ... (3H,).
        input_dropout: probability to drop an element of the input.
        recurrent_dropout: probability to drop an element of h where it enters the products; the state itself is kept
            whole (Gal and Ghahramani 2016).
        variational: whether input and recurrent dropout draw one mask for all steps of a row, or one for each step.
        zoneout: probability of a unit to keep its old state at a step (Krueger et al. 2017); in evaluation every unit
            keeps that share of it.
        learn_initial_state: whether the state that rows and segments begin with is a parameter, ``initial_state``
            (layers * directions, H), zero at first, where no h_0 is given.
        checkpoint_every: 0, or a number of steps K: the gates are not kept for the backward pass but computed again, K
            steps at a time, so that beyond input and output memory grows with K instead of T.
        backend: "native" runs float32 on a CPU on the engine, with gradients, and refuses what the engine lacks;
            "torch" runs PyTorch's operations; "auto" takes the engine where it can.

    Shape:
        - input: (T, N, I), or (N, T, I) with ``batch_first``, or (T, I) without a batch, or a `PackedSequence`.
        - h_0: (layers * directions, N, H), or (layers * directions, H) without a batch. Zero where not given.
        - lengths: (N,), steps of each row, 0 to T, in any order. Output past the end of a row is 0, and no gradient
          comes from there.
        - resets: (T, N), or (N, T) with ``batch_first``, or (T,) without a batch, bool: where a new segment begins.
          That step starts from zero or the learnt state, and in the backward direction the one before it does.
        - mask: as resets, bool: where a row takes a step. Elsewhere it keeps its state, and the output is that state.
        - output: as input, with H * directions features. h_n: as h_0.

    Raises:
        TensorError: a tensor has a shape, dtype or device that does not fit.
        ArgumentError: another argument cannot be.

    Example:
        >>> gru = GRU(3, 5, batch_first=True)
        >>> output, h_n = gru(torch.randn(2, 7, 3), lengths=[7, 4])
        >>> output.shape, h_n.shape
        (torch.Size([2, 7, 5]), torch.Size([1, 2, 5]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        reset_after: bool = True,
        layer_norm: bool = False,
        input_dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        variational: bool = True,
        zoneout: float = 0.0,
        learn_initial_state: bool = False,
        checkpoint_every: int = 0,
        backend: Backend = "auto",
        proj_size: int = 0,
    ):
        if backend not in BACKENDS:
            raise ArgumentError(f"backend is {backend!r}; expected one of {', '.join(map(repr, BACKENDS))}")
        if proj_size:
            raise ArgumentError(f"proj_size is {proj_size}; a GRU has no projection (an LSTM has): leave it out")
        if checkpoint_every < 0:
            raise ArgumentError(f"checkpoint_every is {checkpoint_every}; expected a number of steps, or 0")
        super().__init__(
            "GRU",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            device=device,
            dtype=dtype,
        )
        self.reset_after = reset_after
        self.layer_norm = layer_norm
        self.input_dropout = engine.check_fraction("input_dropout", input_dropout)
        self.recurrent_dropout = engine.check_fraction("recurrent_dropout", recurrent_dropout)
        self.variational = variational
        self.zoneout = engine.check_fraction("zoneout", zoneout)
        self.learn_initial_state = learn_initial_state
        self.checkpoint_every = checkpoint_every
        self.backend: Backend = backend
        if layer_norm:
            for suffix in self._suffixes():
                for name in ("gain_ih", "gain_hh"):
                    gain = torch.ones(3 * hidden_size, device=device, dtype=dtype)
                    self.register_parameter(name + suffix, torch.nn.Parameter(gain))
        if learn_initial_state:
            state = torch.zeros(len(self._suffixes()), hidden_size, device=device, dtype=dtype)
            self.initial_state = torch.nn.Parameter(state)

    def reset_parameters(self) -> None:
        """Draw the weights anew, as `torch.nn.GRU` does; gains become 1 and the initial state 0."""
        super().reset_parameters()
        for name, parameter in self.named_parameters():
            if name.startswith(("gain_", "initial_state")):
                torch.nn.init.constant_(parameter, float(name.startswith("gain_")))

    def forward(
        self,
        input: Tensor | PackedSequence,
        hx: Tensor | None = None,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor | PackedSequence, Tensor]:
        """Run all layers; see the class for shapes and errors."""
        return call_layers(self, self._run_to_last, input, hx, lengths, resets, mask)

    def layer_outputs(
        self,
        input: Tensor,
        hx: Tensor | None = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> tuple[list[Tensor], Tensor]:
        """Run all layers and return the states at every step of every layer.

        Args:
            input, hx, lengths, resets, mask: as for the call; a PackedSequence is not taken.

        Returns:
            Each layer's output, from the first to the last, before dropout between layers; and h_n.
        """
        x, h_0, controls, batched = time_first(self, input, hx, lengths, resets, mask)
        outputs, h_n = self._run(x, h_0, controls)
        return [in_layout(self, output, batched) for output in outputs], h_n if batched else h_n[:, 0]

    @torch.no_grad()
    def gates(
        self,
        input: Tensor,
        hx: Tensor | None = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Return the gates of every layer and direction, as in evaluation: without gradients and random masks.

        Args:
            input, hx, lengths, resets, mask: as for the call; a PackedSequence is not taken.

        Returns:
            "reset", "update" (which keeps the old state) and "candidate", each (layers * directions, T, N, H), time
            first whatever ``batch_first`` is, and 0 where a row takes no step.
        """
        x, h_0, controls, _ = time_first(self, input, hx, lengths, resets, mask)
        cell = Cell(self.reset_after, self.zoneout)
        run_layer = torch_gates if self._path(x) is torch_layer else native_gates
        x, h_0 = self._ready(run_layer is native_gates, x, h_0)
        by_layer = []
        for layer in range(self.num_layers):
            x, _, gates = run_layer(x, self._state(h_0, layer, x), self._weights(layer), controls, cell)
            by_layer.append(gates)
        reset, kept, candidate = torch.cat(by_layer).unbind(1)
        if self.zoneout:  # what was kept is z + zoneout * (1 - z), or nothing where no step was taken
            kept = torch.where(kept > 0, 1 - (1 - kept) / (1 - self.zoneout), 0.0)
        return {"reset": reset, "update": kept, "candidate": candidate}

    def streaming(self, streams: int = 1) -> StreamingGRU:
        """Return the layers, with their weights of now, to be run one step at a time; float32, one direction.

        Raises:
            ArgumentError: the layer is bidirectional, so that no step has a result before the last input.
            TensorError: the weights are not float32.
        """
        return StreamingGRU.of(self.to_weights(), streams=streams)

    def to_weights(self) -> GRUWeights:
        """Return the weights of now that evaluation computes with, apart from PyTorch; on a CPU without a copy.

        Raises:
            TensorError: the layer is on the meta device, without any.
        """
        return self._weights_as(None)

    def quantize(self, dtype: QuantizedDtype = "int8") -> QuantizedGRU:
        """Return a copy for inference whose weight matrices are int8 (a quarter of the memory) or bf16 (a half).

        Raises:
            ArgumentError: an unknown dtype.
            TensorError: weights that int8 cannot keep: NaN, infinity, or too many columns.
            GruvyError: the native engine is missing.
        """
        return QuantizedGRU(self._weights_as(torch.float32), dtype)

    def input_kind(self) -> tuple[torch.dtype, torch.device]:
        """Return the dtype and the device of inputs, which are those of the weights."""
        weight: Tensor = self.weight_ih_l0  # type: ignore[assignment]
        return weight.dtype, weight.device

    def extra_repr(self) -> str:
        """Return the arguments that differ from their defaults, for ``print``."""
        text: str = super().extra_repr()
        for name, default in DEFAULTS.items():
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)!r}"
        return text

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, default in DEFAULTS.items():
            state.setdefault(name, default)
        super().__setstate__(state)  # type: ignore[no-untyped-call]

    def __prepare_scriptable__(self) -> torch.nn.GRU:
        """Return what torch.jit.script compiles in the place of the layer; see `gruvy.nn.tracing.scriptable`."""
        return scriptable(self, DEFAULTS)

    # ---- layers ----

    def _weights_as(self, dtype: torch.dtype | None) -> GRUWeights:
        """Return the weights of now in a dtype, None for their own; see `to_weights`."""
        ready = {name: plain(tensor, name).to(dtype).numpy() for name, tensor in weights_of(self).items()}
        state = ready.get("initial_state")
        flat = [
            LayerWeights(
                **{field: ready.get(f"{field}{suffix}") for field in LayerWeights._fields[:-1]},  # type: ignore[arg-type]
                initial_state=None if state is None else state[index],
            )
            for index, suffix in enumerate(self._suffixes())
        ]
        D = 2 if self.bidirectional else 1
        layers = tuple(tuple(flat[at : at + D]) for at in range(0, len(flat), D))
        return GRUWeights(layers, self.reset_after, self.zoneout, batch_first=self.batch_first)

    def _run_to_last(self, x: Tensor, h_0: Tensor | None, controls: StepControls) -> tuple[Tensor, Tensor]:
        outputs, h_n = self._run(x, h_0, controls)
        return outputs[-1], h_n

    def _run(self, x: Tensor, h_0: Tensor | None, controls: StepControls) -> tuple[list[Tensor], Tensor]:
        if torch.compiler.is_compiling():
            return self._run_layers(x, h_0, controls)
        try:
            outputs, h_n = self._run_layers(x, h_0, controls)
        except (RuntimeError, TypeError, IndexError, AttributeError) as error:
            problems = self._wrong_weights()  # of which PyTorch's operations, or the engine, name what they came across
            if not problems:
                raise
            raise TensorError("; ".join(problems)) from error
        if h_n.shape[2] != self.hidden_size:  # the weights fit each other, but not the layer
            raise TensorError("; ".join(self._wrong_weights()))
        return outputs, h_n

    def _run_layers(self, x: Tensor, h_0: Tensor | None, controls: StepControls) -> tuple[list[Tensor], Tensor]:
        run_layer = self._path(x)
        x, h_0 = self._ready(run_layer is not torch_layer, x, h_0)
        T, N, I = x.shape
        if self.training and self.input_dropout:
            x = x * draw_dropout((1 if self.variational else T, N, I), self.input_dropout, x)
        cell = Cell(self.reset_after, 0.0 if self.training else self.zoneout, self.checkpoint_every)
        outputs, last_states = [], []
        for layer in range(self.num_layers):
            noisy = self._with_masks(controls, x) if self.training else controls
            output, h_n = run_layer(x, self._state(h_0, layer, x), self._weights(layer), noisy, cell)
            outputs.append(output)
            last_states.append(h_n)
            between = self.dropout and self.training and layer < self.num_layers - 1
            x = F.dropout(output, self.dropout) if between else output
        return outputs, last_states[0] if self.num_layers == 1 else torch.cat(last_states)

    def _with_masks(self, controls: StepControls, x: Tensor) -> StepControls:
        """Draw one layer's masks, the same ones for every backend."""
        T, N, _ = x.shape
        D, H = 2 if self.bidirectional else 1, self.hidden_size
        if self.recurrent_dropout:
            shape = (D, 1 if self.variational else T, N, H)
            controls = controls._replace(dropout=draw_dropout(shape, self.recurrent_dropout, x))
        if self.zoneout:
            controls = controls._replace(zoneout=draw((D, T, N, H), self.zoneout, x.device))
        return controls

    def _suffixes(self) -> list[str]:
        return suffixes(self.num_layers, self.bidirectional)

    def _weights(self, layer: int) -> list[DirectionWeights]:
        D = 2 if self.bidirectional else 1
        # What is computed, as by weight norm and pruning, is an attribute; asking the module for what is a parameter
        # costs a microsecond each.
        held: dict[str, Any] = {} if torch.compiler.is_compiling() else self._parameters
        weights = []
        for index in range(layer * D, (layer + 1) * D):
            names = self._all_weights[index]
            w = DirectionWeights(*[held[name] if name in held else getattr(self, name) for name in names])
            if self.layer_norm:
                suffix = self._suffixes()[index]
                w = w._replace(gain_ih=getattr(self, "gain_ih" + suffix), gain_hh=getattr(self, "gain_hh" + suffix))
            weights.append(w._replace(initial_state=self.initial_state[index]) if self.learn_initial_state else w)
        return weights

    def _wrong_weights(self) -> list[str]:
        """Say of every weight whose type, shape, dtype or device is not that of the layer what it is instead."""
        dtype, device = self.input_kind()
        problems = []
        for index, suffix in enumerate(self._suffixes()):
            D, H = 2 if self.bidirectional else 1, self.hidden_size
            inputs = self.input_size if index < D else D * H
            for field, w in zip(DirectionWeights._fields, self._weights(index // D)[index % D], strict=True):
                if field == "initial_state" or (w is None and not field.startswith("weight_")):
                    continue
                name, shape = field + suffix, (3 * H, *{"weight_ih": (inputs,), "weight_hh": (H,)}.get(field, ()))
                if not isinstance(w, Tensor):
                    problems.append(f"{name} is of type {type(w).__name__}; expected a tensor")
                elif w.shape != shape:
                    problems.append(f"{name} has the shape {tuple(w.shape)}; expected {shape}")
                elif (w.dtype, w.device) != (dtype, device):
                    problems.append(f"{name} is {w.dtype} on {w.device}; expected {dtype} on {device}, as weight_ih_l0")
        return problems

    def _state(self, h_0: Tensor | None, layer: int, x: Tensor) -> Tensor | None:
        D = 2 if self.bidirectional else 1
        part = slice(layer * D, (layer + 1) * D)
        if h_0 is None and self.learn_initial_state:
            return self.initial_state[part, None].expand(D, x.shape[1], self.hidden_size)
        return None if h_0 is None else h_0[part]

    def _ready(self, on_engine: bool, x: Tensor, h_0: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Bring what autocast has made bfloat16 to the engine's float32."""
        if on_engine and torch.is_autocast_enabled("cpu"):
            return x.float(), None if h_0 is None else h_0.float()
        return x, h_0

    # ---- which path ----

    def _path(self, x: Tensor) -> Callable[..., tuple[Tensor, Tensor]]:
        compiling = torch.compiler.is_compiling()
        if compiling and exporting_to_onnx():
            return onnx_layer
        if self.backend == "torch":
            return torch_layer
        if compiling:
            covered = engine.raw is not None and self._dtype(x) == torch.float32 and x.device.type == "cpu"
            return op_layer if covered and not at_work_in_compiled() else torch_layer
        if self.backend == "native":
            self._refuse_without_engine(x)
        if self.backend == "auto" and _on_torch.get():
            return torch_layer
        if engine.raw is None:
            say_once(f"gruvy: the PyTorch path is in use, because the native engine is missing: {engine.why_missing}")
            return torch_layer
        if self.backend == "native":
            return engine_layer
        return torch_layer if self._uncovered(x) else native_layer

    def _uncovered(self, x: Tensor) -> str | None:
        """Say why the engine does not cover this call, or None."""
        if self._dtype(x) != torch.float32:
            return f"the dtype is {self._dtype(x)}; expected torch.float32"
        if x.device.type != "cpu":
            return f"the device is {x.device}; expected the CPU"
        return at_work()

    def _dtype(self, x: Tensor) -> torch.dtype:
        """Of the input; under autocast, which casts the input, of the weights."""
        if not autocast_is_on(x.device):
            return x.dtype
        weight: Tensor = self.weight_ih_l0  # type: ignore[assignment]
        return weight.dtype

    def _refuse_without_engine(self, x: Tensor) -> None:
        if engine.raw is None:
            raise GruvyError(f"the native engine is needed here and is missing: {engine.why_missing}")
        reason = self._uncovered(x)
        if reason:
            raise TensorError(f"the native engine does not cover this call: {reason}; or use backend='auto'")
        engine.instruction_set()


@functools.cache
def say_once(message: str) -> None:
    """Log a warning, the first time it is asked for."""
    logging.getLogger("gruvy").warning(message)

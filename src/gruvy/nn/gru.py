"""`GRU`, a drop-in for `torch.nn.GRU` on the native engine."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from gruvy import engine
from gruvy.errors import ArgumentError, GruvyError, TensorError
from gruvy.nn.composed import DirectionWeights, Segments, torch_gates, torch_layer
from gruvy.nn.native import native_gates, native_layer
from gruvy.nn.ops import op_layer
from gruvy.streaming import LayerWeights, StreamingGRU

Backend = Literal["auto", "native", "torch"]
BACKENDS = ("auto", "native", "torch")


class GRU(torch.nn.RNNBase):
    """Gated recurrent unit: `torch.nn.GRU` on the native engine, with both forms of the reset gate.

    With z keeping the old state, for each layer and step::

        r = sigmoid(W_ir x + b_ir + W_hr h + b_hr)
        z = sigmoid(W_iz x + b_iz + W_hz h + b_hz)
        n = tanh(W_in x + b_in + r * (W_hn h + b_hn))    # reset_after=True: PyTorch, cuDNN
        n = tanh(W_in x + b_in + W_hn (r * h) + b_hn)    # reset_after=False: Cho et al. 2014
        h = (1 - z) * n + z * h

    Constructor, call, parameters and ``state_dict`` are those of `torch.nn.GRU`, and so are results and gradients. It
    compiles and exports to one graph; ``torch.compile`` refuses `torch.nn.GRU` itself, so this is no subclass of it.

    Args:
        input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, device, dtype: as in
            `torch.nn.GRU`.
        reset_after: whether the reset gate is applied after the recurrent product. The two forms are different
            functions: weights trained for one do not fit the other.
        backend: "native" runs float32 on a CPU on the engine, with gradients, and refuses what the engine lacks;
            "torch" runs PyTorch's operations; "auto" takes the engine where it can.

    Shape:
        - input: (T, N, I), or (N, T, I) with ``batch_first``, or (T, I) without a batch, or a `PackedSequence`.
        - h_0: (layers * directions, N, H), or (layers * directions, H) without a batch. Zero where not given.
        - lengths: (N,), steps of each row, 0 to T, in any order. Output past the end of a row is 0, and no gradient
          comes from there.
        - resets: (T, N), or (N, T) with ``batch_first``, or (T,) without a batch, bool: where a new segment begins.
          That step starts from a state of zero, and in the backward direction the one before it; no gradient passes.
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
        backend: Backend = "auto",
    ):
        if backend not in BACKENDS:
            raise ArgumentError(f"backend is {backend!r}; expected one of {', '.join(map(repr, BACKENDS))}")
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
        self.backend: Backend = backend

    def forward(
        self,
        input: Tensor | PackedSequence,
        hx: Tensor | None = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
    ) -> tuple[Tensor | PackedSequence, Tensor]:
        """Run all layers; see the class for shapes and errors."""
        if isinstance(input, PackedSequence):
            if lengths is not None or resets is not None:
                raise ArgumentError(
                    "lengths or resets came beside a PackedSequence, which has lengths of its own: give a padded input"
                )
            return self._run_packed(input, hx)
        batched, x, h_0, segments = self._time_first(input, hx, lengths, resets)
        output, h_n = self._run(x, h_0, segments)
        if not batched:
            return output[:, 0], h_n[:, 0]
        return output.transpose(0, 1) if self.batch_first else output, h_n

    @torch.no_grad()
    def gates(
        self,
        input: Tensor,
        hx: Tensor | None = None,
        *,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Return the gates of every layer and direction, without gradients and without dropout.

        Args:
            input, hx, lengths, resets: as for the call, but for a PackedSequence.

        Returns:
            "reset", "update" (which keeps the old state) and "candidate", each (layers * directions, T, N, H), time
            first whatever ``batch_first`` is, and 0 past the end of a row.
        """
        _, x, h_0, segments = self._time_first(input, hx, lengths, resets)
        run_layer = native_gates if self._path(x) is native_layer else torch_gates
        found = []
        for layer in range(self.num_layers):
            x, _, gates = run_layer(x, self._state(h_0, layer), self._weights(layer), segments, self.reset_after)
            found.append(gates)
        reset, update, candidate = torch.cat(found).unbind(1)
        return {"reset": reset, "update": update, "candidate": candidate}

    def streaming(self, streams: int = 1) -> StreamingGRU:
        """Return the layers, with their weights of now, to be run one step at a time; float32, one direction.

        Raises:
            ArgumentError: the layer is bidirectional, so that no step has a result before the last input.
            TensorError: the weights are not float32.
        """
        if self.bidirectional:
            raise ArgumentError("streaming needs one direction; this layer is bidirectional")
        layers = [LayerWeights(*(w.detach().cpu().numpy() for w in weights)) for weights in self.all_weights]
        return StreamingGRU(layers, streams=streams, reset_after=self.reset_after)

    def extra_repr(self) -> str:
        """Return the arguments that differ from their defaults, for ``print``."""
        text: str = super().extra_repr()
        if not self.reset_after:
            text += ", reset_after=False"
        if self.backend != "auto":
            text += f", backend={self.backend!r}"
        return text

    def __setstate__(self, state: dict[str, Any]) -> None:
        state.setdefault("reset_after", True)
        state.setdefault("backend", "auto")
        super().__setstate__(state)  # type: ignore[no-untyped-call]

    # ---- layers ----

    def _run(self, x: Tensor, h_0: Tensor | None, segments: Segments) -> tuple[Tensor, Tensor]:
        run_layer = self._path(x)
        last_states = []
        for layer in range(self.num_layers):
            x, h_n = run_layer(x, self._state(h_0, layer), self._weights(layer), segments, self.reset_after)
            last_states.append(h_n)
            if self.dropout and self.training and layer < self.num_layers - 1:
                x = F.dropout(x, self.dropout)
        return x, last_states[0] if self.num_layers == 1 else torch.cat(last_states)

    def _run_packed(self, packed: PackedSequence, hx: Tensor | None) -> tuple[PackedSequence, Tensor]:
        # Rows stay in the packed order, by falling length; only the states are in the caller's order.
        x, lengths = pad_packed_sequence(PackedSequence(packed.data, packed.batch_sizes))
        h_0 = hx if hx is None or packed.sorted_indices is None else hx[:, packed.sorted_indices]
        self._refuse(x, h_0, lengths, None)
        output, h_n = self._run(x, h_0, Segments(lengths))
        data = pack_padded_sequence(output, lengths).data
        return packed._replace(data=data), h_n if packed.unsorted_indices is None else h_n[:, packed.unsorted_indices]

    def _weights(self, layer: int) -> list[DirectionWeights]:
        directions = 2 if self.bidirectional else 1
        found = self.all_weights[layer * directions : (layer + 1) * directions]
        return [DirectionWeights(*w) for w in found]

    def _state(self, h_0: Tensor | None, layer: int) -> Tensor | None:
        directions = 2 if self.bidirectional else 1
        return None if h_0 is None else h_0[layer * directions : (layer + 1) * directions]

    # ---- which path ----

    def _path(self, x: Tensor) -> Callable[..., tuple[Tensor, Tensor]]:
        if self.backend == "torch":
            return torch_layer
        if torch.compiler.is_compiling():
            covered = engine.raw is not None and x.dtype == torch.float32 and x.device.type == "cpu"
            return op_layer if covered else torch_layer
        if self.backend == "native":
            self._refuse_without_engine(x)
        if engine.raw is None:
            say_once(f"gruvy: the PyTorch path is in use, because the native engine is missing: {engine.why_missing}")
            return torch_layer
        return torch_layer if self._uncovered(x) else native_layer

    def _uncovered(self, x: Tensor) -> str | None:
        """Say why the engine does not cover this call, or None."""
        if x.dtype != torch.float32:
            return f"the dtype is {x.dtype}; expected torch.float32"
        if x.device.type != "cpu":
            return f"the device is {x.device}; expected the CPU"
        if x.layout != torch.strided or type(x) not in (Tensor, torch.nn.Parameter):
            return f"the input is a {type(x).__name__} of the layout {x.layout}; expected a plain tensor"
        if torch._C._is_tracing():
            return "the module is being traced by torch.jit"
        if torch._C._functorch.peek_interpreter_stack() is not None:
            return "a transform of torch.func is at work"
        if torch.is_autocast_enabled("cpu"):
            return "autocast is enabled"
        return None

    def _refuse_without_engine(self, x: Tensor) -> None:
        if engine.raw is None:
            raise GruvyError(f"the native engine is needed here and is missing: {engine.why_missing}")
        reason = self._uncovered(x)
        if reason:
            raise TensorError(f"the native engine does not cover this call: {reason}; or use backend='auto'")
        engine.instruction_set()

    # ---- what came in ----

    def _time_first(
        self, input: Tensor, hx: Tensor | None, lengths: Tensor | Sequence[int] | None, resets: Tensor | None
    ) -> tuple[bool, Tensor, Tensor | None, Segments]:
        """Check the arguments and bring them to (T, N, I) and (layers * directions, N, H)."""
        if not isinstance(input, Tensor) or input.dim() not in (2, 3):
            came = f"the shape {tuple(input.shape)}" if isinstance(input, Tensor) else f"type {type(input).__name__}"
            raise TensorError(f"input has {came}; expected a tensor of 3 dimensions, or of 2 without a batch")
        batched = input.dim() == 3
        if hx is not None and hx.dim() != input.dim():
            raise TensorError(
                f"hx has the shape {tuple(hx.shape)} beside an input of {input.dim()} dimensions; "
                f"expected as many dimensions: {'(layers * directions, N, H)' if batched else 'no batch in either'}"
            )
        if not batched:
            if lengths is not None:
                raise ArgumentError("lengths came beside an input without a batch: leave lengths out, or cut the input")
            input, hx = input[:, None], None if hx is None else hx[:, None]
            resets = None if resets is None else resets[:, None]
        elif self.batch_first:
            input = input.transpose(0, 1)
            resets = None if resets is None else resets.transpose(0, 1)
        steps = None if lengths is None else torch.as_tensor(lengths)
        self._refuse(input, hx, steps, resets)
        segments = Segments(
            None if steps is None else steps.to(torch.int64).contiguous(),
            None if resets is None else resets.contiguous(),
        )
        return batched, input, hx, segments

    def _refuse(self, x: Tensor, hx: Tensor | None, lengths: Tensor | None, resets: Tensor | None) -> None:
        """Raise what is wrong with x (T, N, I), hx (layers * directions, N, H), lengths (N,) and resets (T, N)."""
        T, N, I = x.shape
        weight = self.weight_ih_l0
        problems = []
        if self.input_size != I:
            problems.append(f"input has {I} features; expected input_size = {self.input_size}")
        for name, tensor in (("input", x), ("hx", hx)):
            if tensor is None:
                continue
            if tensor.dtype != weight.dtype and not torch.is_autocast_enabled(x.device.type):
                problems.append(f"{name} is {tensor.dtype}; expected {weight.dtype}, as the weights: use .to()")
            if tensor.device != weight.device:
                problems.append(f"{name} is on {tensor.device}; expected {weight.device}, where the weights are")
        expected = (self.num_layers * (2 if self.bidirectional else 1), N, self.hidden_size)
        if hx is not None and tuple(hx.shape) != expected:
            problems.append(f"hx has the shape {tuple(hx.shape)}; expected {expected}")
        if lengths is not None:
            if lengths.dtype.is_floating_point or lengths.dtype in (torch.bool, torch.complex64):
                problems.append(f"lengths is {lengths.dtype}; expected whole numbers")
            elif tuple(lengths.shape) != (N,):
                problems.append(f"lengths has the shape {tuple(lengths.shape)}; expected ({N},), one for each row")
            elif not torch.compiler.is_compiling() and N and not 0 <= int(lengths.min()) <= int(lengths.max()) <= T:
                low, high = int(lengths.min()), int(lengths.max())
                problems.append(f"lengths lie in [{low}, {high}]; expected [0, {T}], the steps of the input")
        if resets is not None and (resets.dtype != torch.bool or tuple(resets.shape) != (T, N)):
            came = tuple(resets.shape[::-1] if self.batch_first else resets.shape)
            wanted = (N, T) if self.batch_first else (T, N)
            problems.append(f"resets is {resets.dtype} {came}; expected torch.bool {wanted}, as the input")
        if problems:
            raise TensorError("; ".join(problems))


@functools.cache
def say_once(message: str) -> None:
    """Log a warning, the first time it is asked for."""
    logging.getLogger("gruvy").warning(message)

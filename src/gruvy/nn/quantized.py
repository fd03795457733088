"""`QuantizedGRU`: a trained GRU whose weight matrices are kept as int8 or bf16, for inference on the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from gruvy import engine
from gruvy.activations import USUAL
from gruvy.errors import ArgumentError, TensorError
from gruvy.nn.arguments import call_layers
from gruvy.nn.layer import StepControls
from gruvy.nn.memory import plain, settled, settled_controls, viewed
from gruvy.nn.tracing import OneCall
from gruvy.quantization import check_precision, native_precision, quantize_rows
from gruvy.spec import GRUWeights, LayerWeights, suffixes
from gruvy.streaming import StreamingGRU

QuantizedDtype = Literal["int8", "bf16"]


class QuantizedGRU(OneCall):
    """A GRU with weight matrices of int8 or bf16, for inference; made by `GRU.quantize`.

    The call is that of the layer it was made from, and so are the results, except for what is lost by rounding the
    weights and, with int8, what they multiply: see `gruvy.quantization`. Results are bit for bit the same for any
    batch, chunk, padding and number of threads, and those of `streaming`.

    ``state_dict`` holds for each matrix ``weight_ih_l0``, ``weight_hh_l0`` ... its int8 rows and their scales (3H,) as
    ``weight_ih_l0_scale`` ..., or its bf16; all else is float32. To load one, quantise an untrained layer of the same
    arguments and load it there.

    Args:
        weights: those of the GRU, float32; copied.
        dtype: "int8" or "bf16".

    Raises:
        ArgumentError: an unknown dtype; weights that run backward alone or have other functions than sigmoid and tanh;
            at a call, a gradient is wanted.
        TensorError: weights that int8 cannot keep; at a call, a tensor that does not fit.
        GruvyError: the native engine is missing: there is no other path.

    Example:
        >>> from gruvy.nn import GRU
        >>> gru = GRU(3, 5).quantize("int8")
        >>> output, h_n = gru(torch.randn(7, 2, 3))
        >>> output.shape, gru.weight_hh_l0.dtype
        (torch.Size([7, 2, 5]), torch.int8)
    """

    initial_state: Tensor

    def __init__(self, weights: GRUWeights, dtype: QuantizedDtype = "int8"):
        super().__init__()
        if dtype not in get_args(QuantizedDtype):
            raise ArgumentError(f"dtype is {dtype!r}; expected one of {', '.join(map(repr, get_args(QuantizedDtype)))}")
        if weights.reverse or weights.activations != USUAL:
            raise ArgumentError(
                "these weights run backward alone, or with functions that a quantised GRU does not have"
            )
        engine.instruction_set()
        self.dtype: QuantizedDtype = dtype
        self.input_size, self.hidden_size, self.num_layers = weights.input_size, weights.hidden_size, weights.num_layers
        self.batch_first, self.bidirectional = weights.batch_first, weights.bidirectional
        self.reset_after, self.layer_norm, self.zoneout = weights.reset_after, weights.layer_norm, weights.zoneout
        flat = dict(zip(suffixes(self.num_layers, self.bidirectional), weights.astype(np.float32).flat, strict=True))
        arrays = {
            field + suffix: array
            for suffix, one in flat.items()
            for field, array in zip(LayerWeights._fields[:-1], one[:-1], strict=True)
            if array is not None
        }
        check_precision(dtype, {name: array for name, array in arrays.items() if name.startswith("weight_")})
        for name, array in arrays.items():
            tensor = torch.from_numpy(array)
            if not name.startswith("weight_"):
                self.register_buffer(name, tensor.clone())
            elif dtype == "bf16":
                self.register_buffer(name, tensor.to(torch.bfloat16))
            else:
                rows, scales = quantize_rows(array)
                self.register_buffer(name, torch.from_numpy(rows))
                self.register_buffer(name + "_scale", torch.from_numpy(scales))
        self.bias = any(one.bias_ih is not None or one.bias_hh is not None for one in flat.values())
        states = [one.initial_state for one in flat.values()]
        self.learn_initial_state = any(state is not None for state in states)
        if self.learn_initial_state:
            zero = np.zeros(self.hidden_size, np.float32)
            stacked = np.stack([zero if state is None else state for state in states])
            self.register_buffer("initial_state", torch.from_numpy(stacked))
        self._packed_of: list[Any] = []
        self._packed: list[Any] | None = None  # the engine's, for each layer and direction; made at the first call
        super().train(False)

    def forward(
        self,
        input: Tensor | PackedSequence,
        hx: Tensor | None = None,
        lengths: Tensor | Sequence[int] | None = None,
        resets: Tensor | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor | PackedSequence, Tensor]:
        """Run all layers; shapes and arguments are those of `gruvy.nn.GRU`."""
        return call_layers(self, self._run, input, hx, lengths, resets, mask)

    def to_weights(self) -> GRUWeights:
        """Return the weights as float32; the engine makes the very same int8 or bf16 of them again."""
        state = plain(self.initial_state).numpy() if self.learn_initial_state else None
        flat, D, H = [], 2 if self.bidirectional else 1, self.hidden_size
        for index, suffix in enumerate(suffixes(self.num_layers, self.bidirectional)):
            names = [field + suffix for field in LayerWeights._fields[2:-1]]
            I = self.input_size if index < D else D * H
            matrices = self._matrix("weight_ih" + suffix, I), self._matrix("weight_hh" + suffix, H)
            biases = [plain(b, name).numpy() if (b := self._buffers.get(name)) is not None else None for name in names]
            flat.append(
                LayerWeights(*matrices, *biases)._replace(initial_state=None if state is None else state[index])
            )
        layers = tuple(tuple(flat[at : at + D]) for at in range(0, len(flat), D))
        return GRUWeights(layers, self.reset_after, self.zoneout, batch_first=self.batch_first)

    def streaming(self, streams: int = 1) -> StreamingGRU:
        """Return the layers to be run one step at a time, with the same results.

        Raises:
            ArgumentError: the layer is bidirectional, so that no step has a result before the last input.
        """
        return StreamingGRU.of(self.to_weights(), streams=streams, dtype=self.dtype)

    @property
    def nbytes(self) -> int:
        """Bytes of the weights, scales and all; the engine keeps a second copy, in its own order, once it is called."""
        return sum(buffer.nbytes for buffer in self.buffers())

    def train(self, mode: bool = True) -> QuantizedGRU:
        """Refuse to be trained.

        Raises:
            ArgumentError: `mode` is True.
        """
        if mode:
            raise ArgumentError(
                f"a GRU of {self.dtype} weights cannot be trained: train the float32 layer, then quantize() it again"
            )
        return super().train(False)

    def extra_repr(self) -> str:
        """Return the sizes and what differs from the defaults, for ``print``."""
        text = f"{self.input_size}, {self.hidden_size}, dtype={self.dtype!r}"
        defaults = {"num_layers": 1, "bias": True, "batch_first": False, "bidirectional": False, "reset_after": True}
        for name, default in {**defaults, "layer_norm": False, "zoneout": 0.0, "learn_initial_state": False}.items():
            if getattr(self, name) != default:
                text += f", {name}={getattr(self, name)!r}"
        return text

    def input_kind(self) -> tuple[torch.dtype, torch.device]:
        """Return the dtype and the device of inputs."""
        return torch.float32, torch.device("cpu")

    # ---- running ----

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def _run(self, x: Tensor, h_0: Tensor | None, controls: StepControls) -> tuple[Tensor, Tensor]:
        if torch.is_grad_enabled() and (x.requires_grad or (h_0 is not None and h_0.requires_grad)):
            raise ArgumentError(
                f"a gradient is wanted through a GRU of {self.dtype} weights, which has none: "
                "call it under torch.no_grad(), or keep the float32 layer"
            )
        # Changed in place, replaced or loaded since, the buffers are packed anew.
        now = [
            (id(buffer), buffer.data_ptr(), buffer.shape, 0 if buffer.is_inference() else buffer._version)
            for buffer in self.buffers()
        ]
        if self._packed is None or now != self._packed_of:
            self._packed, self._packed_of = self._pack(), now
        T, N, I = x.shape
        D, H = 2 if self.bidirectional else 1, self.hidden_size
        initial = self.initial_state if self.learn_initial_state else None
        if h_0 is None and initial is not None:
            h_0 = initial[:, None].expand(-1, N, -1).contiguous()
        x, h_0 = x.detach().float(), None if h_0 is None else h_0.detach().float()  # bfloat16 under autocast
        try:
            return self._run_packed(x, h_0, initial, controls, lambda tensor: tensor)
        except ValueError:  # what does not fit is copied, or refused with a message
            states = (self.num_layers * D, N, H)
            x = settled(x, (T, N, I), "input", strides=True)
            h_0 = None if h_0 is None else settled(h_0, states, "hx")
            initial = None if initial is None else settled(initial, (states[0], H), "initial_state")
            return self._run_packed(x, h_0, initial, settled_controls(controls, T, N, H, D), viewed)

    def _run_packed(
        self,
        x: Tensor,
        h_0: Tensor | None,
        initial: Tensor | None,
        controls: StepControls,
        handed: Callable[[Tensor | None], Any],
    ) -> tuple[Tensor, Tensor]:
        """Run all layers on tensors that are `handed` to the engine."""
        assert self._packed is not None
        (T, N, _), H, D = x.shape, self.hidden_size, 2 if self.bidirectional else 1
        native = engine.require()
        lengths, resets, mask = map(handed, controls[:3])
        h_n = torch.empty(self.num_layers * D, N, H, dtype=torch.float32, device="cpu")
        for layer in range(self.num_layers):
            output = torch.empty(T, N, D * H, dtype=torch.float32, device="cpu")
            for d in range(D):
                index = layer * D + d
                problem = native.Problem(
                    *(T, N, x.shape[2], H),
                    reset_after=self.reset_after,
                    reverse=d == 1,
                    lengths=lengths,
                    resets=resets,
                    mask=mask,
                    zoneout=self.zoneout,
                    threads=torch.get_num_threads(),
                )
                call = native.Forward(
                    problem,
                    x=handed(x),
                    h_0=None if h_0 is None else handed(h_0[index]),
                    initial_state=None if initial is None else handed(initial[index]),
                    out=handed(output if D == 1 else output[..., d * H : (d + 1) * H]),
                    h_n=handed(h_n[index]),
                )
                self._packed[index].forward(problem, call)
            x = output
        return x, h_n

    def _pack(self) -> list[Any]:
        native, precision = engine.require(), native_precision(self.dtype)
        return [
            native.Packed(
                one,
                inputs=one.weight_ih.shape[1],
                hidden=self.hidden_size,
                reset_after=self.reset_after,
                precision=precision,
            )
            for one in self.to_weights().flat
        ]

    def _matrix(self, name: str, columns: int) -> NDArray[np.float32]:
        weight = plain(self.get_buffer(name), name).float()
        if weight.shape != (3 * self.hidden_size, columns):
            expected = (3 * self.hidden_size, columns)
            raise TensorError(f"{name} has the shape {tuple(weight.shape)}; expected {expected}")
        if self.dtype == "int8":
            weight = weight * plain(self.get_buffer(name + "_scale"), name + "_scale")[:, None]
        array: NDArray[np.float32] = weight.numpy()
        return array

    # ---- copying, moving and loading ----

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_packed": None, "_packed_of": []}

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        errors: list[str] = args[-1]
        for name, buffer in self._buffers.items():
            given = state_dict.get(prefix + name)
            if buffer is not None and isinstance(given, Tensor) and given.dtype != buffer.dtype:
                errors.append(f"{prefix}{name} is {given.dtype}; expected {buffer.dtype}: quantize() the layer first")
        if not errors:
            super()._load_from_state_dict(state_dict, prefix, *args)
            self._packed = None

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> QuantizedGRU:
        for name, buffer in self.named_buffers():
            moved = fn(buffer)
            if (moved.dtype, moved.device) != (buffer.dtype, buffer.device):
                raise TensorError(
                    f"{name} would become {moved.dtype} on {moved.device}; a quantised GRU stays as it is, on the CPU: "
                    "move or convert the other modules alone"
                )
        return self

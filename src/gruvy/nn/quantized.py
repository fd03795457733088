"""`QuantizedGRU`: a trained GRU whose weight matrices are kept as int8 or bf16, for inference on the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, get_args

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from gruvy import engine
from gruvy.errors import ArgumentError, TensorError
from gruvy.formats.effective import weights_of
from gruvy.nn.arguments import pack_again, time_first, unpack
from gruvy.nn.composed import DirectionWeights, Rows
from gruvy.nn.memory import plain, settled, settled_rows, settled_weights
from gruvy.quantization import check_precision, native_precision, quantize_rows
from gruvy.spec import LayerWeights
from gruvy.streaming import StreamingGRU

if TYPE_CHECKING:
    from gruvy.nn.gru import GRU

QuantizedDtype = Literal["int8", "bf16"]


class QuantizedGRU(torch.nn.Module):
    """A GRU with weight matrices of int8 or bf16, for inference; made by `GRU.quantize`.

    The call is that of the layer it was made from, and so are the results, but for what is lost by rounding the weights
    and, with int8, what they multiply: see `gruvy.quantization`. Results are bit for bit the same for any batch, chunk,
    padding and number of threads, and those of `streaming`.

    ``state_dict`` holds for each matrix ``weight_ih_l0``, ``weight_hh_l0`` ... its int8 rows and their scales (3H,) as
    ``weight_ih_l0_scale`` ..., or its bf16; all else is float32. To load one, quantise an untrained layer of the same
    arguments and load it there.

    Args:
        gru: the layer; what it is trained to do is copied, its dropout left out.
        dtype: "int8" or "bf16".

    Raises:
        ArgumentError: an unknown dtype; at a call, a gradient is wanted.
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

    def __init__(self, gru: GRU, dtype: QuantizedDtype = "int8"):
        super().__init__()
        if dtype not in get_args(QuantizedDtype):
            raise ArgumentError(f"dtype is {dtype!r}; expected one of {', '.join(map(repr, get_args(QuantizedDtype)))}")
        engine.instruction_set()
        self.dtype: QuantizedDtype = dtype
        self.input_size, self.hidden_size, self.num_layers = gru.input_size, gru.hidden_size, gru.num_layers
        self.bias, self.batch_first, self.bidirectional = gru.bias, gru.batch_first, gru.bidirectional
        self.reset_after, self.layer_norm, self.zoneout = gru.reset_after, gru.layer_norm, gru.zoneout
        self.learn_initial_state = gru.learn_initial_state
        given = {name: plain(w).float() for name, w in weights_of(gru).items()}
        check_precision(dtype, {name: w.numpy() for name, w in given.items() if name.startswith("weight_")})
        for name, w in given.items():
            if not name.startswith("weight_"):
                self.register_buffer(name, w.clone())
            elif dtype == "bf16":
                self.register_buffer(name, w.to(torch.bfloat16))
            else:
                rows, scales = quantize_rows(w.numpy())
                self.register_buffer(name, torch.from_numpy(rows))
                self.register_buffer(name + "_scale", torch.from_numpy(scales))
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
        if isinstance(input, PackedSequence):
            x, h_0, rows, _ = unpack(self, input, hx, lengths, resets, mask)
            output, h_n = self._run(x, h_0, rows)
            return pack_again(input, rows, output, h_n)
        x, h_0, rows, batched = time_first(self, input, hx, lengths, resets, mask)
        output, h_n = self._run(x, h_0, rows)
        if not batched:
            return output[:, 0], h_n[:, 0]
        return output.transpose(0, 1) if self.batch_first else output, h_n

    def streaming(self, streams: int = 1) -> StreamingGRU:
        """Return the layers to be run one step at a time, with the same results.

        Raises:
            ArgumentError: the layer is bidirectional, so that no step has a result before the last input.
        """
        if self.bidirectional:
            raise ArgumentError("streaming needs one direction; this layer is bidirectional")
        layers = []
        for w in self._weights():
            arrays: list[Any] = [None if t is None else plain(t).numpy() for t in w]
            layers.append(LayerWeights(*arrays))
        return StreamingGRU(
            layers, streams=streams, reset_after=self.reset_after, zoneout=self.zoneout, dtype=self.dtype
        )

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
    def _run(self, x: Tensor, h_0: Tensor | None, rows: Rows) -> tuple[Tensor, Tensor]:
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
            self._packed, self._packed_of = [self._pack(w) for w in self._weights()], now
        T, N, _ = x.shape
        D, H = 2 if self.bidirectional else 1, self.hidden_size
        rows = settled_rows(rows, T, N, H, D)
        lengths, resets, mask = (0 if t is None else t.data_ptr() for t in rows[:3])
        fresh = self.initial_state if self.learn_initial_state else None
        if h_0 is None and fresh is not None:
            h_0 = fresh[:, None].expand(-1, N, -1)
        x = settled(x.detach().float(), tuple(x.shape), "input", strides=True)  # bfloat16 under autocast
        states = (self.num_layers * D, N, H)
        h_0 = None if h_0 is None else settled(h_0.detach().float(), states, "hx")
        fresh = None if fresh is None else settled(fresh, (states[0], H), "initial_state")
        h_n = x.new_empty(self.num_layers * D, N, H)
        for layer in range(self.num_layers):
            output = x.new_empty(T, N, D * H)
            for d in range(D):
                index = layer * D + d
                self._packed[index].forward(
                    engine.require().Problem(
                        *(T, N, x.shape[2], H, self.reset_after, d == 1),
                        *(lengths, resets, mask, self.zoneout, torch.get_num_threads()),
                    ),
                    (x.data_ptr(), x.stride(0), x.stride(1)),
                    0 if h_0 is None else h_0[index].data_ptr(),
                    0 if fresh is None else fresh[index].data_ptr(),
                    (output[..., d * H :].data_ptr(), N * D * H, D * H),
                    h_n[index].data_ptr(),
                )
            x = output
        return x, h_n

    def _pack(self, w: DirectionWeights) -> Any:
        w = settled_weights(w, w.ih.shape[-1], self.hidden_size)
        addresses = [0 if t is None else t.data_ptr() for t in w[:6]]
        native = engine.require()
        return native.Packed(w.ih.shape[1], self.hidden_size, self.reset_after, addresses, native_precision(self.dtype))

    def _weights(self) -> list[DirectionWeights]:
        """The weights as float32, which the engine makes the very same int8 or bf16 again."""
        found: list[DirectionWeights] = []
        directions = ("", "_reverse") if self.bidirectional else ("",)
        for suffix in [f"_l{layer}{direction}" for layer in range(self.num_layers) for direction in directions]:
            rest: list[Any] = [self._buffers.get(name + suffix) for name in DirectionWeights._fields[2:6]]
            fresh = self.initial_state[len(found)] if self.learn_initial_state else None
            ih, hh = self._matrix("weight_ih" + suffix), self._matrix("weight_hh" + suffix)
            found.append(DirectionWeights(ih, hh, *rest)._replace(fresh=fresh))
        return found

    def _matrix(self, name: str) -> Tensor:
        weight = self.get_buffer(name).float()
        return weight * self.get_buffer(name + "_scale")[:, None] if self.dtype == "int8" else weight

    # ---- copying, moving and loading ----

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_packed": None, "_packed_of": []}

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *args: Any) -> None:
        errors: list[str] = args[-1]
        for name, buffer in self._buffers.items():
            found = state_dict.get(prefix + name)
            if buffer is not None and isinstance(found, Tensor) and found.dtype != buffer.dtype:
                errors.append(f"{prefix}{name} is {found.dtype}; expected {buffer.dtype}: quantize() the layer first")
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

"""`StreamingGRU`: one step at a time, for one stream or many. Needs NumPy only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy import engine
from gruvy.errors import ArgumentError, TensorError
from gruvy.quantization import Precision, check_precision, native_precision
from gruvy.spec import GRUWeights, LayerWeights

Array = NDArray[np.float32]


class StreamingGRU:
    """A stack of GRU layers that takes one step at a time and owns its states.

    The results are bit for bit those of the batch call on the same steps. A step of a small layer takes well under a
    microsecond in the engine, and about one more from Python. An object serves one thread at a time.

    Args:
        layers: weights of each layer, from the input up: (3H, I) or (3H, H), (3H, H), and biases (3H,) or None,
            layer norm's gains (3H,), both or neither, and an initial state (H,) or None.
        streams: N, independent streams that step together.
        reset_after: whether the reset gate is applied after the recurrent product.
        zoneout: the fraction of the old state that every step keeps, as in a layer trained with zoneout.
        dtype: how the engine keeps the weight matrices, see `gruvy.quantization`.

    Raises:
        ArgumentError: no layer, no stream, a zoneout outside of [0, 1), or an unknown dtype.
        TensorError: weights whose shapes or dtypes do not fit, or that cannot be kept as int8; all are named at once.

    Example:
        >>> layer = LayerWeights(np.ones((12, 3), "f4"), np.ones((12, 4), "f4"))
        >>> StreamingGRU([layer]).step(np.zeros(3, "f4")).shape
        (4,)
    """

    def __init__(
        self,
        layers: Sequence[LayerWeights],
        *,
        streams: int = 1,
        reset_after: bool = True,
        zoneout: float = 0.0,
        dtype: Precision = "float32",
    ):
        if not layers or streams < 1:
            raise ArgumentError(f"expected at least 1 layer and 1 stream; got {len(layers)} and {streams}")
        if np.ndim(layers[0].weight_ih) != 2 or np.ndim(layers[0].weight_hh) != 2:
            raise TensorError("layer 0: weight_ih and weight_hh are not both matrices; expected (3H, I) and (3H, H)")
        self.streams = streams
        self.input_size = int(np.shape(layers[0].weight_ih)[1])
        self.hidden_size = H = int(np.shape(layers[0].weight_hh)[1])
        arrays: dict[str, Any] = {}
        shapes: dict[str, tuple[int, ...]] = {}
        for number, layer in enumerate(layers):
            sizes = ((3 * H, H if number else self.input_size), (3 * H, H), *[(3 * H,)] * 4, (H,))
            for field, array, shape in zip(LayerWeights._fields, layer, sizes, strict=True):
                arrays[f"layer {number}: {field}"], shapes[f"layer {number}: {field}"] = array, shape
        engine.check_arrays(arrays, shapes)
        for number, layer in enumerate(layers):
            if (layer.gain_ih is None) != (layer.gain_hh is None):
                raise TensorError(f"layer {number}: one of gain_ih and gain_hh is missing: give both or neither")
        fraction = engine.check_fraction("zoneout", zoneout)
        check_precision(dtype, {name: array for name, array in arrays.items() if np.ndim(array) == 2})
        self.dtype: Precision = dtype
        self._shape = (len(layers), streams, H)
        # The engine packs the weights and keeps none of the arrays.
        self._stream = engine.require().Stream(
            [[None if w is None else engine.block(w) for w in layer] for layer in layers],
            inputs=self.input_size,
            hidden=H,
            batch=streams,
            reset_after=reset_after,
            zoneout=fraction,
            precision=native_precision(dtype),
        )

    @classmethod
    def of(cls, weights: GRUWeights, *, streams: int = 1, dtype: Precision = "float32") -> StreamingGRU:
        """Return a stream, or several, through all layers of a GRU.

        Raises:
            ArgumentError: the GRU is bidirectional, so that no step has a result before the last input; or as for the
                class.
            TensorError: as for the class.
        """
        if weights.bidirectional:
            raise ArgumentError("streaming needs one direction; this layer is bidirectional")
        return cls(
            weights.flat,
            streams=streams,
            reset_after=weights.reset_after,
            zoneout=weights.zoneout,
            dtype=dtype,
        )

    def step(self, x: Array, out: Array | None = None) -> Array:
        """Take one step of every stream.

        Args:
            x: input (N, I), or (I,) where there is one stream; float32, contiguous.
            out: where the result goes, as an array of its shape; None for a new one.

        Returns:
            The last layer's new states, (N, H) or (H,).

        Raises:
            TensorError: x or out has another shape, dtype or layout.
        """
        try:
            if out is None:
                out = np.empty((*x.shape[:-1], self.hidden_size), np.float32)
            elif type(out) is not np.ndarray and _numbers(out) is not out:
                raise TypeError("what is written there would be read with the other sign")
            if type(x) is not np.ndarray:
                x = _numbers(x)
            self._stream.step(x, out)
        except (TypeError, ValueError, AttributeError) as error:
            raise self._mismatch(x, out) from error
        return out

    def reset(self, streams: Sequence[int] | None = None) -> None:
        """Set the states of some streams, or of all, to where they started.

        Raises:
            ArgumentError: there is no such stream.
        """
        chosen = range(self.streams) if streams is None else streams
        for stream in chosen:
            if not 0 <= stream < self.streams:
                raise ArgumentError(f"stream {stream} is not there; expected 0 to {self.streams - 1}")
        for stream in chosen:
            self._stream.reset(int(stream))

    def snapshot(self) -> Array:
        """Return a copy of the states of all layers (layers, N, H), for `restore` or as h_0 of a batch call."""
        states = np.empty(self._shape, np.float32)
        self._stream.read(states)
        return states

    def restore(self, states: Array) -> None:
        """Set the states of all layers (layers, N, H), from `snapshot` or from h_n of a batch call.

        Raises:
            TensorError: another shape or dtype.
        """
        engine.check_arrays({"states": states}, {"states": self._shape})
        self._stream.write(engine.block(states))

    def _mismatch(self, x: Any, out: Any) -> TensorError:
        one = f" or ({self.input_size},)" if self.streams == 1 else ""
        came = " and ".join(
            f"{name} {getattr(a, 'dtype', type(a).__name__)} {getattr(a, 'shape', '')}"
            for name, a in (("x", x), ("out", out))
            if a is not None
        )
        return TensorError(
            f"step got {came}; expected contiguous float32 arrays, x ({self.streams}, {self.input_size}){one} "
            f"and out with {self.hidden_size} in place of {self.input_size}"
        )


def _numbers(array: Any) -> Any:
    """Return an array of another class whose memory is its numbers: a tensor may have them with the other sign."""
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError("a masked array, whose memory has what is masked too")
    resolve = getattr(array, "resolve_neg", None)
    return array if resolve is None else resolve()

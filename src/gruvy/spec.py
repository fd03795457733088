"""What a GRU is, apart from any framework: its weights, its form, and how others lay them out. Needs NumPy only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from gruvy import composed, engine
from gruvy.activations import USUAL, Activation, slow
from gruvy.errors import ArgumentError, TensorError, note

Array = NDArray[Any]

GATES = ("reset", "update", "candidate")


class LayerWeights(NamedTuple):
    """One layer's weights in one direction, in PyTorch's convention (see `PYTORCH`).

    weight_ih (3H, I), weight_hh (3H, H), biases (3H,) or None, layer norm's gains (3H,), both or neither, and the
    state (H,) that a sequence starts from where none is given, None for zero.
    """

    weight_ih: Array
    weight_hh: Array
    bias_ih: Array | None = None
    bias_hh: Array | None = None
    gain_ih: Array | None = None
    gain_hh: Array | None = None
    initial_state: Array | None = None


def suffixes(num_layers: int, bidirectional: bool) -> list[str]:
    """Return what PyTorch's names of the weights end in, for each layer and direction: "_l0", "_l0_reverse", ...

    Example:
        >>> suffixes(2, bidirectional=False)
        ['_l0', '_l1']
    """
    directions = ("", "_reverse") if bidirectional else ("",)
    return [f"_l{layer}{direction}" for layer in range(num_layers) for direction in directions]


@dataclass(frozen=True)
class Convention:
    """How a framework orders the gates in its arrays, and which way its update gate points.

    Attributes:
        order: the gates, first block first; a permutation of `GATES`.
        update_keeps: whether the update gate keeps the old state (PyTorch, Keras, ONNX, Cho 2014) or writes the
            candidate (Chung 2014, most textbooks). Negating the update gate's weights and biases turns one into the
            other exactly, because sigmoid(-a) = 1 - sigmoid(a).
    """

    order: tuple[str, str, str]
    update_keeps: bool = True

    def blocks_to(self, other: Convention, array: Array, axis: int = 0) -> Array:
        """Return the array with its three blocks along an axis in the other convention's order and direction.

        Args:
            array: any array whose length along the axis is 3H.
            axis: which one the gates lie along.
        """
        blocks = dict(zip(self.order, np.split(array, 3, axis=axis), strict=True))
        if self.update_keeps != other.update_keeps:
            blocks["update"] = -blocks["update"]
        return np.concatenate([blocks[gate] for gate in other.order], axis=axis)


PYTORCH = Convention(("reset", "update", "candidate"))
KERAS = Convention(("update", "reset", "candidate"))  # ONNX and haste too


@dataclass(frozen=True)
class GRUWeights:
    """A whole GRU: every layer and direction, in gruvy's convention, which is PyTorch's.

    Args:
        layers: ``layers[l][d]`` holds layer l's weights in direction d, forward before backward.
        reset_after: whether the reset gate is applied after the recurrent product (PyTorch, cuDNN), or inside of it
            (Cho 2014). These are two functions; no weights of one compute the other.
        zoneout: the fraction of its old state that every unit keeps at each step, as in a layer trained with zoneout.
        reverse: whether layers of one direction run from each row's last step to its first, as a GRU node of ONNX can.
        activations: the functions of the gates and of the candidate; others than sigmoid and tanh do not run on the
            engine.
        batch_first: whether the layer that they come from takes (N, T, I). `run` takes time first; a network that is
            made of the weights, as an ONNX file, keeps the layer's layout.

    Raises:
        ArgumentError: no layer, layers with different numbers of directions, a zoneout outside of [0, 1), or reverse
            with two directions.
        TensorError: arrays whose shapes or dtypes do not fit each other; all are named at once.

    Example:
        >>> layer = LayerWeights(np.ones((12, 3), "f4"), np.ones((12, 4), "f4"))
        >>> gru = GRUWeights(((layer,),), reset_after=True)
        >>> output, h_n = gru.run(np.zeros((7, 2, 3), "f4"))
        >>> output.shape, h_n.shape
        ((7, 2, 4), (1, 2, 4))
    """

    layers: tuple[tuple[LayerWeights, ...], ...]
    reset_after: bool
    zoneout: float = 0.0
    reverse: bool = False
    activations: tuple[Activation, Activation] = USUAL
    batch_first: bool = False

    def __post_init__(self) -> None:
        directions = {len(layer) for layer in self.layers}
        if directions not in ({1}, {2}):
            raise ArgumentError(
                f"layers have {sorted(directions)} directions; expected at least one layer, and 1 or 2 in all"
            )
        if self.reverse and self.bidirectional:
            raise ArgumentError("reverse is for layers of one direction, and these have two; leave it out")
        engine.check_fraction("zoneout", self.zoneout)
        self._check_types()
        # Row by row, in this machine's byte order, without a copy where they are: what writes them to a file or hands
        # out their address need not look.
        layers = tuple(
            tuple(LayerWeights(*[None if a is None else engine.block(a) for a in one]) for one in layer)  # type: ignore[arg-type]
            for layer in self.layers
        )
        object.__setattr__(self, "layers", layers)
        self._check_arrays()

    @property
    def num_layers(self) -> int:
        """How many layers there are."""
        return len(self.layers)

    @property
    def bidirectional(self) -> bool:
        """Whether each layer runs both ways."""
        return len(self.layers[0]) == 2

    @property
    def input_size(self) -> int:
        """I, features of the first layer's input."""
        return int(self.layers[0][0].weight_ih.shape[1])

    @property
    def hidden_size(self) -> int:
        """H, units of each layer and direction."""
        return int(self.layers[0][0].weight_hh.shape[1])

    @property
    def flat(self) -> list[LayerWeights]:
        """Each layer's weights in each direction, in the order of `suffixes`."""
        return [one for layer in self.layers for one in layer]

    @property
    def dtype(self) -> np.dtype:
        """Of every array."""
        return self.layers[0][0].weight_ih.dtype

    @property
    def layer_norm(self) -> bool:
        """Whether the cell normalises its products."""
        return any(one.gain_hh is not None for one in self.flat)

    def astype(self, dtype: DTypeLike) -> GRUWeights:
        """Return a copy whose arrays have another floating dtype."""
        layers = tuple(
            tuple(LayerWeights(*[None if a is None else a.astype(dtype) for a in one]) for one in layer)  # type: ignore[arg-type]
            for layer in self.layers
        )
        return replace(self, layers=layers)

    def run(
        self,
        x: NDArray[np.float32],
        h_0: NDArray[np.float32] | None = None,
        lengths: NDArray[np.int64] | None = None,
        *,
        threads: int | None = None,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Run all layers on the engine, as `torch.nn.GRU` does in evaluation.

        Functions other than sigmoid and tanh are computed by NumPy, with a note that this is slow.

        Args:
            x: input (T, N, I), float32.
            h_0: initial states (layers * directions, N, H), or None for the layers' own, or zero.
            lengths: steps of each row (N,), in any order; None where all have T.
            threads: at most this many; None for `gruvy.engine.default_threads`.

        Returns:
            The last layer's states (T, N, H * directions), 0 past the end of a row; the last states
            (layers * directions, N, H).

        Raises:
            TensorError: an array has another shape or dtype.
            GruvyError: the native engine is missing.
        """
        if np.ndim(x) != 3 or x.shape[2] != self.input_size:
            raise TensorError(f"x has the shape {np.shape(x)}; expected (T, N, {self.input_size})")
        N, H, D = x.shape[1], self.hidden_size, len(self.layers[0])
        states = (self.num_layers * D, N, H)
        if h_0 is not None and np.shape(h_0) != states:
            raise TensorError(f"h_0 has the shape {np.shape(h_0)}; expected {states}")
        if self.activations != USUAL:
            note(slow(self.activations))
            return self.run_composed(np.asarray(x, np.float32), h_0, lengths)
        last = np.empty(states, np.float32)
        for number, layer in enumerate(self.layers):
            outputs = []
            for direction, one in enumerate(layer):
                at = number * D + direction
                start = one.initial_state if h_0 is None else h_0[at]
                output, last[at], _ = engine.forward(
                    x,
                    *one[:6],
                    h_0=None if start is None else np.ascontiguousarray(np.broadcast_to(start, (N, H))),
                    lengths=lengths,
                    zoneout=self.zoneout,
                    reset_after=self.reset_after,
                    reverse=self.reverse or direction == 1,
                    threads=threads,
                )
                outputs.append(output)
            x = outputs[0] if D == 1 else np.concatenate(outputs, axis=2)
        return x, last

    def run_composed(
        self, x: Array, h_0: Array | None = None, lengths: NDArray[np.int64] | None = None
    ) -> tuple[Array, Array]:
        """Do as `run`, step by step in NumPy and in the dtype of x, which may be float64; slow."""
        return composed.run(
            self.layers,
            x,
            h_0,
            lengths,
            reset_after=self.reset_after,
            zoneout=self.zoneout,
            reverse=self.reverse,
            activations=self.activations,
        )

    def _check_types(self) -> None:
        problems = [
            f"layer {number}{', backward' if direction else ''}: {name} is {engine.kind_of(array)}; expected an array"
            for number, layer in enumerate(self.layers)
            for direction, one in enumerate(layer)
            for name, array in zip(LayerWeights._fields, one, strict=True)
            if engine.kind_of(array) and not (array is None and name not in ("weight_ih", "weight_hh"))
        ]
        if problems:
            raise TensorError("; ".join(problems))

    def _check_arrays(self) -> None:
        first = self.layers[0][0]
        problems = [
            f"layer 0: {name} has the shape {np.shape(array)}; expected a matrix"
            for name, array in (("weight_ih", first.weight_ih), ("weight_hh", first.weight_hh))
            if np.ndim(array) != 2
        ]
        if problems:
            raise TensorError("; ".join(problems))
        H, D = first.weight_hh.shape[1], len(self.layers[0])
        dtype = first.weight_ih.dtype
        for number, layer in enumerate(self.layers):
            I = D * H if number else first.weight_ih.shape[1]
            shapes = ((3 * H, I), (3 * H, H), *[(3 * H,)] * 4, (H,))
            for direction, one in enumerate(layer):
                where = f"layer {number}{', backward' if direction else ''}"
                for name, array, shape in zip(LayerWeights._fields, one, shapes, strict=True):
                    if array is None:
                        continue
                    if array.shape != shape:
                        problems.append(f"{where}: {name} has the shape {array.shape}; expected {shape}")
                    if array.dtype != dtype or dtype.kind != "f":
                        expected = dtype if dtype.kind == "f" else "a floating dtype"
                        problems.append(f"{where}: {name} is {array.dtype}; expected {expected}")
                if (one.gain_ih is None) != (one.gain_hh is None):
                    problems.append(f"{where}: one of gain_ih and gain_hh is missing; give both or neither")
        if problems:
            raise TensorError("; ".join(problems))

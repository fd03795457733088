"""`GRU`, a Keras layer that is Keras' own in all but speed."""

from __future__ import annotations

import importlib
from typing import Any

import keras
from keras import ops

from gruvy import engine
from gruvy.errors import TensorError

# What hands tensors of Keras' backend, which is one for a process, to the engine; None for backends without it.
_PATHS = {"torch": "gruvy.keras.on_torch", "tensorflow": "gruvy.keras.on_tensorflow", "jax": "gruvy.keras.on_jax"}
_BACKEND = keras.backend.backend()
path = importlib.import_module(_PATHS[_BACKEND]) if _BACKEND in _PATHS else None


@keras.saving.register_keras_serializable(package="gruvy")
class GRU(keras.layers.GRU):
    """`keras.layers.GRU` with the same arguments, weights, numbers and files, run by gruvy's engine on a CPU.

    In Keras' convention, where z keeps the old state:

        z_t = sigmoid(x_t W_z + b_z + h_{t-1} U_z + d_z)
        r_t = sigmoid(x_t W_r + b_r + h_{t-1} U_r + d_r)
        c_t = tanh(x_t W_h + b_h + r_t * (h_{t-1} U_h + d_h))        reset_after=True
        c_t = tanh(x_t W_h + b_h + (r_t * h_{t-1}) U_h)              reset_after=False, which has one bias, b
        h_t = z_t * h_{t-1} + (1 - z_t) * c_t

    The engine takes float32 on a CPU with the activations tanh and sigmoid, on the backends torch, TensorFlow and JAX,
    with gradients, masks, ``dropout`` and either direction. Everything else runs as in Keras, with the same numbers:
    other activations and dtypes, mixed precision, ``recurrent_dropout`` while training (Keras draws a mask for each
    gate), ``unroll`` together with a mask, ``use_cudnn=True``, GPUs, other backends, and a model while it is exported.

    A model with this layer is saved as one with `keras.layers.GRU`. Keras opens it with or without gruvy; where
    `gruvy.keras` has been imported, it has this layer again. `accelerate` brings the layer into Keras' own models.

    Args:
        units: H; all other arguments are those of `keras.layers.GRU` too.

    Shape:
        - input: (N, T, I). mask: (N, T), False where a row keeps its state. initial_state: (N, H), or a list of that.
        - output: (N, H), or (N, T, H) with ``return_sequences``; with ``return_state`` also the last state (N, H).

    Raises:
        ValueError: an argument cannot be; Keras says which.
        TensorError: the input, its mask or the initial state has a shape that does not fit.

    Example:
        >>> layer = GRU(5, return_sequences=True)
        >>> tuple(layer(np.zeros((2, 7, 3), "f4")).shape)
        (2, 7, 5)
    """

    # A file names a layer by its registered name and by its class' module and name. Where gruvy has not registered the
    # first, Keras goes by the others, and finds its own layer.
    __module__ = keras.layers.GRU.__module__

    def __init__(self, units: int, *arguments: Any, **options: Any):
        super().__init__(units, *arguments, **options)
        keep_out_of_xla(self)

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """Run all steps, as Keras asks its layers to, with the state prepared and the masks of dropout drawn.

        Returns:
            The last output (N, H), the outputs (N, T, H), and a list of the last state (N, H).
        """
        x, h_0, mask = sequences, _single(initial_state), _single(mask)
        if path is None or not (self._engine_has(mask, bool(training)) and path.covers(x)):
            return super().inner_loop(sequences, initial_state, mask, training)
        self._check_shapes(x, h_0, mask)
        if training and self.dropout:
            x = x * ops.expand_dims(self.cell.get_dropout_mask(x[:, 0]), 1)
        if self.go_backwards:
            x, mask = ops.flip(x, axis=1), None if mask is None else ops.flip(mask, axis=1)
        if mask is not None:
            mask = ops.cast(mask, "bool")
        if self.stateful:
            h_0 = ops.copy(h_0)  # the state is overwritten where it lies before the backward pass reads it
        out, h_n = path.layer(x, h_0, self._engine_weights(), mask, self.reset_after, bool(training))
        if mask is None:
            return h_n, out, [h_n]
        out = self._masked(out, mask)
        return out[:, -1], out, [h_n]

    def _engine_has(self, mask: Any, training: bool) -> bool:
        """Whether the engine has what this layer and this call ask for."""
        one_mask = self.cell.implementation == 2 and self.dropout < 1 and not self.recurrent_dropout
        return (
            engine.raw is not None
            and self.activation is keras.activations.tanh
            and self.recurrent_activation is keras.activations.sigmoid
            and self.compute_dtype == self.cell.compute_dtype == "float32"
            and (one_mask or not training)
            and (mask is None or (len(mask.shape) == 2 and not self.unroll))
            and self.use_cudnn is not True
            and self._is_as_built()
        )

    def _is_as_built(self) -> bool:
        """Whether the variables still have their shapes and dtype; Keras runs what has been put in their place."""
        H = self.units
        wanted: dict[str, tuple[int | None, ...]] = {"kernel": (None, 3 * H), "recurrent_kernel": (H, 3 * H)}
        if self.cell.use_bias:
            wanted["bias"] = (2, 3 * H) if self.reset_after else (3 * H,)
        variables = {name: getattr(self.cell, name) for name in wanted}
        return all(
            hasattr(variable, "shape")
            and _fits(tuple(variable.shape), wanted[name])
            and keras.backend.standardize_dtype(variable.dtype) == "float32"
            for name, variable in variables.items()
        )

    def _check_shapes(self, x: Any, h_0: Any, mask: Any) -> None:
        """Compare shapes, as far as they are known; the engine itself is given addresses on the torch backend."""
        N, T, _ = x.shape
        wanted = {
            "the input": (x, (N, T, self.cell.kernel.shape[0])),
            "initial_state": (h_0, (N, self.units)),
            "mask": (mask, (N, T)),
        }
        problems = [
            f"{name} has the shape {tuple(tensor.shape)}; expected {shape}"
            for name, (tensor, shape) in wanted.items()
            if tensor is not None and not _fits(tuple(tensor.shape), shape)
        ]
        if problems:
            raise TensorError(f"{self.name}: {'; '.join(problems)} (rows, then steps, then features or units)")

    def _engine_weights(self) -> list[Any]:
        """Return weight_ih (3H, I), weight_hh (3H, H), bias_ih and bias_hh (3H,) or None, in the engine's order."""
        cell, biases = self.cell, [None, None]
        if cell.use_bias:
            bias = ops.convert_to_tensor(cell.bias)
            biases = [bias[0], bias[1]] if self.reset_after else [bias, None]
        matrices = [ops.convert_to_tensor(w) for w in (cell.kernel, cell.recurrent_kernel)]
        return [
            *(ops.transpose(_engine_order(w)) for w in matrices),
            *(None if b is None else _engine_order(b) for b in biases),
        ]

    def _masked(self, out: Any, mask: Any) -> Any:
        """Return what Keras shows of masked steps; the engine's outputs there are the states that are kept."""
        if self.zero_output_for_mask:
            shown = mask
        elif _BACKEND == "jax":
            return out
        else:  # before a row's first step Keras has no output to repeat
            shown = ops.cumsum(ops.cast(mask, "int32"), axis=1) > 0
        return ops.where(ops.expand_dims(shown, -1), out, 0.0)


__test__ = {"GRU": GRU}  # doctest passes over classes of other modules, which this one says that it is


def keep_out_of_xla(layer: keras.layers.Layer) -> None:
    """Tell Keras that TensorFlow must not compile this layer by XLA, which cannot call back into Python."""
    if _BACKEND == "tensorflow":
        layer.supports_jit = False


def _single(nested: Any) -> Any:
    return nested[0] if isinstance(nested, list | tuple) else nested


def _fits(shape: tuple[int | None, ...], wanted: tuple[int | None, ...]) -> bool:
    """Whether a shape is the one wanted, where both are known."""
    return len(shape) == len(wanted) and all(
        have is None or want is None or have == want for have, want in zip(shape, wanted, strict=True)
    )


def _engine_order(array: Any) -> Any:
    """Return blocks along the last axis, which Keras has in the order z, r, h, in the order r, z, h."""
    z, r, h = ops.split(array, 3, axis=-1)
    return ops.concatenate([r, z, h], axis=-1)

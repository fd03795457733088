"""The functions that a GRU's gates and candidate may have in other frameworks, with their parameters; NumPy alone.

The engine computes sigmoid and tanh, as all published GRUs do. What Keras and ONNX let a layer have instead is
computed by `gruvy.composed`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import ArgumentError

Array = NDArray[Any]


class Activation(NamedTuple):
    """A function by its name, with the two parameters that ONNX calls alpha and beta; 0 where it has none.

    Raises:
        KeyError: when it is called, a name that `FUNCTIONS` lacks.

    Example:
        >>> Activation("hard_sigmoid", 0.2, 0.5)(np.array([-9.0, 0.0, 1.0]))
        array([0. , 0.5, 0.7])
    """

    name: str
    alpha: float = 0.0
    beta: float = 0.0

    def __call__(self, x: Array) -> Array:
        """Compute it, in the dtype of x."""
        return FUNCTIONS[self.name].compute(x, x.dtype.type(self.alpha), x.dtype.type(self.beta))

    def __str__(self) -> str:
        """Return it as a message has it: ``hard_sigmoid(0.2, 0.5)``."""
        given = (self.alpha, self.beta)[: len(FUNCTIONS[self.name].defaults)] if self.name in FUNCTIONS else ()
        return self.name + (f"({', '.join(f'{value:.6g}' for value in given)})" if given else "")


class Function(NamedTuple):
    """How NumPy computes it from x, alpha and beta; what ONNX calls it, and its parameters where a file has none."""

    compute: Callable[[Array, Any, Any], Array]
    onnx: str
    defaults: tuple[float, ...] = ()


def _sigmoid(x: Array) -> Array:
    half = x.dtype.type(0.5)
    value: Array = half + half * np.tanh(half * x)
    return value


# Defaults of the parameters: https://onnx.ai/onnx/operators/onnx__GRU.html
FUNCTIONS: dict[str, Function] = {
    "sigmoid": Function(lambda x, a, b: _sigmoid(x), "Sigmoid"),
    "tanh": Function(lambda x, a, b: np.tanh(x), "Tanh"),
    "relu": Function(lambda x, a, b: np.maximum(x, 0), "Relu"),
    "linear": Function(lambda x, a, b: a * x + b, "Affine", (1.0, 0.0)),
    "hard_sigmoid": Function(lambda x, a, b: np.clip(a * x + b, 0, 1), "HardSigmoid", (0.2, 0.5)),
    "leaky_relu": Function(lambda x, a, b: np.where(x < 0, a * x, x), "LeakyRelu", (0.01,)),
    "thresholded_relu": Function(lambda x, a, b: np.where(x >= a, x, 0 * x), "ThresholdedRelu", (1.0,)),
    "scaled_tanh": Function(lambda x, a, b: a * np.tanh(b * x), "ScaledTanh", (1.0, 1.0)),
    "elu": Function(lambda x, a, b: np.where(x < 0, a * np.expm1(np.minimum(x, 0)), x), "Elu", (1.0,)),
    "softsign": Function(lambda x, a, b: x / (1 + np.abs(x)), "Softsign"),
    "softplus": Function(lambda x, a, b: np.logaddexp(0, x), "Softplus"),
}

# Of the gates, and of the candidate.
USUAL = (Activation("sigmoid"), Activation("tanh"))


def activation(name: str, *parameters: float) -> Activation:
    """Return a function by its name, with its usual parameters where none are given.

    Raises:
        ArgumentError: there is none of that name, or it has fewer parameters.
    """
    if name not in FUNCTIONS:
        raise ArgumentError(
            f"the activation {name!r} is none that gruvy computes; expected one of {', '.join(FUNCTIONS)}"
        )
    defaults = FUNCTIONS[name].defaults
    if len(parameters) > len(defaults):
        raise ArgumentError(f"{name} has {len(defaults)} parameters, and {len(parameters)} were given")
    # In float32, as ONNX keeps them, so that a function stays the same wherever it goes.
    return Activation(name, *(float(np.float32(one)) for one in (*parameters, *defaults[len(parameters) :])))


def told(activations: tuple[Activation, ...]) -> str:
    """Return what a message calls the functions of a GRU."""
    gates, candidate = activations
    return f"{gates} for the gates and {candidate} for the candidate"


def slow(activations: tuple[Activation, ...]) -> str:
    """Return the note where a GRU with other functions than the usual is run."""
    return (
        f"the GRU has {told(activations)}, which the engine does not compute: it runs step by step in NumPy, some 10 "
        "to 100 times slower"
    )

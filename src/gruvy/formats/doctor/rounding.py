"""What it means that two arrays are the same up to the rounding of a dtype."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gruvy.spec import Array

# A bfloat16 that was cut off and not rounded is this far from what it was; a float16 below its smallest normal
# number, where steps are absolute, this far.
_RELATIVE, _ABSOLUTE = 2.0**-7, 2.0**-24


def equal(one: Array, other: Array) -> bool:
    """Whether two arrays have the same values, NaN being equal to NaN."""
    if one.shape != other.shape:
        return False
    same = one == other
    return bool(same.all()) or bool((same | ((one != one) & (other != other))).all())


def nearly(one: Array, other: Array) -> bool:
    """Whether each value of one array is that of another one up to the rounding of float16 or bfloat16."""
    if one.shape != other.shape:
        return False
    one, other = one.astype(np.float64), other.astype(np.float64)
    with np.errstate(invalid="ignore"):
        near = np.abs(one - other) <= _RELATIVE * np.maximum(np.abs(one), np.abs(other)) + _ABSOLUTE
    return bool(np.all(near | (one == other) | (np.isnan(one) & np.isnan(other))))


def name_of(one: list[Array], other: list[Array]) -> str:
    """Say by which rounding arrays came from each other, after `nearly` has found that they did."""
    pairs = [(a.astype(np.float64), b.astype(np.float64)) for a, b in zip(one, other, strict=True)]
    for name, rounded in _DTYPES.items():
        for source, result in ((0, 1), (1, 0)):
            if all(equal(rounded(pair[source]), pair[result]) for pair in pairs):
                return f"one is the other rounded to {name}"
    worst = max(float(np.max(np.abs(a - b) / np.maximum(np.abs(b), _ABSOLUTE), initial=0)) for a, b in pairs)
    return f"values differ by up to {worst:.1g} of themselves, by no dtype's rounding"


def to_bfloat16(array: Array) -> Array:
    """Return float64 values rounded to the nearest bfloat16, ties to even."""
    bits = array.astype(np.float32).view(np.uint32)
    rounded = (bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))) & np.uint32(0xFFFF0000)
    return np.where(np.isfinite(array), rounded.view(np.float32), array).astype(np.float64)


def _cast(dtype: str) -> Callable[[Array], Array]:
    def rounded(array: Array) -> Array:
        with np.errstate(over="ignore"):
            return array.astype(dtype).astype(np.float64)

    return rounded


_DTYPES = {"float32": _cast("f4"), "float16": _cast("f2"), "bfloat16": to_bfloat16}

"""What the numbers of recordings mean: their full scale, told by their type and by how far they go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import note

Samples = NDArray[np.float32]

# Decoders and filters leave floating-point samples a little beyond -1 to 1; this far is still that.
_OVERSHOOT = 2.0
# Integers of a few bits at most; louder ones are samples of 16 bits, softer ones can be anything.
_DOUBTFUL = 256
_BITS = (16, 24, 32)
# What resampling and mixing leave of samples of so many bits can be this much beyond their full scale.
_RESAMPLED = 1.5
# A constant part of the recording is taken off from here on: of full scale, and of its standard deviation.
_OFFSET = 0.01
_OFFSET_SHARE = 0.2
# Share of samples that lie in a flat top, from which a recording is called clipped.
_CLIPPED = 0.005


@dataclass(frozen=True)
class Scale:
    """How numbers become samples from -1 to 1: ``(x - zero) / full``; ``bits`` is what they are called."""

    zero: float = 0.0
    full: float = 1.0
    bits: str = ""

    def apply(self, numbers: NDArray[Any]) -> Samples:
        """Return samples from -1 to 1."""
        if self == Scale():
            return numbers.astype(np.float32)
        samples: Samples = ((numbers.astype(np.float64) - self.zero) / self.full).astype(np.float32)
        return samples


def scale_of_type(dtype: np.dtype[Any]) -> Scale | None:
    """Return the scale of numbers whose type says it; None where their range has to.

    Raises:
        TypeError: they are no samples.
    """
    if dtype in (np.int8, np.int16):
        return Scale(0, -float(np.iinfo(dtype).min), f"{8 * dtype.itemsize}-bit")
    if dtype == np.uint8:  # as WAV files of 8 bits have them
        return Scale(128, 128, "8-bit")
    if dtype.kind == "f" or dtype in (np.int32, np.int64):
        return None
    if dtype.kind in "iu":
        raise TypeError(f"{dtype} numbers; give floating-point ones from -1 to 1, or int16, int32 or uint8")
    raise TypeError


def scale_of_range(recordings: Sequence[NDArray[Any]]) -> Scale | None:
    """Return the scale of all recordings of one type together, by how far their numbers go; None where it is ambiguous.

    Args:
        recordings: floating-point numbers, or integers of 32 or 64 bits.
    """
    filled = [one for one in recordings if one.size]
    peak = max((float(np.abs(one.astype(np.float64)).max()) for one in filled), default=0.0)
    floating = any(one.dtype.kind == "f" for one in filled)
    if not np.isfinite(peak) or peak == 0 or (floating and peak <= _OVERSHOOT):
        return Scale()
    whole = not floating or all(np.array_equal(one, np.round(one)) for one in filled)
    if whole and min(float(one.min()) for one in filled) >= 0:
        middle = float(np.median(np.concatenate([one.ravel() for one in filled])))
        for bits in (8, 16):
            half = 2.0 ** (bits - 1)
            if peak < 2 * half and abs(middle - half) < half / 4:
                return Scale(half, half, f"unsigned {bits}-bit")
    if peak <= _DOUBTFUL:
        return None
    for bits in _BITS:
        full = 2.0 ** (bits - 1)
        if peak <= full * (1 if whole else _RESAMPLED):
            return Scale(0, full, f"{bits}-bit")
    return None


def centred(recordings: Sequence[Samples]) -> list[Samples]:
    """Return recordings without a constant part where it is large, and say so, and which are clipped."""
    found, offset, clipped = [], [], []
    for number, samples in enumerate(recordings):
        mean = float(samples.mean(dtype=np.float64))
        if abs(mean) > max(_OFFSET, _OFFSET_SHARE * float(samples.std(dtype=np.float64))):
            offset.append(number)
            samples = (samples - np.float32(mean)).astype(np.float32)
        found.append(samples)
        if _flat_share(samples) > _CLIPPED:
            clipped.append(number)
    for rows, what in (
        (offset, "are off the zero line (a DC offset): it is taken off"),
        (clipped, "are clipped (their tops are flat): read as they are; record more softly"),
    ):
        if rows:
            note(f"{len(rows)} of {len(recordings)} recordings {what}; the first is number {rows[0]}")
    return found


def _flat_share(samples: Samples) -> float:
    """Share of the samples that are like both neighbours, at the loudest level there is."""
    if len(samples) < 3:
        return 0.0
    middle = samples[1:-1]
    loud = np.abs(middle) >= 0.99 * np.abs(samples).max()
    flat = loud & (samples[:-2] == middle) & (middle == samples[2:]) & (middle != 0)
    return float(flat.mean()) if np.ptp(samples) else 0.0

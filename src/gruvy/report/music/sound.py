"""A piano roll as sound, plain enough to stand inside a page."""

from __future__ import annotations

import base64
import io
import wave
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Samples a second: the highest key of a piano has 4,186 Hz, and its overtones are left out.
_RATE = 11_025
# Loudness of the tone and its overtones, as of a soft organ.
_OVERTONES = (1.0, 0.4, 0.2, 0.1)
_FADE = 0.02  # seconds in which a note begins and ends, so that it does not click


def sound(roll: NDArray[Any], lowest: int, seconds: float) -> str:
    """Return a roll as the address of a sound that is its own content: ``data:audio/wav;base64,...``.

    Args:
        roll: (T, D), not 0 where a key sounds.
        lowest: MIDI pitch of the first column.
        seconds: the length of a step.

    Example:
        >>> sound(np.ones((1, 1)), lowest=69, seconds=0.1)[:22]
        'data:audio/wav;base64,'
    """
    step = round(seconds * _RATE)
    mixed = np.zeros(len(roll) * step, np.float32)
    edges = np.diff((np.asarray(roll) != 0).astype(np.int8), axis=0, prepend=0, append=0).T
    for (key, first), (_, last) in zip(np.argwhere(edges > 0), np.argwhere(edges < 0), strict=True):
        mixed[first * step : last * step] += _tone(440 * 2 ** ((key + lowest - 69) / 12), (last - first) * step)
    loudest = float(np.abs(mixed).max(initial=0.0)) or 1.0
    samples = np.round(127.5 + 120 * mixed / loudest).astype(np.uint8)
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(1)
        out.setframerate(_RATE)
        out.writeframes(samples.tobytes())
    return "data:audio/wav;base64," + base64.b64encode(file.getvalue()).decode()


def _tone(frequency: float, samples: int) -> NDArray[np.float32]:
    time = np.arange(samples) / _RATE
    heard = [(number, loudness) for number, loudness in enumerate(_OVERTONES, 1) if number * frequency < _RATE / 2]
    tone = sum((loudness * np.sin(2 * np.pi * number * frequency * time) for number, loudness in heard), np.zeros(1))
    ends = np.minimum(time, time[::-1])
    found: NDArray[np.float32] = (tone * np.minimum(1, ends / _FADE) * np.exp(-time)).astype(np.float32)
    return found

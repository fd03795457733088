"""Recordings: files and arrays, brought to one channel and one rate."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import DataError, MissingExtraError
from gruvy.tasks.params import is_int
from gruvy.timeseries import Problems

Samples = NDArray[np.float32]

# Recordings whose loudest sample is below this are silent: 16 bits cannot hold anything softer.
_SILENCE = 2.0**-15
# Below it no speech is left.
_LOWEST_RATE = 1000
# Suffixes of the files that a folder is searched for.
SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")


def read_recordings(X: Any, sample_rate: int | None, *, model_rate: int | None = None) -> tuple[list[Samples], int]:
    """Return recordings as arrays (samples,) of one rate, -1 to 1, and that rate.

    Files are resampled down to the rate asked for, never up: what a low rate has cut off cannot be brought back.

    Args:
        X: paths of audio files, or arrays (samples,) or (samples, channels), whose channels are averaged.
        sample_rate: of the arrays, or what files are to be resampled to; None for that of the files.
        model_rate: that of a fitted model, to which everything is brought.

    Raises:
        DataError: nothing, something else, files that cannot be read, rates that differ, silence, NaN; all at once.
        MissingExtraError: the extra ``speech`` is missing.
    """
    rows = _rows(X)
    if sample_rate is not None:
        if not is_int(sample_rate) or sample_rate < _LOWEST_RATE:
            raise DataError(f"sample_rate: expected a whole number of Hz from {_LOWEST_RATE} on, got {sample_rate!r}")
        sample_rate = int(sample_rate)
    problems = Problems("X")
    read = [_read(number, row, sample_rate or model_rate, problems) for number, row in enumerate(rows)]
    found = [one for one in read if one is not None]
    if model_rate is None and sample_rate is None:
        rates = Counter(rate for _, rate in found)
        if len(rates) > 1:
            counts = ", ".join(f"{count} of {rate} Hz" for rate, count in rates.most_common())
            problems.add(f"the sample rates differ ({counts}); give sample_rate={min(rates)} to resample all to it")
    problems.raise_as(DataError)
    wanted = model_rate or sample_rate or found[0][1]
    low = [number for number, (_, rate) in enumerate(found) if rate < wanted]
    if low:
        problems.add(
            f"{len(low)} of {len(found)} recordings have less than {wanted} Hz, the first is {_name(rows, low[0])} "
            f"with {found[low[0]][1]} Hz; what a lower rate has cut off cannot be brought back: "
            + (f"use recordings of at least {wanted} Hz" if model_rate else "give a lower sample_rate")
        )
    silent = [number for number, (samples, _) in enumerate(found) if np.abs(samples).max() < _SILENCE]
    if silent:
        problems.add(
            f"{len(silent)} of {len(found)} recordings are silent, the first is {_name(rows, silent[0])}; leave them "
            "out"
        )
    problems.raise_as(DataError)
    return [resampled(samples, rate, wanted) for samples, rate in found], wanted


def scaled(samples: NDArray[Any]) -> Samples:
    """Samples from -1 to 1: floating-point ones as they are, those of 8, 16 or 32 bits (PCM) over their full scale.

    Raises:
        TypeError: they are of another kind.
    """
    if samples.dtype.kind == "f":
        return samples.astype(np.float32)
    if samples.dtype == np.uint8:  # as WAV files of 8 bits have them: silence is 128
        return ((samples.astype(np.float32) - 128) / 128).astype(np.float32)
    if samples.dtype in (np.int16, np.int32):
        return (samples / -float(np.iinfo(samples.dtype).min)).astype(np.float32)
    if samples.dtype.kind not in "iu":
        raise TypeError
    raise TypeError(f"{samples.dtype} numbers; give floating-point ones from -1 to 1, or int16, int32 or uint8")


def resampled(samples: Samples, rate: int, wanted: int) -> Samples:
    """The recording at another rate, by soxr, in its high quality."""
    if rate == wanted:
        return samples
    found: Samples = audio_library("librosa").resample(samples, orig_sr=rate, target_sr=wanted)
    return found


def audio_library(name: str) -> Any:
    """Return librosa, soundfile or jiwer, which come with the extra ``speech``."""
    import importlib

    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise MissingExtraError("the Transcriber", "speech", error.name) from error


def _rows(X: Any) -> list[Any]:
    if isinstance(X, (str, os.PathLike)):
        raise DataError("X: expected a list of recordings, got one path; put it into a list")
    if not isinstance(X, (Sequence, np.ndarray)) and not hasattr(X, "__array__"):
        raise DataError(f"X: expected a list of paths or arrays, got {type(X).__name__}")
    if isinstance(X, np.ndarray) and X.ndim < 2 and X.dtype.kind not in "OUS":
        raise DataError("X: expected a list of recordings, got one array of numbers; put it into a list")
    rows = list(X)
    if not rows:
        raise DataError("X: expected at least one recording, got none")
    return rows


def _read(number: int, row: Any, rate: int | None, problems: Problems) -> tuple[Samples, int] | None:
    """Samples of one channel and their rate; None where a problem has been noted."""
    if isinstance(row, (str, os.PathLike)):
        soundfile = audio_library("soundfile")
        path = Path(row)
        if not path.is_file():
            problems.add(f"{path}: {'a folder' if path.is_dir() else 'no such file'}; expected a recording")
            return None
        try:
            samples, rate = soundfile.read(path, dtype="float32", always_2d=False)
        except soundfile.LibsndfileError as error:
            problems.add(
                f"{path}: cannot be read as audio ({error.error_string.rstrip('.')}); export it as WAV or FLAC"
            )
            return None
        name = str(path)
    else:
        name = f"recording {number}"
        try:
            samples = np.asarray(row)
            samples = scaled(samples)
        except (TypeError, ValueError) as error:
            problems.add(f"{name}: expected a path or an array of samples, got {str(error) or type(row).__name__}")
            return None
        if rate is None:
            problems.add("sample_rate: expected the rate of the arrays in Hz, got None")
            return None
    if samples.ndim == 2 and samples.shape[0] < samples.shape[1]:
        problems.add(f"{name}: expected samples, or (samples, channels), got an array {samples.shape}; transpose it")
        return None
    if samples.ndim == 2:
        samples = samples.mean(axis=1)
    if samples.ndim != 1 or not samples.size:
        problems.add(f"{name}: expected samples, got an array of shape {samples.shape}; leave it out")
    elif not np.isfinite(samples).all():
        problems.add(f"{name}: has NaN or infinity; repair it or leave it out")
    else:
        return samples, int(rate)
    return None


def _name(rows: Sequence[Any], number: int) -> str:
    return str(rows[number]) if isinstance(rows[number], (str, os.PathLike)) else f"number {number}"

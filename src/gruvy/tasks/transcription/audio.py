"""Recordings: files and arrays, brought to one channel and one rate."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.errors import DataError, MissingExtraError, note
from gruvy.tasks.shared.params import is_int, is_real
from gruvy.tasks.transcription.levels import Samples, Scale, centred, scale_of_range, scale_of_type
from gruvy.timeseries import Problems

# Recordings whose loudest sample is below this are silent: 16 bits cannot hold anything softer.
_SILENCE = 2.0**-15
# Below it no speech is left.
_LOWEST_RATE = 1000
_HIGHEST_RATE = 768_000
# An array with more rows and more columns is no recording.
_MOST_CHANNELS = 64
# Suffixes of the files that a folder is searched for.
SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".au", ".caf", ".w64")


def read_recordings(X: Any, sample_rate: int | None, *, model_rate: int | None = None) -> tuple[list[Samples], int]:
    """Return recordings as arrays (samples,) of one rate, -1 to 1, and that rate.

    Files are resampled down to the rate asked for, never up: what a low rate has cut off cannot be brought back.

    Args:
        X: paths of audio files; or arrays of one channel, or of several in either order of the axes, which are
            averaged, from -1 to 1 or as far as samples of 8 to 32 bits go; or pairs of an array and its rate, as
            scipy and soundfile read them.
        sample_rate: of the arrays, or what files are to be resampled to; None for that of the files.
        model_rate: that of a fitted model, to which everything is brought.

    Raises:
        DataError: nothing, something else, files that cannot be read, rates that differ, silence, NaN; all at once.
        MissingExtraError: the extra ``speech`` is missing.
    """
    rows = _rows(X)
    if sample_rate is not None:
        if isinstance(sample_rate, (float, np.floating)) and sample_rate % 1 == 0:
            sample_rate = int(sample_rate)
        if not is_int(sample_rate) or not _LOWEST_RATE <= sample_rate <= _HIGHEST_RATE:
            khz = is_real(sample_rate) and _LOWEST_RATE <= 1000 * sample_rate <= _HIGHEST_RATE
            raise DataError(
                f"sample_rate: expected an integer of Hz, {_LOWEST_RATE} to {_HIGHEST_RATE}, got {sample_rate!r}"
                + (f"; did you mean {1000 * sample_rate:.0f}?" if khz else "")
            )
        sample_rate = int(sample_rate)
    problems = Problems("X")
    read = [_read(number, row, sample_rate or model_rate, problems) for number, row in enumerate(rows)]
    found = _all_scaled([one for one in read if one is not None], problems)
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
    even = centred([samples for samples, _ in found])
    silent = [number for number, samples in enumerate(even) if np.abs(samples).max() < _SILENCE]
    if silent:
        problems.add(
            f"{len(silent)} of {len(found)} recordings are silent, the first is {_name(rows, silent[0])}; leave them "
            "out"
        )
    problems.raise_as(DataError)
    return [resampled(samples, rate, wanted) for samples, (_, rate) in zip(even, found, strict=True)], wanted


def scaled(samples: NDArray[Any]) -> Samples:
    """Samples of a piece of a recording, from -1 to 1: floating-point ones as they are, others over their full scale.

    Raises:
        TypeError: they are of another kind, or go further.
    """
    scale = scale_of_type(samples.dtype)
    if scale is None and samples.dtype == np.int32:
        scale = Scale(0, 2.0**31)
    if scale is None and not (scale_of_range([samples]) == Scale() and samples.dtype.kind == "f"):
        raise TypeError(
            f"{samples.dtype} numbers up to {float(np.abs(samples).max()):g}; give floating-point ones from -1 to 1, "
            "or int16, int32 or uint8"
        )
    return (scale or Scale()).apply(samples)


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


def _read(number: int, row: Any, rate: int | None, problems: Problems) -> tuple[NDArray[Any], int] | None:
    """Numbers of one channel, not scaled yet, and their rate; None where a problem has been noted."""
    row, own = _unpacked(row)
    rate = own or rate
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
            scale = scale_of_type(samples.dtype)
        except (TypeError, ValueError) as error:
            problems.add(f"{name}: expected a path or an array of samples, got {str(error) or type(row).__name__}")
            return None
        if scale is not None:
            samples = scale.apply(samples)
        if rate is None:
            problems.add("sample_rate: expected the rate of the arrays in Hz, got None")
            return None
    if samples.ndim == 2 and min(samples.shape) > _MOST_CHANNELS:
        problems.add(
            f"{name}: expected samples, or samples and channels, got an array {samples.shape}; give one channel"
        )
        return None
    if samples.ndim == 2:  # either may come first; there are always fewer channels
        kept = samples.dtype
        samples = samples.mean(axis=int(samples.shape[0] >= samples.shape[1]))
        samples = samples if kept.kind == "f" else samples.round().astype(kept)
    if samples.ndim != 1 or not samples.size:
        problems.add(f"{name}: expected samples, got an array of shape {samples.shape}; leave it out")
    elif not np.isfinite(samples).all():
        problems.add(f"{name}: has NaN or infinity; repair it or leave it out")
    else:
        return samples, int(rate)
    return None


def _unpacked(row: Any) -> tuple[Any, int | None]:
    """A recording, and its own rate where it comes with it, as libraries give it: in a pair, or in a mapping."""
    if isinstance(row, Mapping) and "array" in row:
        rate = row.get("sampling_rate", row.get("sample_rate"))
        return row["array"], int(rate) if is_int(rate) else None
    if isinstance(row, tuple) and len(row) == 2:
        rate, samples = row if is_int(row[0]) else row[::-1]
        if is_int(rate) and rate >= _LOWEST_RATE and np.ndim(samples):
            return samples, int(rate)
    return row, None


def _all_scaled(found: list[tuple[NDArray[Any], int]], problems: Problems) -> list[tuple[Samples, int]]:
    """Recordings from -1 to 1, by the range of all those together whose type does not say what they are."""
    scales: dict[bool, Scale] = {}
    for floating, called in ((True, "floating-point numbers"), (False, "integers")):
        group = [samples for samples, _ in found if (samples.dtype.kind == "f") == floating]
        scale = scale_of_range(group) if group else Scale()
        scales[floating] = scale or Scale()
        peak = max((float(np.abs(samples.astype(np.float64)).max()) for samples in group), default=0.0)
        if scale is None:
            problems.add(
                f"{len(group)} of {len(found)} recordings have {called} up to {peak:g}, which are neither "
                "-1 to 1 nor samples of 16, 24 or 32 bits; divide them by their full scale"
            )
        elif scale.bits and not (scale.bits == "32-bit" and not floating):
            note(
                f"{len(group)} of {len(found)} recordings have {called} up to {peak:g}: read as {scale.bits} "
                f"samples, divided by {scale.full:.0f}"
            )
    return [(scales[samples.dtype.kind == "f"].apply(samples), rate) for samples, rate in found]


def _name(rows: Sequence[Any], number: int) -> str:
    return str(rows[number]) if isinstance(rows[number], (str, os.PathLike)) else f"number {number}"

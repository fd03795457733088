"""Recordings as libraries, recorders and people leave them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from input_cases import Case, named

from gruvy.tasks.transcription.audio import read_recordings

TITLE = "Recordings"
RATE = 8000
TONE = 0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE // 2) / RATE)


def heard(recording, expected=TONE, rate=RATE, atol=2e-4):
    """Read one recording, and compare what is heard."""
    (samples,), found = read_recordings([recording], rate)
    assert samples.dtype == np.float32
    assert (samples.shape, found) == (expected.shape, RATE)
    np.testing.assert_allclose(samples, expected, atol=atol)


def from_file(name, samples=TONE, atol=2e-4, **how):
    def run(folder: Path) -> None:
        soundfile.write(folder / name, samples, RATE, **how)
        heard(folder / name, rate=None, atol=atol)

    return run


def of(recording, **how):
    return lambda folder: heard(recording, **how)


HALF_SCALE = "1 of 1 recordings have floating-point numbers up to"
CASES: list[Case] = [
    Case(
        "int16 values as floating-point numbers, as librosa and torch make of wavfile's",
        "adapted",
        of(np.round(TONE * 2**15)),
        f"{HALF_SCALE} 16384: read as 16-bit samples, divided by 32768",
    ),
    Case(
        "the same, resampled, so that they are not whole",
        "adapted",
        of((TONE * 2**15 * 0.99999).astype(np.float32)),
        f"{HALF_SCALE} 16383.8: read as 16-bit samples, divided by 32768",
    ),
    Case(
        "a WAV file of floating-point numbers that has int16 values in it",
        "adapted",
        from_file("a.wav", np.round(TONE * 2**15), subtype="FLOAT"),
        f"{HALF_SCALE} 16384: read as 16-bit samples, divided by 32768",
    ),
    Case(
        "24-bit values as floating-point numbers",
        "adapted",
        of(np.round(TONE * 2**23)),
        f"{HALF_SCALE} 4.1943e+06: read as 24-bit samples, divided by 8388608",
    ),
    Case(
        "32-bit values as float64",
        "adapted",
        of(np.round(TONE * 2**31)),
        f"{HALF_SCALE} 1.07374e+09: read as 32-bit samples, divided by 2147483648",
    ),
    Case(
        "unsigned 8-bit values as floating-point numbers",
        "adapted",
        of(np.round(TONE * 127 + 128), atol=0.02),
        f"{HALF_SCALE} 192: read as unsigned 8-bit samples, divided by 128",
    ),
    Case(
        "int16 values in an int32 array",
        "adapted",
        of(np.round(TONE * 2**15).astype(np.int32)),
        "1 of 1 recordings have integers up to 16384: read as 16-bit samples, divided by 32768",
    ),
    Case(
        "24-bit values in an int32 array",
        "adapted",
        of(np.round(TONE * 2**23).astype(np.int32)),
        "1 of 1 recordings have integers up to 4.1943e+06: read as 24-bit samples, divided by 8388608",
    ),
    Case(
        "a list of Python's integers, as JSON has them",
        "adapted",
        of(np.round(TONE * 2**15).astype(int).tolist()),
        "1 of 1 recordings have integers up to 16384: read as 16-bit samples, divided by 32768",
    ),
    Case("int8 samples", "accepted", of(np.round(TONE * 127).astype(np.int8), atol=0.02)),
    Case("int32 samples of full scale", "accepted", of(np.round(TONE * 2**31).astype(np.int32))),
    Case("float16 samples", "accepted", of(TONE.astype(np.float16), atol=1e-3)),
    Case("samples a little beyond -1 to 1, as decoders leave them", "accepted", of(2.4 * TONE, expected=2.4 * TONE)),
    Case(
        "numbers that are neither -1 to 1 nor samples of any kind",
        "refused",
        of(TONE * 75),
        "X: 1 of 1 recordings have floating-point numbers up to 37.5, which are neither -1 to 1 nor samples of 16, 24 "
        "or 32 bits; divide them by their full scale",
    ),
    Case("channels first, as torchaudio and librosa give them", "accepted", of(np.stack([TONE, TONE]))),
    Case("channels last, as soundfile gives them", "accepted", of(np.stack([TONE, TONE], axis=1))),
    Case("an array of shape (1, T)", "accepted", of(TONE[None])),
    Case(
        "an array that is no recording in either order of the axes",
        "refused",
        of(np.ones((90, 80))),
        "X: recording 0: expected samples, or samples and channels, got an array (90, 80); give one channel",
    ),
    Case("a pair of rate and samples, as scipy.io.wavfile.read gives it", "accepted", of((RATE, TONE), rate=None)),
    Case("a pair of samples and rate, as soundfile.read gives it", "accepted", of((TONE, RATE), rate=None)),
    Case(
        "a mapping of array and sampling_rate, as the datasets library gives it",
        "accepted",
        of({"array": TONE, "sampling_rate": RATE, "path": None}, rate=None),
    ),
    Case(
        "a recording off the zero line",
        "adapted",
        of(TONE + 0.3),
        "1 of 1 recordings are off the zero line (a DC offset): it is taken off; the first is number 0",
    ),
    Case(
        "a clipped recording",
        "adapted",
        of(np.clip(4 * TONE, -1, 1), expected=np.clip(4 * TONE, -1, 1)),
        "1 of 1 recordings are clipped (their tops are flat): read as they are; record more softly; the first is "
        "number 0",
    ),
    Case(
        "a rate in kHz",
        "refused",
        of(TONE, rate=8),
        "sample_rate: expected an integer of Hz, 1000 to 768000, got 8; did you mean 8000?",
    ),
    Case("a rate as a floating-point number", "accepted", of(TONE, rate=8000.0)),
    Case(
        "silence, on the zero line or off it",
        "refused",
        of(np.full(4000, 0.25)),
        "X: 1 of 1 recordings are silent, the first is number 0; leave them out",
    ),
    Case(
        "NaN in a recording",
        "refused",
        of(np.where(np.arange(4000) == 9, np.nan, TONE)),
        "X: recording 0: has NaN or infinity; repair it or leave it out",
    ),
    Case("a WAV file of 24 bits", "accepted", from_file("a.wav", subtype="PCM_24")),
    Case("a WAV file of unsigned 8 bits", "accepted", from_file("a.wav", subtype="PCM_U8", atol=0.02)),
    Case("a WAV file of mu-law", "accepted", from_file("a.wav", subtype="ULAW", atol=0.03)),
    Case("a WAV file of A-law", "accepted", from_file("a.wav", subtype="ALAW", atol=0.03)),
    Case("a WAV file of float64", "accepted", from_file("a.wav", subtype="DOUBLE")),
    Case("a WAV file in stereo", "accepted", from_file("a.wav", samples=np.stack([TONE, TONE], axis=1))),
    Case("an MP3 file", "accepted", from_file("a.mp3", atol=0.05)),
    Case("a FLAC file", "accepted", from_file("a.flac")),
    Case("an AIFF file", "accepted", from_file("a.aiff")),
]


@pytest.mark.parametrize("case", named(CASES))
def test_a_recording_is_heard_as_it_was_meant(case, tmp_path):
    case.check(tmp_path)

"""Transcripts, and recordings with transcripts in batches that differ from pass to pass."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gruvy.data import pad, rows_of
from gruvy.errors import DataError
from gruvy.tasks.transcription.features import Frames
from gruvy.text import canonical_texts, visible
from gruvy.timeseries import Problems

# SpecAugment (Park et al. 2019): masks of each kind, their greatest widths as fractions of bands and time, and the
# longest mask in frames (0.3 s, about a word).
_MASKS = 2
_MOST_BANDS = 0.2
_MOST_TIME = 0.1
_LONGEST = 30
# Frames of a batch, by which the memory of a training step grows; a longer recording is a batch of its own.
_FRAMES = 6000
# By how much lengths are blurred before recordings of like length come into one batch.
_MIXING = 0.2


class SpeechBatch(NamedTuple):
    """N recordings, time first, padded with zeros, and their texts end to end.

    Attributes:
        frames: (T, N, M) float32.
        lengths: (N,) int64, frames of each.
        characters: (sum of text_lengths,) int64, numbers from 1 on.
        text_lengths: (N,) int64.
        views: 2 where the second half of the batch is the first one once more, augmented differently; otherwise 1.
    """

    frames: Tensor
    lengths: Tensor
    characters: Tensor
    text_lengths: Tensor
    views: int = 1


@dataclass(frozen=True)
class Augmentation:
    """How recordings are changed in each pass of the training.

    Attributes:
        time_stretch: each becomes up to this share longer or shorter; 0 for never.
        masking: whether SpecAugment blanks out bands and stretches of time.
        views: how often each is heard in a pass.
    """

    time_stretch: float
    masking: bool

    views: int = 1

    def __call__(self, frames: Frames, least: int, random: np.random.Generator) -> list[Frames]:
        """Return the views of a recording: of the same length, at least ``least`` frames, under masks of their own."""
        if self.time_stretch:
            factor = 1 + random.uniform(-self.time_stretch, self.time_stretch)
            frames = stretched(frames, max(least, round(factor * len(frames))))
        return [_masked(frames, random) if self.masking else frames for _ in range(self.views)]


class Utterances:
    """Batches of recordings of about equal length, augmented anew in each pass, or in order as they are.

    A pass depends on the seed and on ``epoch`` alone.

    Args:
        frames: N arrays (T, M).
        texts: N arrays of characters' numbers.
        least: (N,) the fewest frames that each text can be spelt from.
        batch_size: recordings in a batch, or fewer if they are long.
        augmentation: None for none.
        seed: shuffles the passes; None keeps the order.

    Attributes:
        epoch: the number of the pass, from 0; set before it begins.
    """

    def __init__(
        self,
        frames: Sequence[Frames],
        texts: Sequence[NDArray[np.int64]],
        least: Sequence[int],
        *,
        batch_size: int,
        augmentation: Augmentation | None = None,
        seed: int | None = None,
    ):
        self.frames = frames
        self.texts = texts
        self.least = least
        self.augmentation = augmentation
        self.seed = seed
        self.epoch = 0
        self._lengths = np.array([len(one) for one in frames])
        self._rows = batches(self._lengths, batch_size)

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[SpeechBatch]:
        random = None if self.seed is None else np.random.default_rng([self.seed, self.epoch])
        for rows in self._rows if random is None else self._shuffled(random):
            texts = [self.texts[row] for row in rows]
            if random is None or self.augmentation is None:
                yield collate([self.frames[row] for row in rows], texts)
            else:
                augmented = [self.augmentation(self.frames[row], self.least[row], random) for row in rows]
                views = [frames for view in zip(*augmented, strict=True) for frames in view]
                batch = collate(views, texts * self.augmentation.views)
                yield batch._replace(views=self.augmentation.views)

    def _shuffled(self, random: np.random.Generator) -> list[NDArray[np.int64]]:
        """As many batches of the same sizes, of recordings whose lengths are about, but not quite, the nearest."""
        order = np.argsort(self._lengths * random.uniform(1 - _MIXING, 1 + _MIXING, len(self._lengths)))
        cut = np.split(order, np.cumsum([len(rows) for rows in self._rows])[:-1])
        return [cut[number] for number in random.permutation(len(cut))]


def collate(frames: Sequence[Frames], texts: Sequence[NDArray[np.int64]]) -> SpeechBatch:
    """Put recordings and their texts into one batch."""
    padded = pad(frames)
    return SpeechBatch(
        padded.inputs,
        padded.lengths,
        torch.from_numpy(np.concatenate(texts)),
        torch.tensor([len(text) for text in texts]),
    )


def batches(lengths: Sequence[int] | NDArray[np.int64], most: int) -> list[NDArray[np.int64]]:
    """Return the numbers of the recordings of each batch, those of like length together, the shortest first."""
    found: list[list[int]] = [[]]
    for row in np.argsort(lengths, kind="stable").tolist():
        if found[-1] and (len(found[-1]) == most or (len(found[-1]) + 1) * lengths[row] > _FRAMES):
            found.append([])
        found[-1].append(row)
    return [np.array(rows) for rows in found]


def stretched(frames: Frames, length: int) -> Frames:
    """Return frames (length, M), read off between the frames (T, M): slower or faster speech of the same pitch."""
    places = np.linspace(0, len(frames) - 1, length)
    before = places.astype(np.int64)
    share = (places - before).astype(np.float32)[:, None]
    after = np.minimum(before + 1, len(frames) - 1)
    found: Frames = frames[before] * (1 - share) + frames[after] * share
    return found


def read_texts(y: Any, recordings: int) -> list[str]:
    """Return one text a recording, as `gruvy.text.visible` leaves it, its words one space apart.

    Raises:
        DataError: texts are missing, empty or too few; all at once.
    """
    if y is None or isinstance(y, str):
        raise DataError(f"y: expected a list of texts, one for each recording, got {'one text' if y else 'None'}")
    rows = rows_of(y)
    problems = Problems("y")
    if len(rows) != recordings:
        problems.add(f"expected {recordings} texts, as many as there are recordings, got {len(rows)}")
    wrong = [number for number, row in enumerate(rows) if not isinstance(row, str)]
    if wrong:
        problems.add(f"{len(wrong)} texts are missing or no text, the first is text {wrong[0]}: {rows[wrong[0]]!r}")
    empty = [number for number, row in enumerate(rows) if isinstance(row, str) and not visible(row).strip()]
    if empty:
        problems.add(f"{len(empty)} texts are empty, the first is text {empty[0]}; leave those recordings out")
    problems.raise_as(DataError)
    return [" ".join(row.split()) for row in canonical_texts(rows, "y", visible)]


def steps_needed(text: str) -> int:
    """The fewest steps that CTC spells a text with: a blank must part a character from the same one after it."""
    return len(text) + sum(a == b for a, b in itertools.pairwise(text))


def check_steps(frames: Sequence[int], texts: Sequence[str], subsampling: int) -> None:
    """Refuse texts that are too long for the frames of their recordings: CTC writes at most one character a step.

    Raises:
        DataError: there are such texts.
    """
    steps = [(count - 1) // subsampling + 1 for count in frames]
    short = [row for row, text in enumerate(texts) if steps_needed(text) > steps[row]]
    if short:
        first = short[0]
        raise DataError(
            f"y: {len(short)} of {len(texts)} texts are too long for their recordings, the first is text {first}: it "
            f"needs {steps_needed(texts[first])} steps and has {steps[first]} of {10 * subsampling} ms; check that it "
            "is the right text, or lower subsampling"
        )


def _masked(frames: Frames, random: np.random.Generator) -> Frames:
    frames = frames.copy()
    T, M = frames.shape
    for _ in range(_MASKS):
        width = random.integers(0, int(_MOST_BANDS * M) + 1)
        first = random.integers(0, M - width + 1)
        frames[:, first : first + width] = 0
        width = random.integers(0, min(_LONGEST, int(_MOST_TIME * T)) + 1)
        first = random.integers(0, T - width + 1)
        frames[first : first + width] = 0
    return frames

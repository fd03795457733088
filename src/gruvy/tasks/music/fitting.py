"""A fit on the user's files, a part of which is held out to test with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gruvy.errors import DataError
from gruvy.tasks.music.data import Rolls, held_out
from gruvy.tasks.music.files import MusicFiles

if TYPE_CHECKING:
    from gruvy.tasks.music.polyphonic import PolyphonicModel

_FEWEST = 3  # one to learn from, one to validate with, one to test with


@dataclass(frozen=True)
class TestPart:
    """The pieces that `fit_files` kept out of the fit, and what they are called."""

    names: list[str]
    X: Rolls


def fit_files(
    model: PolyphonicModel,
    path: Path,
    files: MusicFiles,
    *,
    test_fraction: float,
    reading: Mapping[str, Any] | None = None,
    **options: Any,
) -> TestPart:
    """Fit on the pieces of files but for a test part of them.

    Args:
        model: the estimator to fit; it remembers how the files are read.
        path: see `MusicFiles.read`.
        files: how they are read.
        test_fraction: share of the pieces to test with, between 0 and 1.
        reading: how a table is written, for `gruvy.data.read_table`.
        options: what ``fit`` takes besides: checkpoint, resume, progress.

    Returns:
        The test part.

    Raises:
        DataError: the files cannot be used.
    """
    model.check_params()
    files = files.for_learning(path, reading)
    names, rolls = files.read(path, reading=reading)
    if len(rolls) < _FEWEST:
        one_table = files.notes and files.series is None
        cure = "name the column that tells them apart (--series)" if one_table else "give more"
        raise DataError(
            f"{path}: expected at least {_FEWEST} pieces, to learn from, to validate with and to test with, got "
            f"{len(rolls)}; {cure}"
        )
    seed = model.random_state if isinstance(model.random_state, int) else 0
    kept = held_out(len(rolls), test_fraction, seed)
    model.fit([rolls[row] for row in np.flatnonzero(~kept)], **options)
    model.files_ = files
    tested = np.flatnonzero(kept)
    return TestPart([names[row] for row in tested], [rolls[row] for row in tested])

"""A fit on the user's files, a part of which is held out to test with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gruvy.errors import DataError
from gruvy.tasks.music.files import MusicFiles
from gruvy.tasks.music.polyphonic import PolyphonicModel
from gruvy.tasks.shared.holdout import HeldOut, draw_rows, split_seed

_FEWEST = 3  # one to learn from, one to validate with, one to test with


def fit_files(
    model: PolyphonicModel,
    path: Path,
    files: MusicFiles,
    *,
    test_fraction: float,
    reading: Mapping[str, Any] | None = None,
    **options: Any,
) -> HeldOut:
    """Fit on the pieces of files, except for a test part.

    Args:
        model: the estimator to fit; it remembers how the files are read.
        path: see `MusicFiles.read`.
        files: how they are read.
        test_fraction: fraction of the pieces to test with, between 0 and 1.
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
    kept = draw_rows(len(rolls), test_fraction, split_seed(model))
    model.fit([rolls[row] for row in np.flatnonzero(~kept)], **options)
    model.files_ = files
    tested = np.flatnonzero(kept)
    return HeldOut([rolls[row] for row in tested], names=[names[row] for row in tested])

"""Sentences and their translations in a table, or in two text files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gruvy.data import read_table, read_text
from gruvy.data.tables import is_table
from gruvy.errors import ArgumentError, DataError
from gruvy.tasks.shared.holdout import HeldOut, draw_groups, split_seed
from gruvy.tasks.shared.tables import check_names, columns_of, refuse_reading
from gruvy.tasks.translation.columns import PairColumns
from gruvy.tasks.translation.data import read_pairs, read_texts
from gruvy.tasks.translation.translator import Translator


def read_files(
    data: Path, translations: Path | None, columns: PairColumns, reading: Mapping[str, Any] | None = None
) -> tuple[list[str], list[str]]:
    """Return sources and targets: of a table, or of two text files whose lines belong together.

    Raises:
        ArgumentError: a text file without the other, or a table with one.
        DataError: the files cannot be used.
    """
    if translations is None:
        if data.exists() and not is_table(data):
            raise ArgumentError(f"{data}: expected a table, or two text files; name the file with the translations too")
        return columns.read(read_table(data, texts=(columns.source, columns.target), **(reading or {})))
    refuse_reading(reading, data)
    table = next((path for path in (data, translations) if is_table(path)), None)
    if table is not None:
        raise ArgumentError(f"{table}: expected two text files, got a table; give it alone, with --source and --target")
    return read_pairs(read_lines(data), read_lines(translations), names=(str(data), str(translations)))


def read_lines(path: str | os.PathLike[str]) -> list[str]:
    """Return the lines of a text file in UTF-8.

    Raises:
        DataError: the file is missing, empty or no such text.
    """
    # Only a line break ends a line: `splitlines` would cut at U+2028 and others too, which sentences can have.
    return read_text(path).removesuffix("\n").split("\n")


def fit_pairs(
    model: Translator, X: list[str], y: list[str], columns: PairColumns, *, test_fraction: float, **options: Any
) -> HeldOut:
    """Fit on pairs except for a test part, ``test_fraction`` of the distinct sources.

    Args:
        model: the estimator to fit; it remembers the columns.
        X, y: sources and targets.
        columns: what they are called in tables.
        test_fraction: between 0 and 1.
        options: what ``fit`` takes besides: checkpoint, resume, progress.

    Raises:
        DataError: the pairs cannot be used.
    """
    model.check_params()
    if len(set(X)) < 3:
        raise DataError(f"expected at least 3 different sentences to learn from, validate and test, got {len(set(X))}")
    kept = draw_groups(np.unique(np.array(X, object), return_inverse=True)[1], test_fraction, split_seed(model))
    (learnt, tested), (targets, references) = (
        ([side[row] for row in np.flatnonzero(~kept)], [side[row] for row in np.flatnonzero(kept)]) for side in (X, y)
    )
    model.fit(learnt, targets, **options)
    model.columns_ = columns
    return HeldOut(tested, references)


def predict_file(model: Translator, path: Path, reading: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """Return each sentence of a file, a table or a text, and its translation.

    Raises:
        ArgumentError: a table, for a model that was fitted on lists.
        DataError: the file cannot be used.
    """
    columns = columns_of(model, "lists")
    if is_table(path):
        frame = read_table(path, texts=(columns.source,), **(reading or {}))
        check_names(frame, {"source": columns.source})
        texts = read_texts(frame[columns.source].tolist(), f"column '{columns.source}'")
    else:
        refuse_reading(reading, path)
        texts = read_texts(read_lines(path), str(path))
    return pd.DataFrame({columns.source: texts, columns.target: model.predict(texts)})

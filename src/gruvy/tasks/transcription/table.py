"""Recordings in a folder, and tables of paths and texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gruvy.data import read_table
from gruvy.errors import DataError
from gruvy.tasks.shared.holdout import HeldOut, draw_groups, split_seed
from gruvy.tasks.shared.tables import check_names, columns_of, refuse_reading
from gruvy.tasks.transcription.audio import SUFFIXES, audio_library, read_recordings
from gruvy.tasks.transcription.baselines import NearestRecording
from gruvy.tasks.transcription.data import check_steps, read_texts
from gruvy.tasks.transcription.features import LogMel
from gruvy.tasks.transcription.normalizing import normalized
from gruvy.tasks.transcription.scores import score_row
from gruvy.tasks.transcription.transcriber import Transcriber

_CURE = "give it a recording or a folder of them, or "


def fit_table(
    model: Transcriber,
    table: Path,
    *,
    audio: str,
    text: str,
    test_fraction: float,
    reading: Mapping[str, Any] | None = None,
    sample_rate: int | None = None,
    **options: Any,
) -> HeldOut:
    """Fit on the recordings of a table, except for a test part.

    Args:
        model: the estimator to fit; it remembers the columns.
        table: a file with a row for each recording.
        audio: the column of the paths, relative to the table's folder.
        text: the column of the texts.
        test_fraction: of the recordings, between 0 and 1.
        reading: how the table is written, for `gruvy.data.read_table`.
        sample_rate: what to resample to, if the files' rates differ.
        options: what ``fit`` takes besides: checkpoint, resume, progress.

    Returns:
        What was kept out.

    Raises:
        ArgumentError, DataError: as ``fit``; or a column is missing.
    """
    model.check_params()
    audio_library("jiwer")  # measures what is fitted: say now if it is missing
    frame = _read(table, {"audio": audio, "text": text}, reading)
    paths = _paths(table, frame, audio)
    recordings, rate = read_recordings(paths, sample_rate)
    texts = normalized(read_texts(frame[text], len(paths)), model.normalize, told=True)
    # Now, because a part of the table would be numbered otherwise.
    frames = [LogMel(rate, model.n_mels).count(len(samples)) for samples in recordings]
    check_steps(frames, texts, model.subsampling)
    if len(set(texts)) < 3:
        raise DataError(
            f"{table}: expected at least three different texts, to learn, validate and test; add recordings"
        )
    kept = draw_groups(pd.factorize(np.array(texts, object))[0], test_fraction, split_seed(model))
    learnt, tested = (np.flatnonzero(part).tolist() for part in (~kept, kept))
    known = [recordings[row] for row in learnt], [texts[row] for row in learnt]
    model.fit(*known, sample_rate=rate, **options)
    model.columns_ = {"audio": audio, "text": text}
    truth = [texts[row] for row in tested]
    nearest = NearestRecording(rate).fit(*known)
    score = score_row(nearest.name, truth, nearest.predict([recordings[row] for row in tested]))
    return HeldOut([paths[row] for row in tested], truth, [score])


def predict_data(model: Transcriber, data: Path, reading: Mapping[str, Any] | None = None, **how: Any) -> pd.DataFrame:
    """Transcribe a recording, all recordings of a folder, or those of a table.

    Returns:
        A row for each recording: its path as given, and its text.

    Raises:
        ArgumentError: the model was not fitted on a table, so that it does not know the column of a table.
        DataError: nothing to transcribe, or something that cannot be used.
    """
    columns = model.columns_ or {"audio": "audio", "text": "text"}
    if data.is_dir() or data.suffix.lower() in SUFFIXES:
        refuse_reading(reading, data)
    if data.is_dir():
        paths = sorted(path for path in data.rglob("*") if path.suffix.lower() in SUFFIXES)
        if not paths:
            raise DataError(f"{data}: no recordings in this folder; expected files that end in {', '.join(SUFFIXES)}")
        names = [str(path.relative_to(data)) for path in paths]
    elif data.suffix.lower() in SUFFIXES:
        paths, names = [data], [str(data)]
    else:
        column = columns_of(model, "recordings", _CURE)["audio"]
        frame = _read(data, {"audio": column}, reading)
        paths, names = _paths(data, frame, column), frame[column].tolist()
    return pd.DataFrame({columns["audio"]: names, columns["text"]: model.predict(paths, **how)})


def evaluate_table(model: Transcriber, table: Path, reading: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the rows of ``evaluate`` for a table.

    Raises:
        ArgumentError: the model was not fitted on a table.
        DataError: the table cannot be used.
    """
    columns = columns_of(model, "recordings", _CURE)
    frame = _read(table, columns, reading)
    return model.evaluate(_paths(table, frame, columns["audio"]), frame[columns["text"]])


def _read(path: Path, named: dict[str, str], reading: Mapping[str, Any] | None) -> pd.DataFrame:
    frame = read_table(path, texts=tuple(named.values()), **(reading or {}))
    check_names(frame, named)
    return frame


def _paths(table: Path, frame: pd.DataFrame, column: str) -> list[Path]:
    values: Sequence[Any] = frame[column].tolist()
    wrong = [row for row, value in enumerate(values) if not isinstance(value, str) or not value.strip()]
    if wrong:
        raise DataError(
            f"column '{column}': {len(wrong)} of {len(values)} paths are missing, the first in row {wrong[0]}; fill "
            "them in, or leave those rows out"
        )
    return [table.parent / value for value in values]

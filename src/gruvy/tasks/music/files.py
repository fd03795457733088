"""Pieces from the user's files: MIDI, MusicXML, .krn, .abc, arrays and tables."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gruvy.data import read_table
from gruvy.errors import DataError
from gruvy.music import SCORES, piano_roll, read_midi, read_musicxml, read_score
from gruvy.tasks.music.data import Rolls, read_rolls
from gruvy.timeseries import Problems, did_you_mean

_MIDI = (".mid", ".midi")
_MUSICXML = (".mxl", ".musicxml", ".xml")
_FILES = (*_MIDI, *_MUSICXML, *SCORES)


@dataclass(frozen=True)
class MusicFiles:
    """How the files of a fit were read, so that those of a prediction are read alike.

    Attributes:
        step: of scores, the length of a step in quarter notes.
        series: of a table, the column that tells the pieces apart; its rows are steps.
        notes: of a table, the columns of 0 and 1; all but ``series`` where it is empty.
    """

    step: float = 1.0
    series: str | None = None
    notes: tuple[str, ...] = ()

    def read(self, path: Path, least: int = 2, *, reading: Mapping[str, Any] | None = None) -> tuple[list[str], Rolls]:
        """Return the names and the rolls of the pieces.

        Args:
            path: a folder of MIDI, MusicXML, .krn or .abc files, one of them, an .npz file with an array (T, D) for
                each piece, or a table.
            least: steps that a piece has to have.
            reading: how a table is written, for `gruvy.data.read_table`.

        Raises:
            DataError: there is nothing, or something that cannot be used; all problems at once.
            FileFormatError: a file is damaged, or not what its name says.
            MissingExtraError: MIDI files without mido, .krn and .abc files without music21.
        """
        if not path.exists():
            raise DataError(f"{path}: no such file or folder; check the path")
        if path.is_dir() or path.suffix.lower() in _FILES:
            return self._scores(path, least)
        pieces = _arrays(path) if path.suffix.lower() == ".npz" else self._table(self._frame(path, reading))
        names = list(pieces)
        return names, read_rolls(list(pieces.values()), name=str(path), names=names, least=least)

    def for_learning(self, path: Path, reading: Mapping[str, Any] | None = None) -> MusicFiles:
        """Fill in the columns of a table that is to be learnt from; other files have none.

        Raises:
            DataError: there is no file, or it is no table.
        """
        if path.is_dir() or path.suffix.lower() in (*_FILES, ".npz"):
            return self
        columns = list(self._frame(path, reading).columns)
        return MusicFiles(self.step, self.series, tuple(name for name in columns if name != self.series))

    def _frame(self, path: Path, reading: Mapping[str, Any] | None) -> pd.DataFrame:
        texts = [] if self.series is None else [self.series]
        frame = read_table(path, texts=texts, numbers=self.notes or None, **(reading or {}))
        # The columns of a Parquet file can have numbers for names.
        return frame.set_axis(frame.columns.map(str), axis=1)

    def _scores(self, path: Path, least: int) -> tuple[list[str], Rolls]:
        known = _FILES
        found = sorted(file for file in path.rglob("*") if file.suffix.lower() in known) if path.is_dir() else [path]
        if not found:
            raise DataError(f"{path}: expected a folder with music ({', '.join(known)}), got none; check the path")
        names, rolls = [], []
        for file in found:
            name = str(file.relative_to(path)) if path.is_dir() else file.name
            tunes = self._score(file)
            names += [name] if len(tunes) == 1 else [f"{name} ({number})" for number in range(1, len(tunes) + 1)]
            rolls += tunes
        silent = [name for name, roll in zip(names, rolls, strict=True) if not roll.any()]
        if silent:
            raise DataError(f"{path}: {len(silent)} of {len(names)} files have no notes, the first is {silent[0]}")
        return names, read_rolls(rolls, name=str(path), names=names, least=least)

    def _score(self, file: Path) -> list[NDArray[np.uint8]]:
        """The rolls of a file: of one piece, or of the tunes of an .abc file."""
        try:
            if file.suffix.lower() in _MIDI:
                return [read_midi(file, self.step)]
            if file.suffix.lower() in SCORES:
                return [piano_roll(notes, self.step) for notes in read_score(file)]
            return [piano_roll((note for part in read_musicxml(file).parts for note in part), self.step)]
        except DataError as error:
            raise DataError(f"{file}: {error}") from error

    def _table(self, frame: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
        problems = Problems("the table")
        wanted = [*self.notes, *([self.series] if self.series else [])]
        for name in wanted:
            if name not in frame.columns:
                problems.add(f"no column '{name}'; {did_you_mean(name, frame.columns)}")
        problems.raise_as(DataError)
        columns = self.notes or tuple(name for name in frame.columns if name != self.series)
        if not columns:
            raise DataError("the table: no column is left for the notes; add one of 0 and 1 for each")
        values = np.column_stack([_numbers(frame[name], problems) for name in columns])
        problems.raise_as(DataError)
        if self.series is None:
            return {"table": values}
        codes, ids = pd.factorize(frame[self.series])
        if (codes < 0).any():
            raise DataError(f"column '{self.series}': {(codes < 0).sum()} rows have no id; fill it in")
        return {str(name): values[codes == number] for number, name in enumerate(ids)}


def _numbers(column: pd.Series, problems: Problems) -> NDArray[np.float64]:
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = np.flatnonzero(np.isnan(numbers) & column.notna().to_numpy())
    if len(wrong):
        problems.add(
            f"column '{column.name}': expected 0 and 1, got {column.iloc[wrong[0]]!r} in row {wrong[0]}; leave the "
            "column out, or name it as the one that tells the pieces apart"
        )
    return numbers


def _arrays(path: Path) -> dict[str, Any]:
    try:
        with np.load(path, allow_pickle=False) as file:
            pieces = {name: file[name] for name in file.files}
    except (ValueError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: cannot be read as npz ({error}); write it with numpy.savez") from error
    if not pieces:
        raise DataError(f"{path}: expected an array (T, D) for each piece, got none")
    return pieces

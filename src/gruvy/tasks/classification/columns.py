"""What the columns of a table of labelled sequences are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from gruvy.tasks.shared.tables import SequenceColumns


@dataclass(frozen=True, kw_only=True)
class ClassColumns(SequenceColumns):
    """What the columns of a table of labelled sequences are.

    Attributes:
        label: the column of the classes.
    """

    label: str

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        label: str,
        text: str | None = None,
        series: str | None = None,
        id: str | None = None,
    ) -> ClassColumns:
        """Find the columns of numbers, as `SequenceColumns.find` does."""
        return cls.find(frame, {"label": label}, text, series, id, label=label)

    def labels(self, frame: pd.DataFrame) -> NDArray[Any]:
        """Return the label of each sequence.

        Raises:
            DataError: the column is missing, or a series has two labels.
        """
        return self.constant(frame, self.label, "label")

"""Which columns of a table are the two languages."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from gruvy.data import as_frame
from gruvy.tasks.shared.tables import check_names
from gruvy.tasks.translation.data import read_pairs


@dataclass(frozen=True)
class PairColumns:
    """Which columns of a table are the two languages."""

    source: str = "source"
    target: str = "target"

    def read(self, frame: pd.DataFrame) -> tuple[list[str], list[str]]:
        """Return the sources and the targets of a table.

        Raises:
            DataError: a column is missing, or has something else than texts.
        """
        frame = as_frame(frame, [self.source, self.target])
        check_names(frame, {"source": self.source, "target": self.target})
        names = f"column '{self.source}'", f"column '{self.target}'"
        return read_pairs(frame[self.source].tolist(), frame[self.target].tolist(), names=names)

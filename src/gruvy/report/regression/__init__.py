"""The report of models that give numbers for sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from gruvy.report import Column, Report, Row
from gruvy.report.text import beside, fixed


def columns(targets: Sequence[str]) -> list[Column]:
    """Return the columns of a comparison; with several targets the first says which one a row is of."""
    of = [Column("target", "target")] if len(targets) > 1 else []
    return [
        Column("mae", "MAE", "error", "lower", "MAE is the mean absolute error of the median."),
        *of,
        Column("rmse", "RMSE", "error", "lower", "RMSE is the root of the mean squared error."),
        Column("r2", "R²", ".3f", "higher", "R² is 1 where all is right, and 0 for the mean of the truth."),
        Column(
            "pinball", "pinball", "error", "lower", "Pinball is the mean loss of all quantiles.", narrow="pin-\nball"
        ),
        Column("coverage", "inside", ".0%", "", "Inside is the fraction of truths between the outermost quantiles."),
    ]


@dataclass(frozen=True, kw_only=True)
class RegressionReport(Report):
    """What `gruvy.report.write_report` shows of a `SequenceRegressor`.

    Args:
        target: the number that is drawn.
        truth: (N,) its true values, in the test part.
        quantiles: level -> (N,), the median among them.
    """

    folder: ClassVar[str] = "gruvy.report.regression"
    loss: ClassVar[str] = "pinball loss (scaled)"

    target: str
    truth: NDArray[np.float64]
    quantiles: Mapping[float, NDArray[np.float64]]

    @property
    def headline(self) -> str:
        """How far off the model is, and what it has to beat."""

        def said(row: Row) -> Any:
            return fixed(row["mae"], 3)

        others = [row for row in self.comparison.others if row["target"] == self.model["target"]]
        return (
            f"The {self.model.name} is off by {said(self.model)} on average in what it had never seen of {self.target}"
            f"{beside([f'{said(row)} by {row.name}' for row in others])}."
        )

    @property
    def below(self) -> dict[float, float]:
        """Level -> the fraction of truths that lie below its quantile."""
        return {level: float((self.truth <= values).mean()) for level, values in self.quantiles.items()}

    @property
    def levels_aid(self) -> str:
        """Say how well the quantiles hold."""
        held = ", ".join(f"{found:.0%} below the {level:.0%} quantile" for level, found in self.below.items())
        return f"Of {len(self.truth):,} truths {held}. On the dotted line they would hold exactly."

    def _problems(self) -> list[str]:
        return [] if 0.5 in self.quantiles else ["there is no median: add the level 0.5 to the quantiles"]

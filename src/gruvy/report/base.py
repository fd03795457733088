"""What all reports have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from gruvy.errors import ArgumentError
from gruvy.report.comparison import Comparison, Row
from gruvy.report.text import listed


@dataclass(frozen=True)
class LossCurve:
    """Training and validation loss of one model after each epoch; ``best_epoch`` counts from 1."""

    name: str
    train: Sequence[float]
    validation: Sequence[float]
    best_epoch: int


NOTHING = Comparison()


@dataclass(frozen=True, kw_only=True)
class Report:
    """What `gruvy.report.write_report` makes a page of. A subclass adds its own values and names its folder.

    Args:
        title: the headline of the page.
        provenance: what a reader needs to repeat the run, name -> value.
        comparison: models and baselines; the first row of kind "model" is what the report is about.
        losses: one curve per trained network.
        description: one or two sentences on the data and the split, or "".

    Raises:
        ArgumentError: there is no model among the rows, or the values do not fit together.
    """

    # The package of the template (page.html.j2), the plots (figures.py) and, if there is one, the sentences (text.py).
    folder: ClassVar[str]
    # What the losses are, with their unit, and what else is to be said of them.
    loss: ClassVar[str] = "loss"
    about_loss: ClassVar[str] = ""
    # Whether there is always a comparison, and a model in it.
    compares: ClassVar[bool] = True

    title: str
    provenance: Mapping[str, str]
    comparison: Comparison = NOTHING
    losses: Sequence[LossCurve] = ()
    description: str = ""

    def __post_init__(self) -> None:
        problems = self._problems()
        if self.compares and not self.comparison.of_kind("model"):
            problems.insert(0, "no row is of kind 'model': add the model that the report is about")
        if problems:
            raise ArgumentError("the report cannot be written: " + "; ".join(problems))

    @property
    def headline(self) -> str:
        """The result in one or two sentences."""
        raise NotImplementedError

    @property
    def model(self) -> Row:
        """The row that the report is about."""
        return self.comparison.model

    @property
    def losses_aid(self) -> str:
        """Explain the loss curves, with the epochs whose weights are used."""
        best = listed([f"{curve.name} epoch {curve.best_epoch} of {len(curve.validation)}" for curve in self.losses])
        return (
            "Lower is better. Solid is the loss on the validation part, dotted on the training part; where solid "
            f"rises while dotted falls, the model overfits. The dot marks the weights in use: {best}."
        )

    def _problems(self) -> list[str]:
        """What of the subclass' own values does not fit together."""
        return []

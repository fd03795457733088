"""What every demo takes and leaves, so that one command runs them all and one table holds their figures."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gruvy.report import Comparison
from gruvy.training import Progress
from gruvy.training.checkpoint import kept_history

# How much work: a smoke run of half a minute that still has to learn, ten minutes on two cores, or as long as it takes.
# Work is counted in epochs or steps, never in seconds: the same seed gives the same figures on any machine.
Budget = Literal["quick", "default", "full"]

# Called with each model's name; the context it returns gives what ``fit(progress=...)`` is to call.
Training = Callable[[str], AbstractContextManager[Callable[[Progress], None]]]


@dataclass(frozen=True)
class Figure:
    """One measure on the test split: what the GRU reaches, beside what it is compared with.

    Attributes:
        measure: what is measured, with its unit, as "MAE at 1 to 24 hours, °F".
        gru: what the GRU reaches.
        others: what baselines and other networks reach, by name.
        trivial: the one among ``others`` that even a quick run must beat; None where nobody can promise that.
        higher_is_better: as for an accuracy; otherwise lower is.
        style: how a value is written, as for `format`: ".2f", ".1%".
    """

    measure: str
    gru: float
    others: Mapping[str, float]
    trivial: str | None
    higher_is_better: bool = False
    style: str = ".2f"

    def beats(self, name: str) -> bool:
        """Whether the GRU is better than one of the others."""
        other = self.others[name]
        return self.gru > other if self.higher_is_better else self.gru < other


@dataclass(frozen=True)
class Outcome:
    """What a run of a demo leaves.

    Attributes:
        headline: the result in one or two sentences.
        tables: what the command prints.
        figures: what the table of all results shows.
        results: everything measured, as plain JSON; ``NAME.json`` in the demo's folder holds it.
        report_path: the HTML report.
        model_path: the GRU's .gruvy file.
    """

    headline: str
    tables: Sequence[Comparison]
    figures: Sequence[Figure]
    results: Mapping[str, Any]
    report_path: Path
    model_path: Path

    @property
    def learnt(self) -> bool:
        """Whether the GRU beats the trivial baseline in every figure that has one."""
        return all(figure.beats(figure.trivial) for figure in self.figures if figure.trivial is not None)


def command(name: str, budget: Budget) -> str:
    """Return the command that runs a demo with a budget; its report shows it."""
    return f"gruvy demo {name}" + ("" if budget == "default" else f" --{budget}")


def kept(folder: Path, name: str, budget: Budget, part: str) -> dict[str, Any]:
    """Return the arguments of ``fit`` by which a full run goes on where it was stopped; others begin anew.

    The states of all parts of a run, one for each network, lie in ``NAME.state`` of the demo's folder until
    `write_results` ends the run.
    """
    return {"checkpoint": folder / f"{name}.state" / part, "resume": True} if budget == "full" else {}


def seconds_kept(folder: Path, name: str) -> float:
    """The seconds of the epochs that a full run has done, if it was stopped and is now to go on."""
    states = sorted((folder / f"{name}.state").glob("*"))
    return sum(row.get("seconds", 0.0) for state in states for row in kept_history(state))


def write_results(results: Mapping[str, Any], path: Path, budget: Budget) -> None:
    """Write a demo's ``results`` as JSON; a full run is then over, and the states of its networks are removed."""
    path.write_text(json.dumps(results, indent=2, ensure_ascii=False), encoding="utf-8")
    if budget == "full":
        shutil.rmtree(path.with_suffix(".state"), ignore_errors=True)

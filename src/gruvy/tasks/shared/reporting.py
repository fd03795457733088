"""What the reports of all estimators say in the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from gruvy.report import LossCurve, Row

T = TypeVar("T")

# What the figures of a report were measured on, unless it says otherwise.
HELD_OUT = "All figures are of the held-out test part, which no model saw in training."
# What a report calls a package; others have their own name.
_PACKAGES = {
    "python": "Python",
    "torch": "PyTorch",
    "numpy": "NumPy",
    "lightning": "Lightning",
    "gymnasium": "Gymnasium",
    "popgym": "POPGym",
}


def table_row(name: str, score: Mapping[str, Any], model: Any = None, *, about: str = "", **more: Any) -> Row:
    """Return a row of a comparison from a row of ``evaluate``: of a fitted estimator, or of what it has to beat.

    Args:
        name: in the report.
        score: a row of ``evaluate``; it may say its ``kind``.
        model: the estimator, whose parameters and seconds per epoch are shown; None of a baseline.
        about: what it is, where the name does not say it.
        more: further values.
    """
    values = {key: value for key, value in score.items() if key not in ("name", "kind")} | more
    if model is None:
        return Row(name, score.get("kind", "baseline"), values, about=about)
    return Row(name, "model", values | trained(model), about=about)


def trained(model: Any) -> dict[str, Any]:
    """Return what a fitted estimator cost: its parameters, and the seconds of an epoch."""
    return {"parameters": model.n_parameters_, "seconds_per_epoch": model.seconds_per_epoch_}


def loss_curve(name: str, model: Any) -> LossCurve:
    """Return the losses of a fitted estimator."""
    return LossCurve(
        name=name,
        train=[row["train_loss"] for row in model.history_],
        validation=[row["validation_loss"] for row in model.history_],
        best_epoch=model.best_epoch_,
    )


def loss_curves(models: Mapping[str, Any]) -> list[LossCurve]:
    """Return the losses of fitted estimators, by the names that the report gives them."""
    return [loss_curve(name, model) for name, model in models.items()]


def at_ranks(ranked: Sequence[T], places: Mapping[str, float]) -> dict[str, T]:
    """Return what stands at some places of an order, by the places' names: what a report shows is not picked by eye.

    Args:
        ranked: all that there is, in order; not empty.
        places: title -> quantile, from 0 to 1.

    Example:
        >>> at_ranks(["a", "b", "c"], {"first": 0, "typical": 0.5})
        {'first': 'a', 'typical': 'b'}
    """
    return {title: ranked[round(quantile * (len(ranked) - 1))] for title, quantile in places.items()}


def repeatable(model: Any, about: Mapping[str, str], command: str = "") -> dict[str, str]:
    """Return what a reader of a report needs to repeat a fit, name -> text.

    Args:
        model: a fitted estimator.
        about: what else to say, of the data above all.
        command: what repeats the run, or "".
    """
    made = model.provenance_
    facts = {_PACKAGES.get(package, package): version for package, version in made["versions"].items()}
    facts |= {
        "Machine": made["machine"],
        "Threads": str(made["threads"]),
        "Seed": str(made["seed"]),
        **about,
        "Trained": f"{made['date'][:16].replace('T', ' ')} UTC",
    }
    return facts | ({"Command": command} if command else {})

"""Chorales of Bach: how well a GRU, an LSTM and a tanh network foresee the next chord, as Chung et al. (2014) asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.datasets import card, load_chorales
from gruvy.demos.outcome import Budget, Figure, Outcome, Training, command, write_results
from gruvy.music import write_midi
from gruvy.report import write_report
from gruvy.tasks import PolyphonicModel
from gruvy.tasks.music.baselines import FrameRegression
from gruvy.tasks.music.report import music_report
from gruvy.tasks.music.scores import score_row

# Units of Chung et al. (2014): about 18 to 19 thousand recurrent weights each.
SIZES: Mapping[str, tuple[str, int]] = {"GRU": ("gru", 46), "LSTM": ("lstm", 36), "tanh RNN": ("tanh", 100)}
# Their form of the GRU, and what they had against overfitting.
PARAMS: Mapping[str, Any] = {"reset_after": False, "weight_noise": 0.075, "random_state": 0}
_RESAMPLES = 2000  # of the bootstrap
# Parameters of the PolyphonicModel by budget; the quick one trains the GRU alone.
BUDGETS: dict[Budget, dict[str, Any]] = {
    "quick": {"max_epochs": 40},
    "default": {"max_epochs": 200, "patience": 30},
    "full": {"max_epochs": 200, "patience": 30},  # early stopping ends it before: more would bring nothing
}


def run(
    folder: str | PathLike[str] = "gruvy-demo",
    *,
    budget: Budget = "default",
    training: Training,
    **params: Any,
) -> Outcome:
    """Train three networks of about equal size, measure them and three baselines, write a report and a tune.

    Args:
        folder: where ``music.html``, ``music.json``, ``music.gruvy`` and ``music.mid`` go; it is made if need be.
        budget: how long to train; see `gruvy.demos.outcome.Budget`.
        training: called with each model's name; the context it returns gives what ``fit(progress=...)`` is to call.
        params: parameters of the PolyphonicModel that differ from the budget's.

    Returns:
        What the command shows.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    chorales = load_chorales()
    parts = {part: [one for one in chorales if one.split == part] for part in ("train", "validation", "test")}
    train, validation, test = ([one.roll.astype(np.float32) for one in part] for part in parts.values())

    models = {}
    for name, (cell, hidden_size) in SIZES.items():
        if budget == "quick" and name != "GRU":
            continue
        chosen = {"cell": cell, "hidden_size": hidden_size, **PARAMS, **BUDGETS[budget], **params}
        models[name] = PolyphonicModel(**chosen)
        with training(name) as progress:
            models[name].fit(train, validation=validation, progress=progress)
    gru = models["GRU"]
    model_path = gru.save(folder / "music.gruvy")

    linear = FrameRegression().fit(train, validation)
    leads = _leads(models, test, [one.tune for one in parts["test"]])
    report = music_report(
        models,
        test,
        [one.name for one in parts["test"]],
        [score_row(linear.name, test, [linear.predict(roll) for roll in test])],
        title="What comes next in a chorale by Bach?",
        description=(
            "Chorales in four parts, a frame for each quarter note, in a key without sharps and flats. "
            f"{card('chorales').split} Units as in Chung et al. (2014), at about equal numbers of recurrent weights: "
            "GRU 46, LSTM 36, tanh 100. Their figures (GRU 8.54, LSTM 8.67, tanh 9.10) are of another split."
            + "".join(
                f" The {name} needs {lead['mean']:+.3f} nats a frame beside the GRU (95% interval over the tunes "
                f"{lead['low']:+.3f} to {lead['high']:+.3f})."
                for name, lead in leads.items()
            )
        ),
        command=command("music", budget),
    )
    report_path = write_report(report, folder / "music.html")
    tune_path = write_midi(report.drawn, folder / "music.mid")
    results = {
        "headline": report.headline,
        "report": str(report_path),
        "tune": str(tune_path),
        "rows": report.comparison.records(),
        "leads": leads,
        "provenance": gru.provenance_,
    }
    write_results(results, folder / "music.json", budget)
    likelihoods = report.comparison.values("nll")
    figure = Figure(
        "negative log-likelihood, nats a frame",
        likelihoods.pop("GRU"),
        likelihoods,
        trivial="note frequencies",
        style=".3f",
    )
    return Outcome(report.headline, [report.comparison], [figure], results, report_path, model_path)


def _leads(
    models: Mapping[str, PolyphonicModel], X: Sequence[NDArray[Any]], tunes: Sequence[str]
) -> dict[str, dict[str, float]]:
    """By how many nats a frame the GRU is better than each other network, with a 95% interval.

    It is a bootstrap of tunes, not of pieces: settings of one tune are alike.
    """
    _, place = np.unique(tunes, return_inverse=True)
    frames = np.bincount(place, [len(roll) for roll in X])
    total = {name: np.bincount(place, [f.sum() for f in one.log_likelihood(X)]) for name, one in models.items()}
    chosen = np.random.default_rng(0).integers(len(frames), size=(_RESAMPLES, len(frames)))
    found = {}
    for name in models:
        if name != "GRU":
            more = total["GRU"] - total[name]
            low, high = np.quantile(more[chosen].sum(axis=1) / frames[chosen].sum(axis=1), [0.025, 0.975])
            found[name] = {"mean": float(more.sum() / frames.sum()), "low": float(low), "high": float(high)}
    return found

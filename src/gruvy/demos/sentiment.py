"""Is a snippet of a movie review positive or negative? A bidirectional GRU, and what it must beat."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gruvy.datasets import card, load_sentiment
from gruvy.demos.outcome import Budget, Figure, Outcome, Training, command, write_results
from gruvy.report import write_report
from gruvy.tasks import SequenceClassifier
from gruvy.tasks.classification.baselines import LinearClassifier
from gruvy.tasks.classification.report import classification_report
from gruvy.tasks.labels.scores import score_row

# Parameters of the SequenceClassifier that differ from its defaults.
BUDGETS: dict[Budget, dict[str, Any]] = {
    "quick": {"max_epochs": 3},
    "default": {"ensemble_size": 5, "max_epochs": 6, "patience": 2},
    "full": {"ensemble_size": 5, "max_epochs": 6, "patience": 2},
}


def run(
    folder: str | PathLike[str] = "gruvy-demo",
    *,
    budget: Budget = "default",
    training: Training,
    **params: Any,
) -> Outcome:
    """Train a classifier on the training part, measure it and three baselines on the test part, write a report.

    Args:
        folder: where ``sentiment.html``, ``sentiment.json`` and ``sentiment.gruvy`` go; it is made if need be.
        budget: how long to train; see `gruvy.demos.outcome.Budget`.
        training: called with the model's name; the context it returns gives what ``fit(progress=...)`` is to call.
        params: parameters of the SequenceClassifier that differ from the budget's.

    Returns:
        What the command shows.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    frame = load_sentiment()
    train, test = (frame[frame["split"] == part] for part in ("train", "test"))

    model = SequenceClassifier(**{"random_state": 0, **BUDGETS[budget], **params})
    with training("GRU") as progress:
        model.fit(train["text"], train["label"], progress=progress)
    model_path = model.save(folder / "sentiment.gruvy")

    report = classification_report(
        {"GRU": model},
        test["text"],
        test["label"],
        [_linear(model, train, test), _vader(test)],
        title="Is a movie review positive?",
        description=(
            "Snippets of movie reviews, each rated by 20 people (Hutto and Gilbert 2014); positive or negative by the "
            f"sign of their mean. {card('sentiment').split}"
        ),
        command=command("sentiment", budget),
    )
    report_path = write_report(report, folder / "sentiment.html")
    results = {
        "headline": report.headline,
        "report": str(report_path),
        "rows": report.comparison.records(),
        "confusion": report.confusion.tolist(),
        "provenance": model.provenance_,
    }
    write_results(results, folder / "sentiment.json", budget)
    accuracies = report.comparison.values("accuracy")
    figure = Figure(
        "accuracy",
        accuracies.pop("GRU"),
        accuracies,
        trivial="majority class",
        higher_is_better=True,
        style=".1%",
    )
    return Outcome(report.headline, [report.comparison], [figure], results, report_path, model_path)


def _linear(model: SequenceClassifier, train: pd.DataFrame, test: pd.DataFrame) -> dict[str, Any]:
    numbers = [model.numbers(part["label"].to_numpy()) for part in (train, test)]
    linear = LinearClassifier().fit(train["text"], numbers[0])
    return score_row(linear.name, numbers[1], linear.predict_proba(test["text"]))


def _vader(test: pd.DataFrame) -> dict[str, Any]:
    """The sign of VADER's score; it has no probabilities, and a score of 0 is neither."""
    called = np.sign(test["vader"].to_numpy())
    truth = np.sign(test["rating"].to_numpy())
    found = [float((called[truth == side] == side).mean()) for side in (1, -1)]
    f1 = [
        2 * ((called == side) & (truth == side)).sum() / ((called == side).sum() + (truth == side).sum())
        for side in (1, -1)
    ]
    return {
        "name": "VADER (a lexicon)",
        "accuracy": float((called == truth).mean()),
        "balanced_accuracy": float(np.mean(found)),
        "macro_f1": float(np.mean(f1)),
    }

"""Is a snippet of a movie review positive or negative? A bidirectional GRU, and what it must beat."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gruvy.datasets import card, load_sentiment
from gruvy.demos.threads import one_thread
from gruvy.report import ClassificationReport, write_classification_report
from gruvy.report.classification_page import headline
from gruvy.tasks import SequenceClassifier
from gruvy.tasks.classifier_baselines import LinearClassifier
from gruvy.tasks.classifier_report import classification_report
from gruvy.tasks.classifier_scores import score_row
from gruvy.training import Progress


@dataclass(frozen=True)
class SentimentDemo:
    """What a run leaves: the report's values, where the report is, and the figures of ``results.json``."""

    report: ClassificationReport
    report_path: Path
    results: dict[str, Any]


def run(
    folder: str | PathLike[str] = "gruvy-demo",
    *,
    training: Callable[[str], AbstractContextManager[Callable[[Progress], None]]],
    **params: Any,
) -> SentimentDemo:
    """Train a classifier on the training part, measure it and three baselines on the test part, write a report.

    Args:
        folder: where ``report.html``, ``results.json`` and the model ``sentiment.gruvy`` go; it is made if need be.
        training: called with the model's name; the context it returns gives what ``fit(progress=...)`` is to call.
        params: parameters of the SequenceClassifier that differ from its defaults.

    Returns:
        The report's values, its path, and the figures of ``results.json``.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    frame = load_sentiment()
    train, test = (frame[frame["split"] == part] for part in ("train", "test"))

    model = SequenceClassifier(random_state=0, **params)
    with one_thread(), training("GRU") as progress:
        model.fit(train["text"], train["label"], progress=progress)
    model.save(folder / "sentiment.gruvy")

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
        command="gruvy demo sentiment",
    )
    report_path = write_classification_report(report, folder / "report.html")
    results = {
        "headline": headline(report),
        "report": str(report_path),
        "rows": [vars(row) for row in report.rows],
        "confusion": report.confusion.tolist(),
        "provenance": model.provenance_,
    }
    (folder / "results.json").write_text(json.dumps(results, indent=2, ensure_ascii=False), encoding="utf-8")
    return SentimentDemo(report, report_path, results)


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

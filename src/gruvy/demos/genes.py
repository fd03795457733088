"""What is a yeast gene for? Its expression over ten time courses tells; a bidirectional GRU, and what it must beat."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from gruvy.datasets import card, load_genes
from gruvy.demos.outcome import Budget, Figure, Outcome, Training, command, write_results
from gruvy.report import write_report
from gruvy.tasks import SequenceClassifier
from gruvy.tasks.classification.folds import cross_validate
from gruvy.tasks.classification.report import classification_report
from gruvy.tasks.labels.scores import score_row

# Parameters of the SequenceClassifier that differ from its defaults. The classes count alike, as in the SVM.
SETTINGS: dict[str, Any] = {"ensemble_size": 3, "class_weight": "balanced", "max_epochs": 25, "learning_rate": 0.01}
BUDGETS: dict[Budget, dict[str, Any]] = {
    "quick": {"max_epochs": 25, "learning_rate": 0.01},
    "default": SETTINGS,
    "full": SETTINGS,
}


def run(
    folder: str | PathLike[str] = "gruvy-demo",
    *,
    budget: Budget = "default",
    training: Training,
    **params: Any,
) -> Outcome:
    """Measure a classifier and a support vector machine on the ten folds, train on all genes, write a report.

    Args:
        folder: where ``genes.html``, ``genes.json`` and ``genes.gruvy`` go; it is made if need be.
        budget: how long to train; see `gruvy.demos.outcome.Budget`.
        training: called with the name of each fold, and of the model that is kept; the context it returns gives what
            ``fit(progress=...)`` is to call.
        params: parameters of the SequenceClassifier that differ from the budget's.

    Returns:
        What the command shows.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    frame = load_genes()
    conditions = list(frame.columns[3:])
    X, y = frame[conditions].to_numpy()[:, :, None], frame["function"].to_numpy()

    model = SequenceClassifier(**{"random_state": 0, **BUDGETS[budget], **params})
    out_of_fold = cross_validate(model, X, y, frame["fold"].to_numpy(), lambda fold: training(f"GRU, {fold}"))
    with training("GRU, all genes") as progress:
        model.fit(X, y, progress=progress)
    model_path = model.save(folder / "genes.gruvy")

    report = classification_report(
        {"GRU": model},
        X,
        y,
        [_svm(frame, conditions, model.numbers(y))],
        title="What is a yeast gene for?",
        description=(
            "Expression of 186 genes of baker's yeast under 79 conditions in ten time courses (Eisen et al. 1998), "
            f"with their functions (Brown et al. 2000). {card('genes').split}"
        ),
        command=command("genes", budget),
        steps=conditions,
        courses=[condition.split()[0] for condition in conditions],
        out_of_fold=out_of_fold,
    )
    report_path = write_report(report, folder / "genes.html")
    results = {
        "headline": report.headline,
        "report": str(report_path),
        "rows": report.comparison.records(),
        "classes": report.classes,
        "confusion": report.confusion.tolist(),
        "provenance": model.provenance_,
    }
    write_results(results, folder / "genes.json", budget)
    accuracies = report.comparison.values("balanced_accuracy")
    figure = Figure(
        "balanced accuracy, 10 folds",
        accuracies.pop("GRU"),
        accuracies,
        trivial="majority class",
        higher_is_better=True,
        style=".1%",
    )
    return Outcome(report.headline, [report.comparison], [figure], results, report_path, model_path)


def _svm(frame: pd.DataFrame, conditions: list[str], truth: NDArray[np.int64]) -> dict[str, Any]:
    """The classifier of Brown et al. 2000: a support vector machine with a radial basis function, on the same folds.

    Gaps are filled with the condition's mean. It gives no probabilities: what has none is left out of its row.
    """
    called = np.zeros_like(truth)
    for fold in range(10):
        tested = (frame["fold"] == fold).to_numpy()
        svm = make_pipeline(SimpleImputer(), StandardScaler(), SVC(class_weight="balanced"))
        svm.fit(frame.loc[~tested, conditions], truth[~tested])
        called[tested] = svm.predict(frame.loc[tested, conditions])
    row = score_row("SVM (RBF)", truth, np.eye(truth.max() + 1)[called])
    return {name: row[name] for name in ("name", "accuracy", "balanced_accuracy", "macro_f1")}

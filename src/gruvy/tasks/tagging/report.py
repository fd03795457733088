"""From a fitted tagger and its test part to the values that a report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from gruvy.report import Comparison, Row
from gruvy.report.labels import LABEL_COLUMNS
from gruvy.report.tagging import CLASS_COLUMNS, TaggedExample, TaggingReport
from gruvy.tasks.labels.calibration import reliability
from gruvy.tasks.labels.scores import majority_row, score_row
from gruvy.tasks.shared.reporting import HELD_OUT, at_ranks, loss_curves, repeatable, table_row
from gruvy.tasks.tagging.data import read_steps
from gruvy.tasks.tagging.tagger import SequenceTagger

# Parts into which sequences are cut to see how the accuracy goes along them.
_PARTS = 20
# Sequences that are shown: of this many steps where there are such, so that there is something to see and not too much.
_SHOWN = range(60, 241)
# Their places in the order of the accuracy.
_PLACES = {
    "Among the best (90th percentile)": 0.1,
    "Typical (50th percentile)": 0.5,
    "Among the worst (10th percentile)": 0.9,
}


def tagging_report(
    models: Mapping[str, SequenceTagger],
    parts: Mapping[str, Any],
    y: Any,
    baselines: Sequence[Mapping[str, Any]] = (),
    *,
    merge: Mapping[Any, Any] | None = None,
    rest: str = "",
    title: str,
    description: str = "",
    command: str = "",
) -> TaggingReport:
    """Gather what a report shows of taggers that were fitted on the same sequences.

    The first model is the one that the report is about.

    Args:
        models: fitted estimators by the name that the report gives them.
        parts: what each of them reads of the N sequences of the test part, by the same names.
        y: the labels of these sequences.
        baselines: more rows as those of ``evaluate``, on the merged classes.
        merge: class -> what the report calls it, where several classes are to count as one.
        rest: the class of what is none of the others, which is drawn in grey; "" if there is none such.
        title: the headline.
        description: one or two sentences on the data.
        command: what repeats the run, or "".

    Returns:
        The values of the report; `gruvy.report.write_report` turns them into a page.

    Raises:
        DataError: sequences or labels that cannot be used.

    Example:
        >>> report = tagging_report({"GRU": model}, {"GRU": X}, y, title="Exons")  # doctest: +SKIP
    """
    name, model = next(iter(models.items()))
    names, onto = merging(model, merge)
    truths = [onto.argmax(axis=1)[numbers] for numbers in model.numbers(parts[name], y)]
    truth = np.concatenate(truths)
    probabilities = {one: np.concatenate(models[one].predict_proba(parts[one])) @ onto for one in models}
    rows = [table_row(one, score_row(one, truth, probabilities[one]), models[one]) for one in models]
    majority = majority_row(truth, model.class_counts_ @ onto)
    predicted = probabilities[name].argmax(axis=1)
    lengths = [len(one) for one in truths]
    each = np.split(predicted, np.cumsum(lengths)[:-1])
    accuracies = [float((one == true).mean()) for one, true in zip(each, truths, strict=True)]
    return TaggingReport(
        title=title,
        comparison=Comparison(LABEL_COLUMNS, [*rows, *(table_row(row["name"], row) for row in (*baselines, majority))]),
        classes=names,
        confusion=confusion_matrix(truth, predicted, labels=range(len(names))),
        reliability=reliability(probabilities[name], truth),
        losses=loss_curves(models),
        provenance=repeatable(
            model,
            {
                "Sequences": f"{model.provenance_['sequences']:,} to learn from and to validate with, "
                f"{len(lengths):,} to test"
            },
            command,
        ),
        temperature=model.temperature_,
        tested=HELD_OUT,
        description=description,
        by_class=class_table(names, truth, predicted),
        tagged=_examples(parts[name], truths, each, accuracies),
        lengths=lengths,
        accuracies=accuracies,
        along=_along(truths, each),
        rest=rest,
    )


def merging(model: SequenceTagger, merge: Mapping[Any, Any] | None) -> tuple[list[str], NDArray[np.float64]]:
    """Return the names of merged classes, and the matrix (K, M) that adds up the probabilities of what is merged."""
    called = [str((merge or {}).get(label, label)) for label in model.classes_.tolist()]
    names = sorted(set(called))
    return names, np.array([[float(one == name) for name in names] for one in called])


def class_table(names: Sequence[str], truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> Comparison:
    """Return precision, recall and F1 of each class; 0 where they are not defined."""
    scores = precision_recall_fscore_support(truth, predicted, labels=range(len(names)), zero_division=0)
    rows = [
        Row(name, values={"precision": float(p), "recall": float(r), "f1": float(f1), "count": int(count)})
        for name, p, r, f1, count in zip(names, *scores, strict=True)
    ]
    return Comparison(CLASS_COLUMNS, rows, what="class")


def _examples(
    X: Any, truths: Sequence[NDArray[np.int64]], found: Sequence[NDArray[np.int64]], accuracies: Sequence[float]
) -> list[TaggedExample]:
    """Return sequences of a readable length by the rank of their accuracy."""
    rows = [row for row in range(len(truths)) if len(truths[row]) in _SHOWN] or list(range(len(truths)))
    ranked = sorted(rows, key=lambda row: -accuracies[row])
    steps = read_steps(X)
    return [
        TaggedExample(title, accuracies[row], steps[row].characters or "", truths[row].tolist(), found[row].tolist())
        for title, row in at_ranks(ranked, _PLACES).items()
    ]


def _along(truths: Sequence[NDArray[np.int64]], found: Sequence[NDArray[np.int64]]) -> list[float]:
    """Return the accuracy in each part of the sequences, NaN where no step lies."""
    right = np.concatenate([one == true for one, true in zip(found, truths, strict=True)])
    places = np.concatenate([np.arange(len(true)) * _PARTS // len(true) for true in truths])
    counts = np.bincount(places, minlength=_PARTS)
    sums = np.bincount(places, weights=right, minlength=_PARTS)
    return [float(total / count) if count else float("nan") for total, count in zip(sums, counts, strict=True)]

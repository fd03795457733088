"""From a fitted classifier and its test part to the values that a report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix

from gruvy.report import Comparison
from gruvy.report.classification import ClassificationReport, Course, Example
from gruvy.report.labels import LABEL_COLUMNS
from gruvy.tasks.classification.classifier import SequenceClassifier
from gruvy.tasks.classification.folds import OutOfFold
from gruvy.tasks.classification.model import Attention
from gruvy.tasks.labels.calibration import reliability
from gruvy.tasks.labels.reading import read_labels
from gruvy.tasks.labels.scores import majority_row, score_row
from gruvy.tasks.shared.reporting import HELD_OUT, at_ranks, loss_curves, repeatable, table_row
from gruvy.tasks.shared.sequences import read_sequences

# Parts into which sequences of different lengths are cut, to lay their attention on top of each other.
_PARTS = 50
# Texts that are shown: of this many steps, so that there is something to see and not too much.
_STEPS = range(5, 61)
# Their places in the order of the probability that the true class was given.
_PLACES = {
    "Most certain of the truth (1st percentile)": 0.01,
    "25th percentile": 0.25,
    "Typical (50th percentile)": 0.5,
    "75th percentile": 0.75,
    "90th percentile": 0.9,
    "Least certain of it (99th percentile)": 0.99,
}


def classification_report(
    models: Mapping[str, SequenceClassifier],
    X: Any,
    y: Any,
    baselines: Sequence[Mapping[str, Any]] = (),
    *,
    title: str,
    description: str = "",
    command: str = "",
    steps: Sequence[str] | None = None,
    courses: Sequence[str] | None = None,
    out_of_fold: OutOfFold | None = None,
) -> ClassificationReport:
    """Gather what a report shows of classifiers that were fitted on the same sequences.

    The first model is the one that the report is about.

    Args:
        models: fitted estimators by the name that the report gives them.
        X, y: N sequences and their labels, none of them of the fit; or all, with ``out_of_fold``.
        baselines: more rows as those of ``evaluate``; figures that a baseline does not have may be left out.
        title: the headline.
        description: one or two sentences on the data.
        command: what repeats the run, or "".
        steps: names of the steps, of numeric sequences of one length; by default their numbers.
        courses: (T,) what each of these steps is a part of, as the experiment; the report then adds up the attention
            of each.
        out_of_fold: what was said of each sequence in a cross-validation, where the one model was fitted on them all.

    Returns:
        The values of the report; `gruvy.report.write_report` turns them into a page.

    Raises:
        DataError: sequences or labels that cannot be used.

    Example:
        >>> report = classification_report({"GRU": model}, X, y, title="Reviews")  # doctest: +SKIP
    """
    model = next(iter(models.values()))
    sequences = read_sequences(X)
    truth = model.numbers(read_labels(y, len(sequences)))
    if out_of_fold is None:
        scores = [one.evaluate(X, y)[0] for one in models.values()]
        probabilities, attention = model.predict_proba(X), model.attention(X)
        tested = HELD_OUT
    else:
        probabilities, attention = out_of_fold.probabilities, out_of_fold.attention
        scores = [score_row(model.cell, truth, probabilities)]
        tested = (
            f"{out_of_fold.folds}-fold cross-validation: every sequence is classified by a model that was trained on "
            f"the {out_of_fold.folds - 1} folds that it is not in. The saved model was then trained on all of them."
        )
    majority = majority_row(truth, model.class_counts_)
    names = [str(label) for label in model.classes_.tolist()]
    text = isinstance(sequences[0], str)
    return ClassificationReport(
        title=title,
        comparison=Comparison(
            LABEL_COLUMNS,
            [
                *(table_row(*one) for one in zip(models, scores, models.values(), strict=True)),
                *(table_row(row["name"], row) for row in (*baselines, majority)),
            ],
        ),
        classes=names,
        confusion=confusion_matrix(truth, probabilities.argmax(axis=1), labels=range(len(names))),
        reliability=reliability(probabilities, truth),
        losses=loss_curves(models),
        provenance=_provenance(model, len(sequences), command),
        temperature=model.temperature_ if out_of_fold is None else out_of_fold.temperature,
        tested=tested,
        description=description,
        examples=_examples(names, truth, probabilities, attention) if text else (),
        course=None if text else _course(sequences, truth, attention, len(names), steps, courses),  # type: ignore[arg-type]
    )


def _examples(
    names: Sequence[str], truth: NDArray[np.int64], probabilities: NDArray[Any], attention: Sequence[Attention]
) -> list[Example]:
    """Return texts of a readable length by the rank of the true class' probability: none is picked by eye."""
    of_truth = probabilities[np.arange(len(truth)), truth]
    ranked = [row for row in np.argsort(-of_truth) if len(attention[row].weights) in _STEPS]
    if not ranked:
        return []
    examples = []
    for title, row in at_ranks(ranked, _PLACES).items():
        predicted = int(probabilities[row].argmax())
        examples.append(
            Example(
                title=title,
                truth=names[truth[row]],
                predicted=names[predicted],
                probability=float(probabilities[row, predicted]),
                tokens=attention[row].tokens or (),
                weights=attention[row].weights.tolist(),
            )
        )
    return examples


def _course(
    sequences: Sequence[NDArray[np.float64]],
    truth: NDArray[np.int64],
    attention: Sequence[Attention],
    classes: int,
    steps: Sequence[str] | None,
    courses: Sequence[str] | None,
) -> Course:
    """Return the mean attention and the mean first channel of each class, step by step, or part by part."""
    lengths = {len(sequence) for sequence in sequences}
    if len(lengths) == 1:
        values = np.stack([sequence[:, 0] for sequence in sequences])
        weights = np.stack([one.weights for one in attention])
        steps = steps or [str(number) for number in range(1, len(sequences[0]) + 1)]
    else:
        values = np.stack([_resampled(sequence[:, 0]) for sequence in sequences])
        weights = np.stack([_resampled(one.weights * len(one.weights)) / _PARTS for one in attention])
        steps = [f"{round(100 * (part + 0.5) / _PARTS)}%" for part in range(_PARTS)]
    return Course(
        steps=list(steps),
        weights=np.stack([_mean(weights[truth == label]) for label in range(classes)]),
        values=np.stack([_mean(values[truth == label]) for label in range(classes)]),
        parts=courses,
    )


def _mean(rows: NDArray[Any]) -> NDArray[Any]:
    """The mean row of the values that there are; NaN where there is none."""
    known = ~np.isnan(rows)
    count = known.sum(axis=0)
    mean: NDArray[Any] = np.where(count, np.where(known, rows, 0).sum(axis=0) / np.maximum(count, 1), np.nan)
    return mean


def _resampled(values: NDArray[Any]) -> NDArray[np.float64]:
    places = (np.arange(_PARTS) + 0.5) / _PARTS * len(values) - 0.5
    known = np.flatnonzero(~np.isnan(values))
    if not len(known):
        return np.full(_PARTS, np.nan)
    resampled: NDArray[np.float64] = np.interp(places, known, values[known])
    return resampled


def _provenance(model: SequenceClassifier, tested: int, command: str) -> dict[str, str]:
    made = model.provenance_
    about = {"Sequences": f"{made['sequences']:,} to learn from and to validate with, {tested:,} to test"}
    vocabulary = {} if model.vocabulary_ is None else {"Vocabulary": f"{len(model.vocabulary_):,} {model.tokens}s"}
    return repeatable(model, about | vocabulary, command)

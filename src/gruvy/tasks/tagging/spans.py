"""Spans of labels, such as names of people: how many are found from their first word to their last."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gruvy.tasks.labels.scores import score_row

_LABEL = re.compile(r"(?:[BIESLU]-.+|O)")
# What begins and what ends a span by itself, in IOB2, IOBES and BILOU; in IOB1 an I does where the type changes.
_BEGINS = "BSU"
_ENDS = "ELSU"


def are_spans(classes: Iterable[Any]) -> bool:
    """Whether labels are those of spans: O, and types after a letter and a hyphen, as in B-PER."""
    labels = [label for label in classes if isinstance(label, str)]
    return "O" in labels and len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels)


def spans(labels: Sequence[str]) -> Iterator[tuple[str, int, int]]:
    """Yield type, first and last step of each span; IOB1, IOB2, IOBES and BILOU are read alike, as conlleval does.

    Example:
        >>> list(spans(["B-PER", "I-PER", "O", "I-LOC", "B-LOC"]))
        [('PER', 0, 1), ('LOC', 3, 3), ('LOC', 4, 4)]
    """
    begun: tuple[str, int] | None = None
    for step, label in enumerate([*labels, "O"]):
        place, _, kind = label.partition("-")
        goes_on = begun is not None and place not in ("O", *_BEGINS) and kind == begun[0]
        if begun is not None and not (goes_on and labels[step - 1][0] not in _ENDS):
            yield begun[0], begun[1], step - 1
            begun = None
        if begun is None and place != "O":
            begun = kind, step


def span_f1(truths: Iterable[Sequence[str]], found: Iterable[Sequence[str]]) -> float:
    """Return the F1 of the spans of all sequences together: right are those of the same type, first and last step.

    Where there is no span on either side it is 0, as seqeval has it.
    """
    right = total = 0
    for truth, other in zip(truths, found, strict=True):
        true, told = set(spans(truth)), set(spans(other))
        right, total = right + len(true & told), total + len(true) + len(told)
    return 2 * right / total if total else 0.0


def step_row(
    name: str, classes: NDArray[Any], truth: Sequence[NDArray[np.int64]], probabilities: Sequence[NDArray[Any]]
) -> dict[str, Any]:
    """One row of the table of scores.

    Args:
        name: of the model.
        classes: (K,) the labels.
        truth: for each sequence (T,) numbers of the classes.
        probabilities: for each sequence (T, K).

    Returns:
        As `gruvy.tasks.labels.scores.score_row`, and span_f1 where the labels are those of spans.
    """
    row = score_row(name, np.concatenate(truth), np.concatenate(probabilities))
    if are_spans(classes.tolist()):
        found = (classes[one.argmax(axis=1)].tolist() for one in probabilities)
        row["span_f1"] = span_f1([classes[one].tolist() for one in truth], found)
    return row

"""Labels of other types than text and number, and missing values as pandas has them."""

from __future__ import annotations

import datetime
import decimal
import enum
import functools
import re
import uuid
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from input_cases import Case, named

import gruvy

TITLE = "Labels"
SMALL = {"hidden_size": 4, "max_epochs": 1, "random_state": 0}
X = np.random.default_rng(0).normal(size=(20, 3, 1))


class Colour(enum.Enum):
    RED = 0.5
    BLUE = 1.5


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


def kept(pair: tuple[Any, Any], classes: list[Any], as_array: bool, folder: Path) -> None:
    """What is accepted, a file gives back as it was, to the type."""
    y: Any = list(pair) * 10
    if as_array:
        y = pd.Series(y, dtype=object)
    model = gruvy.SequenceClassifier(**SMALL).fit(X, y)
    assert [(type(one), one) for one in model.classes_.tolist()] == [(type(one), one) for one in classes]
    loaded = gruvy.load(model.save(folder / "m.gruvy"))
    assert loaded.classes_.dtype == model.classes_.dtype
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert model.score(X, y) == loaded.score(X, y)


def refused(pair: tuple[Any, Any], folder: Path) -> None:
    """Before the training, in classifier and tagger alike."""

    def progress(event: Any) -> None:
        raise AssertionError("it was trained")

    y = [[*pair, pair[0]]] * 20
    with pytest.raises(gruvy.errors.DataError) as error:
        gruvy.SequenceTagger(**SMALL).fit(X, y, progress=progress)
    proposed = re.search(r"e\.g\. (\[\[.*)", str(error.value))
    assert proposed or "half a character" in str(error.value), error.value
    if proposed:  # what it proposes is then accepted, as far as the training
        with pytest.raises(AssertionError, match="it was trained"):
            gruvy.SequenceTagger(**SMALL).fit(X, eval(proposed[1], {"y": y}), progress=progress)
    gruvy.SequenceClassifier(**SMALL).fit(X, list(pair) * 10, progress=progress)


def gaps(missing: Any, folder: Path) -> None:
    """NA, None and NaN are one thing."""
    plain = X[:, :, 0].copy()
    plain[3, 1] = np.nan
    other = plain.astype(object)
    other[3, 1] = missing
    y = np.arange(20) % 2
    one, two = (gruvy.SequenceClassifier(**SMALL).fit(list(rows), y) for rows in (plain, other))
    np.testing.assert_array_equal(one.predict_proba(list(plain)), two.predict_proba(list(other)))


def line(kind: str, value: str, cure: str = "[str(label) for label in y]") -> str:
    return (
        f"y: expected labels that are texts, integers or booleans, got {kind} ({value}), which a model's file "
        f"could not give back; convert them, e.g. {cure}"
    )


DAY = datetime.date(2024, 1, 1)
CASES = [
    Case("integers in an array of objects", "accepted", functools.partial(kept, (1, 2), [1, 2], True)),
    Case(
        "NumPy's booleans in an array of objects",
        "accepted",
        functools.partial(kept, (np.True_, np.False_), [False, True], True),
    ),
    Case("numbers of eight bits", "accepted", functools.partial(kept, (np.int8(1), np.int8(2)), [1, 2], False)),
    Case("integers as floats", "accepted", functools.partial(kept, (np.float32(1), 2.0), [1.0, 2.0], False)),
    Case("an IntEnum", "accepted", functools.partial(kept, (Level.LOW, Level.HIGH), [1, 2], False)),
    Case(
        "an Enum",
        "adapted",
        functools.partial(kept, (Colour.RED, Colour.BLUE), ["BLUE", "RED"], False),
        "y: the labels are members of Colour; the classes are their names ('RED')",
    ),
    Case("texts such as NA and 007", "accepted", functools.partial(kept, ("NA", "007"), ["007", "NA"], True)),
    Case(
        "dates",
        "refused",
        functools.partial(refused, (DAY, DAY + datetime.timedelta(1))),
        line("date", "datetime.date(2024, 1, 1)"),
    ),
    Case(
        "bytes",
        "refused",
        functools.partial(refused, (b"a", b"b")),
        line("bytes", "b'a'", "[label.decode() for label in y]"),
    ),
    Case(
        "Decimals",
        "refused",
        functools.partial(refused, (decimal.Decimal(1), decimal.Decimal(2))),
        line("Decimal", "Decimal('1')"),
    ),
    Case("tuples", "refused", functools.partial(refused, ((1, 2), (3, 4))), line("tuple", "(1, 2)")),
    Case(
        "fractions",
        "refused",
        functools.partial(refused, (Fraction(1, 2), Fraction(1, 3))),
        line("Fraction", "Fraction(1, 2)"),
    ),
    Case("UUIDs", "refused", functools.partial(refused, (uuid.UUID(int=1), uuid.UUID(int=2))), line("UUID", "…")),
    Case(
        "pandas' periods",
        "refused",
        functools.partial(refused, (pd.Period("2024-01"), pd.Period("2024-02"))),
        line("Period", "Period('2024-01', 'M')"),
    ),
    *(
        Case(what, "refused", functools.partial(refused, pair), line(type(pair[0]).__name__, "…"))
        for what, pair in {
            "clock times": (datetime.time(1), datetime.time(2)),
            "complex numbers": (1j, 2j),
            "frozensets": (frozenset([1]), frozenset([2])),
            "ranges": (range(2), range(3)),
            "pandas' intervals": (pd.Interval(0, 1), pd.Interval(1, 2)),
            "pandas' timestamps": (pd.Timestamp("2024"), pd.Timestamp("2025")),
            "NumPy's datetime64": (np.datetime64("2024-01-01"), np.datetime64("2024-01-02")),
        }.items()
    ),
    Case(
        "texts with half a character",
        "refused",
        functools.partial(refused, ("a\ud800", "b")),
        "y: label 0 ('a\\ud800') holds half a character (a lone surrogate), which no file can hold; decode the labels "
        "again, e.g. with errors='replace'",
    ),
    Case("pandas' NA in a sequence of numbers", "accepted", functools.partial(gaps, pd.NA)),
    Case("None in a sequence of numbers", "accepted", functools.partial(gaps, None)),
]


@pytest.mark.parametrize("case", named(CASES))
def test_labels(case, tmp_path):
    case.check(tmp_path)

"""Injected faults are what their table says, and nothing else is touched."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gruvy.datasets.faults import KINDS, inject_faults
from gruvy.errors import ArgumentError

COLUMNS = ["a", "b"]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame({"a": rng.normal(5, 2, 4000).cumsum() / 50, "b": rng.normal(0, 3, 4000), "time": range(4000)})


def test_every_fault_is_what_the_table_says(frame):
    faulty, faults = inject_faults(frame, COLUMNS, each=6, random_state=3)
    assert faults["kind"].value_counts().to_dict() == dict.fromkeys(KINDS, 6)
    rest = np.ones(4000, bool)
    for fault in faults.itertuples():
        part = slice(fault.start, fault.stop)
        (shortest, longest), (least, most) = KINDS[fault.kind]
        length = fault.stop - fault.start
        assert shortest <= length <= longest
        deviation = frame[fault.column].std()
        moved = (faulty[fault.column] - frame[fault.column]).to_numpy()[part]
        other = COLUMNS[fault.column == "a"]
        assert (faulty[other] == frame[other]).to_numpy()[part].all()
        if fault.kind == "flat line":
            assert (faulty[fault.column].to_numpy()[part] == frame[fault.column][fault.start - 1]).all()
        else:
            assert least <= abs(fault.size) / deviation <= most
            expected = fault.size * (np.arange(1, length + 1) / length if fault.kind == "drift" else np.ones(length))
            np.testing.assert_allclose(moved, expected)
        assert rest[max(fault.start - 48, 0) : fault.stop + 48].all()  # far from all others
        rest[part] = False
    pd.testing.assert_frame_equal(faulty.loc[rest, list(frame.columns)], frame[rest])
    np.testing.assert_array_equal(faulty["fault"], ~rest)


def test_the_seed_decides_and_the_first_rows_are_left_alone(frame):
    first, again, other = (inject_faults(frame, COLUMNS, first=500, random_state=seed)[1] for seed in (0, 0, 1))
    pd.testing.assert_frame_equal(first, again)
    assert not first.equals(other)
    assert min(first["start"].min(), other["start"].min()) >= 548
    assert max(first["stop"].max(), other["stop"].max()) <= 4000 - 48


def test_too_short_a_table(frame):
    with pytest.raises(ArgumentError, match=r"20 faults need \d+ rows more than the 400 there are"):
        inject_faults(frame[:400], COLUMNS)

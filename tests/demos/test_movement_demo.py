"""The movement demo from end to end, with a small network and few epochs."""

from __future__ import annotations

import numpy as np
import pytest

import gruvy
from gruvy.datasets import card, load_movement
from gruvy.demos import movement


@pytest.fixture(scope="module")
def demo(run_demo):
    return run_demo("movement", trained=["GRU"], max_epochs=3, hidden_size=32)


def rows_of(result):
    return {row["name"]: row for row in result.results["mean distance in mm by milliseconds ahead"]}


def test_even_so_it_beats_zero_and_constant_velocity_late(demo):
    _, result = demo
    rows = rows_of(result)
    assert rows["GRU"]["400"] < 0.8 * rows["constant velocity"]["400"]
    assert rows["GRU"]["80"] < 0.2 * rows["zero velocity"]["80"]


def test_baselines_are_those_of_the_card(demo):
    """The windows of the demo begin one row later, because the first row has no velocity."""
    _, result = demo
    rows = rows_of(result)
    for name in ("zero velocity", "constant velocity"):
        for ms, expected in card("movement").reference[name].items():
            assert rows[name][ms] == pytest.approx(expected, rel=0.05)


def test_every_seventh_drawing_is_held_out_and_no_other(demo):
    _, result = demo
    held_out = result.results["test part"]
    assert len(held_out) == 30
    assert all(name.endswith(" 7") for name in held_out)
    model = gruvy.load(result.report_path.parent / "movement.gruvy")
    assert len(model.validation_series_) == 30
    assert all(name.endswith(" 6") for name in model.validation_series_)


def test_velocities_lead_back_to_the_positions():
    drawn = load_movement()
    table = movement.velocities(drawn)
    one, whole = table[table["motion"] == "Sine 3"], drawn[drawn["motion"] == "Sine 3"]
    x = whole["x"].iloc[0] + one["vx"].cumsum() * 0.04
    np.testing.assert_allclose(x, whole["x"].iloc[1:], atol=1e-9)
    assert len(table) == len(drawn) - 210


def test_the_report_says_it(demo):
    _, outcome = demo
    assert outcome.results["in words"] in outcome.report_path.read_text(encoding="utf-8")
    assert outcome.learnt

"""The protein demo from end to end, with small networks, few chains and two epochs."""

from __future__ import annotations

import pytest

import gruvy
from gruvy.datasets import load_protein
from gruvy.demos import protein


@pytest.fixture(scope="module")
def demo(run_demo):
    patch = pytest.MonkeyPatch()
    patch.setitem(protein.BUDGETS, "quick", protein.Work(dict.fromkeys(protein.SETTINGS, 2), chains=150, lstm=True))
    yield run_demo(
        "protein",
        trained=["GRU with profile", "GRU without profile", "LSTM with profile"],
        budget="quick",
        hidden_size=16,
        num_layers=1,
        learning_rate=0.02,
    )
    patch.undo()


def test_rows_and_what_even_so_little_training_reaches(demo):
    _, outcome = demo
    q3 = {name: of["Q3"]["accuracy"] for name, of in outcome.results["scores"].items()}
    assert list(q3) == [
        "GRU with profile",
        "GRU without profile",
        "LSTM with profile",
        "linear window with profile",
        "linear window without profile",
        "majority class",
    ]
    assert q3["majority class"] == pytest.approx(0.38, abs=0.01)
    assert q3["linear window with profile"] > q3["linear window without profile"] + 0.05 > 0.5
    assert q3["GRU with profile"] > 0.6
    assert outcome.learnt


def test_figures_are_those_of_the_scores(demo):
    _, outcome = demo
    scores = outcome.results["scores"]
    measures = {figure.measure: figure for figure in outcome.figures}
    assert list(measures) == [
        *("Q3 from the sequence alone", "Q8 from the sequence alone"),
        *("Q3 with the profile", "Q8 with the profile"),
    ]
    figure = measures["Q8 with the profile"]
    assert figure.gru == scores["GRU with profile"]["Q8"]["accuracy"]
    assert figure.others == {
        "LSTM": scores["LSTM with profile"]["Q8"]["accuracy"],
        "linear window": scores["linear window with profile"]["Q8"]["accuracy"],
        "majority class": scores["majority class"]["Q8"]["accuracy"],
    }
    assert "LSTM" not in measures["Q3 from the sequence alone"].others


def test_the_models_that_are_kept_are_those_that_were_measured(demo):
    folder, outcome = demo
    test = load_protein().query("split == 'test'")
    for file, name, reads in (
        ("protein.gruvy", "GRU with profile", protein.PROFILE),
        ("protein-sequence.gruvy", "GRU without profile", protein.SEQUENCE),
    ):
        model = gruvy.load(folder / file)
        found = model.score(protein.inputs(test, reads), test["structure"].tolist())
        assert found == outcome.results["scores"][name]["Q8"]["accuracy"]


def test_the_lstm_is_as_large(demo):
    _, outcome = demo
    parameters = {row["name"]: row["parameters"] for row in outcome.results["rows"] if row["parameters"]}
    assert parameters["LSTM with profile"] == pytest.approx(parameters["GRU with profile"], rel=0.06)

"""The genes demo from end to end, with a small network and few epochs."""

from __future__ import annotations

import numpy as np
import pytest

import gruvy
from gruvy.datasets import load_genes

TRAINED = [*(f"GRU, fold {number} of 10" for number in range(1, 11)), "GRU, all genes"]


@pytest.fixture(scope="module")
def demo(run_demo):
    return run_demo("genes", trained=TRAINED, budget="quick", max_epochs=12, hidden_size=16)


def test_the_network_learns_and_stands_beside_the_svm_of_the_same_folds(demo):
    _, outcome = demo
    (figure,) = outcome.figures
    assert outcome.learnt
    assert figure.gru > 0.6
    assert figure.others["majority class"] == pytest.approx(1 / 3)
    assert figure.others["SVM (RBF)"] == pytest.approx(0.985, abs=0.005)


def test_every_gene_is_told_once_by_a_model_that_had_not_seen_it(demo):
    _, outcome = demo
    confusion = np.array(outcome.results["confusion"])
    assert confusion.sum(axis=1).tolist() == [35, 30, 121]  # proteasome, respiration, ribosome
    assert outcome.results["rows"][0]["accuracy"] == pytest.approx(confusion.diagonal().sum() / 186)
    page = outcome.report_path.read_text(encoding="utf-8")
    assert "10-fold cross-validation" in page
    assert "of the attention" in page
    model = gruvy.load(outcome.model_path)
    conditions = load_genes().columns[3:]
    assert model.predict(load_genes()[conditions].to_numpy()[:, :, None]).shape == (186,)

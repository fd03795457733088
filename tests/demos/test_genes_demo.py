"""The genes demo from end to end, with a small network and few epochs."""

from __future__ import annotations

import contextlib
import json

import numpy as np
import pytest

import gruvy
from gruvy.datasets import load_genes
from gruvy.demos import genes


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    names = []

    @contextlib.contextmanager
    def training(name):
        names.append(name)
        yield lambda event: None

    folder = tmp_path_factory.mktemp("demo") / "new"
    outcome = genes.run(folder, budget="quick", training=training, max_epochs=12, hidden_size=16)
    assert names == [*(f"GRU, fold {number} of 10" for number in range(1, 11)), "GRU, all genes"]
    return folder, outcome


def test_the_network_learns_and_stands_beside_the_svm_of_the_same_folds(demo):
    _, outcome = demo
    (figure,) = outcome.figures
    assert outcome.learnt
    assert figure.gru > 0.6
    assert figure.others["majority class"] == pytest.approx(1 / 3)
    assert figure.others["SVM (RBF)"] == pytest.approx(0.985, abs=0.005)


def test_every_gene_is_told_once_and_files_agree(demo):
    folder, outcome = demo
    figures = json.loads((folder / "genes.json").read_text(encoding="utf-8"))
    confusion = np.array(figures["confusion"])
    assert confusion.sum(axis=1).tolist() == [35, 30, 121]  # proteasome, respiration, ribosome
    assert figures["rows"][0]["accuracy"] == pytest.approx(confusion.diagonal().sum() / 186)
    page = (folder / "genes.html").read_text(encoding="utf-8")
    assert "10-fold cross-validation" in page
    assert "heat" in page
    model = gruvy.load(folder / "genes.gruvy")
    frame = load_genes()
    assert model.predict(frame.iloc[:, 3:].to_numpy()[:, :, None]).shape == (186,)
    assert outcome.model_path == folder / "genes.gruvy"

"""The weather demo from end to end, with tiny networks and one epoch."""

from __future__ import annotations

import contextlib
import json

import pytest
import torch

import gruvy
from gruvy.demos import weather
from gruvy.report import text


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory):
    names = []

    @contextlib.contextmanager
    def training(name):
        names.append(name)
        yield lambda event: None

    threads = torch.get_num_threads()
    folder = tmp_path_factory.mktemp("demo") / "new" / "folder"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(weather, "HIDDEN_SIZE", 8)
        result = weather.run(folder, training=training, max_epochs=1, batch_size=512)
    assert torch.get_num_threads() == threads
    assert names == ["GRU", "LSTM", "tanh RNN"]
    return folder, result


def test_the_three_models_have_equal_sizes(demo):
    _, result = demo
    parameters = [row.parameters for row in result.report.rows if row.kind == "model"]
    assert len(parameters) == 3
    assert max(parameters) / min(parameters) < 1.05


def test_it_measures_against_the_known_persistence(demo):
    """The figure of the data's card: 6.45 F at 24 hours, on about the same last 20%."""
    _, result = demo
    persistence = next(row for row in result.report.rows if row.name == "persistence")
    assert persistence.mae_by_step[23] == pytest.approx(6.45, abs=0.1)
    assert persistence.mae_by_step[0] == pytest.approx(1.13, abs=0.02)


def test_files_are_there_and_agree(demo):
    folder, result = demo
    figures = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    assert figures == json.loads(json.dumps(result.results))
    assert figures["headline"] == text.headline(result.report)
    assert figures["headline"].removesuffix(".") in (folder / "report.html").read_text(encoding="utf-8")
    for cell, row in zip(weather.CELLS, figures["rows"], strict=False):
        assert gruvy.load(folder / f"{cell}.gruvy").n_parameters_ == row["parameters"]

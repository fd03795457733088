"""The benchmark scripts run and judge; what they measure is not asserted here."""

from __future__ import annotations

import gru_layers
import torch


def test_layers_are_measured_on_the_same_work(monkeypatch):
    monkeypatch.setattr(gru_layers, "TURN_SECONDS", 0.0)
    torch.manual_seed(0)
    milliseconds = gru_layers.measure((2, 4, 3, 5), "training", rounds=1)
    assert set(milliseconds) == set(gru_layers.CONTENDERS)
    assert all(value > 0 for value in milliseconds.values())


def test_a_slower_layer_fails_the_bar():
    def row(gruvy: float) -> dict:
        figures = {"gruvy": gruvy, "torch GRU": 2.0, "torch LSTM": 2.0}
        return {"shape": (64, 64, 1, 100), "work": "training", "threads": 1, "milliseconds": figures}

    assert all(bar["pass"] for bar in gru_layers.judge([row(0.1)]))
    assert not gru_layers.judge([row(0.1), row(2.1)])[0]["pass"]
    assert [bar["pass"] for bar in gru_layers.judge([row(0.3)])][:2] == [True, False]

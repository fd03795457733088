"""The examples of the estimators' pages run as shown."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

DOCS = Path(__file__).parent.parent / "docs"


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the Python blocks of a page one after another and return the names that they leave."""
    monkeypatch.chdir(tmp_path)

    def run_page(page):
        names: dict[str, object] = {}
        blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
        assert blocks
        for block in blocks:
            exec(compile(block, page, "exec"), names)
        return names

    return run_page


def test_anomaly(run):
    names = run("anomaly.md")
    found = names["found"]
    assert found["start"].between(180, 189).any()
    assert found.loc[found["score"].idxmax(), "start"] == 180
    np.testing.assert_allclose(names["scores"], names["detector"].detect(names["new"])["score"], rtol=1e-4)


def test_forecasting(run):
    names = run("forecasting.md")
    forecast = names["model"].predict(names["frame"], quantiles=[0.1, 0.9])
    assert list(forecast) == ["time", "load", "load_q0.1", "load_q0.9"]
    assert names["tested"].forecast.shape[1:] == (12, 1, 3)


def test_tagging(run):
    names = run("tagging.md")
    model, strings, labels = (names[name] for name in ("model", "strings", "labels"))
    assert model.score(strings[60:], labels[60:]) > 0.9

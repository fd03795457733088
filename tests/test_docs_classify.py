"""What docs/classify.md shows works as shown."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

import gruvy
from gruvy.tasks.shared import estimator

TEXT = (Path(__file__).parent.parent / "docs" / "classify.md").read_text(encoding="utf-8")


def test_the_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    texts, numbers, folds, several = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names: dict[str, object] = {}  # a block goes on where the one before it ended
    exec(compile(texts, "docs/classify.md", "exec"), names)
    assert names["where"].tokens == ("a", "warm", "and", "funny", "film")
    np.testing.assert_allclose(names["where"].weights.sum(), 1, rtol=1e-5)
    exec(compile(numbers, "docs/classify.md", "exec"), names)
    assert gruvy.load(tmp_path / "strides.gruvy").predict(names["strides"]).shape == (100,)
    exec(compile(folds, "docs/classify.md", "exec"), names)
    assert set(names["predicted"]) <= {"ribosome", "proteasome", "respiration"}
    exec(compile(several, "docs/classify.md", "exec"), names)
    assert names["tagger"].predict(["funny", "sad", "a film"]).shape == (3, 2)


def test_the_least_number_of_steps_is_the_one_in_the_text():
    steps, epochs = estimator._STEPS, estimator._EPOCHS
    assert f"it makes {steps} steps at least" in TEXT
    assert f"Below {steps // epochs * 32:,} sequences" in TEXT

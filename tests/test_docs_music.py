"""What docs/music.md shows works as shown."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from gruvy.music import read_midi

TEXT = (Path(__file__).parent.parent / "docs" / "music.md").read_text(encoding="utf-8")


def test_the_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(block, "docs/music.md", "exec"), names)
    own, markov, frequencies = names["scores"]
    assert own["nll"] < markov["nll"] < frequencies["nll"]
    tune, X = names["tune"], names["X"]
    assert tune.shape == (68, 88)
    np.testing.assert_array_equal(tune[:4], X[30][:4])
    heard = read_midi(tmp_path / "tune.mid")
    np.testing.assert_array_equal(heard, tune[: len(heard)])
    assert [len(one) for one in names["likely"]] == [32] * 10

"""What docs/agent.md shows works as shown."""

from __future__ import annotations

import re
from pathlib import Path

import gruvy

TEXT = (Path(__file__).parent.parent / "docs" / "agent.md").read_text(encoding="utf-8")


def test_the_example_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(block, "docs/agent.md", "exec"), names)
    assert re.fullmatch(r"\d\.\d\d \(\d\.\d\d to \d\.\d\d\), at random 0\.1\d\n", capsys.readouterr().out)
    assert names["own"]["mean_return"] > names["random"]["high"]
    assert names["over"]
    assert gruvy.load("pole.gruvy").environment_ == "popgym-PositionOnlyCartPoleEasy-v0"

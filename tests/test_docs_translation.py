"""What docs/translation.md shows works as shown."""

from __future__ import annotations

import re
from pathlib import Path

import gruvy

TEXT = (Path(__file__).parent.parent / "docs" / "translation.md").read_text(encoding="utf-8")


def test_the_example_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (block,) = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names: dict[str, object] = {}
    exec(compile(block, "docs/translation.md", "exec"), names)
    model = names["model"]
    assert model.predict(["el rey duerme"]) == ["the king sleeps"]
    assert gruvy.load("es-en.gruvy").predict(["el rey duerme"]) == ["the king sleeps"]

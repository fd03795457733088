"""What docs/language.md shows works as shown."""

from __future__ import annotations

import re
from pathlib import Path

TEXT = (Path(__file__).parent.parent / "docs" / "language.md").read_text(encoding="utf-8")


def test_the_examples_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) == 2
    names: dict[str, object] = {}  # a block goes on where the one before it ended
    for block in blocks:
        exec(compile(block, "docs/language.md", "exec"), names)
    assert capsys.readouterr().out.endswith("\n")
    model, light = names["model"], names["light"]
    assert light.generate("Tyger ", length=40, seed=1) == model.generate("Tyger ", length=40, seed=1)
    assert light.alphabet.characters == model.alphabet_
    assert model.alphabet_.startswith("\n ,;ITbef")

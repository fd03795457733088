"""What the README shows works as shown."""

from __future__ import annotations

import re
from pathlib import Path

import typer

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_python_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) == 3
    names: dict[str, object] = {}  # a block goes on where the one before it ended
    for block in blocks:
        shorter = block.replace("random_state=0)", "random_state=0, max_epochs=1)")
        exec(compile(shorter, "README.md", "exec"), names)
    assert (tmp_path / "temp.gruvy").exists()


def test_the_files_that_it_names_are_there():
    named = re.findall(
        r"`((?:src|native|examples|benchmarks|design|data|datasets|report|demos)/[\w/.]*)`|\]\(([\w/.-]+)\)", TEXT
    )
    assert len(named) > 8
    for pair in named:
        path = next(part for part in pair if part)
        assert (ROOT / path).exists() or (ROOT / "src" / "gruvy" / path).exists(), path


def test_the_commands_that_it_names_are_there():
    from gruvy.cli.app import app

    commands = set(re.findall(r"gruvy (fit|predict|evaluate|demo|bench)\b", TEXT))
    assert commands == {"fit", "predict", "evaluate", "demo", "bench"}
    assert commands <= {*typer.main.get_command(app).commands}

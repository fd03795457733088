"""What docs/transcription.md shows works as shown."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import soundfile
from beeps import RATE, spoken

TEXT = (Path(__file__).parent.parent / "docs" / "transcription.md").read_text(encoding="utf-8")


def test_the_examples_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wav").mkdir()
    sounds, texts = spoken(160)
    names = [f"wav/{number}.wav" for number in range(160)]
    for name, sound in zip(names, sounds, strict=True):
        soundfile.write(name, sound, RATE)
    pd.DataFrame({"file": names, "said": texts}).to_csv("prompts.csv", index=False)
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) == 3
    known: dict[str, object] = {}  # a block goes on where the one before it ended
    for block in blocks:
        exec(compile(block, "docs/transcription.md", "exec"), known)
    model, live = known["model"], known["live"]
    assert model.score(names[150:], texts[150:]) > 0.8
    assert capsys.readouterr().out == live.predict(["wav/155.wav"])[0] + "\n"
    assert (tmp_path / "prompts.gruvy").exists()

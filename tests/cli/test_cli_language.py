"""``gruvy fit language``, ``gruvy generate`` and ``gruvy evaluate`` on texts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import gruvy as package

OPTIONS = ["--hidden-size", "12", "--context", "20", "--epochs", "2"]
TEXT = "".join(f"{number} green bottles hanging on the wall,\n" for number in range(200, 100, -1))


@pytest.fixture(scope="module")
def novel(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("text") / "bottles.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def fitted(gruvy, novel):
    path = novel.with_suffix(".gruvy")
    outcome = gruvy("fit", "language", novel, *OPTIONS, "--out", path, "--report", novel.with_suffix(".html"))
    assert outcome.code == 0, outcome.err
    return path, outcome


def test_fit_compares_with_what_it_has_to_beat(fitted):
    path, outcome = fitted
    for words in ("GRU ", "-gram", "letter frequencies", "xz after the training text", "bzip2", "bits per character"):
        assert words in outcome.out
    assert outcome.err.count("GRU: epoch") == 2
    assert "What it writes" in path.with_suffix(".html").read_text(encoding="utf-8")
    assert package.load(path).alphabet_ == "".join(sorted(set(TEXT)))


def test_without_a_report_nothing_is_written_by_the_model(gruvy, novel, tmp_path, monkeypatch):
    monkeypatch.delattr(package.LanguageModel, "generate")
    outcome = gruvy("fit", "language", novel, *OPTIONS, "--epochs", "1", "--out", tmp_path / "m.gruvy")
    assert outcome.code == 0, outcome.err
    assert "bits per character of the held-out text: " in outcome.out


def test_fit_json_is_one_document_and_silence(gruvy, novel, tmp_path):
    outcome = gruvy("fit", "language", novel, novel, *OPTIONS, "--out", tmp_path / "m.gruvy", "--json")
    document = json.loads(outcome.out)
    assert outcome.err == ""
    assert len(document["history"]) == 2
    assert sum(document["provenance"]["characters"].values()) == 2 * len(TEXT) + 1


def test_generate_prints_the_prompt_and_what_follows(gruvy, fitted):
    path, _ = fitted
    arguments = ["generate", path, "--prompt", "150 green", "--length", "30", "--seed", "1"]
    outcome = gruvy(*arguments)
    assert outcome.code == 0
    assert outcome.out == "150 green" + package.load(path).generate("150 green", 30, temperature=0.7, seed=1) + "\n"
    document = json.loads(gruvy(*arguments, "--json").out)
    assert f"{document['prompt']}{document['text']}\n" == outcome.out
    first = document["text"][:1]
    assert gruvy(*arguments, "--stop", "no such", "--stop", first).out == f"150 green{first}\n"


def test_evaluate_measures_a_text(gruvy, fitted, novel):
    path, _ = fitted
    outcome = gruvy("evaluate", path, novel, "--json")
    assert json.loads(outcome.out)["scores"] == package.load(path).evaluate(TEXT)
    for name in ("GRU ", "bzip2", "xz"):
        assert name in gruvy("evaluate", path, novel).out


MISTAKES = {
    "no such file": (["fit", "language", "nowhere.txt"], "nowhere.txt: no such file"),
    "empty": (["fit", "language", "empty.txt"], "the file is empty"),
    "no text": (["fit", "language", "latin.txt"], "no text in UTF-8"),
    "too short": (
        ["fit", "language", "short.txt", "--context", "50"],
        "training part has 17 characters",
    ),
    "unknown characters": (["evaluate", "MODEL", "short.txt"], "got .*'T' \\(1x\\)"),
    "a prompt of such": (["generate", "MODEL", "--prompt", "€"], "the prompt: expected the .* got '€' \\(1x\\)"),
    "no temperature": (["generate", "MODEL", "--temperature", "-1"], "temperature: expected a number from 0 on"),
    "a forecast": (["predict", "MODEL", "short.txt"], "got a language model; use gruvy generate"),
    "an unknown cell": (["fit", "language", "short.txt", "--cell", "gro"], "did you mean 'gru'"),
    "resume alone": (["fit", "language", "short.txt", "--resume"], "--resume: needs --checkpoint"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_one_line(gruvy, fitted, tmp_path, monkeypatch, case):
    monkeypatch.chdir(tmp_path)
    Path("empty.txt").touch()
    Path("latin.txt").write_bytes("naïve".encode("latin-1"))
    Path("short.txt").write_text("Twenty-one characters")
    arguments, words = MISTAKES[case]
    outcome = gruvy(*[fitted[0] if argument == "MODEL" else argument for argument in arguments])
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1, outcome.err
    assert outcome.err.startswith("gruvy: error: ")
    assert re.search(words, outcome.err), outcome.err


def test_generate_refuses_other_models(gruvy, model):
    outcome = gruvy("generate", model)
    assert outcome.code == 2
    assert "expected a language model, got a file for 'forecast'" in outcome.err

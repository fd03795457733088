"""``gruvy fit transcribe``, and what the other commands do with its model."""

from __future__ import annotations

import io
import json
import re

import numpy as np
import pandas as pd
import pytest
import soundfile
from beeps import RATE, spoken

import gruvy as package

QUICK = ("--hidden-size", "8", "--num-layers", "1", "--epochs", "2")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Forty recordings in a folder, and a table of them one folder up."""
    folder = tmp_path_factory.mktemp("speech")
    (folder / "wav").mkdir()
    sounds, texts = spoken(40)
    names = [f"wav/{number:02}.wav" for number in range(40)]
    for name, sound in zip(names, sounds, strict=True):
        soundfile.write(folder / name, sound, RATE)
    pd.DataFrame({"file": names, "said": texts}).to_csv(folder / "t.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def table(folder):
    return pd.read_csv(folder / "t.csv")


def fit(gruvy, table, *options):
    return gruvy("fit", "transcribe", table, "--audio", "file", "--text", "said", *QUICK, *options)


@pytest.fixture(scope="module")
def fitted(gruvy, folder):
    outcome = fit(gruvy, folder / "t.csv", "--out", folder / "m.gruvy", "--report", folder / "r.html")
    assert outcome.code == 0, outcome.err
    return folder / "m.gruvy", outcome


def test_it_prints_the_model_beside_the_baselines(fitted, folder):
    path, outcome = fitted
    for words in ("gru", "nearest recording (DTW)", "empty transcript", "100.0%", str(path)):
        assert words in outcome.out
    assert outcome.err.count("GRU: epoch") == 2
    assert max(map(len, outcome.out.splitlines()[:6])) <= 80
    assert "Short and long recordings" in (folder / "r.html").read_text(encoding="utf-8")


def test_json_is_one_document_and_every_type_of_table_is_the_same(gruvy, folder, table, tmp_path):
    table.to_json(folder / "t.jsonl", orient="records", lines=True)
    documents = [
        json.loads(fit(gruvy, folder / name, "--out", tmp_path / "m.gruvy", "--json").out)
        for name in ("t.csv", "t.jsonl")
    ]
    assert documents[0]["scores"] == documents[1]["scores"]
    assert documents[0]["alphabet"] == " abcd"
    assert documents[0]["sample_rate"] == RATE
    assert [row["name"] for row in documents[0]["scores"]] == ["gru", "nearest recording (DTW)", "empty transcript"]


def test_predict_takes_a_table_a_folder_or_one_file(gruvy, fitted, folder, table):
    path, _ = fitted
    model = package.load(path)
    expected = model.predict([folder / name for name in table["file"]])
    for data in (folder / "t.csv", folder / "wav", folder / "wav" / "07.wav"):
        outcome = gruvy("predict", path, data)
        assert outcome.code == 0, outcome.err
        found = pd.read_csv(io.StringIO(outcome.out), keep_default_na=False)
        assert list(found.columns) == ["file", "said"]
        assert found["said"].tolist() == (expected[7:8] if data.suffix == ".wav" else expected)
    assert found["file"].tolist() == [str(folder / "wav" / "07.wav")]


def test_evaluate(gruvy, fitted, folder, table):
    path, _ = fitted
    scores = json.loads(gruvy("evaluate", path, folder / "t.csv", "--json").out)["scores"]
    model = package.load(path)
    assert scores == model.evaluate([folder / name for name in table["file"]], table["said"])
    assert "empty transcript" in gruvy("evaluate", path, folder / "t.csv").out


def test_a_model_that_streams(gruvy, folder, tmp_path):
    assert fit(gruvy, folder / "t.csv", "--out", tmp_path / "m.gruvy", "--streaming").code == 0
    samples, _ = soundfile.read(folder / "wav" / "00.wav", dtype="float32")
    model = package.load(tmp_path / "m.gruvy")
    stream = model.stream()
    assert stream.push(samples) + stream.finish() == model.predict([samples])[0]


def one_line(outcome, pattern):
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1, outcome.err
    assert re.search(pattern, outcome.err), outcome.err


def with_sound(samples, rate=RATE):
    def change(folder, table):
        soundfile.write(folder / "odd.wav", samples, rate)
        return table.assign(file=["odd.wav", *table["file"][1:]])

    return change


def with_text(text):
    return lambda folder, table: table.assign(said=[text, *table["said"][1:]])


LOUD = np.random.default_rng(0).normal(0, 0.1, 16000)


@pytest.mark.parametrize(
    ("change", "options", "pattern"),
    [
        (lambda folder, table: table.head(0), (), "no rows"),
        (
            lambda folder, table: table.rename(columns={"said": "sayd"}),
            (),
            "no column 'said' .text.; did you mean 'sayd'",
        ),
        (lambda folder, table: table.drop(columns="file"), (), "no column 'file' .audio."),
        (lambda folder, table: table.assign(file=[None, *table["file"][1:]]), (), "'file': 1 of 40 paths are missing"),
        (lambda folder, table: table.assign(file=["no.wav", *table["file"][1:]]), (), "no.wav: no such file"),
        (lambda folder, table: table.assign(file=["t.csv", *table["file"][1:]]), (), "t.csv: cannot be read as audio"),
        (with_sound(np.zeros(8000)), (), "1 of 40 recordings are silent, the first is .*odd.wav"),
        (with_sound(LOUD, 16000), (), r"sample rates differ \(39 of 8000 Hz, 1 of 16000 Hz\); give sample_rate=8000"),
        (with_sound(LOUD, 16000), ("--sample-rate", "16000"), "39 of 40 recordings have less than 16000 Hz"),
        (with_sound(LOUD[:0]), (), r"expected samples, got an array of shape \(0,\)"),
        (with_text(None), (), "1 texts are missing or no text, the first is text 0: None"),
        (with_text("  "), (), "1 texts are empty, the first is text 0"),
        (with_text("b" * 500), (), "1 of 40 texts are too long for their recordings"),
        (lambda folder, table: table.assign(said="ab"), (), "expected at least three different texts"),
        (lambda folder, table: table, ("--cell", "gro"), "did you mean 'gru'"),
        (lambda folder, table: table, ("--test-fraction", "1"), "--test-fraction: expected a number between 0 and 1"),
        (
            lambda folder, table: table,
            ("--sample-rate", "0"),
            "sample_rate: expected an integer of Hz, 1000 to 768000",
        ),
        (lambda folder, table: table, ("--resume",), "--resume: needs --checkpoint"),
    ],
)
def test_mistakes(gruvy, folder, table, tmp_path, change, options, pattern):
    change(folder, table).to_csv(folder / "bad.csv", index=False)
    one_line(fit(gruvy, folder / "bad.csv", "--out", tmp_path / "m.gruvy", *options), pattern)
    assert not (tmp_path / "m.gruvy").exists()


def test_rates_that_differ_are_resampled_where_that_is_asked_for(gruvy, folder, table, tmp_path):
    with_sound(LOUD, 16000)(folder, table).to_csv(folder / "bad.csv", index=False)
    outcome = fit(gruvy, folder / "bad.csv", "--out", tmp_path / "m.gruvy", "--sample-rate", "8000")
    assert outcome.code == 0, outcome.err


def test_mistakes_with_a_model(gruvy, fitted, folder, tmp_path):
    path, _ = fitted
    (tmp_path / "empty").mkdir()
    one_line(
        gruvy("predict", path, tmp_path / "empty"), "no recordings in this folder; expected files that end in .wav"
    )
    one_line(gruvy("predict", path, tmp_path / "no.wav"), "no.wav: no such file")
    soundfile.write(tmp_path / "low.wav", LOUD, 4000)
    one_line(
        gruvy("predict", path, tmp_path / "low.wav"), "have less than 8000 Hz, the first is .*low.wav with 4000 Hz"
    )
    one_line(gruvy("evaluate", path, folder / "wav"), "got a folder")
    model = package.load(path)
    model.columns_ = None
    model.save(tmp_path / "m.gruvy")
    one_line(gruvy("evaluate", tmp_path / "m.gruvy", folder / "t.csv"), "was fitted on recordings, not on a table")
    assert gruvy("predict", tmp_path / "m.gruvy", folder / "wav").out.startswith("audio,text\n00.wav,")

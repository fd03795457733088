"""The prompts are what their card says they are, and nothing leaks from one side of the split to the other."""

from __future__ import annotations

import gzip
import hashlib

import pytest
import soundfile
from prompts import installed

from gruvy.datasets import card, load_speech, speech
from gruvy.errors import DataError


@pytest.fixture(scope="module")
def prompts():
    return load_speech()


@installed
def test_texts_and_split_have_the_hash_of_the_card(prompts):
    rows = zip(prompts["key"], prompts["text"], prompts["split"], strict=True)
    content = "".join("\t".join(row) + "\n" for row in rows)
    assert hashlib.sha256(content.encode()).hexdigest() == card("speech").sha256


@installed
def test_counts_and_columns_are_those_of_the_card(prompts):
    counts = card("speech").counts
    assert list(prompts.columns) == list(card("speech").columns)
    assert prompts["split"].value_counts().to_dict() == counts["prompts by side of the split"]
    files = [soundfile.info(path) for path in prompts["path"]]
    assert {(one.samplerate, one.channels) for one in files} == {(8000, 1)}
    minutes = prompts.assign(minutes=[one.duration / 60 for one in files]).groupby("split")["minutes"].sum()
    assert minutes.round(1).to_dict() == counts["minutes by side of the split"]
    characters = prompts["text"].str.len().groupby(prompts["split"]).sum()
    assert characters.to_dict() == counts["characters by side of the split"]
    assert set("".join(prompts["text"])) == set("abcdefghijklmnopqrstuvwxyz' ")
    assert prompts["text"].str.len().min() > 0


def runs(text):
    words = text.split()
    return {" ".join(words[i : i + 3]) for i in range(max(1, len(words) - 2))}


@installed
def test_no_text_and_no_near_duplicate_is_on_both_sides(prompts):
    train, test = ([runs(text) for text in prompts.query("split == @side")["text"]] for side in ("train", "test"))
    assert max(len(one & other) / len(one | other) for one in train for other in test) < 0.5


@installed
def test_words_that_were_never_heard_in_training_are_as_many_as_the_card_says(prompts):
    known = set(" ".join(prompts.query("split == 'train'")["text"]).split())
    words = " ".join(prompts.query("split == 'test'")["text"]).split()
    share = sum(word not in known for word in words) / len(words)
    assert round(share, 3) == card("speech").reference["share of test words that the training part does not have"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Press 1 now, or * for 2...", "press one now or star for two"),
        ("I'm sorry [beep] (tone) <noise>", "i'm sorry"),
        ("Inter-Asterisk e-mail; # key", "inter asterisk e mail pound key"),
        ("[sound of monkeys]", ""),
    ],
)
def test_what_is_said(written, said):
    assert speech.spoken(written) == said


def test_what_is_missing_is_said_in_one_line(tmp_path):
    with pytest.raises(DataError, match=r"not there; install the prompts .apt-get install asterisk-core-sounds-en"):
        load_speech(tmp_path)
    texts = tmp_path / speech.TEXTS
    texts.parent.mkdir(parents=True)
    (tmp_path / speech.SOUNDS).mkdir(parents=True)
    texts.write_bytes(gzip.compress(b"activated: Activated.\n"))
    with pytest.raises(DataError, match=r"has the sha256 .*expected that of version 1.6.1-1"):
        load_speech(tmp_path)


@installed
def test_a_missing_recording_is_no_smaller_test_part(tmp_path):
    texts = tmp_path / speech.TEXTS
    texts.parent.mkdir(parents=True)
    texts.symlink_to(f"/{speech.TEXTS}")
    sounds = tmp_path / speech.SOUNDS
    sounds.mkdir(parents=True)
    with pytest.raises(DataError, match=r"\.wav: not there; install the prompts"):
        load_speech(tmp_path)

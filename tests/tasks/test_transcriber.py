import pickle

import numpy as np
import pytest
from beeps import RATE, SMALL, TONES, beep, spoken
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

import gruvy
from gruvy import files, runtime
from gruvy.errors import ArgumentError, DataError, FileFormatError
from gruvy.tasks import LanguageModel, Transcriber
from gruvy.tasks.transcription.language import character_model


@pytest.fixture(scope="module")
def learnt():
    return spoken(160)


@pytest.fixture(scope="module")
def unheard():
    return spoken(40, seed=1)


@pytest.fixture(scope="module")
def model(learnt):
    X, y = learnt
    return Transcriber(**SMALL | {"max_epochs": 5}).fit(X, y, sample_rate=RATE)


@pytest.fixture(scope="module")
def one_way(learnt):
    X, y = learnt
    return Transcriber(bidirectional=False, **SMALL).fit(X, y, sample_rate=RATE)


# ---- what it learns ----


def test_it_writes_down_what_it_has_never_heard(model, unheard):
    X, y = unheard
    own, empty = model.evaluate(X, y)
    assert own["name"] == "gru"
    assert own["cer"] < 0.06
    assert empty == {"name": "empty transcript", "cer": 1.0, "wer": 1.0, "exact": 0.0}
    assert model.score(X, y) == 1 - own["cer"]
    assert model.alphabet_ == " abcd"
    assert model.evaluate(X, y, beam_width=8)[0]["cer"] < 0.06


def test_other_cells_learn_too(learnt, unheard):
    X, y = learnt
    model = Transcriber(**SMALL | {"cell": "lstm", "max_epochs": 8}).fit(X, y, sample_rate=RATE)
    assert model.score(*unheard) > 0.7


def test_what_is_heard_does_not_depend_on_the_company(model, unheard):
    X, _ = unheard
    together = model.log_probabilities(X)
    for samples, log_p in zip(X, together, strict=True):
        (alone,) = model.log_probabilities([samples])
        np.testing.assert_allclose(log_p, alone, atol=1e-5)
        assert len(log_p) == -(-model._model.features.count(len(samples)) // 2)
        np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1, rtol=1e-5)


def test_characters_are_where_they_sound(model):
    random = np.random.default_rng(5)
    quiet, tone = np.zeros(RATE // 2), 0.3 * np.sin(2 * np.pi * TONES["c"] * np.arange(640) / RATE)
    sound = np.concatenate([quiet, tone, quiet, tone, quiet]) + random.normal(0, 0.003, 3 * len(quiet) + 1280)
    (places,) = model.align([sound], ["cc"])
    np.testing.assert_allclose(places, [0.5, 1.08], atol=0.09)


# ---- as the sound arrives ----


@pytest.mark.parametrize("piece", [1, 37, 80, 333, 4000, 10**6])
def test_a_stream_writes_what_the_whole_recording_gives(one_way, unheard, piece):
    X, y = unheard
    X = X[:2] if piece == 1 else X
    whole = one_way.predict(X)
    assert sum(a == b for a, b in zip(whole, y, strict=False)) > 0.8 * len(X)
    for samples, text in zip(X, whole, strict=True):
        stream = one_way.stream()
        found = [stream.push(samples[first : first + piece]) for first in range(0, len(samples), piece)]
        found.append(stream.finish())
        assert "".join(found) == stream.text == text
        if piece == 80 and len(text) > 3:
            assert sum(map(bool, found[:-1])) > 1  # it does not wait for the end


def test_a_stream_of_doubtful_sounds_is_the_same_too(one_way):
    """Noise makes the network change its mind at every step."""
    samples = np.random.default_rng(3).normal(0, 0.1, 3 * RATE).astype(np.float32)
    stream = one_way.stream()
    text = "".join(stream.push(part) for part in np.array_split(samples, 11)) + stream.finish()
    assert [text] == one_way.predict([samples])
    whole = (samples * 32767).astype(np.int16)
    stream_of_integers = one_way.stream()
    found = "".join(stream_of_integers.push(part) for part in np.array_split(whole, 7)) + stream_of_integers.finish()
    assert [found] == one_way.predict([whole])
    with pytest.raises(DataError, match="expected samples, got int64 numbers"):
        one_way.stream().push([1, 2, 3])
    assert stream.finish() == ""
    with pytest.raises(DataError, match="finished"):
        stream.push(samples)


def test_nothing_comes_of_nothing(one_way):
    stream = one_way.stream()
    assert stream.push(np.zeros(0)) == stream.finish() == stream.text == ""
    with pytest.raises(DataError, match="one channel without NaN"):
        one_way.stream().push(np.array([0.1, np.nan]))


def test_both_directions_cannot_stream(model):
    with pytest.raises(ArgumentError, match="fit with bidirectional=False"):
        model.stream()


# ---- with a language model ----


def test_the_search_asks_a_language_model_for_what_it_says_of_a_line(learnt):
    language = LanguageModel(8, context_length=10, batch_size=4, max_epochs=1, random_state=0).fit(learnt[1])
    asked = character_model(language, " abcd")
    state, follows = asked.begin()
    found = []
    for character in "ab cd\n":
        assert np.exp(list(follows.values())).sum() == pytest.approx(1)
        found.append(follows[character])
        state, follows = asked.step(state, character)
    np.testing.assert_allclose(found, -np.log(2) * language.surprise("ab cd\n"), rtol=1e-4)


def test_a_language_model_that_cannot_help(model, unheard):
    X, _ = unheard
    language = LanguageModel(8, context_length=5, batch_size=2, max_epochs=1).fit("abc " * 50)
    with pytest.raises(ArgumentError, match="has never seen 'd'"):
        model.predict(X, beam_width=4, language_model=language)
    pieces = LanguageModel(8, tokens="subword", vocabulary_size=20, context_length=5, batch_size=2, max_epochs=1)
    with pytest.raises(ArgumentError, match="expected one of characters, got one of sub-words"):
        model.predict(X, beam_width=4, language_model=pieces.fit("abcd abcd " * 90))
    with pytest.raises(ArgumentError, match="give a beam_width above 1"):
        model.predict(X, language_model=language)
    with pytest.raises(ArgumentError, match="expected a fitted LanguageModel, got str"):
        model.predict(X, beam_width=4, language_model="english")
    with pytest.raises(ArgumentError, match="3 problems"):
        model.predict(X, beam_width=0, language_weight=-1, length_bonus="a")


# ---- keeping and repeating ----


def test_save_and_load(model, unheard, tmp_path):
    X, _ = unheard
    again = gruvy.load(model.save(tmp_path / "m.gruvy"))
    assert again.get_params() == model.get_params()
    for one, other in zip(again.log_probabilities(X), model.log_probabilities(X), strict=True):
        np.testing.assert_array_equal(one, other)
    names = ("alphabet_", "sample_rate_", "history_", "best_epoch_", "n_parameters_", "provenance_", "columns_")
    for name in names:
        assert getattr(again, name) == getattr(model, name)
    assert pickle.loads(pickle.dumps(model)).predict(X) == model.predict(X)


def test_a_damaged_file_and_one_that_cannot_run_without_torch(model, tmp_path):
    path = model.save(tmp_path / "m.gruvy")
    with pytest.raises(FileFormatError, match="holds no graph: its log-mel frames are no operation of a graph"):
        runtime.load(path)
    tensors, document = files.read(path)
    del tensors["scaling/mean"], document["format_version"]
    files.write(path, tensors, document)
    with pytest.raises(FileFormatError, match="the model in it is damaged"):
        gruvy.load(path)


def test_the_same_seed_gives_the_same_model(learnt, unheard):
    X, y = learnt
    first, second, other = (
        Transcriber(**SMALL | {"max_epochs": 2, "random_state": seed})
        .fit(X[:40], y[:40], sample_rate=RATE)
        .log_probabilities(unheard[0][:1])[0]
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, second)
    assert np.abs(first - other).max() > 1e-3


def test_an_interrupted_fit_goes_on_to_the_same_model(learnt, unheard, tmp_path):
    X, y = (part[:40] for part in learnt)
    model = Transcriber(**SMALL | {"max_epochs": 4, "dropout": 0.2})
    whole = clone(model).fit(X, y, sample_rate=RATE)

    def stop(event):
        if event.validation_loss is not None and event.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        clone(model).fit(X, y, sample_rate=RATE, checkpoint=tmp_path, progress=stop)
    events = []
    resumed = clone(model).fit(X, y, sample_rate=RATE, checkpoint=tmp_path, resume=True, progress=events.append)
    assert min(event.epoch for event in events) == 3
    assert resumed.history_[-1]["train_loss"] == whole.history_[-1]["train_loss"]
    np.testing.assert_array_equal(resumed.log_probabilities(unheard[0])[0], whole.log_probabilities(unheard[0])[0])
    with pytest.raises(ArgumentError, match=r"belongs to another training.*data"):
        clone(model).fit(X, [*y[1::-1], *y[2:]], sample_rate=RATE, checkpoint=tmp_path, resume=True)


# ---- what it refuses ----

SOUND = beep("ab", np.random.default_rng(0))


@pytest.mark.parametrize(
    ("X", "y", "pattern"),
    [
        ([SOUND] * 2, None, "y: expected a list of texts, one for each recording, got None"),
        ([SOUND] * 2, "a b", "y: expected a list of texts, one for each recording, got one text"),
        ([SOUND] * 2, ["a"], "expected 2 texts, as many as there are recordings, got 1"),
        ([SOUND] * 2, ["a", float("nan")], "1 texts are missing or no text, the first is text 1: nan"),
        ([SOUND] * 2, ["a", " "], "1 texts are empty, the first is text 1; leave those recordings out"),
        ([SOUND] * 2, ["a", "b" * 90], "1 of 2 texts are too long .* text 1: it needs 179 steps and has 13 of 20 ms"),
        ([SOUND] * 2, ["a", "a "], "expected at least two different texts, .* got 'a' alone"),
        ([SOUND, np.zeros(8000)], ["a", "b"], "1 of 2 recordings are silent, the first is number 1"),
    ],
)
def test_bad_input(X, y, pattern):
    with pytest.raises(DataError, match=pattern) as caught:
        Transcriber(**SMALL).fit(X, y, sample_rate=RATE)
    assert "\n" not in str(caught.value)


def test_bad_params_are_named_together():
    with pytest.raises(ArgumentError, match="7 problems") as caught:
        Transcriber(
            cell="gro",
            bidirectional=1,
            masking="no",
            time_stretch=0.9,
            consistency=-1,
            validation_fraction=0,
            subsampling=0,
        ).fit([SOUND] * 2, ["a", "b"], sample_rate=RATE)
    wrong = ("bidirectional", "masking", "time_stretch", "consistency", "validation_fraction", "subsampl")
    for part in ("did you mean 'gru'", *wrong):
        assert part in str(caught.value)


def test_what_does_not_fit_the_fit(model):
    with pytest.raises(DataError, match="have less than 8000 Hz, the first is number 0 with 4000 Hz"):
        model.predict([SOUND], sample_rate=4000)
    with pytest.raises(DataError, match=r"y: expected the 5 characters .* got 'x' \(1x\)"):
        model.align([SOUND], ["ax"])
    with pytest.raises(DataError, match="too long for their recordings"):
        model.align([SOUND], ["a" * 50])
    with pytest.raises(NotFittedError):
        Transcriber().predict([SOUND])

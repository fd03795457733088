"""Recordings as they are read, what the network hears of them, and how training changes them."""

import warnings

import numpy as np
import pytest
import soundfile
from beeps import RATE

from gruvy.errors import DataError
from gruvy.tasks.transcription.audio import read_recordings, scaled
from gruvy.tasks.transcription.baselines import NearestRecording
from gruvy.tasks.transcription.data import Augmentation, Utterances, batches, stretched
from gruvy.tasks.transcription.features import LogMel

TONE = (0.5 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)).astype(np.float32)


def saved(path, samples=TONE, rate=RATE, **how):
    soundfile.write(path, samples, rate, **how)
    return path


# ---- reading ----


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg"])
def test_files_and_arrays_are_the_same(tmp_path, name):
    (samples,), rate = read_recordings([saved(tmp_path / name)], None)
    assert rate == RATE
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, TONE, atol=0.1 if name == "a.ogg" else 2**-15)


def test_channels_are_averaged_and_integers_scaled(tmp_path):
    stereo = np.column_stack([TONE, np.zeros_like(TONE)])
    pcm = np.round(TONE * 2**15).astype(np.int16)
    (first, second), _ = read_recordings([saved(tmp_path / "a.wav", stereo, subtype="FLOAT")] * 2, None)
    np.testing.assert_allclose(first, TONE / 2, atol=1e-6)
    np.testing.assert_array_equal(first, second)
    (first, second), _ = read_recordings([stereo, pcm], RATE)
    np.testing.assert_allclose(first, TONE / 2, atol=1e-6)
    np.testing.assert_allclose(second, TONE, atol=2**-15)


def test_rates_that_differ_are_refused_or_brought_down(tmp_path):
    high = (0.5 * np.sin(2 * np.pi * 1000 * np.arange(16000) / 16000)).astype(np.float32)
    paths = [saved(tmp_path / "a.wav"), saved(tmp_path / "b.wav", high, 16000), saved(tmp_path / "c.wav")]
    with pytest.raises(DataError, match=r"sample rates differ \(2 of 8000 Hz, 1 of 16000 Hz\); give sample_rate=8000"):
        read_recordings(paths, None)
    (_, lowered, _), rate = read_recordings(paths, 8000)
    assert (rate, len(lowered)) == (8000, 8000)
    np.testing.assert_allclose(lowered[100:-100], TONE[100:-100], atol=0.01)
    with pytest.raises(
        DataError, match=r"2 of 3 recordings have less than 16000 Hz, the first is .*a.wav with 8000 Hz"
    ):
        read_recordings(paths, 16000)
    with pytest.raises(DataError, match="use recordings of at least 16000 Hz"):
        read_recordings(paths, None, model_rate=16000)
    (again,), _ = read_recordings([high], 16000, model_rate=8000)
    np.testing.assert_allclose(again, lowered, atol=1e-3)


@pytest.mark.parametrize(
    ("X", "pattern"),
    [
        ([], "expected at least one recording, got none"),
        ("a.wav", "got one path; put it into a list"),
        (7, "expected a list of paths or arrays, got int"),
        (TONE, "got one array of numbers; put it into a list"),
        ([TONE, None], "recording 1: expected a path or an array of samples, got NoneType"),
        ([TONE, [0, 1, 2]], "1 of 2 recordings have integers up to 2, which are neither"),
        ([TONE, np.ones((90, 80))], r"recording 1: .*got an array \(90, 80\); give one channel"),
        ([TONE, TONE * np.nan], "recording 1: has NaN or infinity"),
        ([TONE, TONE[:0]], r"recording 1: expected samples, got an array of shape \(0,\)"),
        ([TONE, np.zeros(9)], "1 of 2 recordings are silent, the first is number 1"),
        (["no.wav"], "no.wav: no such file; expected a recording"),
        (["bad.wav"], "bad.wav: cannot be read as audio .*export it as WAV or FLAC"),
        (["."], "a folder; expected a recording"),
    ],
)
def test_what_cannot_be_used(tmp_path, monkeypatch, X, pattern):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.wav").write_text("this is no sound")
    with pytest.raises(DataError, match=pattern) as caught:
        read_recordings(X, RATE)
    assert "\n" not in str(caught.value)


def test_arrays_need_a_rate():
    with pytest.raises(DataError, match="sample_rate: expected the rate of the arrays in Hz, got None"):
        read_recordings([TONE], None)


# ---- what is heard ----


@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_a_tone_is_loudest_in_its_band(rate):
    import librosa

    features = LogMel(rate, 40)
    middles = librosa.mel_frequencies(42, fmax=rate / 2)[1:-1]
    for band in (8, 20, 33):
        tone = np.sin(2 * np.pi * middles[band] * np.arange(rate) / rate).astype(np.float32)
        frames = features.frames(tone)
        assert frames.shape == (features.count(rate), 40)
        assert abs(len(frames) - 97) <= 2
        assert (frames[2:-5].argmax(axis=1) == band).all()
        louder = features.frames(10 * tone)
        np.testing.assert_allclose(louder[2:-5, band] - frames[2:-5, band], np.log(100), rtol=1e-3)


def test_pieces_have_the_frames_of_the_whole():
    random = np.random.default_rng(0)
    features = LogMel(RATE, 20)
    for length in (1, 200, 256, 257, 336, 337, 1000, 8000):
        samples = random.normal(0, 0.1, length).astype(np.float32)
        whole = features.frames(samples)
        assert len(whole) == features.count(length)
        complete = features.whole_frames(samples)
        np.testing.assert_allclose(whole[: len(complete)], complete, rtol=1e-5)
        assert len(whole) - len(complete) <= 1
        rest = features.whole_frames(samples[len(complete) // 2 * features.hop :])
        np.testing.assert_allclose(rest, complete[len(complete) // 2 :], rtol=1e-5)


# ---- how training changes it ----


def test_stretching_keeps_ends_and_order():
    frames = np.linspace(0, 1, 11, dtype=np.float32)[:, None] * [1, -2]
    for length in (5, 11, 30):
        found = stretched(frames, length)
        np.testing.assert_allclose(found, np.linspace(0, 1, length)[:, None] * [1, -2], atol=1e-6)
    assert stretched(frames[:1], 4).tolist() == [[0, 0]] * 4


def test_samples_of_all_widths_are_from_minus_one_to_one():
    expected = np.array([-1, -0.5, 0, 0.5], np.float32)
    for dtype, scale, zero in ((np.uint8, 128, 128), (np.int16, 2**15, 0), (np.int32, 2**31, 0)):
        np.testing.assert_allclose(scaled((expected.astype(float) * scale + zero).astype(dtype)), expected)
    np.testing.assert_array_equal(scaled(expected.astype(np.float64)), expected)


@pytest.mark.parametrize("rate", [0, -8000, 40, 8000.5, "8000", True])
def test_a_rate_that_is_none(rate):
    with pytest.raises(DataError, match="sample_rate: expected an integer of Hz, 1000 to 768000"):
        read_recordings([TONE], rate)


def test_a_rate_from_a_table_is_a_plain_number():
    assert type(read_recordings([TONE], np.int64(RATE))[1]) is int


def test_augmentation_stretches_and_blanks_out():
    random = np.random.default_rng(0)
    frames = np.ones((200, 20), np.float32)
    changed = [Augmentation(0.2, True)(frames, 0, random)[0] for _ in range(200)]
    lengths = np.array([len(one) for one in changed])
    assert lengths.min() in range(160, 170)
    assert lengths.max() in range(231, 241)
    blank = np.mean([(one == 0).mean() for one in changed])
    assert 0.15 < blank < 0.35  # two of 0 to 4 bands, two of 0 to 20 frames
    assert any((one == 0).all(axis=1).any() for one in changed)
    assert any((one == 0).all(axis=0).any() for one in changed)
    assert (frames == 1).all()
    assert min(len(Augmentation(0.5, False)(frames, 190, random)[0]) for _ in range(50)) == 190
    np.testing.assert_array_equal(Augmentation(0.0, False)(frames, 0, random)[0], frames)


def test_two_views_are_stretched_alike_and_masked_differently():
    frames = [np.ones((length, 20), np.float32) for length in (120, 150, 180)]
    texts = [np.array([1, 2]), np.array([3]), np.array([4, 5, 6])]
    (batch,) = Utterances(frames, texts, [1] * 3, batch_size=3, augmentation=Augmentation(0.2, True, views=2), seed=1)
    assert batch.views == 2
    for both in (batch.lengths, batch.text_lengths, batch.characters):
        first, second = both.chunk(2)
        assert first.tolist() == second.tolist()
    first, second = batch.frames.chunk(2, dim=1)
    assert all((first[:, row] != second[:, row]).any() for row in range(3))
    (batch,) = Utterances(frames, texts, [1] * 3, batch_size=3, augmentation=Augmentation(0.2, True, views=2))
    assert batch.views == 1  # in order, as they are: nothing is learnt from it
    assert batch.frames.shape[1] == 3


def test_every_pass_has_all_recordings_once_and_another_order():
    random = np.random.default_rng(0)
    frames = [
        np.full((length, 2), number + 1.0, np.float32) for number, length in enumerate(random.integers(5, 900, 50))
    ]
    texts = [np.array([number + 1]) for number in range(50)]
    passes = []
    for epoch in (0, 1, 0):
        utterances = Utterances(frames, texts, [1] * 50, batch_size=8, seed=7)
        utterances.epoch = epoch
        found = list(utterances)
        assert len(found) == len(utterances)
        for batch in found:
            assert batch.frames[0, :, 0].tolist() == batch.characters.tolist()
            for column, length in enumerate(batch.lengths):
                assert (batch.frames[length:, column] == 0).all()
                assert length == len(frames[batch.characters[column] - 1])
        passes.append([batch.characters.tolist() for batch in found])
        assert sorted(number for rows in passes[-1] for number in rows) == list(range(1, 51))
    assert passes[0] == passes[2] != passes[1]


def test_batches_are_small_where_recordings_are_long():
    lengths = [100] * 40 + [7000, 2500, 2500, 2500]
    found = batches(lengths, 16)
    assert sorted(row for rows in found for row in rows) == list(range(44))
    assert all(len(rows) == 1 or len(rows) * max(lengths[row] for row in rows) <= 6000 for rows in found)
    assert max(map(len, found)) == 16


# ---- the baseline ----


def test_the_nearest_recording_is_the_same_word_said_slower():
    from beeps import beep

    random = np.random.default_rng(0)
    words = ["ab", "ba", "cad", "dac", "bbd", "a"]
    nearest = NearestRecording(RATE).fit([beep(word, random) for word in words], words)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert nearest.predict([beep(word, np.random.default_rng(9)) for word in words]) == words

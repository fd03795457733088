import numpy as np
import pytest
from scipy.special import expit

from gruvy.tasks.music.baselines import FrameRegression, NoteFrequencies, NoteMarkov
from gruvy.tasks.music.scores import score_row


def test_frequencies_and_repeats_are_counted_with_a_prior():
    pieces = [np.array([[1, 0], [1, 0], [0, 0]]), np.array([[0, 0], [1, 0]])]
    frequencies = expit(NoteFrequencies.of(pieces).predict(pieces[0]))
    np.testing.assert_allclose(frequencies, np.tile([3.5 / 6, 0.5 / 6], (3, 1)))
    markov = NoteMarkov.of(pieces)
    found = expit(markov.predict(np.array([[1, 1], [0, 0], [0, 0]])))
    # The first frames: on in one of two. After on (twice): on once. After off (once): on once.
    np.testing.assert_allclose(found[:, 0], [1.5 / 3, 1.5 / 3, 1.5 / 2])
    np.testing.assert_allclose(found[:, 1], [0.5 / 3, 0.5 / 1, 0.5 / 4])  # never on: only the prior


def test_the_regression_sees_other_notes_and_two_frames():
    random = np.random.default_rng(0)
    roll = (random.random((3000, 5)) < 0.5).astype(float)
    roll[1:, 1] = roll[:-1, 4]  # one frame after another note
    roll[2:, 2] = 1 - roll[:-2, 0]  # two frames after the opposite of another
    roll[:, 3] = 0  # never
    one, two = (FrameRegression(frames).fit([roll[:1500]], [roll[1500:2000]]) for frames in (1, 2))
    accuracy = [((m.predict(roll[2000:]) > 0) == roll[2000:]).mean(axis=0) for m in (one, two)]
    assert accuracy[0] == pytest.approx([0.5, 1, 0.5, 1, 0.5], abs=0.06)
    assert accuracy[1] == pytest.approx([0.5, 1, 1, 1, 0.5], abs=0.06)
    assert two.name == "logistic regression of 2 frames"
    rows = [score_row("a", [roll[2000:]], [model.predict(roll[2000:])]) for model in (one, two)]
    assert rows[1]["nll"] < rows[0]["nll"] < 5 * np.log(2)
    assert two.predict(roll[:1]).shape == (1, 5)


def test_the_penalty_suits_the_pieces_to_validate_with():
    random = np.random.default_rng(0)
    learnt, other = ([(random.random((40, 6)) < 0.5).astype(float)] for _ in range(2))
    assert FrameRegression().fit(learnt, other).strength <= 0.1  # there is nothing to learn
    assert FrameRegression().fit(learnt, learnt).strength == 1.0  # what was learnt by heart suits what was learnt from

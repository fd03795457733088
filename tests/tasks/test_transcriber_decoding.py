"""The searches, the alignment and the loss against all alignments, written out one by one."""

import itertools
from collections import defaultdict

import numpy as np
import pytest
import torch
from scipy.special import log_softmax

from gruvy.tasks.transcription.alignment import align
from gruvy.tasks.transcription.data import SpeechBatch, steps_needed
from gruvy.tasks.transcription.decoding import Greedy, beam_search
from gruvy.tasks.transcription.network import SpeechLoss, TranscriberNetwork

ALPHABET = "ab "
STEPS = 5


def collapsed(path):
    return "".join(ALPHABET[number - 1] for number, _ in itertools.groupby(path) if number)


@pytest.fixture(params=range(6))
def log_p(request):
    return log_softmax(np.random.default_rng(request.param).normal(0, 1.5, (STEPS, 4)), axis=1)


def texts(log_p):
    """p of every text, by adding up its alignments; how many spaces there are between words makes no difference."""
    found = defaultdict(float)
    for path in itertools.product(range(4), repeat=STEPS):
        found[" ".join(collapsed(path).split())] += np.exp(log_p[np.arange(STEPS), path].sum())
    return found


class Fixed:
    """A language model in which a "b" mostly follows an "a", and then the end."""

    def begin(self):
        return "", self.after("")

    def step(self, state, character):
        return state + character, self.after(state + character)

    def after(self, text):
        p = [0.05, 0.8, 0.1, 0.05] if text.endswith("a") else [0.2, 0.1, 0.1, 0.6]
        return dict(zip("ab \n", np.log(p), strict=True))

    def log_p(self, text):
        return sum(self.after(text[:place])[character] for place, character in enumerate(text + "\n"))


def test_a_beam_that_keeps_all_finds_the_likeliest_text(log_p):
    every = texts(log_p)
    assert beam_search(log_p, ALPHABET, width=10**4) == max(every, key=every.get)


def test_a_language_model_and_the_length_add_to_the_score(log_p):
    score = {text: np.log(p) + 0.7 * Fixed().log_p(text) + 0.3 * len(text) for text, p in texts(log_p).items()}
    how = {"language_model": Fixed(), "language_weight": 0.7, "length_bonus": 0.3}
    assert beam_search(log_p, ALPHABET, width=10**4, **how) == max(score, key=score.get)


def test_a_narrow_beam_is_no_better(log_p):
    every = texts(log_p)
    assert every[beam_search(log_p, ALPHABET, width=1)] <= max(every.values()) + 1e-12


def test_greedy_collapses_repeats_and_trims_spaces():
    def one_hot(path):
        return np.eye(4)[list(path)]

    whole = [3, 3, 1, 1, 0, 1, 3, 0, 3, 2, 2, 3]
    assert Greedy(ALPHABET).push(one_hot(whole)) == "aa b"
    for cut in range(len(whole)):
        greedy = Greedy(ALPHABET)
        pieces = [greedy.push(one_hot(part)) for part in (whole[:cut], whole[cut:]) if part]
        assert "".join(pieces) == "aa b"


@pytest.mark.parametrize("text", ["ab", "aa", "a", "ab a", "bab"])
def test_the_alignment_is_the_likeliest_one(log_p, text):
    paths = [path for path in itertools.product(range(4), repeat=STEPS) if collapsed(path) == text]
    best = max(paths, key=lambda path: log_p[np.arange(STEPS), path].sum())
    expected = [step for step in range(STEPS) if best[step] and (step == 0 or best[step] != best[step - 1])]
    assert align(log_p, np.array([ALPHABET.index(c) + 1 for c in text])).tolist() == expected


def test_steps_needed():
    for text in ("a", "aa", "ab", "abba", "aab "):
        paths = itertools.product(range(4), repeat=steps_needed(text))
        assert any(collapsed(path) == text for path in paths)
        if len(text) > 1:
            paths = itertools.product(range(4), repeat=steps_needed(text) - 1)
            assert not any(collapsed(path) == text for path in paths)


def test_the_loss_is_that_of_all_alignments():
    torch.manual_seed(0)
    network = TranscriberNetwork("gru", 3, 3, hidden_size=4, subsampling=2).eval()
    frames = torch.randn(10, 2, 3)
    frames[8:, 1] = 0
    batch = SpeechBatch(frames, torch.tensor([10, 8]), torch.tensor([1, 2, 1, 2, 2]), torch.tensor([3, 2]))
    total, count = SpeechLoss(0.2)(network, batch)
    log_p, steps = network(frames, batch.lengths)
    assert (count, steps.tolist()) == (5, [5, 4])
    expected = 0.0
    for row, text in enumerate(("aba", "bb")):
        p = 0.0
        for path in itertools.product(range(4), repeat=int(steps[row])):
            if collapsed(path) == text:
                p += np.exp(log_p[np.arange(len(path)), row, path].detach().numpy().sum())
        expected -= np.log(p)
    assert total.item() == pytest.approx(expected, rel=1e-4)


def test_two_views_also_agree():
    torch.manual_seed(0)
    network = TranscriberNetwork("gru", 3, 3, hidden_size=4, subsampling=2)
    one, other = torch.randn(2, 10, 2, 3)
    one[8:, 1] = other[8:, 1] = 0
    lengths, characters, text_lengths = torch.tensor([10, 8]), torch.tensor([1, 2, 1, 2, 2]), torch.tensor([3, 2])

    def loss_of(frames, lengths=lengths, characters=characters, text_lengths=text_lengths, views=1, weight=0.3):
        return SpeechLoss(weight)(network, SpeechBatch(frames, lengths, characters, text_lengths, views))[0]

    both = torch.cat([one, other], dim=1), lengths.repeat(2), characters.repeat(2), text_lengths.repeat(2), 2
    p, q = (network(frames, lengths)[0].exp() for frames in (one, other))
    steps = [(0, 5), (1, 4)]  # of each recording
    pairs = [(p[step, row], q[step, row]) for row, count in steps for step in range(count)]
    apart = sum((a * (a / b).log()).sum() + (b * (b / a).log()).sum() for a, b in pairs)
    expected = loss_of(one) + loss_of(other) + 0.3 * apart
    torch.testing.assert_close(loss_of(*both), expected)
    torch.testing.assert_close(loss_of(*both, weight=0.0), loss_of(one) + loss_of(other))

    # Each view learns from the other, which is held fixed.
    (found,) = torch.autograd.grad(loss_of(*both), network.head.bias)
    fixed = sum((b.detach() / a).log() @ b.detach() + (a.detach() / b).log() @ a.detach() for a, b in pairs)
    (wanted,) = torch.autograd.grad(loss_of(one) + loss_of(other) + 0.3 * fixed, network.head.bias)
    torch.testing.assert_close(found, wanted)


def test_a_step_is_the_convolution_of_its_frames():
    torch.manual_seed(0)
    network = TranscriberNetwork("gru", 3, 2, hidden_size=4, subsampling=3).eval()
    frames = torch.randn(8, 1, 3)
    padded = np.concatenate([np.zeros((3, 3)), frames[:, 0].numpy(), np.zeros((8, 3))])
    weight, bias = network.front.weight.detach().numpy(), network.front.bias.detach().numpy()
    joined = [np.maximum(np.einsum("hmk,km->h", weight, padded[3 * j : 3 * j + 7]) + bias, 0) for j in range(3)]
    states, _ = network.encoder(torch.tensor(np.array(joined), dtype=torch.float32)[:, None])
    expected = network.head(states).log_softmax(-1)
    torch.testing.assert_close(network(frames, torch.tensor([8]))[0], expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("cell", ["gru", "lstm", "tanh"])
@pytest.mark.parametrize("both", [True, False])
def test_padding_has_no_influence(cell, both):
    torch.manual_seed(0)
    network = TranscriberNetwork(cell, 3, 2, hidden_size=4, num_layers=2, bidirectional=both, subsampling=3).eval()
    frames = torch.zeros(11, 2, 3)
    frames[:, 0] = torch.randn(11, 3)
    frames[:7, 1] = torch.randn(7, 3)
    log_p, steps = network(frames, torch.tensor([11, 7]))
    alone, _ = network(frames[:7, 1:], torch.tensor([7]))
    torch.testing.assert_close(log_p[: steps[1], 1], alone[:, 0])

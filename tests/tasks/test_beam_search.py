"""Beam search against all targets there can be, and against the greedy one."""

import copy
import itertools

import pytest
import torch

from gruvy.tasks.translation.network import TranslatorNetwork
from gruvy.tasks.translation.search import beam_search


@pytest.fixture(scope="module", params=[True, False], ids=["attention", "summary"])
def network(request):
    torch.manual_seed(3)
    net = TranslatorNetwork(8, 6, embedding_size=6, hidden_size=5, attention=request.param).eval()
    with torch.no_grad():
        for weight in net.parameters():  # so that targets differ much in their probability, and with the source
            weight *= 3
        net.bias[2] -= 1.5  # and are not all short
    return net


def encoded(net, *sentences):
    lengths = torch.tensor([len(one) for one in sentences])
    tokens = torch.nn.utils.rnn.pad_sequence([torch.tensor(one) for one in sentences])
    with torch.inference_mode():
        return net.encode(tokens, lengths)


def log_probability(net, sentence, target):
    source = encoded(net, sentence)
    with torch.inference_mode():
        logits, _, _ = net.decode(source, torch.tensor([[1, *target]]).T, net.start(source))
    chosen = logits[:, 0].log_softmax(-1).gather(1, torch.tensor([*target, 2])[:, None])
    return chosen.sum().item()


def search(net, sentences, most, **options):
    source = encoded(net, *sentences)
    return beam_search(net, source, most_steps=torch.full((len(sentences),), most), **options)


SENTENCES = [[3, 4, 5], [7], [6, 6, 3, 4, 7], [5, 3]]


@pytest.mark.parametrize("power", [0.0, 0.6, 1.0])
def test_a_beam_that_holds_all_finds_the_best_of_all(network, power):
    # Without the special ones there are 3 sub-words, so 40 targets of at most 4 steps, and 108 candidates at the last
    # one. The unknown one and the beginning have a probability, but are never written.
    most = torch.tensor([4, 3, 4, 2])
    found = beam_search(
        network, encoded(network, *SENTENCES), beam_size=120, length_normalization=power, most_steps=most
    )
    assert power < 1 or len({tuple(one) for one in found}) > 1
    for sentence, steps, best in zip(SENTENCES, most.tolist(), found, strict=True):
        targets = [list(one) for length in range(steps) for one in itertools.product([3, 4, 5], repeat=length)]
        scores = [log_probability(network, sentence, target) / (len(target) + 1) ** power for target in targets]
        assert max(scores) - sorted(scores)[-2] > 1e-4  # no tie
        assert best == targets[max(range(len(scores)), key=scores.__getitem__)]


def plain_search(net, sentence, beam_size, power, most):
    """The same search with lists, one sentence and one beginning at a time."""
    beginnings, hypotheses = [([], 0.0)], []
    source = encoded(net, sentence)
    for step in range(1, most + 1):
        candidates = []
        for target, score in beginnings:
            with torch.inference_mode():
                logits, _, _ = net.decode(source, torch.tensor([[1, *target]]).T, net.start(source))
            logarithms = logits[-1, 0].log_softmax(-1)
            candidates += [([*target, token], score + logarithms[token].item()) for token in range(2, len(logarithms))]
        candidates.sort(key=lambda one: -one[1])
        for target, score in candidates[:beam_size]:
            if target[-1] == 2:
                hypotheses.append((target[:-1], score / step**power))
        beginnings = [one for one in candidates if one[0][-1] != 2][:beam_size]
        if len(hypotheses) >= beam_size:
            break
    return max(hypotheses, key=lambda one: one[1])[0] if hypotheses else candidates[0][0]


@pytest.mark.parametrize("beam_size", [2, 3, 5])
def test_it_is_the_plain_search(network, beam_size):
    network = copy.deepcopy(network)
    with torch.no_grad():
        network.bias[2] += 3  # ends come early and late
    torch.manual_seed(0)
    sentences = [torch.randint(3, 8, (length,)).tolist() for length in [1, 2, 3, 5, 7] * 4]
    found = search(network, sentences, 8, beam_size=beam_size, length_normalization=0.8)
    assert found == [plain_search(network, sentence, beam_size, 0.8, 8) for sentence in sentences]


def test_length_normalisation_makes_longer_ones():
    torch.manual_seed(5)
    net = TranslatorNetwork(8, 5, embedding_size=6, hidden_size=5).eval()
    short, long = (search(net, SENTENCES, 9, beam_size=8, length_normalization=power) for power in (0.0, 1.0))
    assert sum(map(len, short)) < sum(map(len, long))


def test_a_beam_of_one_is_greedy(network):
    for sentence, found in zip(
        SENTENCES, search(network, SENTENCES, 6, beam_size=1, length_normalization=1.0), strict=True
    ):
        target = []
        source = encoded(network, sentence)
        for _ in range(6):
            with torch.inference_mode():
                logits, _, _ = network.decode(source, torch.tensor([[1, *target]]).T, network.start(source))
            best = 2 + int(logits[-1, 0, 2:].argmax())
            if best == 2:
                break
            target.append(best)
        assert found == target


def test_the_company_of_other_sentences_changes_nothing(network):
    options = {"beam_size": 3, "length_normalization": 1.0}
    most = [3, 9, 2, 6]  # so that they are done at different steps
    source = encoded(network, *SENTENCES)
    together = beam_search(network, source, most_steps=torch.tensor(most), **options)
    assert len({len(one) for one in together}) > 1
    assert together == [search(network, [one], steps, **options)[0] for one, steps in zip(SENTENCES, most, strict=True)]

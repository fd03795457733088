"""Beam search against all targets there can be, and against the greedy one."""

import itertools

import pytest
import torch

from gruvy.tasks.translation.network import TranslatorNetwork
from gruvy.tasks.translation.search import beam_search


@pytest.fixture(scope="module", params=[True, False], ids=["attention", "summary"])
def network(request):
    torch.manual_seed(3)
    net = TranslatorNetwork(8, 5, embedding_size=6, hidden_size=5, attention=request.param).eval()
    with torch.no_grad():
        net.target.weight *= 6  # so that targets differ in their probability
        net.bias[2] += 0.5
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
    # Without the special ones there are 2 sub-words, so that at most 8 beginnings of 3 and 15 whole targets of at
    # most 4 steps exist; the unknown one and the beginning have probability, but are never written.
    found = search(network, SENTENCES, 4, beam_size=16, length_normalization=power)
    everything = [list(target) for length in range(4) for target in itertools.product([3, 4], repeat=length)]
    for sentence, best in zip(SENTENCES, found, strict=True):
        scores = [log_probability(network, sentence, target) / (len(target) + 1) ** power for target in everything]
        assert best == everything[max(range(len(scores)), key=scores.__getitem__)]
        assert max(scores) - sorted(scores)[-2] > 1e-4  # no tie


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
    together = search(network, SENTENCES, 7, **options)
    assert together == [search(network, [one], 7, **options)[0] for one in SENTENCES]

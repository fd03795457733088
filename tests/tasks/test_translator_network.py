"""The encoder-decoder: its equations, and that all steps at once are the steps one by one."""

from itertools import chain

import numpy as np
import pytest
import torch
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel

from gruvy.tasks.translation import loss as losses
from gruvy.tasks.translation.batches import Pairs, pad_pairs
from gruvy.tasks.translation.loss import linear_cross_entropy
from gruvy.tasks.translation.network import TranslatorNetwork, translation_loss


def network(attention=True, **options):
    torch.manual_seed(0)
    return TranslatorNetwork(11, 9, embedding_size=6, hidden_size=5, attention=attention, **options)


def some_pairs(count=6, seed=0):
    random = np.random.default_rng(seed)
    return [
        (random.integers(3, 11, random.integers(1, 9)), random.integers(3, 9, random.integers(1, 7)))
        for _ in range(count)
    ]


@pytest.mark.parametrize("attention", [True, False])
def test_the_equations(attention):
    net = network(attention)
    source_tokens, target_tokens = torch.tensor([3, 7, 4, 8]), torch.tensor([1, 5, 6])
    source = net.encode(source_tokens[:, None], torch.tensor([4]))
    logits, _, weights = net.decode(source, target_tokens[:, None], net.start(source))

    h, last = net.encoder(net.source(source_tokens)[:, None])
    h = h[:, 0]
    torch.testing.assert_close(last[:, 0].flatten(), torch.cat([h[-1, :5], h[0, 5:]]))
    c = torch.tanh(net.summary(last[:, 0].flatten()))
    q, s = torch.tanh(net.initial(c)).chunk(2)
    for t, token in enumerate(target_tokens):
        embedded = net.target(token)
        q = net.asking(embedded[None, None], q[None, None])[0].flatten()
        context = c
        if attention:
            look = net.attention
            a = torch.softmax(torch.tanh(look.query(q) + h @ look.key.weight.T) @ look.score, dim=0)
            context = a @ h
            torch.testing.assert_close(weights[0, t], a)
        s = net.decoder(torch.cat([q, context])[None, None], s[None, None])[0].flatten()
        units = net.maxout(torch.cat([s, embedded, context]))
        expected = net.target.weight @ torch.maximum(units[0::2], units[1::2]) + net.bias
        torch.testing.assert_close(logits[t, 0], expected)
    assert attention or weights is None


@pytest.mark.parametrize("attention", [True, False])
def test_steps_at_once_are_steps_one_by_one_for_several_rows_of_a_sentence(attention):
    net = network(attention, num_layers=2)
    batch = pad_pairs(some_pairs(3))
    source = net.encode(batch.source, batch.source_lengths)
    tokens = torch.randint(3, 9, (4, 6))  # two rows of each of three sentences
    begin = tuple(part.repeat_interleave(2, dim=1) for part in net.start(source))
    logits, last, weights = net.decode(source, tokens, begin)
    state = begin
    for t in range(4):
        step, state, looked = net.decode(source, tokens[t : t + 1], state)
        torch.testing.assert_close(step[0], logits[t])
        if attention:
            torch.testing.assert_close(looked[:, 0], weights[:, t])
    torch.testing.assert_close(state, last)
    alone = net.encode(batch.source[: batch.source_lengths[1], 1:2], batch.source_lengths[1:2])
    torch.testing.assert_close(net.decode(alone, tokens[:, 2:4], [part[:, 2:4] for part in begin])[0], logits[:, 2:4])


@pytest.mark.parametrize("training", [True, False])
def test_the_loss_counts_each_known_sub_word_once(training):
    pairs = some_pairs()
    net = network().train(training)
    batch = pad_pairs(pairs)
    loss, count = translation_loss(net, batch)
    assert count == sum(len(target) + 1 for _, target in pairs)
    smoothing = 0.1 if training else 0.0
    expected = 0.0
    for source_tokens, target in pairs:
        source = net.encode(torch.from_numpy(source_tokens)[:, None], torch.tensor([len(source_tokens)]))
        logits = net.decode(source, torch.tensor([1, *target])[:, None], net.start(source))[0][:, 0]
        expected += F.cross_entropy(
            logits, torch.tensor([*target, 2]), reduction="sum", label_smoothing=smoothing
        ).item()
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    average = AveragedModel(net).train(training)
    assert translation_loss(average, batch)[0].item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_cross_entropy_in_parts_is_that_of_torch(monkeypatch, smoothing):
    monkeypatch.setattr(losses, "_LOGITS", 30)  # three rows at a time, and one at the end
    torch.manual_seed(0)
    x, weight, bias = (torch.randn(shape, dtype=torch.double, requires_grad=True) for shape in ((16, 4), (9, 4), (9,)))
    labels = torch.randint(9, (16,))
    found = linear_cross_entropy(x, weight, bias, labels, smoothing)
    expected = F.cross_entropy(F.linear(x, weight, bias), labels, reduction="sum", label_smoothing=smoothing)
    torch.testing.assert_close(found, expected)
    for one, other in zip(
        torch.autograd.grad(3 * found, (x, weight, bias)),
        torch.autograd.grad(3 * expected, (x, weight, bias)),
        strict=True,
    ):
        torch.testing.assert_close(one, other)
    with torch.no_grad():
        torch.testing.assert_close(linear_cross_entropy(x, weight, bias, labels, smoothing), expected)


def test_every_pass_has_all_pairs_once_in_an_order_of_its_own():
    pairs = [(np.array([number]), np.full(1 + number % 7, number)) for number in range(3, 60)]
    batches = Pairs(pairs, batch_size=8, seed=1)

    def orders(epoch):
        batches.epoch = epoch
        return [batch.source[0].tolist() for batch in batches]

    first, second = orders(0), orders(1)
    assert sorted(chain(*first)) == sorted(chain(*second)) == list(range(3, 60))
    assert first != second
    assert first == orders(0)
    assert len(first) == len(batches) == 8
    for batch in batches:  # of about equal length
        known = batch.known.sum(dim=0)
        assert known.max() - known.min() <= 2
        assert torch.equal(batch.after[:-1][batch.known[1:]], batch.before[1:][batch.known[1:]])

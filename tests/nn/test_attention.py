"""Additive attention: its equation, its gradients, and what it may not look at."""

import torch

from gruvy.nn.attention import AdditiveAttention


def inputs(T=5, J=7, N=3, Q=4, V=6, A=8):
    torch.manual_seed(0)
    attention = AdditiveAttention(Q, V, A).double()
    queries = torch.randn(T, N, Q, dtype=torch.double, requires_grad=True)
    values = torch.randn(J, N, V, dtype=torch.double, requires_grad=True)
    return attention, queries, values, torch.tensor([7, 1, 4])


def by_hand(attention, queries, values, lengths):
    """The equations of Bahdanau et al. 2015, one query at a time."""
    contexts, weights = torch.zeros(*queries.shape[:2], values.shape[-1]).double(), []
    for n, length in enumerate(lengths.tolist()):
        for t in range(len(queries)):
            h = values[:length, n]
            e = torch.tanh(attention.query(queries[t, n]) + h @ attention.key.weight.T) @ attention.score
            a = torch.softmax(e, dim=0)
            contexts = contexts.index_put((torch.tensor(t), torch.tensor(n)), a @ h)
            weights.append(torch.cat([a, a.new_zeros(len(values) - length)]))
    return contexts, torch.stack(weights).view(queries.shape[1], len(queries), -1)


def test_values_and_gradients_are_those_of_the_equations():
    attention, queries, values, lengths = inputs()
    found = attention(queries, attention.keys(values), values, lengths)
    expected = by_hand(attention, queries, values, lengths)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other)
    wanted = [queries, values, *attention.parameters()]
    upstream = torch.randn_like(found[0])
    for one, other in zip(
        torch.autograd.grad((found[0] * upstream).sum(), wanted),
        torch.autograd.grad((expected[0] * upstream).sum(), wanted),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


def test_it_does_not_look_beyond_the_end():
    attention, queries, values, lengths = inputs()
    context, weights = attention(queries, attention.keys(values), values, lengths)
    assert weights[1, :, 1:].abs().max() == 0
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 5).double())
    changed = values.detach().clone()
    changed[4:, 2] = 99
    torch.testing.assert_close(attention(queries, attention.keys(changed), changed, lengths)[0][:, 2], context[:, 2])

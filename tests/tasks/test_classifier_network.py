import itertools

import numpy as np
import pytest
import torch

from gruvy.data import SequenceBatch
from gruvy.nn.cells import CELLS
from gruvy.tasks.classification.network import cross_entropy
from gruvy.tasks.shared.network import SequenceNetwork


def network(cell="gru", tokens=None, **options):
    torch.manual_seed(0)
    return SequenceNetwork(cell, tokens, 3, 4, hidden_size=6, **options).eval()


def test_attention_and_logits_are_those_of_the_equations():
    made = network()
    x = torch.randn(5, 2, 3)
    logits, attention = made(x, torch.tensor([5, 3]))
    for row, length in enumerate((5, 3)):
        states = made.encoder(x[:length, row])[0].detach().numpy()
        first, last = made.query[0], made.query[2]
        hidden = np.tanh(states @ first.weight.detach().numpy().T + first.bias.detach().numpy())
        scores = hidden @ last.weight.detach().numpy()[0]
        a = np.exp(scores) / np.exp(scores).sum()
        expected = made.head.weight.detach().numpy() @ (a @ states) + made.head.bias.detach().numpy()
        np.testing.assert_allclose(attention[:length, row].detach(), a, rtol=1e-5)
        np.testing.assert_allclose(logits[row].detach(), expected, rtol=1e-4, atol=1e-6)
    assert attention[3:, 1].tolist() == [0, 0]


@pytest.mark.parametrize(("cell", "both", "layers"), list(itertools.product(CELLS, (True, False), (1, 2))))
def test_padding_and_neighbours_have_no_influence(cell, both, layers):
    made = network(cell, bidirectional=both, num_layers=layers)
    x = torch.randn(9, 3, 3)
    lengths = torch.tensor([4, 9, 1])
    together, _ = made(x, lengths)
    x[4:, 0] = x[1:, 2] = 99  # what lies past the end
    torch.testing.assert_close(made(x, lengths)[0], together)
    for row, length in enumerate(lengths):
        alone, _ = made(x[:length, row : row + 1], lengths[row : row + 1])
        torch.testing.assert_close(alone[0], together[row])


def test_tokens_are_hidden_in_training_only():
    made = network(tokens=50)
    seen = []
    made.embedding.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    tokens = torch.full((100, 50), 7)
    made(tokens, torch.full((50,), 100))
    made.train()(tokens, torch.full((50,), 100))
    assert (seen[0] == 7).all()
    assert set(seen[1].unique().tolist()) == {0, 7}
    assert 0.08 < (seen[1] == 0).float().mean() < 0.12


class Given(torch.nn.Module):
    """An ensemble with these logits (M, N, K)."""

    def __init__(self, logits):
        super().__init__()
        self.logits = logits

    def forward(self, inputs, lengths):
        return self.logits, None


def test_the_loss_counts_sequences_by_their_weights():
    logits = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0]])
    weights = torch.tensor([[1.0, 0.0], [0.0, 10.0], [0.0, 10.0]])
    total, count = cross_entropy(Given(logits[None]), SequenceBatch(logits, torch.ones(3), weights))
    each = -logits.log_softmax(1)[torch.arange(3), [0, 1, 1]]
    assert count == 21
    assert total.item() == pytest.approx((each[0] + 10 * each[1] + 10 * each[2]).item(), rel=1e-6)


def test_members_learn_alone_and_decide_together():
    logits = torch.tensor([[[4.0, 0.0]], [[-2.0, 0.0]]])
    batch = SequenceBatch(logits, torch.ones(1), torch.tensor([[1.0, 0.0]]))
    alone = (np.log1p(np.exp(-4)) + np.log1p(np.exp(2))) / 2
    assert cross_entropy(Given(logits).train(), batch)[0].item() == pytest.approx(alone, rel=1e-6)
    assert cross_entropy(Given(logits).eval(), batch)[0].item() == pytest.approx(np.log1p(np.exp(-1)), rel=1e-6)

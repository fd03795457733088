import itertools

import numpy as np
import pytest
import torch

from gruvy.nn.cells import CELLS
from gruvy.tasks.tagging.batches import Encoded, TagBatch, TaggedSequences, collate
from gruvy.tasks.tagging.network import StepCrossEntropy, TaggerNetwork, WindowNetwork


@pytest.mark.parametrize(("cell", "both", "layers"), list(itertools.product(CELLS, (True, False), (1, 2))))
def test_padding_and_neighbours_have_no_influence(cell, both, layers):
    torch.manual_seed(0)
    made = TaggerNetwork(cell, 3, 4, hidden_size=6, bidirectional=both, num_layers=layers).eval()
    x, lengths = torch.randn(9, 3, 3), torch.tensor([4, 9, 1])
    together = made(x, lengths)
    x[4:, 0] = x[1:, 2] = 99  # what lies past the end
    for row, length in enumerate(lengths):
        torch.testing.assert_close(made(x, lengths)[:length, row], together[:length, row])
        alone = made(x[:length, row : row + 1], lengths[row : row + 1])
        torch.testing.assert_close(alone[:, 0], together[:length, row])


def test_logits_are_those_of_the_equation():
    torch.manual_seed(0)
    made = TaggerNetwork("gru", 3, 4, hidden_size=6).eval()
    x = torch.randn(5, 1, 3)
    states = made.encoder(x)[0][:, 0].detach().numpy()
    expected = states @ made.head.weight.detach().numpy().T + made.head.bias.detach().numpy()
    np.testing.assert_allclose(made(x, torch.tensor([5]))[:, 0].detach(), expected, rtol=1e-5, atol=1e-6)


def test_a_window_sees_so_far_and_no_farther():
    torch.manual_seed(0)
    made = WindowNetwork(2, 3, 5)
    torch.nn.init.normal_(made.linear.weight)
    x = torch.randn(20, 1, 2)
    before = made(x, torch.tensor([20]))
    x[10] += 1
    changed = (made(x, torch.tensor([20])) - before).abs().amax(dim=(1, 2)) > 1e-6
    assert changed.nonzero().ravel().tolist() == [8, 9, 10, 11, 12]


def test_a_batch_has_the_characters_first_and_then_the_values():
    one = Encoded(np.array([2, 0], np.uint16), np.array([[5.0], [6.0]], np.float32))
    other = Encoded(np.array([1], np.uint16), np.array([[7.0]], np.float32))
    batch = collate([one, other], 3, [np.array([1, 4]), np.array([2])])
    assert batch.inputs[:, 0].tolist() == [[0, 0, 1, 5], [1, 0, 0, 6]]
    assert batch.inputs[:, 1].tolist() == [[0, 1, 0, 7], [0, 0, 0, 0]]
    assert batch.labels.T.tolist() == [[1, 4], [2, 0]]
    assert batch.steps.T.tolist() == [[True, True], [True, False]]


def test_a_pass_has_every_sequence_once_with_its_own_labels():
    lengths = np.random.default_rng(0).integers(1, 30, 50)
    sequences = [Encoded(None, np.full((n, 1), number, np.float32)) for number, n in enumerate(lengths)]
    labels = [np.full(n, number) for number, n in enumerate(lengths)]
    batches = TaggedSequences(sequences, labels, 0, batch_size=8, seed=3)
    first = list(batches)
    for batch in first:
        assert (batch.inputs[batch.steps][:, 0] == batch.labels[batch.steps]).all()
    assert sorted(number for batch in first for number in batch.labels[0].tolist()) == list(range(50))
    assert [b.labels[0].tolist() for b in batches] == [b.labels[0].tolist() for b in first]
    batches.epoch = 1
    assert [b.labels[0].tolist() for b in batches] != [b.labels[0].tolist() for b in first]


def test_the_loss_counts_steps_by_their_classes_weights_and_none_past_the_end():
    logits = torch.tensor([[[2.0, 0.0], [0.0, 1.0]], [[3.0, 0.0], [50.0, -50.0]]])
    batch = TagBatch(logits, torch.tensor([2, 1]), torch.tensor([[0, 1], [1, 1]]))
    total, count = StepCrossEntropy(torch.tensor([1.0, 10.0]))(lambda inputs, _: inputs, batch)
    logs = logits.log_softmax(2)
    assert count == 21
    assert total.item() == pytest.approx(-(logs[0, 0, 0] + 10 * logs[0, 1, 1] + 10 * logs[1, 0, 1]).item(), rel=1e-6)

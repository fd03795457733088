import numpy as np
import torch

from gruvy.data import Sequences, pad


def numbered(lengths):
    """Sequences that say which they are, at every step."""
    return [np.full(length, number, np.int64) for number, length in enumerate(lengths)]


def contents(sequences):
    return [(batch.inputs[0].tolist(), batch.lengths.tolist(), batch.labels.tolist()) for batch in sequences]


def test_padding_is_zero_past_each_end():
    batch = pad([np.ones((2, 3), np.float32), np.full((4, 3), 5, np.float32)])
    assert batch.inputs.shape == (4, 2, 3)
    assert batch.inputs[:, 0].sum() == 6
    assert torch.equal(batch.inputs[2:, 0], torch.zeros(2, 3))
    assert torch.equal(batch.inputs[:, 1], torch.full((4, 3), 5.0))
    assert batch.lengths.tolist() == [2, 4]


def test_in_order_without_a_seed():
    sequences = Sequences(numbered([3, 1, 2]), np.array([7, 8, 9]), batch_size=2)
    assert contents(sequences) == [([0, 1], [3, 1], [7, 8]), ([2], [2], [9])]
    assert len(sequences) == 2


def test_a_shuffled_pass_has_every_sequence_once_with_its_own_label_and_length():
    lengths = np.random.default_rng(0).integers(1, 30, 500)
    sequences = Sequences(numbered(lengths), np.arange(500) * 2, batch_size=16, seed=3)
    rows = [row for batch in contents(sequences) for row in zip(*batch, strict=True)]
    assert sorted(rows) == [(number, lengths[number], number * 2) for number in range(500)]


def test_the_order_follows_from_seed_and_epoch():
    made = [Sequences(numbered([1] * 99), np.zeros(99, np.int64), batch_size=10, seed=seed) for seed in (1, 1, 2)]
    assert contents(made[0]) == contents(made[1]) != contents(made[2])
    first = contents(made[0])
    made[0].epoch = 1
    assert contents(made[0]) != first


def test_sequences_of_about_equal_length_are_together():
    lengths = np.random.default_rng(0).integers(1, 100, 1000)

    def padding(seed):
        made = Sequences(numbered(lengths), np.zeros(1000, np.int64), batch_size=10, seed=seed)
        return sum(batch.inputs.numel() for batch in made) / lengths.sum() - 1

    assert padding(0) < 0.1 < 0.5 < padding(None)

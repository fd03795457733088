"""Streams of a text: what is read, what follows, and that nothing is lost or out of order."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gruvy.data import Streams, read_text
from gruvy.errors import DataError


def whole(streams: Streams) -> tuple[torch.Tensor, torch.Tensor]:
    batches = list(streams)
    assert len(batches) == len(streams)
    assert [batch.first for batch in batches] == [True] + [False] * (len(batches) - 1)
    return torch.cat([batch.inputs for batch in batches]).T, torch.cat([batch.targets for batch in batches]).T


@pytest.mark.parametrize(("length", "count", "context"), [(103, 4, 10), (100, 4, 25), (30, 8, 10), (5, 3, 9)])
def test_each_stream_is_a_piece_of_the_text_and_its_inputs_come_one_before(length, count, context):
    streams = Streams(torch.arange(length), 99, streams=count, context=context)
    inputs, targets = whole(streams)
    count = max(1, min(count, length // context))
    assert targets.flatten().tolist() == list(range(count * (length // count)))
    assert inputs.flatten().tolist() == [99, *targets.flatten().tolist()[:-1]]


def test_a_seed_turns_each_pass_and_repeats_it():
    def passes(seed):
        streams = Streams(torch.arange(1000), 0, streams=4, context=50, seed=seed)
        for streams.epoch in range(3):
            yield whole(streams)

    first, again = list(passes(0)), list(passes(0))
    for (inputs, targets), (inputs_again, targets_again) in zip(first, again, strict=True):
        assert torch.equal(inputs, inputs_again)
        assert torch.equal(targets, targets_again)
        assert sorted(targets.flatten().tolist()) == list(range(1000))
        after = (inputs + 1) % 1000
        assert (after != targets).sum() <= 1  # the text's own beginning, where the start is read
    starts = [int(targets[0, 0]) for _, targets in first]
    assert len(set(starts)) == 3
    assert starts != [int(targets[0, 0]) for _, targets in passes(1)]


def test_texts_are_read_as_they_are(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffnaïve\r\nline".encode())
    assert read_text(path) == "naïve\nline"


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "no such file"), (b"", "the file is empty"), ("naïve".encode("latin-1"), r"UTF-8 \(byte 0xef at 2\)")],
)
def test_files_that_are_no_text(tmp_path, content, words):
    path = tmp_path / "a.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=words) as caught:
        read_text(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match="got a folder"):
        read_text(tmp_path)


def test_streams_of_random_sizes_lose_fewer_steps_than_there_are_streams():
    rng = np.random.default_rng(0)
    for _ in range(50):
        length, count, context = (int(rng.integers(low, high)) for low, high in ((2, 500), (1, 20), (1, 60)))
        streams = Streams(torch.arange(length), 0, streams=count, context=context)
        assert 0 <= length - whole(streams)[1].numel() < streams.streams

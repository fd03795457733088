from __future__ import annotations

import pytest
import torch

from gruvy import nn
from gruvy.errors import ArgumentError


@pytest.mark.parametrize("batch_first", [True, False])
def test_each_precision_is_held_against_float32(batch_first):
    torch.manual_seed(0)
    gru = nn.GRU(5, 16, batch_first=batch_first, recurrent_dropout=0.5)
    x, h_0 = torch.randn(4, 30, 5), torch.randn(1, 4 if batch_first else 30, 16)
    rows = {row.dtype: row for row in nn.compare_precision(gru, x, h_0)}
    assert list(rows) == ["float32", "bf16", "int8"]
    assert gru.training
    assert rows["float32"].largest == rows["float32"].mean == 0
    assert 0 < rows["bf16"].mean < rows["int8"].mean < rows["int8"].largest < 0.1
    gru.eval()
    with torch.no_grad():
        difference = (gru.quantize()(x, h_0)[0] - gru(x, h_0)[0]).abs()
    assert rows["int8"].largest == float(difference.max())
    assert rows["int8"].nbytes == gru.quantize().nbytes < rows["bf16"].nbytes < rows["float32"].nbytes
    assert all(row.microseconds > 0 for row in rows.values())


def test_an_empty_input_is_refused():
    with pytest.raises(ArgumentError, match=r"\(0, 2, 3\); expected at least one step"):
        nn.compare_precision(nn.GRU(3, 4), torch.randn(0, 2, 3))

"""Additive attention (Bahdanau et al. 2015) of all queries of a batch at once."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class AdditiveAttention(nn.Module):
    """Additive attention: for each query, the mean of the values where a small network finds their keys fit it.

    For the query q_t and the values h_j of one row (Bahdanau et al. 2015, equations 5 and 6)::

        e_tj = v . tanh(W q_t + U h_j)
        a_t = softmax over j of e_tj
        c_t = sum over j of a_tj h_j

    Args:
        query_size: Q.
        value_size: V.
        hidden_size: A, units of the small network.

    Example:
        >>> attention = AdditiveAttention(3, 4, 5)
        >>> values = torch.zeros(6, 2, 4)
        >>> context, weights = attention(torch.zeros(7, 2, 3), attention.keys(values), values, torch.tensor([6, 5]))
        >>> context.shape, weights.shape
        (torch.Size([7, 2, 4]), torch.Size([2, 7, 6]))
    """

    def __init__(self, query_size: int, value_size: int, hidden_size: int):
        super().__init__()
        self.query = nn.Linear(query_size, hidden_size)
        self.key = nn.Linear(value_size, hidden_size, bias=False)
        self.score = nn.Parameter(torch.empty(hidden_size).uniform_(-(hidden_size**-0.5), hidden_size**-0.5))

    def keys(self, values: Tensor) -> Tensor:
        """Return U h of the values (J, N, V), (J, N, A): the same for all queries."""
        keys: Tensor = self.key(values)
        return keys

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the queries find.

        Args:
            queries: (T, N, Q).
            keys: (J, N, A), of `keys`.
            values: (J, N, V).
            lengths: (N,) values of each row, 1 to J; those beyond are not looked at.

        Returns:
            contexts (T, N, V), and weights (N, T, J), which sum to 1 over J.
        """
        scores = _Scores.apply(self.query(queries), keys, self.score)  # type: ignore[no-untyped-call]
        beyond = torch.arange(len(values), device=lengths.device) >= lengths[:, None]
        weights = scores.masked_fill(beyond[:, None], -torch.inf).softmax(dim=-1)
        return torch.bmm(weights, values.transpose(0, 1)).transpose(0, 1), weights


class _Scores(torch.autograd.Function):
    """v . tanh(q_t + k_j) for every row, query and key: (N, T, J) of q (T, N, A), k (J, N, A) and v (A,).

    The T x J x A values of tanh are made one row at a time and again in the backward pass: they then fit the
    processor's cache, and memory grows with T x J instead.
    """

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        ctx.save_for_backward(q, k, v)
        return torch.stack([_tanh(q, k, row) @ v for row in range(q.shape[1])])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        (upstream,) = gradients
        q, k, v = ctx.saved_tensors
        dq, dk, dv = torch.empty_like(q), torch.empty_like(k), torch.zeros_like(v)
        for row, ds in enumerate(upstream):
            tanh = _tanh(q, k, row)
            dv += ds.reshape(-1) @ tanh.view(-1, len(v))
            slope = tanh.square_().neg_().add_(1).mul_(ds[..., None])
            dq[:, row] = slope.sum(dim=1) * v
            dk[:, row] = slope.sum(dim=0) * v
        return dq, dk, dv


def _tanh(q: Tensor, k: Tensor, row: int) -> Tensor:
    """(T, J, A) of one row."""
    return torch.add(q[:, row, None], k[None, :, row]).tanh_()

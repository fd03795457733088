"""The cross-entropy of a large vocabulary, a few rows at a time."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

# Logits that are in memory at a time: 4 MB, which a processor's cache holds.
_LOGITS = 1 << 20


def linear_cross_entropy(x: Tensor, weight: Tensor, bias: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
    """Return the sum of the cross-entropy of ``softmax(x weight^T + bias)``, in nats.

    With the labels smoothed, a fraction of each is spread evenly over all classes (Szegedy et al. 2016). Some rows of
    logits at a time become their gradient at once, so that the (M, V) logits are never in memory together.

    Args:
        x: (M, E).
        weight: (V, E).
        bias: (V,).
        labels: (M,) int64, from 0 to V - 1.
        smoothing: the share, from 0 to below 1.

    Example:
        >>> loss = linear_cross_entropy(torch.ones(2, 3), torch.zeros(4, 3), torch.zeros(4), torch.tensor([0, 3]))
        >>> round(loss.item() / 2, 4)  # the logarithm of 4
        1.3863
    """
    if not torch.is_grad_enabled():
        chunk = max(1, _LOGITS // len(weight))
        parts = zip(torch.split(x, chunk), torch.split(labels, chunk), strict=True)
        losses = [
            F.cross_entropy(F.linear(part, weight, bias), own, reduction="sum", label_smoothing=smoothing)
            for part, own in parts
        ]
        return torch.stack(losses).sum()
    loss: Tensor = _LinearCrossEntropy.apply(x, weight, bias, labels, smoothing)  # type: ignore[no-untyped-call]
    return loss


class _LinearCrossEntropy(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, labels: Tensor, smoothing: float) -> Tensor:
        dx, dweight, dbias = torch.empty_like(x), torch.zeros_like(weight), torch.zeros_like(bias)
        loss = x.new_zeros(())
        chunk = max(1, _LOGITS // len(weight))
        for first in range(0, len(x), chunk):
            rows = slice(first, first + chunk)
            own = labels[rows, None]
            logits = torch.addmm(bias, x[rows], weight.T)
            total = logits.logsumexp(dim=1, keepdim=True)
            loss += (total - (1 - smoothing) * logits.gather(1, own)).sum() - smoothing * logits.mean(dim=1).sum()
            # softmax minus the smoothed label, in place of the logits.
            gradient = logits.sub_(total).exp_().sub_(smoothing / len(weight))
            gradient.scatter_add_(1, own, gradient.new_full((1, 1), smoothing - 1).expand_as(own))
            torch.mm(gradient, weight, out=dx[rows])
            dweight.addmm_(gradient.T, x[rows])
            dbias += gradient.sum(dim=0)
        ctx.save_for_backward(dx, dweight, dbias)
        return loss

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None, None]:
        (upstream,) = gradients
        dx, dweight, dbias = ctx.saved_tensors
        return upstream * dx, upstream * dweight, upstream * dbias, None, None

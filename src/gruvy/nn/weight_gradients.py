"""The matrix products that make gradients of the weights and of the input from those of the gates."""

from __future__ import annotations

import torch
from torch import Tensor

from gruvy.equations import EPSILON
from gruvy.nn.composed import DirectionWeights


class WeightGradients:
    """Gradients of one direction's weights, summed up piece by piece in time.

    The gates' gradients, dgates, are those of ``native/gru.hpp``: (T, N, 4, H) in the order n, r, z, hidden part of n
    with ``reset_after``, so that the first three belong to W and the last three to U; else (T, N, 3, H) as r, z, n.

    Args:
        w: the direction's weights.
        needs: which gradients are wanted.
        reset_after: the form.
    """

    def __init__(self, w: DirectionWeights, needs: DirectionWeights, reset_after: bool):
        self._w, self._needs, self._reset_after = w, needs, reset_after
        H = self._H = w.hh.shape[1]
        self._biased = w.bias_ih is not None and bool(needs.bias_ih or needs.bias_hh)
        # W's rows are kept in the order of dgates until the end.
        self._ih = w.ih.new_zeros(w.ih.shape) if needs.ih else None
        self._hh = w.hh.new_zeros(w.hh.shape) if needs.hh else None
        self._sums = w.hh.new_zeros((4 if reset_after else 3) * H) if self._biased else None
        self._gain_ih = None if w.gain_ih is None else w.hh.new_zeros(3 * H)
        self._gain_hh = None if w.gain_hh is None else w.hh.new_zeros(3 * H)
        self._fresh = None if w.fresh is None else w.hh.new_zeros(H)
        self._ordered = self._in_order(w.ih)

    def add(
        self,
        dgates: Tensor,
        dsums: Tensor | None,
        dfresh: Tensor | None,
        x: Tensor,
        before: list[tuple[slice, Tensor]],
        gates: Tensor,
        norms: Tensor,
    ) -> None:
        """Add a piece's part.

        Args:
            dgates, dsums, dfresh: as the engine's backward call left them; dsums and dfresh may be None.
            x: the piece's input (T, N, I).
            before: slices of the piece's steps, and what U multiplied there (steps, N, H).
            gates, norms: as the engine's forward call saved them, (T, N, 4, H) and (T, N, 3H + 2).
        """
        T, N, count, H = dgates.shape
        flat = dgates.view(T * N, count * H)
        if self._sums is not None:
            self._sums += flat.sum(0)
        if dfresh is not None:
            self.add_fresh(dfresh)
        by_state = flat[:, (count - 3) * H :]
        if self._gain_hh is not None:
            self._gain_hh += (by_state * norms.view(T * N, 3 * H + 2)[:, : 3 * H]).sum(0)
        self._dinputs = self._through_norm(flat[:, : 3 * H], x)
        if self._ih is not None:
            self._ih.addmm_(self._dinputs.T, x.reshape(T * N, x.shape[2]))
        if self._hh is None:
            return
        sums = by_state if dsums is None else dsums.view(T * N, 3 * H)
        sums = sums.view(T, N, 3 * H)
        for steps, state in before:
            now = sums[steps].flatten(0, 1) if self._reset_after else sums[steps, :, : 2 * H].flatten(0, 1)
            self._hh[: now.shape[1]].addmm_(now.T, state.reshape(len(now), H))
        if not self._reset_after:  # U_n multiplied r * k, which was saved
            self._hh[2 * H :].addmm_(sums[:, :, 2 * H :].flatten(0, 1).T, gates.view(T * N, 4 * H)[:, 3 * H :])

    def add_fresh(self, dfresh: Tensor) -> None:
        """Add gradients (rows, H) of the state that new segments begin with."""
        if self._fresh is not None:
            self._fresh += dfresh.sum(0)

    def input_gradient(self, dx: Tensor, add: bool) -> None:
        """Write the gradient of the input of the piece that was added last, or add it, to dx (T, N, I)."""
        flat = dx.view(len(self._dinputs), dx.shape[2])
        if add:
            flat.addmm_(self._dinputs, self._ordered)
        else:
            torch.mm(self._dinputs, self._ordered, out=flat)

    def result(self) -> list[Tensor | None]:
        """Return the gradients in the order of DirectionWeights, None where not needed."""
        H = self._H
        bias_ih = bias_hh = None
        if self._sums is not None:
            bias_ih, bias_hh = self._back(self._sums[: 3 * H]), self._sums[-3 * H :].clone()
        found = (
            None if self._ih is None else self._back(self._ih),
            *(self._hh, bias_ih, bias_hh, self._gain_ih, self._gain_hh, self._fresh),
        )
        return [gradient if need else None for gradient, need in zip(found, self._needs, strict=True)]

    def _through_norm(self, dinputs: Tensor, x: Tensor) -> Tensor:
        """From the gradient of what W x adds to the gates, (T * N, 3H) in the order of dgates, to that of W x."""
        w, H = self._w, self._H
        if w.gain_ih is None or self._gain_ih is None:
            return dinputs
        products = torch.mm(x.reshape(len(dinputs), x.shape[2]), self._ordered.T)
        gain = self._in_order(w.gain_ih)
        rz, n = (slice(H, 3 * H), slice(0, H)) if self._reset_after else (slice(0, 2 * H), slice(2 * H, 3 * H))
        found = torch.empty_like(products)
        dgain = torch.empty_like(gain)
        for group in (rz, n):
            size, part = [group.stop - group.start], products[:, group].contiguous()
            _, mean, scale = torch.native_layer_norm(part, size, None, None, EPSILON)
            found[:, group], dgain[group], _ = torch.ops.aten.native_layer_norm_backward(
                dinputs[:, group].contiguous(), part, size, mean, scale, gain[group], None, [True, True, False]
            )
        self._gain_ih += self._back(dgain)
        return found

    def _in_order(self, rows: Tensor) -> Tensor:
        """From rows r, z, n to the order of dgates."""
        return torch.cat((rows[2 * self._H :], rows[: 2 * self._H])) if self._reset_after else rows

    def _back(self, rows: Tensor) -> Tensor:
        """From the order of dgates to rows r, z, n."""
        return torch.cat((rows[self._H :], rows[: self._H])) if self._reset_after else rows.clone()

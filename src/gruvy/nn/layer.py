"""What a layer takes, whichever path runs it: the engine (`native`), PyTorch's operations (`composed`), or an operator.

A layer takes x (T, N, I), h_0 (D, N, H) or None, the weights of each direction, the step controls and the kind of
cell, where D is 1 or 2 directions. It returns the states (T, N, D * H), zero past the end of a row, and the last states
(D, N, H). The equations are those of `gruvy.equations`.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor


class DirectionWeights(NamedTuple):
    """Weights of one direction, with the fields of `gruvy.spec.LayerWeights`; rows in the order r, z, n.

    Attributes:
        weight_ih, weight_hh: (3H, I) and (3H, H).
        bias_ih, bias_hh: (3H,), or None for zero.
        gain_ih, gain_hh: layer norm's gains (3H,), both or neither.
        initial_state: the state that new segments begin with (H,), or None for zero.
    """

    weight_ih: Tensor
    weight_hh: Tensor
    bias_ih: Tensor | None = None
    bias_hh: Tensor | None = None
    gain_ih: Tensor | None = None
    gain_hh: Tensor | None = None
    initial_state: Tensor | None = None


class StepControls(NamedTuple):
    """What changes from row to row or from step to step; None for what does not.

    Attributes:
        lengths: steps of each row (N,), int64.
        resets: (T, N), bool: where a new segment begins. The step there knows nothing of the one before it; in the
            reverse direction the one before knows nothing of it.
        mask: (T, N), bool: False where a row keeps its state instead of taking the step.
        dropout: (D, T, N, H), or (D, 1, N, H) for all steps alike: factor of the state where it enters the products.
        zoneout: (D, T, N, H), bool: where a unit keeps its old state.
    """

    lengths: Tensor | None = None
    resets: Tensor | None = None
    mask: Tensor | None = None
    dropout: Tensor | None = None
    zoneout: Tensor | None = None

    def between(self, begin: int, end: int) -> StepControls:
        """Return the controls of the steps [begin, end)."""
        lengths, resets, mask, dropout, zoneout = self
        every = dropout is None or dropout.shape[1] == 1
        return StepControls(
            None if lengths is None else (lengths - begin).clamp(0, end - begin),
            None if resets is None else resets[begin:end],
            None if mask is None else mask[begin:end],
            dropout if every else dropout[:, begin:end],  # type: ignore[index]
            None if zoneout is None else zoneout[:, begin:end],
        )


class Cell(NamedTuple):
    """The kind of cell, and how it is differentiated.

    Attributes:
        reset_after: whether the reset gate is applied after the recurrent product.
        zoneout: the fraction of the old state that every unit keeps, where there is no mask for it.
        checkpoint_every: number of steps whose gates the backward pass computes again at a time; 0 keeps all gates.
    """

    reset_after: bool = True
    zoneout: float = 0.0
    checkpoint_every: int = 0

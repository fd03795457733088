"""The network of the Forecaster, and its loss."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from gruvy.data import Batch, Windows
from gruvy.nn.cells import recurrent
from gruvy.tasks.shared.quantiles import Margins, ordered, pinball
from gruvy.timeseries import LEAST_DISPERSION, LEAST_MEAN

_STEP_UNITS = 8
_KNOWN_UNITS = 32
# Within which the dispersion of counts starts; a smaller one would hardly be moved by its gradient.
_LEAST_START, _LARGEST_START = 0.01, 10.0

LIKELIHOODS = ("quantile", "count")


class ForecastNetwork(nn.Module):
    """A recurrent encoder and a direct head: all steps ahead at once, as changes from the last value.

    With the final state h of the encoder, the last observed value a, and the covariates k_p known of step p::

        m_p = a + (W h + b)_p + g((V h)_p, k_p)                the median
        q   = m_p -/+ (softplus gaps, summed outwards, + margin)    the other quantiles

    The margins are 0 until `gruvy.tasks.forecasting.conformal.calibrate` sets them; where a negative one would make a
    quantile cross its inner neighbour, the two are equal.

    The encoder reads each measured value as its difference from the last one of the window, beside that last one, so
    that shapes look alike at every level, in winter and in summer. g is a small network shared by all steps; it and V
    are there only if there are known covariates.

    With ``likelihood="count"`` the two outputs of each step and target, without a, are what
    `gruvy.timeseries.count_quantiles` reads: mean and dispersion of a negative binomial distribution.

    Args:
        cell: "gru", "lstm" or "tanh".
        inputs: C, features of the context.
        values: how many of them, from the first on, are measured values, the targets before all others.
        targets: D.
        known: K, features known of each step ahead.
        horizon: P, steps ahead.
        quantiles: Q increasing levels that include 0.5.
        hidden_size: H.
        num_layers: recurrent layers.
        dropout: fraction of the input channels (each dropped over a whole window), of the units between
            recurrent layers and of the final state that is dropped in training.
        likelihood: "quantile" or "count".

    Example:
        >>> network = ForecastNetwork("gru", 3, 3, 1, 0, 24, (0.1, 0.5, 0.9), hidden_size=8)
        >>> network(torch.zeros(9, 2, 3), torch.zeros(24, 2, 0), torch.zeros(2, 1)).shape
        torch.Size([24, 2, 1, 3])
    """

    def __init__(
        self,
        cell: str,
        inputs: int,
        values: int,
        targets: int,
        known: int,
        horizon: int,
        quantiles: Sequence[float],
        *,
        hidden_size: int,
        num_layers: int = 1,
        dropout: float = 0.0,
        likelihood: str = "quantile",
    ):
        super().__init__()
        self.counts = likelihood == "count"
        outputs = 2 if self.counts else len(quantiles)
        self.shape = (horizon, targets, outputs)
        self.middle = list(quantiles).index(0.5)
        self.values = values
        self.encoder = recurrent(cell, inputs + values, hidden_size, num_layers, dropout)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden_size, horizon * targets * outputs)
        # Training starts from persistence: the change is 0 and only the gaps are not.
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.known: nn.Sequential | None = None
        self.steps: nn.Linear
        if known:
            last = nn.Linear(_KNOWN_UNITS, targets * outputs)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
            self.steps = nn.Linear(hidden_size, horizon * _STEP_UNITS)
            self.known = nn.Sequential(nn.Linear(_STEP_UNITS + known, _KNOWN_UNITS), nn.ReLU(), last)
        self.margins = Margins(horizon * targets * outputs)

    def start_counts(self, windows: Windows) -> None:
        """Begin from the mean and the dispersion of the training part, whatever the window: the moments of its counts.

        With few rows there are few steps of training, too few to come down from a start that is the same for all data.

        Args:
            windows: of the training part.
        """
        parts = [(batch.counts, batch.level) for batch in windows]
        count = torch.cat([counts for counts, _ in parts if counts is not None], dim=1)
        level = torch.cat([levels for _, levels in parts if levels is not None])
        seen = ~count.isnan()
        count = count.nan_to_num(0.0)
        # Half a count more than there were: the mean of a series of zeros is small and not 0.
        rate = (count.sum((0, 1)) + 0.5) / ((level * seen).sum((0, 1)) + 0.5)
        mean = level * rate
        beyond = (((count - mean) ** 2 - mean) * seen).sum((0, 1)) / ((mean**2 / level.sqrt()) * seen).sum((0, 1))
        start = torch.stack([rate, beyond.clamp(_LEAST_START, _LARGEST_START)], dim=-1)
        with torch.no_grad():  # softplus of the bias is the start
            self.head.bias.copy_(start.expm1().log().expand(self.shape).flatten())

    def forward(self, context: Tensor, ahead: Tensor, anchor: Tensor) -> Tensor:
        """Forecast the quantiles.

        Args:
            context: (T, N, C) what was known at each step up to now.
            ahead: (P, N, K) what is known of the steps ahead.
            anchor: (N, D) the last observed value of each target.

        Returns:
            (P, N, D, Q), the quantiles in increasing order; of counts (P, N, D, 2).
        """
        horizon, targets, levels = self.shape
        output, _ = self.encoder(self.encoder_input(context))
        state = self.dropout(output[-1])
        change: Tensor = self.head(state).view(-1, horizon, targets, levels).transpose(0, 1)
        if self.known is not None:
            steps = self.steps(state).view(-1, horizon, _STEP_UNITS).transpose(0, 1)
            change = change + self.known(torch.cat([steps, ahead], dim=2)).view(horizon, -1, targets, levels)
        if self.counts:
            return change
        margins = self.margins.bias.view(horizon, 1, targets, levels)
        return ordered(change, anchor[None, :, :, None], margins, self.middle, training=self.training)

    def encoder_input(self, context: Tensor) -> Tensor:
        """What the recurrent layers read: (T, N, C + values)."""
        values, others = context[..., : self.values], context[..., self.values :]
        level = values[-1:]
        inputs = torch.cat([values - level, level.expand_as(values), others], dim=2)
        if not self.training:
            return inputs
        kept: Tensor = self.dropout(torch.ones_like(inputs[:1]))
        return inputs * kept


class PinballLoss:
    """The pinball loss of all quantiles over the observed truths; the true quantiles make it least.

    Args:
        quantiles: Q levels in the order of the network's last axis.
    """

    def __init__(self, quantiles: Sequence[float]):
        self._levels = torch.tensor(quantiles)

    def __call__(self, network: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum over the observed truths of a batch, and how many there are."""
        forecast = network(batch.context, batch.ahead, batch.anchor)
        observed = ~batch.truth.isnan()
        error = torch.where(observed, batch.truth, 0.0).unsqueeze(-1) - forecast
        return (pinball(error, self._levels) * observed).sum(), observed.sum()


class CountLoss:
    """The negative log-likelihood of counts under a negative binomial distribution, in their own unit."""

    def __call__(self, network: nn.Module, batch: Batch) -> tuple[Tensor, Tensor]:
        """Sum over the observed truths of a batch, and how many there are."""
        assert batch.level is not None
        assert batch.counts is not None
        found = F.softplus(network(batch.context, batch.ahead, batch.anchor).double())  # logarithms of large counts
        mean = (batch.level * found[..., 0]).clamp(min=LEAST_MEAN)
        size = 1 / (found[..., 1] / batch.level.sqrt()).clamp(min=LEAST_DISPERSION)
        observed = ~batch.counts.isnan()
        count = torch.where(observed, batch.counts, 0.0)
        likelihood = (
            torch.lgamma(count + size)
            - torch.lgamma(size)
            - torch.lgamma(count + 1)
            - size * torch.log1p(mean / size)
            + count * (mean.log() - (size + mean).log())
        )
        return -(likelihood * observed).sum().float(), observed.sum()

"""What a SequenceRegressor learns with: the columns of its tables, the network, the loss; and what a fit leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from gruvy.data import SequenceBatch, read_numbers
from gruvy.errors import DataError
from gruvy.graph import Builder, Graph
from gruvy.nn import GRU
from gruvy.nn.graph import array_of
from gruvy.tasks.shared.network import SequenceNetwork
from gruvy.tasks.shared.quantiles import Margins, conformal_margins, ordered, ordered_nodes, pinball
from gruvy.tasks.shared.sequences import SequencePreparation, SequenceScaling, Series, Texts, batches, encode
from gruvy.tasks.shared.tables import SequenceColumns
from gruvy.tasks.shared.weights import PREFIX
from gruvy.timeseries import Problems


@dataclass(frozen=True, kw_only=True)
class NumberColumns(SequenceColumns):
    """What the columns of a table of sequences and their numbers are.

    Attributes:
        targets: the columns of the numbers.
        group: the column that tells what belongs together, such as the machine; it is no value.
    """

    targets: tuple[str, ...]
    group: str | None = None

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        targets: Sequence[str],
        text: str | None = None,
        series: str | None = None,
        id: str | None = None,
        group: str | None = None,
    ) -> NumberColumns:
        """Find the columns of the sequences' values, as `SequenceColumns.find` does."""
        named = {name: name for name in targets} | ({} if group is None else {"group": group})
        return cls.find(frame, named, text, series, id, targets=tuple(targets), group=group)

    def numbers(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the numbers of each sequence, a column a target.

        Raises:
            DataError: a column is missing or has something else than numbers, or a series has two of a target.
        """
        problems = Problems("the table")
        columns = {name: pd.Series(self.constant(frame, name, "number"), name=name) for name in self.targets}
        found = pd.DataFrame({name: read_numbers(column, problems) for name, column in columns.items()})
        problems.raise_as(DataError)
        return found

    def groups(self, frame: pd.DataFrame, sequences: int) -> NDArray[np.intp]:
        """Return the number of each sequence's group (N,); without a column of groups each is one of its own."""
        if self.group is None:
            return np.arange(sequences)
        return pd.factorize(self.constant(frame, self.group, "group"))[0]


class RegressionNetwork(nn.Module):
    """A `SequenceNetwork` whose outputs are the quantiles of D numbers, in units of their spread.

    Args:
        body: with D * Q outputs.
        targets: D.
        quantiles: Q increasing levels, the median among them.
    """

    def __init__(self, body: SequenceNetwork, targets: int, quantiles: Sequence[float]):
        super().__init__()
        self.body = body
        self.shape = (targets, len(quantiles))
        self.middle = list(quantiles).index(0.5)
        # Training starts from the mean: the median is 0 and only the gaps are not.
        nn.init.zeros_(body.head.weight)
        nn.init.zeros_(body.head.bias)
        self.margins = Margins(targets * len(quantiles))

    def forward(self, inputs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return the quantiles (N, D, Q) in increasing order, and the attention (T, N) of `SequenceNetwork`."""
        outputs, attention = self.body(inputs, lengths)
        change = outputs.view(-1, *self.shape)
        margins: Tensor = self.margins.bias.view(self.shape)
        anchor = change.new_zeros(1)
        return ordered(change, anchor, margins, self.middle, training=self.training), attention

    def graph(self) -> Graph | None:
        """The network as a graph, or None where it has an operation that a graph does not know.

        Its input is "x" (T, N, C), scaled values, or (T, N, 1) int64 tokens; its output "quantiles" (N, D * Q), in
        units of the targets' spread.
        """
        encoder = self.body.encoder
        if not isinstance(encoder, GRU) or self.body.query is not None or encoder.bidirectional:
            return None
        build = Builder(PREFIX)
        if self.body.embedding is None:
            x = build.input("x", encoder.input_size)
        else:
            x = build.embedding("body.embedding", build.input("x", 1, whole=True), array_of(self.body.embedding.weight))
        state = build.add("last", build.gru("body.encoder", x, encoder.to_weights()))
        change = build.dense("body.head", state, array_of(self.body.head.weight), array_of(self.body.head.bias))
        margins = None
        if self.margins.bias.any():
            first = build.add("take", state, features=[0])
            margins = build.dense("margins", first, array_of(self.margins.weight), array_of(self.margins.bias))
        targets, levels = self.shape
        return build.graph(
            ordered_nodes(build, change, margins, None, targets=targets, levels=levels, middle=self.middle)
        )


class QuantileLoss:
    """The weighted pinball loss of all quantiles.

    Args:
        quantiles: Q levels in the order of the network's last axis.
    """

    def __init__(self, quantiles: Sequence[float]):
        self._levels = torch.tensor(quantiles)

    def __call__(self, network: nn.Module, batch: SequenceBatch) -> tuple[Tensor, Tensor]:
        """Sum over a batch whose labels are (N, D + 1), the scaled targets and a weight; and the sum of the weights."""
        found, _ = network(batch.inputs, batch.lengths)
        truth, weight = batch.labels[:, :-1], batch.labels[:, -1]
        losses = pinball(truth[..., None] - found, self._levels).mean(dim=1)
        return (weight * losses).sum(), weight.sum()


@dataclass(frozen=True)
class RegressionModel:
    """A fitted regressor without its estimator.

    Attributes:
        network: in evaluation mode.
        preparation: from a text or an array to the network's input.
        targets: the scaling of the targets.
    """

    network: RegressionNetwork
    preparation: SequencePreparation
    targets: SequenceScaling

    def quantiles(self, sequences: Texts | Series) -> NDArray[np.float64]:
        """(N, D, Q) in the targets' own units."""
        found = self.scaled(encode(sequences, self.preparation))
        mean, std = (part[:, None] for part in (self.targets.mean, self.targets.std))
        return mean + std * found

    def scaled(self, encoded: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
        """(N, D, Q) in units of their spread, of sequences that `encode` made."""
        found = np.zeros((len(encoded), *self.network.shape))
        for rows, batch in batches(encoded):
            with torch.inference_mode():
                found[rows] = self.network(batch.inputs, batch.lengths)[0].numpy()
        return found

    def attention(self, sequences: Texts | Series) -> list[NDArray[np.float32]]:
        """What each step of each sequence counted for (T,); all 0 but the last one without attention."""
        encoded = encode(sequences, self.preparation)
        found: dict[int, NDArray[np.float32]] = {}
        for rows, batch in batches(encoded):
            with torch.inference_mode():
                weights = self.network(batch.inputs, batch.lengths)[1].numpy()
            found |= {int(row): weights[: len(encoded[row]), place] for place, row in enumerate(rows)}
        return [found[row] for row in range(len(encoded))]

    def calibrate(self, encoded: Sequence[NDArray[Any]], truth: NDArray[np.float64], levels: Sequence[float]) -> None:
        """Move the quantiles so that they hold on sequences that the network has not learnt from.

        Args:
            encoded: N sequences.
            truth: (N, D), scaled.
            levels: Q levels of the network's quantiles.
        """
        self.network.margins.bias.zero_()
        margins = conformal_margins(truth[None], self.scaled(encoded)[None], levels)
        self.network.margins.bias.copy_(torch.from_numpy(margins.reshape(-1)))

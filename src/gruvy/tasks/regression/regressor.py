"""One or several numbers for a sequence: the estimator."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from gruvy.data import Sequences, Vocabulary, na_as_nan
from gruvy.data.vocabulary import KINDS
from gruvy.errors import ArgumentError, DataError
from gruvy.tasks.regression.model import NumberColumns, QuantileLoss, RegressionModel, RegressionNetwork
from gruvy.tasks.shared.estimator import Arrays, Document, Estimator
from gruvy.tasks.shared.holdout import draw_groups
from gruvy.tasks.shared.network import SequenceNetwork
from gruvy.tasks.shared.params import FLAG, LEVELS, integer, one_of
from gruvy.tasks.shared.quantiles import quantile_levels, without_margins
from gruvy.tasks.shared.sequences import (
    SequencePreparation,
    SequenceScaling,
    admit,
    encode,
    learn_preparation,
    preparation_state,
    read_sequences,
    read_weights,
    restored_preparation,
)
from gruvy.text import canonical_texts
from gruvy.timeseries import check_levels, standardised
from gruvy.training import Progress

# Sequences in a batch of the validation part.
_BATCH = 256


class SequenceRegressor(RegressorMixin, Estimator):
    """Predicts one or several numbers for a text or a numeric sequence, with quantiles that hold what they promise.

    The remaining life of a machine from its sensors, a dose from a course, a rating from a review. Recurrent layers
    read the sequence; the last state, or with ``attention`` all of them, gives the median and the other quantiles.
    A part of the sequences chooses the best epoch and then sets how wide the bands are (conformalized quantile
    regression, Romano, Patterson and Candès 2019).

    Args:
        tokens: texts as "word", "character" or "subword".
        vocabulary_size: the most tokens.
        embedding_size: E, numbers for each token.
        cell: "gru", "lstm" or "tanh".
        hidden_size: H, units of each layer and direction.
        num_layers: recurrent layers.
        bidirectional: whether the layers read the sequence from both ends.
        attention: whether the outputs are read from all states, and not from the last one alone. With neither this nor
            ``bidirectional`` the network has a graph: the file then runs without PyTorch and is exported to ONNX and C.
        dropout: fraction of the units dropped in training.
        quantiles: levels between 0 and 1; the median is always added.
        calibrate: move the quantiles other than the median so that they hold on the validation part; see
            `gruvy.tasks.shared.quantiles.conformal_margins` for what that promises.
        validation_fraction: fraction of the sequences that chooses the best epoch and calibrates.
        batch_size: sequences in a training step.
        max_epochs: the most passes over the training sequences; None for 10, or of few sequences for as many as make
            500 training steps.
        patience: epochs without a better validation loss after which the training stops; None for a fifth of
            ``max_epochs``, but at least 3.
        learning_rate: the highest one of the schedule.
        random_state: an int makes fits repeat bit for bit on one machine and thread count.
        unknown: characters of texts that the fit has not seen: "refuse" them, "skip" them, or "replace" them by the
            token for what is not known, as None does. What was found is counted and said.

    Attributes:
        targets_: what the numbers are called: the columns of a table or of a DataFrame; "y" of an array.
        target_mean_: (D,) of the sequences that were learnt from: what "mean" predicts.
        history_: one row per epoch: epoch, train_loss, validation_loss (pinball, scaled), seconds.
        best_epoch_: whose weights are in use.
        n_parameters_: of the whole network.
        vocabulary_: the tokens known, number 0 for all others; None of numeric sequences.
        seconds_per_epoch_: median, validation included.
        peak_memory_bytes_: by how much the process grew during training; see `gruvy.training.PeakMemory`.
        model_share_: fraction of the training steps' time that is the model's own work.
        columns_: what the columns of the table were, if `gruvy.tasks.regression.table.fit_table` read one.
        provenance_: versions, machine, threads, seed, sequences, date.

    Example:
        >>> runs = [np.sin(np.arange(20) / 3 + start) for start in np.linspace(0, 6, 60)]
        >>> model = SequenceRegressor(hidden_size=8, max_epochs=20, random_state=0).fit(runs, [run[-1] for run in runs])
        >>> model.predict(runs[:5], quantiles=(0.1, 0.9)).shape
        (5, 2)
    """

    columns_: NumberColumns | None
    targets_: tuple[str, ...]
    target_mean_: NDArray[np.float64]
    _network: RegressionNetwork
    _model: RegressionModel

    TASK = "regress"
    _rules: ClassVar = {
        "tokens": one_of(KINDS),
        "vocabulary_size": integer(2),
        "attention": FLAG,
        "quantiles": LEVELS,
        "calibrate": FLAG,
        "max_epochs": integer(1).or_none(),
        "patience": integer(1).or_none(),
    }
    _free = ("unknown",)
    _shaping = (
        "tokens",
        "vocabulary_size",
        "embedding_size",
        "cell",
        "hidden_size",
        "num_layers",
        "bidirectional",
        "attention",
        "quantiles",
    )

    def __init__(
        self,
        *,
        tokens: str = "word",
        vocabulary_size: int = 10_000,
        embedding_size: int = 64,
        cell: str = "gru",
        hidden_size: int = 64,
        num_layers: int = 1,
        bidirectional: bool = False,
        attention: bool = False,
        dropout: float = 0.1,
        quantiles: Sequence[float] = (0.1, 0.5, 0.9),
        calibrate: bool = True,
        validation_fraction: float = 0.2,
        batch_size: int = 32,
        max_epochs: int | None = None,
        patience: int | None = None,
        learning_rate: float = 3e-3,
        random_state: int | np.random.RandomState | None = None,
        unknown: str | None = None,
    ):
        self.tokens = tokens
        self.vocabulary_size = vocabulary_size
        self.embedding_size = embedding_size
        self.cell = cell
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.attention = attention
        self.dropout = dropout
        self.quantiles = quantiles
        self.calibrate = calibrate
        self.validation_fraction = validation_fraction
        self.batch_size = batch_size
        self.max_epochs = max_epochs
        self.patience = patience
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.unknown = unknown

    def fit(
        self,
        X: Any,
        y: ArrayLike,
        sample_weight: Any = None,
        *,
        groups: Any = None,
        checkpoint: str | os.PathLike[str] | None = None,
        resume: bool = False,
        progress: Callable[[Progress], None] | None = None,
        warm_start: Self | str | os.PathLike[str] | None = None,
        rescale: bool = False,
        max_minutes: float | None = None,
    ) -> Self:
        """Train on sequences and their numbers, choose the best epoch, calibrate the bands.

        Args:
            X: N texts, as a list or a Series; or N numeric sequences, as a list of arrays (T, C) or (T,), of any
                lengths, or as an array (N, T, C) or (N, T). NaN is a value that was not measured.
            y: (N,) numbers, or (N, D): an array or a DataFrame, whose columns are then the names of the targets.
            sample_weight: (N,) how much each sequence counts; None lets all count alike. A sequence of weight 0 is as
                if it were not there.
            groups: (N,) sequences with the same value, such as windows of one machine's life, are either all learnt
                from or all validated with; None: each is a group of its own.
            checkpoint: a folder in which the training is kept after every epoch.
            resume: go on with the training kept there, if there is one.
            progress: called with a `gruvy.training.Progress` after some batches and every epoch.
            warm_start: a fitted model of the same parameters, or the path of its file, with whose weights the training
                begins; its vocabulary or scaling, and that of the targets, are kept.
            rescale: take the scaling from these data, and not from that model.
            max_minutes: the training ends within them, with as many epochs as fit; how many, and so the result,
                depends on the machine.

        Returns:
            The fitted estimator.

        Raises:
            ArgumentError: parameters that cannot work, or a checkpoint of another training.
            DataError: sequences or numbers that cannot be used.
            MissingExtraError: sub-words without the tokenizers library.
        """
        run = self._begin(checkpoint, resume, progress, warm_start, max_minutes, rescale=rescale)
        sequences: list[Any] = [*read_sequences(X)]
        if isinstance(sequences[0], str):
            sequences = canonical_texts(sequences, "X")
            if rescale:
                raise ArgumentError("rescale=True: texts have no scaling that could be learnt anew; leave it out")
        names, truth = read_numbers_of(y, len(sequences))
        weights = read_weights(sample_weight, len(sequences))
        group = _read_groups(groups, len(sequences))
        counted = np.flatnonzero(weights)
        sequences, truth, weights, group = (
            [sequences[row] for row in counted],
            truth[counted],
            weights[counted],
            group[counted],
        )
        group = np.unique(group, return_inverse=True)[1]
        if group.max() < 1:
            raise DataError(
                "X: expected two samples or more (of two groups), to learn from and to validate with, got one sample; "
                "give more sequences"
            )
        validating = draw_groups(group, self.validation_fraction, run.seed)
        parent = run.parent
        if parent is not None:
            if len(names) != len(parent.targets_):
                raise DataError(
                    f"y: expected {len(parent.targets_)} numbers for each sequence, as the model that this one begins "
                    f"from, got {len(names)}"
                )
            sequences = [*admit(sequences, parent._model.preparation, self.unknown)]
        if parent is not None and run.keeps_scaling:
            preparation, scaling = parent._model.preparation, parent._model.targets
        else:
            preparation = learn_preparation(sequences, ~validating, self.tokens, self.vocabulary_size)
            scaling = SequenceScaling.of([truth[~validating]])
        encoded = encode(sequences, preparation)
        scaled = standardised(truth, scaling.mean, scaling.std)
        labels = np.column_stack([scaled, weights]).astype(np.float32)
        training, validation = (
            Sequences([encoded[row] for row in np.flatnonzero(part)], labels[part], batch_size=size)
            for part, size in ((~validating, self.batch_size), (validating, _BATCH))
        )
        network = run.start(lambda: self._new_network(preparation, len(names)))
        levels = quantile_levels(self.quantiles)
        self._train(
            run,
            network,
            QuantileLoss(levels),
            training,
            validation,
            identity=self._identity([labels, validating, *encoded]),
            facts={"sequences": len(sequences)},
        )
        self.columns_ = None
        self.targets_, self.target_mean_ = names, scaling.mean
        self._set_network(network)
        self._set_model(preparation, scaling)
        if self.calibrate:
            self._model.calibrate(validation.sequences, scaled[validating], levels)
        return self

    def predict(self, X: Any, *, quantiles: Sequence[float] | None = None) -> NDArray[np.float64]:
        """Return the median of each sequence's numbers, or other quantiles.

        Args:
            X: N sequences of the kind of the fit.
            quantiles: levels, out of those of the fit; None for the median alone.

        Returns:
            (N,), or (N, D) of several targets; with ``quantiles`` one more axis (..., Q) in their order.

        Raises:
            ArgumentError: a level that was not trained.
            DataError: sequences that cannot be used.
        """
        levels = quantile_levels(self.quantiles) if not hasattr(self, "_fitted_params") else self._levels()
        found = self._quantiles(X)
        wanted = (0.5,) if quantiles is None else check_levels(levels, quantiles)
        chosen = found[..., [levels.index(level) for level in wanted]]
        chosen = chosen[:, 0] if len(self.targets_) == 1 else chosen
        return chosen if quantiles is not None else chosen[..., 0]

    def score(self, X: Any, y: ArrayLike, sample_weight: Any = None) -> float:
        """R squared of the median: 1 is perfect, 0 is the mean of y; of several targets the mean.

        Raises:
            DataError: sequences or numbers that cannot be used.
        """
        point = self._quantiles(X)[..., self._levels().index(0.5)]
        truth = read_numbers_of(y, len(point), len(self.targets_))[1]
        return float(r2_score(truth, point, sample_weight=read_weights(sample_weight, len(point))))

    def evaluate(self, X: Any, y: ArrayLike) -> list[dict[str, Any]]:
        """Measure the model, and what always says the mean of the fit.

        Args:
            X: N sequences that were not in the fit.
            y: their numbers, (N,) or (N, D).

        Returns:
            For each target a row of the model (named as its cell) and one of "mean", with name, target, mae, rmse, r2,
            pinball and coverage; see `score_rows`.

        Raises:
            DataError: sequences or numbers that cannot be used.
        """
        levels, found = self._levels(), self._quantiles(X)
        truth = read_numbers_of(y, len(found), len(self.targets_))[1]
        mean = np.broadcast_to(self.target_mean_, truth.shape)
        return [
            *score_rows(self.cell, self.targets_, truth, found[..., levels.index(0.5)], found, levels),
            *score_rows("mean", self.targets_, truth, mean),
        ]

    def attention_weights(self, X: Any) -> list[NDArray[np.float32]]:
        """Where the network looks: the weight of each step of each sequence, which sum to 1.

        Args:
            X: N sequences of the kind of the fit.

        Returns:
            For each its weights (T,).

        Raises:
            ArgumentError: the model has no attention.
            DataError: sequences that cannot be used.
        """
        check_is_fitted(self)
        if not self.attention:
            raise ArgumentError("attention_weights: the model has none; fit one with attention=True")
        return self._model.attention(admit(X, self._model.preparation, self.unknown))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.multi_output = True
        return tags

    def _levels(self) -> tuple[float, ...]:
        check_is_fitted(self)
        return quantile_levels(self._fitted_params["quantiles"])

    def _quantiles(self, X: Any) -> NDArray[np.float64]:
        """(N, D, Q)."""
        check_is_fitted(self)
        return self._model.quantiles(admit(X, self._model.preparation, self.unknown))

    def _weights(self) -> dict[str, Tensor]:
        return without_margins(super()._weights())

    def _shapes(self, params: Mapping[str, Any]) -> dict[str, Any]:
        return super()._shapes(params) | {"quantiles": quantile_levels(params["quantiles"])}

    def _new_network(self, preparation: SequencePreparation, targets: int) -> RegressionNetwork:
        texts = isinstance(preparation, Vocabulary)
        levels = quantile_levels(self.quantiles)
        body = SequenceNetwork(
            self.cell,
            len(preparation) if isinstance(preparation, Vocabulary) else None,
            self.embedding_size if texts else preparation.width,  # type: ignore[union-attr]
            targets * len(levels),
            hidden_size=self.hidden_size,
            num_layers=self.num_layers,
            bidirectional=self.bidirectional,
            dropout=self.dropout,
            attention=self.attention,
        )
        return RegressionNetwork(body, targets, levels)

    def _state(self) -> tuple[Arrays, Document]:
        arrays, preprocessing = preparation_state(self._model.preparation)
        scaling = self._model.targets
        document: Document = {
            "preprocessing": preprocessing,
            "targets": list(self.targets_),
            "columns": None if self.columns_ is None else asdict(self.columns_),
            "spec": {"cell": self._fitted_params["cell"]},
        }
        graph = self._network.graph()
        if graph is not None:
            document["graph"] = graph.document()
        elif self.cell == "gru":
            document["no_graph"] = "a network that reads all its states at once is no operation of a graph"
        return self._network_arrays() | arrays | {"targets/mean": scaling.mean, "targets/std": scaling.std}, document

    def _restore(self, arrays: Arrays, document: Document) -> None:
        columns = document["columns"]
        self.columns_ = columns and NumberColumns(
            **{**columns, "values": tuple(columns["values"]), "targets": tuple(columns["targets"])}
        )
        preparation = restored_preparation(arrays, document["preprocessing"])
        scaling = SequenceScaling(arrays["targets/mean"], arrays["targets/std"])
        self.targets_, self.target_mean_ = tuple(document["targets"]), scaling.mean
        self._set_network(self._new_network(preparation, len(self.targets_)), arrays)
        self._set_model(preparation, scaling)

    def _set_model(self, preparation: SequencePreparation, targets: SequenceScaling) -> None:
        self._model = RegressionModel(self._network, preparation, targets)
        self.vocabulary_ = preparation.tokens if isinstance(preparation, Vocabulary) else None


def score_rows(
    name: str,
    targets: tuple[str, ...],
    truth: NDArray[np.float64],
    point: NDArray[np.float64],
    quantiles: NDArray[np.float64] | None = None,
    levels: tuple[float, ...] = (),
) -> list[dict[str, Any]]:
    """Return the rows of the table of scores, one a target.

    Args:
        name: of the model.
        targets: D names.
        truth: (N, D).
        point: (N, D), the median or what the model gives instead.
        quantiles: (N, D, Q), of a model that has them.
        levels: Q.

    Returns:
        name, target, mae, rmse, r2, pinball (the mean over the levels) and coverage (the fraction of truths between the
        outermost quantiles); the last two are None of a model without quantiles.
    """
    rows = []
    for d, target in enumerate(targets):
        error = truth[:, d] - point[:, d]
        row: dict[str, Any] = {
            "name": name,
            "target": target,
            "mae": float(np.abs(error).mean()),
            "rmse": float(np.sqrt((error**2).mean())),
            "r2": float(r2_score(truth[:, d], point[:, d])) if len(truth) > 1 else None,
            "pinball": None,
            "coverage": None,
        }
        if quantiles is not None:
            one, off = quantiles[:, d], truth[:, d, None] - quantiles[:, d]
            row["pinball"] = float(np.maximum(np.array(levels) * off, (np.array(levels) - 1) * off).mean())
            row["coverage"] = float(((truth[:, d] >= one[:, 0]) & (truth[:, d] <= one[:, -1])).mean())
        rows.append(row)
    return rows


def read_numbers_of(y: Any, sequences: int, targets: int | None = None) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return the names of the targets and their values (N, D).

    Args:
        y: (N,) or (N, D), an array, a Series or a DataFrame.
        sequences: N.
        targets: D, if it is known.

    Raises:
        DataError: they are no numbers, some are missing, or there are others than N x D.
    """
    if y is None:
        raise DataError("y: fit requires y to be passed, but the target y is None; give a number for each sequence")
    names: tuple[str, ...] = ()
    if isinstance(y, pd.DataFrame):
        names = tuple(str(name) for name in y.columns)
    elif getattr(y, "name", None) is not None:
        names = (str(y.name),)
    try:
        values = np.asarray(na_as_nan(y))
        if np.iscomplexobj(values):
            raise TypeError("Complex data not supported")
        if values.dtype.kind in "mM":  # as floats they would be nanoseconds
            raise TypeError("times and durations have no unit here; give numbers, such as y / np.timedelta64(1, 'h')")
        values = values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"y: expected numbers ({error}); to tell classes, use a SequenceClassifier") from error
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or not values.shape[-1]:
        raise DataError(f"y: expected an array (N,) or (N, D), got shape {np.shape(y)}")
    if len(values) != sequences:
        raise DataError(f"y: expected {sequences} rows, as many as there are sequences, got {len(values)}")
    if targets is not None and values.shape[1] != targets:
        raise DataError(f"y: expected {targets} numbers for each sequence, as in the fit, got {values.shape[1]}")
    wrong = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(wrong):
        raise DataError(
            f"y: {len(wrong)} rows have NaN or infinity, the first is row {wrong[0]}; leave those sequences out"
        )
    if not names:
        names = ("y",) if values.shape[1] == 1 else tuple(f"y{number}" for number in range(1, values.shape[1] + 1))
    return names, values


def _read_groups(groups: Any, sequences: int) -> NDArray[Any]:
    if groups is None:
        return np.arange(sequences)
    found = pd.factorize(np.asarray(groups, dtype=object))[0]
    if len(found) != sequences or (found < 0).any():
        raise DataError(f"groups: expected {sequences} values, none missing, got {len(found)}")
    return found

"""Fits on tables of sequences and their numbers, beside what a person would try first; and what a report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import RidgeCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline

from gruvy.errors import DataError
from gruvy.report import Comparison
from gruvy.report.regression import RegressionReport, columns
from gruvy.tasks.regression.model import NumberColumns
from gruvy.tasks.regression.regressor import SequenceRegressor, read_numbers_of, score_rows
from gruvy.tasks.shared.features import sequence_features
from gruvy.tasks.shared.holdout import HeldOut, draw_groups, split_seed
from gruvy.tasks.shared.quantiles import quantile_levels
from gruvy.tasks.shared.reporting import loss_curves, repeatable, table_row
from gruvy.tasks.shared.sequences import read_sequences
from gruvy.tasks.shared.tables import columns_of

# One sequence to learn from, one to validate with, two to test with: R squared needs two.
_FEWEST = 4
# Strengths of the ridge penalty that are tried.
_STRENGTHS = np.logspace(-1, 5, 13)
# Numbers that TF-IDF is brought down to for trees, which learn little from thousands of sparse ones.
_COMPONENTS = 50


def fit_table(
    model: SequenceRegressor, frame: pd.DataFrame, columns: NumberColumns, *, test_fraction: float, **options: Any
) -> HeldOut:
    """Fit on a table except for a test part, ``test_fraction`` of the sequences, or of their groups.

    Args:
        model: the estimator to fit; it remembers the columns.
        frame: the table.
        columns: what its columns are.
        test_fraction: between 0 and 1.
        options: what ``fit`` takes besides: checkpoint, resume, progress, warm_start (a fitted model) and more.

    Returns:
        The test part.

    Raises:
        DataError: the table cannot be used.
    """
    columns = columns.of_parent(options.get("warm_start"))
    sequences = read_sequences(columns.read(frame)[0])
    y = columns.numbers(frame)
    read_numbers_of(y, len(sequences))  # all of it, before any of it is held out
    if len(sequences) < _FEWEST:
        raise DataError(
            f"the table: expected {_FEWEST} sequences or more, to learn, to validate and to test, got {len(sequences)}"
        )
    seed = split_seed(model)
    groups = columns.groups(frame, len(sequences))
    drawn = draw_groups(groups, max(test_fraction, 2 / len(sequences)), seed)
    learnt, tested = ([sequences[row] for row in np.flatnonzero(part)] for part in (~drawn, drawn))
    model.fit(learnt, y[~drawn], groups=groups[~drawn], **options)
    model.columns_ = columns
    baselines = _baseline_rows(model.targets_, (learnt, y[~drawn].to_numpy()), (tested, y[drawn].to_numpy()), seed)
    return HeldOut(tested, y[drawn], baselines)


def predict_table(model: SequenceRegressor, frame: pd.DataFrame, quantiles: Any = None) -> pd.DataFrame:
    """Return a row for each sequence of a table: its row or id, the median of each target, and its quantiles.

    Args:
        model: fitted on a table.
        frame: the table.
        quantiles: levels to add as columns, such as ``life_q0.1``.

    Raises:
        ArgumentError: the model was not fitted on a table, or a level was not trained.
        DataError: the table cannot be used.
    """
    named: NumberColumns = columns_of(model)
    X, names = named.read(frame)
    levels = tuple(quantiles or ())
    found = model.predict(X, quantiles=(0.5, *levels)).reshape(len(names), len(named.targets), -1)
    result: dict[str, Any] = {named.series or named.id or "row": names}
    for d, target in enumerate(named.targets):
        result[target] = found[:, d, 0]
        result |= {f"{target}_q{level:g}": found[:, d, number] for number, level in enumerate(levels, 1)}
    return pd.DataFrame(result)


def evaluate_table(model: SequenceRegressor, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of ``evaluate`` for a table.

    Raises:
        ArgumentError: the model was not fitted on a table.
        DataError: the table cannot be used.
    """
    named: NumberColumns = columns_of(model)
    return model.evaluate(named.read(frame)[0], named.numbers(frame))


def _baseline_rows(
    targets: tuple[str, ...],
    training: tuple[Any, NDArray[np.float64]],
    test: tuple[Any, NDArray[np.float64]],
    random_state: int,
) -> list[dict[str, Any]]:
    """The scores of a ridge regression and of boosted trees on the features of `sequence_features`."""
    (learnt, known), (tested, truth) = training, test
    texts = isinstance(learnt[0], str)
    one_length = len({len(one) for one in [*learnt, *tested]}) == 1
    features = sequence_features(learnt, one_length=one_length)
    # Of long sequences trees are given the summary, and of words a few directions.
    fewer = [*features, TruncatedSVD(_COMPONENTS, random_state=random_state)] if texts else None
    if texts and len(features[0].fit(learnt).vocabulary_) <= _COMPONENTS:
        fewer = None
    trees = HistGradientBoostingRegressor(random_state=random_state, max_iter=200)
    read = "TF-IDF" if texts else "all values" if one_length else "summary statistics"
    models = {f"ridge on {read}": make_pipeline(*features, RidgeCV(_STRENGTHS))}
    if not texts or fewer is not None:
        summary = fewer or sequence_features(learnt, one_length=False)
        models["boosted trees"] = make_pipeline(*summary, MultiOutputRegressor(trees))
    rows = []
    for name, model in models.items():
        found = model.fit(learnt, known).predict(tested).reshape(len(tested), -1)
        rows += score_rows(name, targets, truth, found)
    return rows


def regression_report(
    models: Mapping[str, SequenceRegressor],
    X: Any,
    y: ArrayLike,
    baselines: Sequence[Mapping[str, Any]] = (),
    *,
    title: str,
    description: str = "",
    command: str = "",
) -> RegressionReport:
    """Gather what a report shows of regressors that were fitted on the same sequences.

    The first model is the one that the report is about; of several targets its first one is drawn.

    Args:
        models: fitted estimators by the name that the report gives them.
        X, y: N sequences and their numbers, none of them of the fit.
        baselines: more rows as those of ``evaluate``.
        title: the headline.
        description: one or two sentences on the data.
        command: what repeats the run, or "".

    Returns:
        The values of the report; `gruvy.report.write_report` turns them into a page.

    Raises:
        DataError: sequences or numbers that cannot be used.

    Example:
        >>> report = regression_report({"GRU": model}, X, y, title="Remaining life")  # doctest: +SKIP
    """
    model = next(iter(models.values()))
    targets = model.targets_
    truth = read_numbers_of(y, len(read_sequences(X)), len(targets))[1][:, 0]
    rows = [table_row(name, row, one) for name, one in models.items() for row in one.evaluate(X, y)[: len(targets)]]
    mean = model.evaluate(X, y)[len(targets) :]
    levels, learnt = quantile_levels(model.quantiles), model.provenance_["sequences"]
    found = model.predict(X, quantiles=levels).reshape(len(truth), len(targets), -1)[:, 0]
    return RegressionReport(
        title=title,
        description=description,
        comparison=Comparison(columns(targets), [*rows, *(table_row(row["name"], row) for row in (*baselines, *mean))]),
        losses=loss_curves(models),
        provenance=repeatable(
            model,
            {"Sequences": f"{learnt:,} to learn from and to validate with, {len(truth):,} to test"},
            command,
        ),
        target=targets[0],
        truth=truth,
        quantiles={level: found[:, number] for number, level in enumerate(levels)},
    )

"""Three stocks, one day ahead: how far the price will swing, which can be forecast, and where it will go."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gruvy.datasets import load_stocks
from gruvy.demos import volatility
from gruvy.demos.outcome import Budget, Figure, Outcome, Training, command, write_results
from gruvy.report import Column, Comparison, scores_table, write_report
from gruvy.tasks import Forecaster
from gruvy.tasks.forecasting.report import forecast_report
from gruvy.tasks.shared.bootstrap import block_bootstrap

# Days in a block of the bootstrap: a trading month.
BLOCK = 21
GRU, ROLLING = "GRU", "20-day rolling"


# Parameters of the Forecasters that differ from their defaults.
SETTINGS: dict[str, Any] = {"hidden_size": 32, "random_state": 0}
BUDGETS: dict[Budget, dict[str, Any]] = {"quick": {"max_epochs": 3}, "default": {}, "full": {}}


def run(
    folder: str | PathLike[str] = "gruvy-demo",
    *,
    budget: Budget = "default",
    training: Training,
    **params: Any,
) -> Outcome:
    """Train a forecaster of the daily range and one of the return, and measure both on the last 20% of the days.

    The forecast range becomes a variance of the return (`gruvy.demos.volatility.variance_of_range`) and stands beside
    a 20-day rolling estimate, RiskMetrics, GARCH(1,1) and HAR; the forecast return beside a random walk and the
    direction that was the more frequent one before. All intervals hold 95%, from a block bootstrap of days.

    Args:
        folder: where ``stocks.html``, ``stocks.json`` and the models ``stocks.gruvy`` (volatility) and
            ``stocks-return.gruvy`` go; it is made if need be.
        budget: how long to train; see `gruvy.demos.outcome.Budget`.
        training: called with each model's name; the context it returns gives what ``fit(progress=...)`` is to call.
        params: parameters of the Forecasters that differ from the demo's.

    Returns:
        What the command shows.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    table = daily_table(load_stocks())
    models = {}
    for name, target, past in (("volatility", "log_range", ["return"]), ("return", "return", ["log_range"])):
        models[name] = Forecaster(1, 60, **SETTINGS | BUDGETS[budget] | params)
        with training(f"GRU ({name})") as progress:
            models[name].fit(
                table, target=target, time="date", series="ticker", past=[*past, "log_volume"], progress=progress
            )
    model_path = models["volatility"].save(folder / "stocks.gruvy")
    models["return"].save(folder / "stocks-return.gruvy")

    returns = by_day(table, "return")
    fitted = int((returns.index < models["volatility"].test_start_).sum())
    rows = volatility_rows(variances(table, forecasts(models["volatility"], table), fitted), returns, fitted)
    edge = edge_of(forecasts(models["return"], table), returns, fitted)
    report = forecast_report(
        {GRU: models["volatility"]},
        table,
        title="Daily price range of AAPL, IBM and MSFT, one day ahead",
        name="logarithm of the daily range in percent",
        description=" ".join((volatility_sentence(rows), edge["sentence"])),
        command=command("stocks", budget),
    )
    report_path = write_report(report, folder / "stocks.html")
    results = {
        "report": str(report_path),
        "test part": [str(day.date()) for day in returns.index[[fitted, -1]]],
        "volatility": rows,
        "volatility in words": volatility_sentence(rows),
        "returns": edge,
        "provenance": models["volatility"].provenance_,
    }
    write_results(results, folder / "stocks.json", budget)
    headline = f"{volatility_sentence(rows)} {edge['sentence']}"
    return Outcome(headline, [volatility_table(rows)], figures(rows, edge), results, report_path, model_path)


def daily_table(prices: pd.DataFrame) -> pd.DataFrame:
    """Return and range of each day, in percent, the range and the volume as logarithms."""
    adjusted = np.log(prices["adj_close"])
    return pd.DataFrame(
        {
            "ticker": prices["ticker"],
            "date": prices["date"],
            "return": 100 * adjusted.groupby(prices["ticker"]).diff(),
            "log_range": np.log(100 * np.log(prices["high"] / prices["low"])),
            "log_volume": np.log(prices["volume"]),
        }
    )


def by_day(table: pd.DataFrame, column: str) -> pd.DataFrame:
    """A column with one row a day and one column a stock, without the first day, which has no return."""
    return table.pivot(index="date", columns="ticker", values=column).iloc[1:]


def forecasts(model: Forecaster, table: pd.DataFrame) -> pd.DataFrame:
    """The median forecast of each day from the days before it, as `by_day`; NaN where the context is too short."""
    test = model.backtest(table, stride=1)
    found = pd.DataFrame({"ticker": test.series, "date": test.times[:, 0], "forecast": test.median[:, 0, 0]})
    return found.pivot(index="date", columns="ticker", values="forecast").reindex(by_day(table, "return").index)


def variances(table: pd.DataFrame, log_range: pd.DataFrame, fitted: int) -> dict[str, np.ndarray]:
    """For each model the variance of each day's return, forecast from the days before it: (T, stocks)."""
    seen_range = by_day(table, "log_range")
    found: dict[str, list[np.ndarray]] = {}
    for ticker, squared in (by_day(table, "return") ** 2).items():
        r2, seen = squared.to_numpy(), seen_range[ticker].to_numpy()
        har = volatility.autoregression_of_ranges(seen, fitted)
        for name, variance in (
            (GRU, volatility.variance_of_range(log_range[ticker].to_numpy(), r2, fitted)),
            (ROLLING, volatility.rolling(r2)),
            ("RiskMetrics (0.94)", volatility.exponential(r2)),
            ("GARCH(1,1)", volatility.garch(r2, fitted)),
            ("HAR of ranges", volatility.variance_of_range(har, r2, fitted)),
        ):
            found.setdefault(name, []).append(variance)
    return {name: np.column_stack(parts) for name, parts in found.items()}


def volatility_rows(models: dict[str, np.ndarray], returns: pd.DataFrame, fitted: int) -> list[dict[str, Any]]:
    """QLIKE and mean absolute error on the test days, and how far each is from the rolling estimate's."""
    squared = returns.to_numpy()[fitted:] ** 2
    losses = {"qlike": volatility.qlike_by_day, "mae": volatility.absolute_error_by_day}
    reference = {name: loss(squared, models[ROLLING][fitted:]) for name, loss in losses.items()}
    rows = []
    for model, variance in models.items():
        row: dict[str, Any] = {"name": model}
        for name, loss in losses.items():
            by_day = loss(squared, variance[fitted:])
            row[name] = float(by_day.mean())
            if model != ROLLING:
                row[f"{name} against {ROLLING}"] = block_bootstrap(by_day - reference[name], block=BLOCK)
        rows.append(row)
    return rows


def volatility_sentence(rows: list[dict[str, Any]]) -> str:
    """Say whether the GRU beats the rolling estimate, and who is best."""
    by_name = {row["name"]: row for row in rows}
    gru, best = by_name[GRU], min(rows, key=lambda row: row["qlike"])
    low, high = gru[f"qlike against {ROLLING}"]
    verdict = "beats" if high < 0 else "loses to" if low > 0 else "cannot be told from"
    rest = "" if best is gru else f" The best is {best['name']} with {best['qlike']:.3f}."
    return (
        f"Volatility: the GRU {verdict} the {ROLLING} estimate by QLIKE ({gru['qlike']:.3f} against "
        f"{by_name[ROLLING]['qlike']:.3f}; difference {low:+.3f} to {high:+.3f} at 95%) and has an absolute error of "
        f"{gru['mae']:.3f}% against {by_name[ROLLING]['mae']:.3f}%.{rest}"
    )


def volatility_table(rows: list[dict[str, Any]]) -> Comparison:
    """The losses of all forecasts of the volatility."""
    columns = [Column("qlike", "QLIKE", ".3f", "lower"), Column("mae", "MAE %", ".3f", "lower")]
    return scores_table(columns, rows, what="volatility")


def figures(rows: list[dict[str, Any]], edge: dict[str, Any]) -> list[Figure]:
    """The volatility must be forecast better than by the rolling estimate; of the return nobody can promise that."""
    losses = {row["name"]: row["qlike"] for row in rows}
    usual, hits = edge["hit rate of the majority direction"], edge["hit rate"]
    return [
        Figure("volatility, QLIKE", losses.pop(GRU), losses, trivial=ROLLING, style=".3f"),
        Figure("return, MAE in %", edge["mae"], {"random walk": edge["mae of a random walk"]}, None, style=".4f"),
        Figure("return, right direction", hits, {"majority direction": usual}, None, True, ".1%"),
    ]


def edge_of(forecast: pd.DataFrame, returns: pd.DataFrame, fitted: int) -> dict[str, Any]:
    """Whether the forecasts of the return are better than none, on the test days.

    The direction is measured on the days on which the price moved, against the one that was the more frequent before;
    the error against that of a random walk, which forecasts 0.
    """
    r, f = returns.to_numpy()[fitted:], forecast.to_numpy()[fitted:]
    majority = np.sign(np.sign(returns.to_numpy()[:fitted]).sum(axis=0))
    moved = r != 0
    hits, usual = (np.where(moved, np.sign(guess) == np.sign(r), np.nan) for guess in (f, majority))
    more_hits = np.where(moved, hits - usual, 0.0)  # a day without a move tells nothing for either
    more_error = np.abs(r - f) - np.abs(r)
    direction, error = (block_bootstrap(values, block=BLOCK) for values in (more_hits, more_error))
    hit_rate, usual_rate = float(np.nanmean(hits)), float(np.nanmean(usual))
    found = direction[0] > 0 or error[1] < 0
    mae, walk = float(np.abs(r - f).mean()), float(np.abs(r).mean())
    return {
        "edge": found,
        "hit rate": hit_rate,
        "hit rate of the majority direction": usual_rate,
        "difference of the hit rates": direction,
        "mae": mae,
        "mae of a random walk": walk,
        "difference of the mae": error,
        "sentence": (
            f"Returns: {'there is an edge' if found else 'there is no edge'}. The GRU has the direction right on "
            f"{hit_rate:.1%} of the days, the more frequent direction on {usual_rate:.1%} (difference "
            f"{100 * direction[0]:+.1f} to {100 * direction[1]:+.1f} points at 95%); its error is {mae:.4f}%, "
            f"a random walk's {walk:.4f}% (difference {error[0]:+.4f} to {error[1]:+.4f})."
        ),
    }

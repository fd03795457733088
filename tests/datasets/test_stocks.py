"""The shipped prices are what their card says they are."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from importlib import resources

import numpy as np
import pandas as pd
import pytest

from gruvy.datasets import card, load_stocks, make_stocks


@pytest.fixture(scope="module")
def stocks() -> pd.DataFrame:
    return load_stocks()


def test_content_has_the_hash_of_the_card():
    packed = resources.files("gruvy.datasets").joinpath(card("stocks").file).read_bytes()
    assert hashlib.sha256(gzip.decompress(packed)).hexdigest() == card("stocks").sha256
    assert len(packed) < 250_000


def test_counts_are_those_of_the_card(stocks):
    counts = card("stocks").counts
    assert len(stocks) == counts["rows"]
    assert stocks.groupby("ticker").size().to_dict() == counts["rows by ticker"]
    assert list(stocks.columns) == list(card("stocks").columns)
    assert not stocks.isna().any(axis=None)
    days = pd.DatetimeIndex(stocks["date"].unique())
    weekdays = pd.date_range(days[0], days[-1], freq="B")
    assert days.isin(weekdays).all()
    assert len(weekdays) - len(days) == counts["weekdays without trading"]


def test_prices_are_sound(stocks):
    inside = stocks[["open", "close"]]
    assert (inside.ge(stocks["low"], axis=0) & inside.le(stocks["high"], axis=0)).all(axis=None)
    assert (stocks["low"] < stocks["high"]).all()
    assert (stocks["volume"] > 0).all()
    days = [rows["date"].tolist() for _, rows in stocks.groupby("ticker")]
    assert days[0] == days[1] == days[2] == sorted(set(days[0]))


def test_adjusted_closes_follow_the_closes_but_for_splits_and_dividends(stocks):
    splits = 0
    for _, rows in stocks.groupby("ticker"):
        ratio = (np.log(rows["adj_close"]).diff() - np.log(rows["close"]).diff()).dropna()
        assert (ratio.abs() < 0.03).mean() > 0.999
        splits += (ratio.abs() > 0.5).sum()
    assert splits == 3  # AAPL in June 2000 and February 2005, MSFT in February 2003


def test_the_share_of_up_days_is_as_measured(stocks):
    for ticker, expected in card("stocks").reference["up days"].items():
        closes = stocks.loc[stocks["ticker"] == ticker, "adj_close"].to_numpy()
        up = np.diff(closes)[int(0.8 * (len(closes) - 1)) :] > 0
        assert round(float(up.mean()), 3) == expected


def test_the_script_keeps_prices_and_the_stocks_of_the_whole_span():
    source = (
        "Ticker,Date,Open,High,Low,Close,Volume,Adj Close\n"
        "AAPL,2000-03-01,118.56,132.06,118.5,130.31,9616100,4.186662803811\n"
        "GOOG,2004-08-19,100.01,104.06,95.96,100.335,44659000,50.2208\n"
    )
    (row,) = csv.DictReader(io.StringIO(make_stocks.derive(source)))
    assert row == {
        "ticker": "AAPL",
        "date": "2000-03-01",
        "open": "118.56",
        "high": "132.06",
        "low": "118.5",
        "close": "130.31",
        "volume": "9616100",
        "adj_close": "4.1866628",
    }

"""Daily prices of three stocks, 2000 to 2013."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from gruvy.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas as pd


def load_stocks() -> pd.DataFrame:
    """Load AAPL, IBM and MSFT, one row a trading day from 2000-03-01 to 2013-03-01: 3 x 3,270 rows.

    ``gruvy.datasets.card("stocks")`` names the source, the licence and every column's unit.

    Returns:
        A frame with the columns ``ticker``, ``date``, ``open``, ``high``, ``low``, ``close``, ``volume`` as traded, and
        ``adj_close``, the close without the jumps of splits and dividends; sorted by ticker, then date.

    Raises:
        MissingExtraError: pandas is not installed.

    Example:
        >>> from gruvy.datasets import load_stocks
        >>> len(load_stocks())
        9810
    """
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise MissingExtraError("load_stocks", "train", error.name) from error

    with resources.files("gruvy.datasets").joinpath("stocks.csv.gz").open("rb") as file:
        return pd.read_csv(file, compression="gzip", parse_dates=["date"])

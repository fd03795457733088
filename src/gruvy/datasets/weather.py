"""Hourly weather at New York City's three airports, 2013."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from gruvy.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas as pd


def load_weather() -> pd.DataFrame:
    """Load the hourly weather of 2013 at the airports EWR, JFK and LGA: 3 x 8,730 rows on a regular UTC grid.

    ``gruvy.datasets.card("weather")`` names the source, the licence and every column's unit. The hours that
    the source leaves out (27, 24 and 24) are rows of missing values here, so that one row is always one hour.

    Returns:
        A frame with the columns ``origin`` (airport), ``time_hour`` (start of the hour, UTC) and ``temp``,
        ``dewp``, ``humid``, ``wind_dir``, ``wind_speed``, ``wind_gust``, ``precip``, ``pressure``, ``visib``;
        sorted by airport, then time.

    Raises:
        MissingExtraError: pandas is not installed.

    Example:
        >>> from gruvy.datasets import load_weather
        >>> len(load_weather())
        26190
    """
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise MissingExtraError("load_weather", "train", error.name) from error

    with resources.files("gruvy.datasets").joinpath("weather.csv.gz").open("rb") as file:
        observed = pd.read_csv(file, compression="gzip")
    observed["time_hour"] = pd.to_datetime(observed["time_hour"], utc=True)
    hours = pd.date_range(observed["time_hour"].min(), observed["time_hour"].max(), freq="h")
    grid = pd.MultiIndex.from_product([observed["origin"].unique(), hours], names=["origin", "time_hour"])
    return observed.set_index(["origin", "time_hour"]).reindex(grid).reset_index()

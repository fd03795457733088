"""The series InternalBleeding16 of the UCR anomaly archive."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from gruvy.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas as pd


def load_bleeding() -> pd.DataFrame:
    """Load the series 135 of the UCR anomaly archive, InternalBleeding16: 7,501 points of blood pressure, one anomaly.

    The first 1,200 rows are normal and meant for training; rows 4,187 to 4,198 are the anomaly.
    ``gruvy.datasets.card("bleeding")`` names the source and the licence.

    Returns:
        A frame with the columns ``pressure`` and ``anomaly`` (True in the labelled rows), in order.

    Raises:
        MissingExtraError: pandas is not installed.

    Example:
        >>> from gruvy.datasets import load_bleeding
        >>> load_bleeding()["anomaly"].to_numpy().nonzero()[0][[0, -1]].tolist()
        [4187, 4198]
    """
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise MissingExtraError("load_bleeding", "train", error.name) from error

    with resources.files("gruvy.datasets").joinpath("bleeding.csv.gz").open("rb") as file:
        return pd.read_csv(file, compression="gzip").astype({"anomaly": bool})

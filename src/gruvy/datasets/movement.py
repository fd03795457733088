"""Handwriting motions, 30 shapes drawn seven times each: the LASA set."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from gruvy.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas as pd


def load_movement() -> pd.DataFrame:
    """Load 210 drawings as positions of the pen, 25 a second.

    ``gruvy.datasets.card("movement")`` names the source, the licence and every column's unit.

    Returns:
        A frame with the columns ``motion`` (shape and demonstration, such as "Angle 1", one drawing each), ``shape``,
        ``demonstration`` (1 to 7), ``time`` (each drawing begins at 1970-01-01, and its rows are 40 ms apart) and the
        position ``x``, ``y`` in millimetres; all first demonstrations come first, the seventh ones last.

    Raises:
        MissingExtraError: pandas is not installed.

    Example:
        >>> from gruvy.datasets import load_movement
        >>> load_movement()["motion"].nunique()
        210
    """
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise MissingExtraError("load_movement", "train", error.name) from error

    with resources.files("gruvy.datasets").joinpath("movement.csv.gz").open("rb") as file:
        drawn = pd.read_csv(file, compression="gzip")
    motion = drawn["shape"] + " " + drawn["demonstration"].astype(str)
    drawn.insert(0, "motion", motion)
    drawn.insert(3, "time", pd.to_datetime(40 * drawn.groupby("motion").cumcount(), unit="ms"))
    return drawn

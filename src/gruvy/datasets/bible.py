"""The Bible in Spanish and in English, verse by verse."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from gruvy.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas as pd


def load_bible() -> pd.DataFrame:
    """Load 30,516 verses of the Reina-Valera Bible of 1909 and of the King James Version.

    ``gruvy.datasets.card("bible")`` names the sources and says how the verses were split.

    Returns:
        A frame with the columns ``book``, ``chapter``, ``verse``, ``split`` ("train", "validation", "test", or
        "repeated": belongs to no part), ``es`` and ``en``.

    Raises:
        MissingExtraError: pandas is not installed.

    Example:
        >>> from gruvy.datasets import load_bible
        >>> load_bible()["en"][0]
        'In the beginning God created the heaven and the earth.'
    """
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise MissingExtraError("load_bible", "train", error.name) from error

    with resources.files("gruvy.datasets").joinpath("bible.tsv.xz").open("rb") as file:
        return pd.read_csv(file, sep="\t", compression="xz", keep_default_na=False, quoting=3)

"""Snippets of movie reviews, each rated by 20 people."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from gruvy.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas as pd


def load_sentiment() -> pd.DataFrame:
    """Load the 10,568 snippets of movie reviews that the makers of VADER had rated (Hutto and Gilbert 2014).

    ``gruvy.datasets.card("sentiment")`` names the source and the licence.

    Returns:
        A frame with the columns ``text``, ``rating`` (mean of 20 people, -4 to 4, never 0), ``label`` ("positive" or
        "negative", by the rating's sign), ``vader`` (the compound score of VADER, -1 to 1) and ``split`` ("train" or
        "test": no snippet and no near-duplicate is on both sides).

    Raises:
        MissingExtraError: pandas is not installed.

    Example:
        >>> from gruvy.datasets import load_sentiment
        >>> load_sentiment()["label"].value_counts().to_dict()
        {'negative': 5326, 'positive': 5242}
    """
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise MissingExtraError("load_sentiment", "train", error.name) from error

    with resources.files("gruvy.datasets").joinpath("sentiment.csv.gz").open("rb") as file:
        frame = pd.read_csv(file, compression="gzip", keep_default_na=False)
    frame.insert(2, "label", frame["rating"].gt(0).map({True: "positive", False: "negative"}))
    return frame

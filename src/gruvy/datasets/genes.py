"""Expression of yeast genes over time courses, with their functions."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from gruvy.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas as pd


def load_genes() -> pd.DataFrame:
    """Load the expression of 186 genes of baker's yeast under 79 conditions (Brown et al. 2000).

    ``gruvy.datasets.card("genes")`` names the source, the units and the courses.

    Returns:
        A frame with the columns ``gene``, ``function`` ("ribosome", "proteasome" or "respiration"), ``fold`` (0 to 9)
        and the 79 conditions in their order, each named by its course and its time, as ``"heat 20"``. NaN where
        nothing was measured (214 values).

    Raises:
        MissingExtraError: pandas is not installed.

    Example:
        >>> from gruvy.datasets import load_genes
        >>> load_genes()["function"].value_counts().to_dict()
        {'ribosome': 121, 'proteasome': 35, 'respiration': 30}
    """
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise MissingExtraError("load_genes", "train", error.name) from error

    with resources.files("gruvy.datasets").joinpath("genes.csv.gz").open("rb") as file:
        return pd.read_csv(file, compression="gzip")

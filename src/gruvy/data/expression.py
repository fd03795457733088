"""Expression matrices from AnnData files (.h5ad)."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from gruvy.errors import DataError, MissingExtraError
from gruvy.timeseries import Problems, did_you_mean


def read_expression(
    path: str | os.PathLike[str], needed: Iterable[str] = (), wanted: Iterable[str] = ()
) -> pd.DataFrame:
    """Read the matrix X of an AnnData file, an observation (a cell, a sample) a row.

    Args:
        path: a .h5ad file.
        needed: annotations of the observations (columns of ``obs``) to read beside it.
        wanted: more of them, left out where the file has none of that name.

    Returns:
        A frame with the observations' names as its index, a column for each variable (gene) of ``var_names``, and one
        for each annotation.

    Raises:
        DataError: the file is missing or unreadable, has no observations, lacks an annotation, or has a name twice.
        MissingExtraError: anndata is not installed.

    Example:
        >>> from gruvy.data import read_expression
        >>> frame = read_expression("cells.h5ad", needed=["cell_type"])  # doctest: +SKIP
    """
    try:
        import anndata
    except ModuleNotFoundError as error:
        raise MissingExtraError("reading .h5ad files", "bio", error.name) from error

    path = Path(path)
    if not path.exists():
        raise DataError(f"{path}: no such file; check the path")
    try:
        data = anndata.read_h5ad(path)
    except (OSError, KeyError, ValueError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise DataError(f"{path}: cannot be read as h5ad ({reason}); write it again with anndata") from error

    problems = Problems(str(path))
    if data.X is None or not data.X.shape[0]:
        problems.add("no values; expected the expression in X, an observation a row")
    taken = list(needed)
    for name in taken:
        if name not in data.obs:
            problems.add(f"no annotation '{name}' in obs; {did_you_mean(name, data.obs)}")
    taken += [name for name in wanted if name in data.obs]
    names = [*map(str, data.var_names), *taken]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        problems.add(
            f"{len(twice)} names stand for several columns, the first is '{twice[0]}'; make them unique, as "
            "AnnData.var_names_make_unique does"
        )
    problems.raise_as(DataError)

    values = data.X.toarray() if hasattr(data.X, "toarray") else data.X
    frame = pd.DataFrame(values, index=data.obs_names, columns=names[: data.n_vars])
    annotations = pd.DataFrame({name: data.obs[name].astype(object) for name in taken}, index=data.obs_names)
    return pd.concat([frame, annotations], axis=1)

"""Expression matrices from AnnData files."""

from __future__ import annotations

import sys

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from gruvy.data import read_expression
from gruvy.errors import DataError, MissingExtraError

VALUES = np.array([[0.0, 1.5, 2.0], [3.0, 0.0, 0.0]], dtype=np.float32)


def write(path, X=VALUES, genes=("g1", "g2", "g3"), **annotations):
    count = 2 if X is None else X.shape[0]
    # Objects: anndata 0.12 does not write the strings of pandas 3.
    names = pd.Index([f"c{n}" for n in range(count)], dtype=object)
    columns = {
        name: pd.Series(values, names, object if isinstance(values[0], str) else int)
        for name, values in annotations.items()
    }
    obs = pd.DataFrame(columns, index=names)
    var = pd.DataFrame(index=pd.Index(genes, dtype=object))
    anndata.AnnData(X=X, obs=obs, var=var).write_h5ad(path)
    return path


@pytest.mark.parametrize("kind", [np.array, csr_matrix])
def test_values_names_and_annotations(tmp_path, kind):
    path = write(tmp_path / "c.h5ad", kind(VALUES), tissue=["liver", "heart"], depth=[10, 20])
    frame = read_expression(path, ["tissue"], ["donor"])
    assert list(frame.columns) == ["g1", "g2", "g3", "tissue"]
    assert frame.index.tolist() == ["c0", "c1"]
    np.testing.assert_array_equal(frame[["g1", "g2", "g3"]], VALUES)
    assert frame["tissue"].tolist() == ["liver", "heart"]
    assert "depth" in read_expression(path, ["tissue"], ["depth"])


def test_an_annotation_that_is_missing_or_called_as_a_gene(tmp_path):
    path = write(tmp_path / "c.h5ad", tissue=["liver", "heart"], g2=[1, 2])
    with pytest.raises(DataError, match=r"c.h5ad: no annotation 'tisue' in obs; did you mean 'tissue'"):
        read_expression(path, ["tisue"])
    with pytest.raises(DataError, match="1 names stand for several columns, the first is 'g2'"):
        read_expression(path, ["g2"])


@pytest.mark.filterwarnings("ignore:Variable names are not unique")
def test_files_that_cannot_be_used(tmp_path):
    with pytest.raises(DataError, match=r"no.h5ad: no such file"):
        read_expression(tmp_path / "no.h5ad")
    (tmp_path / "bad.h5ad").write_text("no HDF5")
    with pytest.raises(DataError, match=r"bad.h5ad: cannot be read as h5ad .*write it again"):
        read_expression(tmp_path / "bad.h5ad")
    with pytest.raises(DataError, match="no values; expected the expression in X"):
        read_expression(write(tmp_path / "none.h5ad", None))
    with pytest.raises(DataError, match="1 names stand for several columns, the first is 'g'"):
        read_expression(write(tmp_path / "twice.h5ad", genes=("g", "g", "h")))


def test_without_anndata_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "anndata", None)
    with pytest.raises(MissingExtraError, match=r"gruvy\[bio\]"):
        read_expression(tmp_path / "c.h5ad")

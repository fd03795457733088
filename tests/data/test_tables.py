import pandas as pd
import pytest

from gruvy.data import read_table
from gruvy.errors import DataError


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.tsv", "a.parquet", "A.CSV"])
def test_read_table_reads_each_kind(tmp_path, name):
    frame = pd.DataFrame({"time": ["2020-01-01", "2020-01-02"], "y": [1.5, None]})
    path = tmp_path / name
    if name.endswith(".parquet"):
        frame.to_parquet(path)
    else:
        frame.to_csv(path, sep="\t" if name.endswith(".tsv") else ",", index=False)
    pd.testing.assert_frame_equal(read_table(path), frame, check_dtype=False)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.csv", None, "none.csv: no such file; check the path"),
        ("a.xlsx", b"PK", r"expected a file that ends in .csv, .csv.gz, .tsv, .jsonl, .parquet"),
        ("a.csv", b"", "the file is empty; expected a first row with column names"),
        ("a.csv", b"time,y\n", "has column names but no rows"),
        ("a.csv", b"a,b\n1,2\n3,4,5\n", "cannot be read as csv"),
        ("a.csv", b"a,b\n\xff\xfe,2\n", "cannot be read as csv"),
        ("a.parquet", b"not parquet", "cannot be read as parquet"),
        ("a.csv.gz", b"not gzip", "cannot be read as gz"),
    ],
)
def test_a_file_that_cannot_be_read_is_explained(tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_table(path)


def test_a_folder_is_explained(tmp_path):
    with pytest.raises(DataError, match="got a folder"):
        read_table(tmp_path)


def test_texts_stay_as_they_are_written(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("word,count\nnull,1\nNA,2\n,NA\n007,4\n")
    frame = read_table(path, texts=("word", "another"))
    assert frame["word"].fillna("missing").tolist() == ["null", "NA", "missing", "007"]
    assert frame["count"].isna().tolist() == [False, False, True, False]
    assert read_table(path)["word"].isna().tolist() == [True, True, True, False]


def test_a_quotation_mark_that_is_not_closed(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text('es\ten\nUno.\t"One.\nDos.\tTwo.\nTres.\t"Three.\n')
    with pytest.raises(DataError, match="row 0 of column 'en' goes on over a tab or a line's end"):
        read_table(path, texts=("es", "en"))
    path.write_text('es\ten\nUno.\t"""One,"" he said."\nDos.\tTwo "2".\n')
    assert read_table(path, texts=("es", "en"))["en"].tolist() == ['"One," he said.', 'Two "2".']

import pandas as pd
import pytest

from gruvy.data import read_table
from gruvy.errors import DataError, InputNote


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
        ("a.docx", b"PK", r"expected a file that ends in .csv, .tsv, .tab, .txt, .dat, .xlsx"),
        ("a.xlsx", b"PK", "cannot be read as a spreadsheet"),
        ("a.csv", b"", "the file is empty; expected a first row with column names"),
        ("a.csv", b"time,y\n", "has column names but no rows"),
        ("a.csv", b"a,b\n1,2\n3,4,5\n", "line 3: 3 fields, expected 2 as in the header: '3,4,5'"),
        (
            "a.csv",
            b"a,b\n\xd0\xd1\xd2\xd3,2\n",
            "is not in UTF-8, and line 2 reads 'ÐÑÒÓ' as cp1252 or 'РСТУ' as cp1251",
        ),
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
    with pytest.warns(InputNote, match="a.csv: read with 'NA' in 'count' missing"):
        frame = read_table(path, texts=("word", "another"))
    assert frame["word"].fillna("missing").tolist() == ["null", "NA", "missing", "007"]
    assert frame["count"].isna().tolist() == [False, False, True, False]
    with pytest.warns(InputNote):
        assert read_table(path)["word"].isna().tolist() == [False, False, True, False]


def test_a_quotation_mark_that_is_not_closed(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text('es\ten\nUno.\t"One.\nDos.\tTwo.\nTres.\t"Three.\n')
    with pytest.raises(DataError, match="line 2: a quotation mark that opens there is not closed where its cell ends"):
        read_table(path, texts=("es", "en"))
    path.write_text('es\ten\nUno.\t"""One,"" he said."\nDos.\tTwo "2".\n')
    assert read_table(path, texts=("es", "en"))["en"].tolist() == ['"One," he said.', 'Two "2".']

import pytest

from gruvy.data import is_fasta, read_fasta
from gruvy.data.fasta import Record
from gruvy.errors import DataError


@pytest.fixture
def write(tmp_path):
    def made(text, name="a.fasta"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return made


def test_lines_are_joined_and_a_name_is_the_first_word(write):
    path = write(">one first of all\nMKVL\n  ACDE \n\n>two\nM*-\n")
    assert read_fasta(path) == [Record("one", "MKVLACDE"), Record("two", "M*-")]


def test_three_lines_are_a_sequence_and_its_labels(write):
    assert read_fasta(write(">a\nMKV\nHH-\n>b\nAC\n01\n")) == [Record("a", "MKV", "HH-"), Record("b", "AC", "01")]
    assert read_fasta(write(">a\nMKV\nACD\n>b\nAC\n")) == [Record("a", "MKVACD"), Record("b", "AC")]


def test_labels_of_a_second_file_go_by_name(write):
    sequences = write(">a\nMKV\n>b\nAC\n")
    labels = write(">b other words\nEE\n>c\nH\n>a\nH\nHH\n", "b.fasta")
    assert read_fasta(sequences, labels) == [Record("a", "MKV", "HHH"), Record("b", "AC", "EE")]


def test_names_of_files():
    assert all(map(is_fasta, ("a.fasta", "A.FA", "x.y.faa", "b.fna", "c.3line")))
    assert not any(map(is_fasta, ("a.csv", "fasta", "a.fasta.gz")))


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("", "a.fasta: the file is empty"),
        ("\n\n", "the file is empty"),
        ("MKV\n", "line 1: expected '>name', got 'MKV'; is it a FASTA file"),
        (">\nMKV\n", "line 1: expected a name after '>', got none"),
        (">a\nMKV\n>b\n", "line 3: 'b' has no sequence"),
        (">a\nMKV\n>a\nAC\n", "line 3: the name 'a' comes twice"),
        (">a\nMKV\n>b\nAC1D\n", "line 3: 'b' has '1' at position 3; expected letters"),
    ],
)
def test_mistakes(write, text, pattern):
    with pytest.raises(DataError, match=pattern) as caught:
        read_fasta(write(text))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "pattern"),
    [
        ("", "b.fasta: the file is empty"),
        (">a\nHHH\n", "b.fasta: no labels of 'b' .1 of 2 sequences of .*a.fasta have none."),
        (">a\nHH\n>b\nHH\n", "'a' has 2 labels for 3 characters .1 of 2 sequences do not fit."),
    ],
)
def test_mistakes_in_the_labels(write, labels, pattern):
    with pytest.raises(DataError, match=pattern):
        read_fasta(write(">a\nMKV\n>b\nAC\n"), write(labels, "b.fasta"))


def test_no_file_a_folder_and_no_text(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        read_fasta(tmp_path / "a.fasta")
    with pytest.raises(DataError, match="got a folder"):
        read_fasta(tmp_path)
    (tmp_path / "b.fa").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read as FASTA"):
        read_fasta(tmp_path / "b.fa")


def test_two_equal_lines_of_a_sequence_are_no_labels_where_these_are_known(write):
    wrapped = write(">one\nMKVLAA\nGGHEEC\n>two\nMKVL\nHHEC\n")
    assert [one.labels for one in read_fasta(wrapped)] == ["GGHEEC", "HHEC"]
    assert [one.sequence for one in read_fasta(wrapped, known="HEC")] == ["MKVLAAGGHEEC", "MKVLHHEC"]
    assert read_fasta(write(">one\nMK\nQQ\n", "a.3line"), known="HEC") == [Record("one", "MK", "QQ")]
    labelled = write(">one\nMKVL\nHHEC\n")
    assert read_fasta(labelled, known="HEC") == read_fasta(labelled) == [Record("one", "MKVL", "HHEC")]

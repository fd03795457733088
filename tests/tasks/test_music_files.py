"""Pieces from MIDI and MusicXML files, arrays and tables."""

import numpy as np
import pandas as pd
import pytest

import gruvy
from gruvy.errors import DataError, FileFormatError
from gruvy.music import write_midi
from gruvy.tasks import PolyphonicModel
from gruvy.tasks.music.files import MusicFiles
from gruvy.tasks.music.fitting import fit_files

SMALL = {"hidden_size": 4, "max_epochs": 2, "random_state": 0}
BAR = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>2</duration></note>"
SCORE = f"<score-partwise><part id='P1'><measure>{BAR}</measure></part></score-partwise>"


def rolls(count=6):
    random = np.random.default_rng(0)
    return {f"piece{i}": (random.random((5 + i, 88)) < 0.1).astype(np.uint8) for i in range(count)}


@pytest.fixture
def folder(tmp_path):
    for name, roll in rolls().items():
        roll[-1, 40] = 1
        path = tmp_path / "songs" / "more" / f"{name}.mid" if name == "piece5" else tmp_path / "songs" / f"{name}.MID"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_midi(roll, path, step=0.5)
    (tmp_path / "songs" / "notes.txt").write_text("no music")
    return tmp_path / "songs"


def test_a_folder_of_scores(folder):
    (folder / "z.musicxml").write_text(SCORE)
    names, X = MusicFiles(step=0.5).read(folder)
    assert names == ["more/piece5.mid", *(f"piece{i}.MID" for i in range(5)), "z.musicxml"]
    assert [len(roll) for roll in X] == [10, 5, 6, 7, 8, 9, 4]
    np.testing.assert_array_equal(X[1][:-1], rolls()["piece0"][:-1])
    assert X[-1][:, 60 - 21].tolist() == [1, 1, 1, 1]
    assert len(MusicFiles(step=1.0).read(folder / "piece3.MID")[1][0]) == 4


def test_arrays_and_tables_give_the_same_pieces(tmp_path):
    pieces = rolls()
    np.savez_compressed(tmp_path / "r.npz", **pieces)
    columns = [f"n{key}" for key in range(88)]
    frame = pd.concat([pd.DataFrame(roll, columns=columns).assign(song=name) for name, roll in pieces.items()])
    frame.sample(frac=1, random_state=0).sort_index(kind="stable").to_parquet(tmp_path / "r.parquet", index=False)
    frame.to_csv(tmp_path / "r.csv", index=False)
    for name in ("r.npz", "r.csv"):
        files = MusicFiles(series="song").for_learning(tmp_path / name)
        names, X = files.read(tmp_path / name)
        assert names == list(pieces)
        for one, roll in zip(X, pieces.values(), strict=True):
            np.testing.assert_array_equal(one, roll)
    files = MusicFiles(series="song").for_learning(tmp_path / "r.parquet")
    assert files.notes == tuple(columns)
    names, X = files.read(tmp_path / "r.parquet")
    mixed = dict(zip(names, X, strict=True))
    assert {name: len(roll) for name, roll in mixed.items()} == {name: len(roll) for name, roll in pieces.items()}


def test_the_model_remembers_columns_and_step(tmp_path):
    pieces = rolls()
    frame = pd.concat([pd.DataFrame(roll).add_prefix("n").assign(song=name) for name, roll in pieces.items()])
    frame.to_csv(tmp_path / "r.csv", index=False)
    model = PolyphonicModel(**SMALL)
    test = fit_files(model, tmp_path / "r.csv", MusicFiles(0.25, "song"), test_fraction=0.34)
    assert len(test.names) == 2
    assert model.provenance_["pieces"] == 4
    for name, roll in zip(test.names, test.X, strict=True):
        np.testing.assert_array_equal(roll, pieces[name])
    again = gruvy.load(model.save(tmp_path / "m.gruvy"))
    assert again.files_ == MusicFiles(0.25, "song", tuple(f"n{key}" for key in range(88)))
    shuffled = frame[[*frame.columns[::-1]]].assign(extra=1)
    shuffled.to_csv(tmp_path / "s.csv", index=False)
    np.testing.assert_array_equal(again.files_.read(tmp_path / "s.csv")[1][0], pieces["piece0"])


def empty(tmp_path):
    (tmp_path / "d").mkdir()
    return tmp_path / "d"


def silent(tmp_path):
    write_midi(np.zeros((4, 88)), tmp_path / "a.mid")
    return tmp_path / "a.mid"


def short(tmp_path):
    write_midi(np.ones((1, 88)), tmp_path / "a.mid")
    return tmp_path / "a.mid"


def endless(tmp_path):
    (tmp_path / "a.xml").write_text(SCORE.replace("<duration>2", "<duration>10000000"))
    return tmp_path / "a.xml"


def text(tmp_path):
    (tmp_path / "a.mid").write_text("no music")
    return tmp_path


def table(**columns):
    def make(tmp_path):
        pd.DataFrame({"song": ["a", "a", "b", "b"], "c": [1, 0, 1, 1], **columns}).to_csv(
            tmp_path / "t.csv", index=False
        )
        return tmp_path / "t.csv"

    return make


def no_arrays(tmp_path):
    (tmp_path / "a.npz").write_text("no arrays")
    return tmp_path / "a.npz"


@pytest.mark.parametrize(
    ("make", "files", "error", "pattern"),
    [
        (lambda path: path / "x.mid", MusicFiles(), DataError, "no such file or folder"),
        (empty, MusicFiles(), DataError, r"expected a folder with music \(.mid, .midi, .mxl"),
        (silent, MusicFiles(), DataError, "1 of 1 files have no notes, the first is a.mid"),
        (short, MusicFiles(), DataError, "fewer than 2 steps; .*, the first is a.mid"),
        (endless, MusicFiles(), DataError, "a.xml: the music lasts 10,000,000 steps"),
        (text, MusicFiles(), FileFormatError, "expected a MIDI file"),
        (no_arrays, MusicFiles(), DataError, "cannot be read as npz"),
        (table(), MusicFiles(series="sung"), DataError, "no column 'sung'; did you mean 'song'"),
        (table(), MusicFiles(series="song", notes=("d",)), DataError, "no column 'd'"),
        (table(), MusicFiles(), DataError, "column 'song': expected 0 and 1, got 'a' in row 0"),
        (table(c=[1, 0, 2, 1]), MusicFiles(series="song"), DataError, "other values than 0 and 1, the first is b"),
        (table(c=[1, 0, None, 1]), MusicFiles(series="song"), DataError, "have NaN; .*, the first is b"),
        (table(song=["a", "a", "b", None]), MusicFiles(series="song"), DataError, "1 rows have no id"),
    ],
)
def test_what_cannot_be_read(tmp_path, make, files, error, pattern):
    with pytest.raises(error, match=pattern):
        files.read(make(tmp_path))


@pytest.mark.parametrize(("series", "hint"), [(None, r"got 1; .*\(--series\)"), ("song", "got 2; give more")])
def test_too_few_pieces_for_a_fit(tmp_path, series, hint):
    path = table()(tmp_path)
    if series is None:
        pd.read_csv(path)[["c"]].to_csv(path, index=False)
    with pytest.raises(DataError, match=f"expected at least 3 pieces, .*, {hint}"):
        fit_files(PolyphonicModel(**SMALL), path, MusicFiles(series=series), test_fraction=0.2)

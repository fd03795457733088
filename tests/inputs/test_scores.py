"""Scores in the formats that collections of tunes come in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from input_cases import Case, named

from gruvy.tasks.music.files import MusicFiles

TITLE = "Scores"
ABC = "X:1\nT:Air\nM:4/4\nL:1/4\nK:G\n"
KERN = "**kern\t**kern\n*M4/4\t*M4/4\n=1\t=1\n"


def read(name: str, content: str | bytes, *pieces: list[list[int]], step: float = 1.0):
    """Write a file, read it, and compare the MIDI pitches that sound at each step of each piece."""

    def run(folder: Path) -> None:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        _, rolls = MusicFiles(step).read(folder / name)
        found = [[(np.flatnonzero(frame) + 21).tolist() for frame in roll] for roll in rolls]
        assert found == list(pieces)

    return run


def folder_of_all(folder: Path) -> None:
    (folder / "a.abc").write_text(ABC + "G A|\n\nX:2\nT:Jig\nL:1/4\nK:C\nC D E|\n")
    (folder / "b.krn").write_text("**kern\n4c\n4d\n*-\n")
    names, rolls = MusicFiles().read(folder)
    assert names == ["a.abc (1)", "a.abc (2)", "b.krn"]
    assert [len(roll) for roll in rolls] == [2, 3, 2]


CASES: list[Case] = [
    Case("a tune in ABC", "accepted", read("a.abc", ABC + "G A B c|\n", [[67], [69], [71], [72]])),
    Case("an .abc file of several tunes beside a .krn file", "accepted", folder_of_all),
    Case("ABC with chord symbols, which are no notes", "accepted", read("a.abc", ABC + '"G"G "D7"A|\n', [[67], [69]])),
    Case("ABC with grace notes and a tie", "accepted", read("a.abc", ABC + "{B}G2-G A|\n", [[67], [67], [67], [69]])),
    Case("ABC with sharps of its key", "accepted", read("a.abc", ABC + "F f|\n", [[66], [78]])),
    Case(
        "two voices of a .krn file",
        "accepted",
        read("a.krn", KERN + "4c\t2e\n4d\t.\n*-\t*-\n", [[60, 64], [62, 64]]),
    ),
    Case(
        "a tie over a bar of a .krn file",
        "accepted",
        read("a.krn", "**kern\n[4c\n=2\n4c]\n4d\n*-\n", [[60], [60], [62]]),
    ),
    Case(
        "a .krn file with a name in Latin-1",
        "accepted",
        read(
            "a.krn",
            "!!!COM: Dvořák é\n**kern\n4c\n4d\n*-\n".encode().replace(b"\xc5\x99", b"\xf8"),
            [[60], [62]],
        ),
    ),
    Case(
        "an .abc file without a tune",
        "refused",
        read("a.abc", "dear diary\n"),
        "…a.abc: expected a .abc score, got …",
    ),
    Case(
        "a .krn file that is something else",
        "refused",
        read("a.krn", "time,value\n1,2\n"),
        "…a.krn: expected a .krn score, got …",
    ),
]


@pytest.mark.parametrize("case", named(CASES))
def test_a_score_is_read_as_music21_reads_it(case, tmp_path):
    case.check(tmp_path)

"""What a kind of input is, what gruvy makes of it and what it says: the rows of docs/inputs.md, each of them a test."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from gruvy.errors import GruvyError, InputNote


@dataclass(frozen=True)
class Case:
    """One input as people have it.

    Attributes:
        what: the input in plain words, as a row of the table in docs/inputs.md.
        outcome: "accepted" as it is, "adapted" with a note, or "refused" with an error.
        line: the note or the error's message, ``…`` for what differs from machine to machine; "" where accepted.
        run: makes the input in an empty folder, gives it to gruvy and asserts the values that come out.
    """

    what: str
    outcome: Literal["accepted", "adapted", "refused"]
    run: Callable[[Path], Any]
    line: str = ""

    def check(self, folder: Path) -> None:
        """Run it; fail if what happens, or the line, is another one."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", InputNote)
            if self.outcome == "refused":
                with pytest.raises(GruvyError) as refused:
                    self.run(folder)
                said = [" ".join(str(refused.value).split())]
            else:
                self.run(folder)
                said = [str(one.message) for one in caught if issubclass(one.category, InputNote)]
        if self.outcome == "accepted":
            assert said == [], f"expected no note, got {said}"
        else:
            pattern = ".*".join(re.escape(part) for part in self.line.split("…"))
            assert any(re.fullmatch(pattern, one, re.DOTALL) for one in said), f"expected {self.line!r}, got {said}"


def named(cases: list[Case]) -> list[Any]:
    """The cases as parameters of a test."""
    return [pytest.param(case, id=case.what) for case in cases]

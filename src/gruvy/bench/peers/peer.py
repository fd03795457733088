"""What a contender is: one class with the same face, so that a new peer is one more file."""

from __future__ import annotations

import importlib.util
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

from gruvy.bench.case import WORKS, Array, Case, Work

Form = Literal["reset after", "reset before"]


@dataclass(frozen=True)
class Ready:
    """A contender that is ready to be timed.

    Args:
        run: does the work once; what it needs is in memory, and its weights are constant in inference.
        results: what the last `run` computed, by name: "out" (T, N, H) and, in training, the gradients of "x",
            "h_0", "weight_ih" and "weight_hh" in the layout of `Case.arrays`, as far as the contender gives them.
    """

    run: Callable[[], object]
    results: Callable[[], dict[str, Array]]


class Peer(ABC):
    """One contender. Its packages are imported in `prepare`, which runs in a process of its own."""

    name: ClassVar[str]
    packages: ClassVar[tuple[str, ...]]  # to be imported
    install: ClassVar[str]  # how to get them
    form: ClassVar[Form | None]  # None: another cell, which computes something else and is only timed
    works: ClassVar[tuple[Work, ...]] = WORKS
    tolerance: ClassVar[float] = 1e-4  # what its output may be off by, as a fraction of the largest value

    def missing(self) -> str | None:
        """Say in one line what is not installed and how to get it, or return None."""
        lacking = [package for package in self.packages if importlib.util.find_spec(package) is None]
        return f"{self.name}: {' and '.join(lacking)} not installed: {self.install}" if lacking else None

    @abstractmethod
    def prepare(self, case: Case) -> Ready:
        """Make the contender ready for the case, on ``case.threads`` threads."""

    def version(self) -> str:
        """Return the version of what is measured."""
        from importlib.metadata import version

        return version(self.packages[0])

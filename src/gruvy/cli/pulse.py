"""Away from a terminal: a line at least every ten seconds, whatever goes on."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

INTERVAL = 10.0  # seconds


class Pulse:
    """Says what goes on where nothing has been said for a while, from a thread of its own.

    What goes on may contain other things that go on, which are then what is said.
    """

    def __init__(self) -> None:
        self._going_on: list[tuple[Callable[[], str], float]] = []
        self._last = 0.0
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def say(self, line: str) -> None:
        """Write a line on stderr; the next one need not come sooner than after a while."""
        self._last = time.monotonic()
        print(line, file=sys.stderr, flush=True)

    def begin(self, what: Callable[[], str]) -> None:
        """Something goes on: ``what`` says how far it is."""
        self._last = time.monotonic()
        self._going_on.append((what, self._last))
        if self._thread is None:
            self._ended = threading.Event()
            self._thread = threading.Thread(target=self._watch, args=(self._ended,), name="gruvy-pulse", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """What was begun last has ended."""
        self._going_on.pop()
        if not self._going_on and self._thread is not None:
            self._ended.set()
            self._thread.join()
            self._thread = None

    def _watch(self, ended: threading.Event) -> None:
        while not ended.wait(max(0.01, self._last + INTERVAL - time.monotonic())):
            if time.monotonic() >= self._last + INTERVAL and self._going_on:
                what, since = self._going_on[-1]
                self.say(f"{what()}  ({time.monotonic() - since:.0f} s so far)")


PULSE = Pulse()


@contextmanager
def pulse(what: Callable[[], str], *, quiet: bool) -> Iterator[None]:
    """Say every while that a block runs, unless stderr is a terminal, which shows it, or it is to be ``quiet``."""
    if quiet or sys.stderr.isatty():
        yield
        return
    PULSE.begin(what)
    try:
        yield
    finally:
        PULSE.end()

"""Ctrl-C during a training: the first asks it to stop where nothing is lost, the second stops at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType


class StoppedError(Exception):
    """A training has been left between two batches, because that was asked for or its time was up."""


class Interruption:
    """Takes the first Ctrl-C of a block as a wish, which whoever works in the block looks for.

    From then on Ctrl-C does what it did before, which is to raise KeyboardInterrupt wherever the program is. Where
    somebody else handles it, or in another thread than the main one, nothing is changed.

    Attributes:
        wanted: whether Ctrl-C was pressed.

    Example:
        >>> with Interruption() as interruption:
        ...     signal.raise_signal(signal.SIGINT)
        >>> interruption.wanted
        True
    """

    wanted = False

    def __enter__(self) -> Interruption:
        self._taken = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if self._taken:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._taken:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def check(self) -> None:
        """Leave the work if that is wanted.

        Raises:
            StoppedError: Ctrl-C was pressed.
        """
        if self.wanted:
            raise StoppedError

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.wanted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)

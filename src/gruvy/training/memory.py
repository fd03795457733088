"""The peak of resident memory while a block runs."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import threading
from types import TracebackType

import psutil

_INTERVAL = 0.01  # seconds; a training step takes longer, so its peak is seen


class PeakMemory:
    """Measures by how many bytes the resident memory of this process rises above its value at the start.

    A thread reads it 100 times a second. It counts all of the process (weights, windows, the allocator's
    reserve, anything that other threads do), on every system that psutil knows; it is not the size of the
    model.

    Example:
        >>> with PeakMemory() as peak:
        ...     block = bytes(range(250)) * 200_000
        >>> peak.bytes > 40_000_000
        True
    """

    def __enter__(self) -> PeakMemory:
        _give_back_freed_memory()
        self._process = psutil.Process()
        self._start = self._peak = self._rss()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="gruvy-peak-memory", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()
        self._read()

    @property
    def bytes(self) -> int:
        """The rise so far."""
        return self._peak - self._start

    def _watch(self) -> None:
        while not self._end.wait(_INTERVAL):
            self._read()

    def _rss(self) -> int:
        return int(self._process.memory_info().rss)

    def _read(self) -> None:
        self._peak = max(self._peak, self._rss())


def _give_back_freed_memory() -> None:
    """Without this a second training would reuse what the first one freed, and seem to need nothing."""
    gc.collect()
    with contextlib.suppress(AttributeError, OSError, TypeError):  # only glibc has it, and only it needs it
        ctypes.CDLL(None).malloc_trim(0)

"""Times contenders beside each other: every one in a process of its own, taking turns, the others asleep."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from gruvy.bench.case import Shape, Work
from gruvy.bench.peers import OWN, Peer
from gruvy.errors import ArgumentError, GruvyError

TURN_SECONDS = 0.02
# A contender that needs so many times the fastest one's time is out of the running: three turns place it.
FAR_BEHIND, TURNS_FAR_BEHIND = 4.0, 3


@dataclass(frozen=True)
class Row:
    """One shape, one kind of work, one number of threads: the times of all contenders.

    Args:
        milliseconds: of each contender that took part, the median over the rounds.
        spread: the distance between the quartiles of the same rounds, as a fraction of the median.
        left_out: of each contender that could not take part, why.
    """

    shape: Shape
    work: Work
    threads: int
    milliseconds: dict[str, float]
    spread: dict[str, float]
    left_out: dict[str, str]


@dataclass
class Contest:
    """What `run` found: rows in the order measured, and each contender's version."""

    rows: list[Row] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)


def run(
    shapes: Sequence[Shape],
    works: Sequence[Work],
    threads: Sequence[int],
    peers: Sequence[Peer],
    *,
    rounds: int = 7,
    turns_far_behind: int = TURNS_FAR_BEHIND,
    progress: Callable[[Row], None] = lambda row: None,
    log: Callable[[str], None] = lambda line: None,
) -> Contest:
    """Measure gruvy in both forms and the peers given.

    Every contender gets the same numbers (`Case`), and its results are compared with gruvy's of the same form before it
    is timed. In each round every contender takes one turn of at least 20 ms.

    Args:
        shapes, works, threads: everything to be measured; each number of threads has processes of its own.
        peers: from `gruvy.bench.peers.PEERS`; they have to be installed.
        rounds: turns of each contender.
        turns_far_behind: turns of a contender that is more than four times slower than the fastest.
        progress, log: called with every row that is ready, and with every remark.

    Returns:
        The rows and the versions.

    Raises:
        ArgumentError: more threads than processors that this process may use.
        GruvyError: gruvy's own process fails.
    """
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if max(threads) > available:
        raise ArgumentError(f"{max(threads)} threads were asked for; this process may use {available} processors")
    contest = Contest()
    for count in threads:
        with ExitStack() as stack:
            contenders: dict[Peer, _Process] = {}
            for peer in (*OWN, *peers):
                process = stack.enter_context(_started(peer, count))
                answer = process.ask("version")
                if "error" in answer:
                    if peer in OWN:
                        raise GruvyError(f"{peer.name} cannot be measured: {answer['error']}")
                    log(f"{peer.name} is left out: {answer['error']}")
                    continue
                contest.versions[peer.name] = answer["version"]
                contenders[peer] = process
            for shape in shapes:
                for work in works:
                    entered = {peer: process for peer, process in contenders.items() if work in peer.works}
                    contest.rows.append(_measure(entered, shape, work, count, rounds, turns_far_behind))
                    for name, why in contest.rows[-1].left_out.items():
                        log(f"{name} is left out at {shape}, {work}: {why}")
                    progress(contest.rows[-1])
    return contest


def _measure(
    contenders: Mapping[Peer, _Process], shape: Shape, work: Work, threads: int, rounds: int, turns_far_behind: int
) -> Row:
    estimates: dict[Peer, float] = {}
    left_out: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        references = {str(peer.form): str(Path(folder) / f"{peer.form}.npz") for peer in OWN}
        for peer, process in contenders.items():
            answer = process.ask("prepare", shape=shape, work=work, references=references, turn_seconds=TURN_SECONDS)
            if "seconds" in answer:
                estimates[peer] = answer["seconds"]
            elif peer in OWN:
                raise GruvyError(f"{peer.name} cannot be measured at {shape}: {answer}")
            elif "differs" in answer:
                left_out[peer.name] = f"it computes something else: {answer['differs']}"
            else:
                left_out[peer.name] = answer["error"]
    seconds = _take_turns(contenders, estimates, rounds, turns_far_behind, left_out)
    for peer in estimates:
        contenders[peer].ask("drop")
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    return Row(
        shape,
        work,
        threads,
        {name: 1e3 * median for name, median in medians.items()},
        {name: _quartile_distance(values) / medians[name] for name, values in seconds.items()},
        left_out,
    )


def _take_turns(
    contenders: Mapping[Peer, _Process],
    estimates: Mapping[Peer, float],
    rounds: int,
    turns_far_behind: int,
    left_out: dict[str, str],
) -> dict[str, list[float]]:
    """Return the seconds of every turn, by name; who fails in a turn goes to ``left_out``."""
    behind = {peer for peer, seconds in estimates.items() if seconds > FAR_BEHIND * min(estimates.values())}
    seconds: dict[str, list[float]] = {peer.name: [] for peer in estimates}
    for number in range(rounds):
        for peer in estimates:
            if peer.name in left_out or (peer in behind and peer not in OWN and number >= turns_far_behind):
                continue
            answer = contenders[peer].ask("turn")
            if "error" in answer:
                left_out[peer.name] = answer["error"]
                del seconds[peer.name]
            else:
                seconds[peer.name].append(answer["seconds"])
    return seconds


def _quartile_distance(values: Sequence[float]) -> float:
    if len(values) < 2:
        return 0.0
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return high - low


class _Process:
    """A worker, asked one thing at a time."""

    def __init__(self, process: subprocess.Popen[str], errors: IO[str]):
        self._process, self._errors = process, errors

    def ask(self, what: str, **details: Any) -> dict[str, Any]:
        """Return the answer; where the worker has died, its last line on stderr as the error."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": what, **details}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        self._errors.seek(0)
        last = (self._errors.read().strip().splitlines() or ["no message"])[-1]
        return {"error": f"its process ended with code {self._process.wait()}: {last}"}


@contextmanager
def _started(peer: Peer, threads: int) -> Iterator[_Process]:
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "gruvy.bench.worker",
                f"{type(peer).__module__}:{type(peer).__name__}",
                str(threads),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        with process:
            try:
                yield _Process(process, errors)
            finally:
                assert process.stdin is not None
                process.stdin.close()
                if process.poll() is None:
                    process.terminate()

"""The table of what all demos reach: kept as JSON, shown as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from gruvy.demos.catalogue import DEMOS, runner
from gruvy.demos.outcome import Budget, Figure, Outcome, command
from gruvy.errors import ArgumentError
from gruvy.nn import on_torch
from gruvy.tasks.shared.provenance import provenance

# Each path is timed so often, in turns, and the fastest run counts: what else a machine does only ever adds time.
_TURNS = 2
_PAGE = """# What the demos reach

Each line is one measure on a fixed test part, from which nothing was learnt or chosen. The best value is bold. Written
by `gruvy demo all --record docs/results.md` and `gruvy demo NAME --full --record docs/results.md`, with seed 0. A few
settings of the genes were compared on their folds themselves (design/013-classifier.md).

| demo | measure | GRU | beside it | time | engine |
|---|---|---|---|---|---|
{lines}

- time: of the whole run, with all networks, baselines and the report, on one thread.
- engine: how many times faster the fits of the quick budget are on gruvy's engine than on PyTorch's own GRU
  (`backend="torch"`), all else being the same.
{made}
"""


@dataclass(frozen=True)
class Result:
    """What one demo reached with one budget.

    Attributes:
        demo: its name.
        budget: quick, default or full.
        figures: what it measured.
        seconds: of the whole run, with baselines and report.
        speedup: of training on the engine, against the same training on PyTorch's own GRU; see `engine_speedup`.
        provenance: date, versions, machine.
    """

    demo: str
    budget: Budget
    figures: Sequence[Figure]
    seconds: float
    speedup: float | None
    provenance: Mapping[str, Any]


def result_of(name: str, budget: Budget, outcome: Outcome, seconds: float, speedup: float | None) -> Result:
    """Return the result of a run that has just ended."""
    return Result(name, budget, outcome.figures, seconds, speedup, provenance())


def engine_speedup(name: str) -> float:
    """Run a demo's quick budget on the engine and on PyTorch's path in turns, and compare the time of all its fits.

    A fit is the whole job: preparing the data, training, validation, choosing the best epoch. Where a demo trains
    other networks beside the GRU, or steps environments, that is in both times.
    """
    best = {True: float("inf"), False: float("inf")}
    for _ in range(_TURNS):
        for engine in (True, False):
            best[engine] = min(best[engine], _seconds_of_fits(name, engine=engine))
    return best[False] / best[True]


def check_page(path: Path) -> None:
    """Refuse a page that `add` could not write, or would write over.

    Raises:
        ArgumentError: its name does not end in .md, it is a page of something else, or the JSON file beside it is.
    """
    store = path.with_suffix(".json")
    if path.suffix != ".md":
        raise ArgumentError(f"--record: expected a name that ends in .md, got {path}; the figures go to {store} beside")
    if path.exists() and not store.exists():
        raise ArgumentError(f"--record: {path} is no table of results ({store} is not beside it); name another file")
    _read(store)


def add(path: Path, result: Result) -> None:
    """Put a result into a table of results, in place of an older one of the same demo and budget.

    Args:
        path: the Markdown file to write; the JSON file beside it, of the same name, holds what the table is made of.
        result: what to add.

    Raises:
        ArgumentError: the JSON file is there but holds something else.
    """
    store = path.with_suffix(".json")
    results = _read(store)
    results[result.demo, result.budget] = result
    demos, budgets = list(DEMOS), ["quick", "default", "full"]
    kept = sorted(results.values(), key=lambda one: (demos.index(one.demo), budgets.index(one.budget)))
    store.write_text(json.dumps([asdict(one) for one in kept], indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    path.write_text(markdown(kept), encoding="utf-8")


def markdown(results: Sequence[Result]) -> str:
    """Return the page with the table of results."""
    lines = []
    for result in results:
        # What holds for the whole run stands in the line of its first figure.
        about = [
            f"`{command(result.demo, result.budget).removeprefix('gruvy demo ')}`",
            _minutes(result.seconds),
            "" if result.speedup is None else f"{result.speedup:.1f}x",
        ]
        for figure in result.figures:
            name, time, speedup = about
            lines.append(f"| {' | '.join([name, figure.measure, *_values(figure), time, speedup])} |")
            about = ["", "", ""]
    made = dict.fromkeys(f"- {_made(result)}" for result in results)
    return _PAGE.format(lines="\n".join(lines), made="\n".join(made))


def _values(figure: Figure) -> tuple[str, str]:
    """The GRU's value and the others', the best one bold."""
    values = {"GRU": figure.gru, **figure.others}
    best = (max if figure.higher_is_better else min)(values.values())
    shown = {
        name: f"**{value:{figure.style}}**" if value == best else f"{value:{figure.style}}"
        for name, value in values.items()
    }
    return shown.pop("GRU"), ", ".join(f"{name} {value}" for name, value in shown.items())


def _minutes(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _made(result: Result) -> str:
    about = result.provenance
    versions = about["versions"]
    return (
        f"{about['machine']}, {about['date'][:10]}: gruvy {versions['gruvy']}, PyTorch {versions['torch']}, "
        f"Python {versions['python']}"
    )


def _read(store: Path) -> dict[tuple[str, str], Result]:
    if not store.exists():
        return {}
    try:
        found: Iterable[dict[str, Any]] = json.loads(store.read_text(encoding="utf-8"))
        results = [Result(**{**one, "figures": [Figure(**figure) for figure in one["figures"]]}) for one in found]
    except (ValueError, TypeError, KeyError) as error:
        raise ArgumentError(f"--record: {store} holds no results of demos ({error}); name another file") from error
    return {(result.demo, result.budget): result for result in results if result.demo in DEMOS}


def _seconds_of_fits(name: str, *, engine: bool) -> float:
    seconds = 0.0

    @contextmanager
    def timed(_model: str) -> Iterator[Any]:
        nonlocal seconds
        begin = perf_counter()
        yield lambda event: None
        seconds += perf_counter() - begin

    with TemporaryDirectory() as folder:
        if engine:
            runner(name)(folder, budget="quick", training=timed)
        else:
            with on_torch():
                runner(name)(folder, budget="quick", training=timed)
    return seconds

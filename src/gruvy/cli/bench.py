"""``gruvy bench``."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gruvy.cli.arguments import names
from gruvy.cli.output import print_status, say
from gruvy.errors import ArgumentError

if TYPE_CHECKING:
    from gruvy.bench import Peer, Row

FEWEST_ROUNDS = 7  # a median of fewer does not hold on a machine with other work


def bench(
    shapes: Annotated[
        list[str] | None,
        typer.Option(
            metavar="I,H,N,T", help="Inputs, hidden units, batch, steps; may be repeated; a grid of 7 by default."
        ),
    ] = None,
    work: Annotated[str, typer.Option(metavar="KINDS", help="inference, training or both.")] = "inference,training",
    threads: Annotated[str, typer.Option(metavar="NUMBERS", help="Numbers of threads, such as 1,2.")] = "1",
    rounds: Annotated[int, typer.Option(metavar="N", help="Rounds for each library; at least 7.")] = FEWEST_ROUNDS,
    peers: Annotated[
        str | None, typer.Option(metavar="NAMES", help="Such as torch,jax,onednn; all installed ones by default.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Folder for bench.json and bench.svg.")] = None,
) -> None:
    """Time gruvy's layer against every library on this machine that runs a GRU, at your own shapes.

    Every library gets the same weights and inputs; its results, and in training its gradients, are compared with
    gruvy's before it is timed. Each runs in its own process, and they take turns. Times are medians.

    Example: `gruvy bench --shapes 64,128,32,100 --threads 1,2 --out bench`
    """
    from gruvy import bench as room

    chosen_shapes = [room.parse_shape(shape) for text in shapes or () for shape in text.split()] or list(room.GRID)
    kinds = [kind for kind in room.WORKS if kind in names([work])]
    if unknown := set(names([work])) - set(room.WORKS):
        raise ArgumentError(f"--work: {', '.join(sorted(unknown))} is unknown; expected inference, training or both")
    if not kinds:
        raise ArgumentError(f"--work: expected inference, training or both, got {work!r}")
    counts = names([threads])
    if not counts or not all(count.isdecimal() and int(count) for count in counts):
        raise ArgumentError(f"--threads: expected integers of at least 1, such as 1,2, got {threads!r}")
    if rounds < FEWEST_ROUNDS:
        raise ArgumentError(f"--rounds: expected {FEWEST_ROUNDS} or more, for a median that holds; got {rounds}")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)

    present = []
    for peer in _chosen(peers, room.PEERS):
        if missing := peer.missing():
            print_status(f"left out: {missing}")
        else:
            present.append(peer)

    def progress(row: Row) -> None:
        own = row.milliseconds["gruvy"]
        print_status(f"{row.shape}  {row.work}  {row.threads} thread(s): {own:.4g} ms")

    contest = room.run(
        chosen_shapes,
        kinds,
        [int(count) for count in counts],
        present,
        rounds=rounds,
        progress=progress,
        log=print_status,
    )
    say(room.render(contest.rows), soft_wrap=True)
    if out is not None:
        (out / "bench.json").write_text(json.dumps(room.document(contest, rounds), indent=1) + "\n")
        (out / "bench.svg").write_text(room.svg(contest.rows), encoding="utf-8")
        print_status(f"Written: {out / 'bench.json'}, {out / 'bench.svg'}")


def _chosen(text: str | None, peers: Sequence[Peer]) -> list[Peer]:
    """Return the peers whose names begin with one of those given."""
    if text is None:
        return list(peers)
    found: list[Peer] = []
    for name in names([text]):
        mine = [peer for peer in peers if peer.name.lower().startswith(name.lower())]
        if not mine:
            known = ", ".join(peer.name for peer in peers)
            raise ArgumentError(f"--peers: {name!r} is unknown; expected the beginning of one of these: {known}")
        found += [peer for peer in mine if peer not in found]
    return found

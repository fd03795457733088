"""What can be exported, brought to one form: a graph."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from gruvy import files, formats
from gruvy.errors import ArgumentError
from gruvy.graph import Builder, Graph
from gruvy.spec import GRUWeights


def graph_of(source: Any, **options: Any) -> Graph:
    """Return the graph of what is to be exported.

    Args:
        source: a `Graph`; `GRUWeights`, which becomes the one node "gru" with the input "x"; a PyTorch module that
            `gruvy.nn.to_graph` takes; or a path: a .gruvy file, or any file of GRU weights that `gruvy.formats` reads.
        **options: of `gruvy.formats.read`, for such files; ``batch_first`` besides, for those that do not say the
            layout of the layer's input.

    Raises:
        ArgumentError: it is none of these.
        FileFormatError: the file is missing, damaged, or holds neither a graph nor a GRU.
    """
    if isinstance(source, str | os.PathLike):
        return _of_file(Path(source), **options)
    if options:
        raise ArgumentError(f"{', '.join(options)} are for files of weights; leave them out")
    if isinstance(source, Graph):
        return source
    if isinstance(source, GRUWeights):
        build = Builder()
        value = build.gru("gru", build.input("x", source.input_size), source)
        return build.graph(value, batch_first=source.batch_first)
    if hasattr(source, "state_dict"):
        from gruvy.nn.graph import to_graph

        return to_graph(source)
    raise ArgumentError(f"cannot export a {type(source).__name__}; expected a Graph, GRUWeights, a module or a path")


def preprocessing_of(source: Any) -> dict[str, Any] | None:
    """Return what a fitted estimator's file does to a table before its network reads it; None for all else.

    It is what the file has, and the scaler's "mean" and "std", (series, columns).
    """
    if not isinstance(source, str | os.PathLike) or Path(source).suffix != ".gruvy":
        return None
    arrays, document = files.read(source)
    if "preprocessing" not in document:
        return None
    scaler = {name: arrays[f"scaler/{name}"].tolist() for name in ("mean", "std") if f"scaler/{name}" in arrays}
    return {**document["preprocessing"], **scaler}


def _of_file(path: Path, *, batch_first: bool | None = None, **options: Any) -> Graph:
    if path.suffix == ".gruvy" and not options:
        graph = Graph.read(path)
        return graph if batch_first is None else replace(graph, batch_first=batch_first)
    weights = formats.read(path, **options)
    if batch_first is not None:
        weights = replace(weights, batch_first=batch_first)
    return graph_of(weights)

"""The doctor: says what a file with a GRU is, whether it is sound, and how it differs from another one.

Most GRUs that compute the wrong thing after a conversion still compute something: gates in another order, an update
gate of the opposite sign, ONNX's ``linear_before_reset`` left out. `compare` finds what was done, by undoing each of it
until the numbers are those of the other file; ``design/009-doctor.md`` says how, and ``docs/doctor.md`` how well.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from gruvy import engine, formats
from gruvy.activations import USUAL, told
from gruvy.errors import DataError, GruvyError
from gruvy.formats.base import directions
from gruvy.formats.doctor import naming, rounding, sanity
from gruvy.formats.doctor.faults import Fault, listing, where
from gruvy.formats.doctor.matching import At, CellMatch, cells, match
from gruvy.formats.doctor.results import Cost, Difference, Report
from gruvy.spec import Array, GRUWeights, LayerWeights

__all__ = ["Cost", "Difference", "Fault", "Report", "compare", "diagnose"]


def diagnose(source: Any, data: Any = None, **options: Any) -> Report:
    """Say what a file is, and whether it is sane.

    Args:
        source: what `gruvy.formats.read` reads.
        data: input to look at the gates on, an array (T, N, I) or (T, I) or the path of a .npy file; or None.
        **options: of `gruvy.formats.read`, as ``at`` to choose one of several GRUs.

    Raises:
        GruvyError: the file or the data cannot be read, or do not fit.

    Example:
        >>> diagnose(torch.nn.GRU(3, 4)).sound
        True
    """
    source = formats.file_of(source)
    weights = formats.read(source, **options)
    found = formats.get(formats.detect(source))
    faults = sanity.faults_of(weights)
    saturated: sanity.Activity = {}
    if data is not None:
        x = load_data(data, weights)
        if not faults:
            if weights.layer_norm or weights.activations != USUAL:
                kind = "layer norm" if weights.layer_norm else told(weights.activations)
                raise DataError(f"the gates of a GRU with {kind} cannot be looked at on data; leave the data out")
            on_data, saturated = sanity.faults_on(weights.astype(np.float32), x)
            faults += on_data
    return Report(
        source=str(source) if isinstance(source, str | os.PathLike) else type(source).__name__,
        format=found.title,
        weights=weights,
        biases=naming.biases_of(weights),
        parameters=sum(array.size for one in directions(weights) for array in one if array is not None),
        radii=sanity.spectral_radii(weights),
        saturated=saturated,
        convention=found.convention,
        faults=tuple(faults),
    )


def compare(source: Any, other: Any, data: Any = None) -> Difference:
    """Find out how a file differs from another one that is right.

    Args:
        source: FILE, what `gruvy.formats.read` reads, or `GRUWeights`.
        other: OTHER, likewise, in any format.
        data: input to compare outputs on, as for `diagnose`; None for random numbers.

    Raises:
        GruvyError: a file or the data cannot be read, or do not fit.

    Example:
        >>> from dataclasses import replace
        >>> from gruvy import formats
        >>> right = formats.read(torch.nn.GRU(3, 4))
        >>> wrong = replace(right, reset_after=False)
        >>> [fault.kind for fault in compare(wrong, right).faults]
        ['form']
    """
    file, right = (one if isinstance(one, GRUWeights) else formats.read(one) for one in (source, other))
    misfits = _misfits(file, right)
    if misfits:
        return Difference("different", (), tuple(misfits), None, None)
    cost = _cost(file, right, data)
    # Exactly; and if that leaves out cells, up to rounding.
    for close in (rounding.equal, rounding.nearly):
        matches = match(file, right, close)
        if len(matches) == len(cells(right)):
            return _explained(file, right, matches, cost)
    return Difference("different", (), tuple(_distances(file, right, matches)), cost, None)


def load_data(data: Any, weights: GRUWeights) -> Array:
    """Return input (T, N, I) in float32 from an array or a .npy file.

    Raises:
        DataError: it cannot be read, or its shape or numbers do not fit.
    """
    name = "the data"
    if isinstance(data, str | os.PathLike):
        name = str(data)
        try:
            data = np.load(Path(data), mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            raise DataError(f"{name}: not a .npy file of numbers ({error}); write it with numpy.save") from error
    array = np.asarray(data)
    I = weights.input_size
    if array.ndim not in (2, 3) or array.shape[-1] != I or not array.size or array.dtype.kind not in "fiu":
        raise DataError(
            f"{name}: {array.dtype} of the shape {array.shape}; expected numbers of the shape (T, N, {I}) or (T, {I})"
        )
    x = np.ascontiguousarray(array, dtype=np.float32)
    if not np.isfinite(x).all():
        raise DataError(f"{name}: it has values that are NaN or infinite; leave them out")
    return x if x.ndim == 3 else x[:, None]


def _misfits(file: GRUWeights, other: GRUWeights) -> list[str]:
    """Say which sizes differ."""
    return [
        f"FILE has {mine} {what}, OTHER {yours}"
        for what, mine, yours in (
            ("layers", file.num_layers, other.num_layers),
            ("directions", len(file.layers[0]), len(other.layers[0])),
            ("inputs", file.input_size, other.input_size),
            ("units", file.hidden_size, other.hidden_size),
        )
        if mine != yours
    ]


def _explained(file: GRUWeights, other: GRUWeights, matches: dict[At, CellMatch], cost: Cost | None) -> Difference:
    """Return the difference of two files whose cells have all been found in each other."""
    faults = naming.name_faults(file, other, matches)
    notes = naming.harmless(other, matches)
    mine = cells(file)
    undone = {at: one.undo(mine[one.source]) for at, one in matches.items()}
    layers = tuple(
        tuple(_as_in(undone[l, d], one) for d, one in enumerate(layer)) for l, layer in enumerate(other.layers)
    )
    repaired = replace(
        file,
        layers=layers,
        reset_after=other.reset_after,
        reverse=other.reverse,
        zoneout=other.zoneout,
        activations=other.activations,
    )
    merged = any(one.biases != "kept" and one.biases != "swapped" for one in matches.values())
    pairs = [
        (a, b)
        for at, one in cells(other).items()
        for name, a, b in zip(LayerWeights._fields, undone[at], one, strict=True)
        if a is not None and b is not None and not (merged and name.startswith("bias"))
    ]
    rounded = not all(rounding.equal(a, b) for a, b in pairs)
    if rounded:
        notes.append(rounding.name_of(*map(list, zip(*pairs, strict=True))))
    if file.dtype != other.dtype:
        notes.append(f"FILE is in {file.dtype}, OTHER in {other.dtype}")
    if faults:
        verdict = "rearranged"
    elif rounded:
        verdict = "same but for rounding"
    else:
        verdict = "same function" if merged else "same"
    can = bool(faults) and naming.can_be_undone(faults)
    return Difference(verdict, tuple(faults), tuple(notes), cost, repaired if can else None)


def _as_in(one: LayerWeights, other: LayerWeights) -> LayerWeights:
    """Return a cell whose arrays are to the bit those of another one where they are equal to it.

    They may differ in the sign of zeros, which negation turns, and in a bias of zeros being there or not.
    """
    arrays = []
    for mine, yours in zip(one, other, strict=True):
        zero = mine is None or not mine.any()
        if yours is None:
            arrays.append(None if zero else mine)
        elif (zero and not yours.any()) or (mine is not None and rounding.equal(mine, yours)):
            arrays.append(yours.astype(one.weight_hh.dtype))
        else:
            arrays.append(mine)
    return LayerWeights(*arrays)  # type: ignore[arg-type]


def _distances(file: GRUWeights, other: GRUWeights, matches: dict[At, CellMatch]) -> list[str]:
    """Say how far apart the arrays are, each from the one in its place."""
    lines = [f"{where(*at)} is in FILE, as {where(*one.source)}" for at, one in sorted(matches.items())]
    found: dict[str, dict[str, float]] = {}
    for at, one in cells(other).items():
        for name, a, b in zip(LayerWeights._fields, cells(file)[at], one, strict=True):
            if at in matches or (a is None and b is None):
                continue
            if a is None or b is None:
                lines.append(f"{where(*at, name)} is only in {'OTHER' if a is None else 'FILE'}")
                continue
            size = float(np.linalg.norm(b.astype(np.float64)))
            distance = float(np.linalg.norm(a.astype(np.float64) - b)) / size if size else float(a.any())
            if distance:
                found.setdefault(name, {})[where(*at)] = distance
    for name, distances in found.items():
        span = " to ".join(dict.fromkeys(f"{each(distances.values()):.2g}" for each in (min, max)))
        lines.append(f"{name} is {span} of its norm away in {listing(list(distances))}")
    farthest = max((distance for distances in found.values() for distance in distances.values()), default=0.0)
    if 0 < farthest < 0.05:
        lines.append("so near, FILE may be OTHER in 8-bit weights, or trained a little further")
    elif farthest > 1:
        lines.append("unrelated weights are about 1.4 of their norm away")
    return lines


def _cost(file: GRUWeights, other: GRUWeights, data: Any) -> Cost | None:
    """Run both files."""
    if data is None:
        x = np.random.default_rng(0).standard_normal((50, 4, file.input_size)).astype(np.float32)
        name = "random input, 50 steps of 4 rows"
    else:
        x = load_data(data, other)
        name = f"the data, {x.shape[0]:,} steps of {x.shape[1]:,} rows"
    try:
        mine, yours = (weights.astype(np.float32).run(x)[0] for weights in (file, other))
    except GruvyError:
        if engine.raw is None:
            return None
        raise
    return Cost(float(np.abs(mine - yours).max()), float(np.abs(yours).max()), name)

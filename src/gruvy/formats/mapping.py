"""Arrays with names of their own as a GRU: ``map={"W": "enc_w_ih", "U": "enc_w_hh", ...}``.

What an array is called is one of PyTorch's names, ``weight_ih_l0`` ... ``bias_hh_l1_reverse``, or of the equations'
letters for the first layer: W and U (the matrices), b and d (the input's and the recurrent bias). One gate's array is
``W_r``, ``U_z``, ``b_n`` ...; then no order of gates is needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from gruvy.errors import ArgumentError, note, option
from gruvy.formats import state_dict
from gruvy.formats.base import Array, form_options, to_numpy
from gruvy.spec import GATES, PYTORCH, Convention, GRUWeights

_LETTERS = {"W": "weight_ih", "U": "weight_hh", "b": "bias_ih", "d": "bias_hh"}
_GATES = {"r": "reset", "z": "update", "n": "candidate", "h": "candidate", "c": "candidate"}
_ROLE = re.compile(
    r"(?P<field>weight_ih|weight_hh|bias_ih|bias_hh|[WUbd])(?:_(?P<gate>[rznhc]))?(?P<suffix>(?:_l\d{1,4}(?:_reverse)?)?)"
)


def to_weights(
    arrays: Mapping[str, Any],
    given: Mapping[str, str],
    *,
    reset_after: bool | None,
    gates: Any = None,
) -> GRUWeights:
    """Return the GRU that a mapping of roles to names makes of arrays.

    Args:
        arrays: all arrays by their names.
        given: role -> name.
        reset_after: the form, which arrays do not say.
        gates: the order in which blocks of a whole array lie, as ("update", "reset", "candidate").

    Raises:
        ArgumentError: a role or a name is unknown, the form or the order is not said, or arrays do not fit each other.
    """
    problems = [f"{role!r} is no role" for role in given if not _ROLE.fullmatch(role)]
    there = ", ".join(f"{name} {np.shape(array)}" for name, array in list(arrays.items())[:24])
    problems += [f"there is no array {name!r}" for name in given.values() if name not in arrays]
    if problems:
        raise ArgumentError(
            f"{'; '.join(problems)}; roles are W, U, b, d or weight_ih_l0 ..., with _r, _z, _n for one gate's; arrays "
            f"are {there}"
        )
    if reset_after is None:
        raise ArgumentError(
            "arrays do not say whether the reset gate is applied after the recurrent product (PyTorch, Keras' default) "
            f"or before it: give {form_options()}"
        )
    whole: dict[str, Array] = {}
    parts: dict[str, dict[str, Array]] = {}
    for role, name in given.items():
        match = _ROLE.fullmatch(role)
        assert match is not None
        key = _LETTERS.get(match["field"], match["field"]) + (match["suffix"] or "_l0")
        array = to_numpy(arrays[name])
        if match["gate"]:
            parts.setdefault(key, {})[_GATES[match["gate"]]] = array
        else:
            whole[key] = array
    order = None if gates is None else _order(gates)
    if whole and order is None:
        raise ArgumentError(
            f"arrays do not say which of their blocks is which gate: give {option('gates')} reset,update,candidate "
            "(as PyTorch) or update,reset,candidate (as Keras and ONNX)"
        )
    turned = _lies_in_columns(whole, parts)
    found = {}
    for key, array in whole.items():
        rows = array.T if turned and array.ndim == 2 else array.reshape(-1) if key.startswith("bias") else array
        found[key] = (order or PYTORCH).blocks_to(PYTORCH, rows) if rows.shape[:1] and len(rows) % 3 == 0 else rows
    for key, blocks in parts.items():
        if blocks.keys() != set(GATES):
            raise ArgumentError(f"{key} has only the gates {', '.join(blocks)}; give all three: _r, _z and _n")
        ready = [blocks[gate].T if turned and blocks[gate].ndim == 2 else blocks[gate] for gate in GATES]
        found[key] = np.concatenate([one.reshape(-1) if key.startswith("bias") else one for one in ready])
    if turned:
        note("the arrays' gates lie in columns, (inputs, 3H) and (H, 3H): they are read so")
    ready_arrays = {key: np.ascontiguousarray(array) for key, array in found.items()}
    return state_dict.to_weights(ready_arrays, reset_after=reset_after)


def _order(gates: Any) -> Convention:
    names = [_GATES.get(str(gate), str(gate)) for gate in (gates.split(",") if isinstance(gates, str) else gates)]
    if sorted(names) != sorted(GATES):
        raise ArgumentError(f"gates is {gates}; expected {', '.join(GATES)} in some order")
    return Convention((names[0], names[1], names[2]))


def _lies_in_columns(whole: Mapping[str, Array], parts: Mapping[str, Mapping[str, Array]]) -> bool:
    """Whether matrices are (inputs, 3H), which the recurrent ones tell, or, where gates are apart, the input's."""
    for key, array in whole.items():
        if key.startswith("weight_hh") and array.ndim == 2:
            return bool(array.shape[1] == 3 * array.shape[0])
    for key, blocks in parts.items():
        first = next(iter(blocks.values()))
        recurrent = next(iter(parts.get(key.replace("_ih_", "_hh_"), {}).values()), None)
        if key.startswith("weight_ih") and first.ndim == 2 and recurrent is not None:
            H = len(recurrent)
            if first.shape == (H, H):
                note(
                    "each gate's matrices are square, so that rows and columns cannot be told apart: they are read as "
                    "(H, inputs), for W @ x; transpose them if they are used as x @ W"
                )
            return bool(first.shape[1] == H and first.shape[0] != H)
    return False

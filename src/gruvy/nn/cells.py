"""The GRU and the cells it is compared with, behind one call, and their exact sizes."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from gruvy.errors import ArgumentError
from gruvy.nn import GRU

# Blocks of H rows in the weights of a layer: reset, update, candidate; input, forget, cell, output; the
# state.
_BLOCKS = {"gru": 3, "lstm": 4, "tanh": 1}
CELLS = tuple(_BLOCKS)
# What they are called in reports.
CELL_NAMES = {"gru": "GRU", "lstm": "LSTM", "tanh": "tanh RNN"}


def recurrent(
    cell: str,
    input_size: int,
    hidden_size: int,
    num_layers: int = 1,
    dropout: float = 0.0,
    *,
    bidirectional: bool = False,
) -> nn.RNNBase:
    """A recurrent layer stack that takes (T, N, C) and gives ``(output (T, N, H), final state)``.

    Time comes first: every step is then one contiguous block of memory.

    Args:
        cell: "gru" (`gruvy.nn.GRU`), "lstm" (``torch.nn.LSTM``) or "tanh" (``torch.nn.RNN``, the plain
            recurrent net).
        input_size: C, features.
        hidden_size: H, hidden units of each layer.
        num_layers: layers on top of each other.
        dropout: fraction of each layer's output dropped on the way to the next; no effect on a single layer.
        bidirectional: whether each layer runs both ways; the output then has 2H features.

    Returns:
        The layer.

    Raises:
        ArgumentError: an unknown cell.

    Example:
        >>> import torch
        >>> output, state = recurrent("gru", 3, 8)(torch.zeros(5, 2, 3))
    """
    _check(cell)
    layer: dict[str, Callable[..., nn.RNNBase]] = {"gru": GRU, "lstm": nn.LSTM, "tanh": nn.RNN}
    # torch warns of dropout on a single layer, which has no next layer to drop on the way to.
    between = dropout if num_layers > 1 else 0.0
    return layer[cell](input_size, hidden_size, num_layers, dropout=between, bidirectional=bidirectional)


def parameter_count(cell: str, input_size: int, hidden_size: int, num_layers: int = 1) -> int:
    """The exact number of parameters of `recurrent`: per layer ``b H (C + H + 2)`` for ``b`` blocks of H rows.

    ``b`` is 3 for the GRU, 4 for the LSTM and 1 for the tanh cell; the 2 stands for the two biases; C is H
    from the second layer on.

    Args:
        cell: "gru", "lstm" or "tanh".
        input_size: C.
        hidden_size: H.
        num_layers: layers on top of each other.

    Returns:
        The count.

    Raises:
        ArgumentError: an unknown cell.

    Example:
        >>> parameter_count("gru", 1, 32)
        3360
    """
    _check(cell)
    first = hidden_size * (input_size + hidden_size + 2)
    other = hidden_size * (2 * hidden_size + 2)
    return _BLOCKS[cell] * (first + (num_layers - 1) * other)


def equal_hidden_size(
    cell: str,
    like: str = "gru",
    *,
    input_size: int,
    hidden_size: int,
    num_layers: int = 1,
    count: Callable[[str, int], int] | None = None,
) -> int:
    """The hidden size at which one cell comes nearest to the parameter count of another.

    Args:
        cell: the cell whose size is sought.
        like: the cell to be matched.
        input_size: C of both.
        hidden_size: H of the cell to be matched.
        num_layers: layers of both.
        count: parameters of a whole model by cell and hidden size, where more than the recurrent layers is to
            be matched (a head grows with H too); by default `parameter_count`. It must increase with the
            hidden size.

    Returns:
        H for ``cell``; the smaller one if two are equally near.

    Raises:
        ArgumentError: an unknown cell.

    Example:
        >>> equal_hidden_size("lstm", input_size=10, hidden_size=64)
        55
    """
    _check(cell)
    _check(like)
    if count is None:

        def count(cell: str, size: int) -> int:
            return parameter_count(cell, input_size, size, num_layers)

    goal = count(like, hidden_size)
    low, high = 1, 1
    while count(cell, high) < goal:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(cell, middle) < goal else (low, middle)
    return min((low, high), key=lambda size: abs(count(cell, size) - goal))


def _check(cell: str) -> None:
    if cell not in _BLOCKS:
        raise ArgumentError(f"cell: expected one of {', '.join(CELLS)}, got {cell!r}")

"""What tensors must be before the engine, which reads memory, is given them.

The native module looks at every tensor itself and refuses what does not fit: that is the fast half. What it refuses
comes here, to `settled` and its like. What a copy can cure is copied: another order in memory, and the lazy negative
bit of ``z.conj().imag`` and similar tensors. A tensor that differs in more raises `UnfitError`, and the layers then run
PyTorch's operations: those take it, or say what is wrong with it.
"""

from __future__ import annotations

import contextlib
from typing import Any

import torch
from torch import Tensor
from torch.nn import Parameter

from gruvy import engine
from gruvy.errors import TensorError
from gruvy.nn.layer import DirectionWeights, StepControls


def _introduce_tensors() -> None:
    """Let the native module look at tensors: from PyTorch 2.10 on; it is handed NumPy's views of older ones."""
    table = getattr(Tensor, "__dlpack_c_exchange_api__", None)
    if table is None or engine.raw is None:
        return
    with contextlib.suppress(ValueError):  # a version of the table that is not known
        engine.raw.take_tensors(table, Tensor, Parameter)


_introduce_tensors()


class UnfitError(TensorError):
    """A tensor that the engine cannot be given."""


def settled(
    tensor: Tensor, shape: tuple[int, ...], name: str, dtype: torch.dtype = torch.float32, *, strides: bool = False
) -> Tensor:
    """Return the tensor, or a copy, without its gradient: numbers of the dtype in the CPU's memory, row by row.

    Args:
        tensor: whatever stands where a tensor is wanted.
        shape, dtype: those that it must have.
        name: what a message calls it.
        strides: whether all strides other than the last, which is 1, may be any.

    Raises:
        UnfitError: no tensor, a subclass, one without memory on the CPU (meta, another device, sparse, one of a
            transform's), or with another shape or dtype.
        TensorError: its memory has been freed or cut.
    """
    kind = type(tensor)
    if (kind is Tensor or kind is Parameter) and tensor.dtype is dtype and tensor.is_cpu and tensor.shape == shape:
        try:
            storage = tensor.untyped_storage()
        except NotImplementedError:
            raise UnfitError(f"{name} has no memory of its own ({tensor.layout}, or within a transform)") from None
        if not (tensor.stride(-1) == 1 if strides else tensor.is_contiguous()) or tensor.is_neg():
            _refuse_freed(tensor, name)
            # torch.clone is the one that never hands the bit on; without a bit, contiguous() is quicker
            tensor = tensor.detach() if tensor.requires_grad else tensor
            return tensor.clone(memory_format=torch.contiguous_format) if tensor.is_neg() else tensor.contiguous()
        end = _end(tensor) if strides else tensor.storage_offset() + tensor.numel()
        if end * dtype.itemsize > storage.nbytes():
            _refuse_freed(tensor, name)
        return tensor
    raise _unfit(tensor, shape, name, dtype)


def settled_weights(w: DirectionWeights, inputs: int, hidden: int, where: str = "") -> DirectionWeights:
    """Return one direction's weights, `settled`, for I inputs and H hidden units."""
    rows = (3 * hidden,)
    ih, hh, bias_ih, bias_hh, gain_ih, gain_hh, initial_state = w
    if (gain_ih is None) != (gain_hh is None):
        raise UnfitError(f"one of gain_ih{where} and gain_hh{where} is missing: give both or neither")
    return DirectionWeights(
        settled(ih, (3 * hidden, inputs), f"weight_ih{where}"),
        settled(hh, (3 * hidden, hidden), f"weight_hh{where}"),
        None if bias_ih is None else settled(bias_ih, rows, f"bias_ih{where}"),
        None if bias_hh is None else settled(bias_hh, rows, f"bias_hh{where}"),
        None if gain_ih is None else settled(gain_ih, rows, f"gain_ih{where}"),
        None if gain_hh is None else settled(gain_hh, rows, f"gain_hh{where}"),
        None if initial_state is None else settled(initial_state, (hidden,), f"initial_state{where}"),
    )


def settled_controls(controls: StepControls, steps: int, batch: int, hidden: int, directions: int) -> StepControls:
    """Return the controls, `settled`. That lengths lie in [0, T] is for the caller to know."""
    lengths, resets, mask, dropout, zoneout = controls
    flags, masks = (steps, batch), (directions, steps, batch, hidden)
    same = masks if dropout is None or len(dropout.shape) < 2 or dropout.shape[1] != 1 else (directions, 1, *masks[2:])
    return StepControls(
        None if lengths is None else settled(lengths, (batch,), "lengths", torch.int64),
        None if resets is None else settled(resets, flags, "resets", torch.bool),
        None if mask is None else settled(mask, flags, "mask", torch.bool),
        None if dropout is None else settled(dropout, same, "dropout", strides=True),
        None if zoneout is None else settled(zoneout, masks, "zoneout", torch.bool, strides=True),
    )


def viewed(tensor: Tensor | None) -> Any:
    """Return NumPy's view of a settled tensor, which the native module takes whatever PyTorch's version is."""
    return None if tensor is None else tensor.detach().numpy()


def plain(tensor: Tensor, name: str = "a tensor") -> Tensor:
    """Return a tensor of any dtype as it is handed to NumPy: on the CPU, row by row, without lazy bits.

    Raises:
        TensorError: its memory has been freed or cut.
    """
    if tensor.is_cpu and tensor.layout is torch.strided:
        with contextlib.suppress(NotImplementedError, UnfitError):  # a tensor without memory of its own
            _refuse_freed(tensor, name)
    return tensor.detach().cpu().resolve_conj().resolve_neg().contiguous()


def hidden_size(w: DirectionWeights) -> int:
    """Return H, by the matrix of which it is the width."""
    try:
        return w.weight_hh.shape[1]
    except (AttributeError, IndexError):
        raise UnfitError(f"weight_hh is {_described(w.weight_hh)}; expected a matrix (3H, H)") from None


def _end(tensor: Tensor) -> int:
    """Elements from the beginning of the storage to the end of the tensor."""
    if not tensor.numel():
        return 0
    steps = zip(tensor.shape, tensor.stride(), strict=True)
    return int(tensor.storage_offset()) + 1 + sum((n - 1) * stride for n, stride in steps)


def _refuse_freed(tensor: Tensor, name: str) -> None:
    needed, there = _end(tensor) * tensor.dtype.itemsize, tensor.untyped_storage().nbytes()
    if needed <= there:
        return
    if torch._is_zerotensor(tensor):  # zeros that have never had memory
        raise UnfitError(f"{name} has no memory of its own: it is zero throughout")
    raise TensorError(
        f"{name} has the shape {tuple(tensor.shape)}, which takes {needed} bytes of a storage of {there}: its memory "
        "has been freed or cut; give it its numbers again before the call"
    )


def _unfit(tensor: Tensor, shape: tuple[int, ...], name: str, dtype: torch.dtype) -> UnfitError:
    return UnfitError(f"{name} is {_described(tensor)}; expected a plain tensor, {dtype} {tuple(shape)} on the CPU")


def _described(tensor: object) -> str:
    if not isinstance(tensor, Tensor):
        return f"of type {type(tensor).__name__}"
    kind = "" if type(tensor) in (Tensor, Parameter) else f"{type(tensor).__name__}, "
    return f"{kind}{tensor.dtype} {tuple(tensor.shape)} on {tensor.device}"

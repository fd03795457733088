"""What may be given to a GRU layer, checked and brought to one layout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from gruvy.errors import ArgumentError, TensorError
from gruvy.nn.layer import StepControls
from gruvy.nn.tracing import refuse_as_root
from gruvy.nn.transforms import autocast_is_on, has_values


class Inputs(NamedTuple):
    """x (T, N, I), h_0 (layers * directions, N, H) or None, the step controls, and whether there was a batch."""

    x: Tensor
    h_0: Tensor | None
    controls: StepControls
    batched: bool


def call_layers(
    module: Any,
    run: Callable[[Tensor, Tensor | None, StepControls], tuple[Tensor, Tensor]],
    input: Tensor | PackedSequence,
    hx: Tensor | None,
    lengths: Tensor | Sequence[int] | None,
    resets: Tensor | None,
    mask: Tensor | None,
) -> tuple[Tensor | PackedSequence, Tensor]:
    """Check the arguments of a call of `gruvy.nn.GRU`, run its layers, and return the results in the call's layout.

    Args:
        module: the layer, with the attributes of `torch.nn.GRU` and ``input_kind()``.
        run: takes x (T, N, I), h_0 or None and the controls; returns the output (T, N, D * H) and h_n.
        input, hx, lengths, resets, mask: as `gruvy.nn.GRU` takes them.
    """
    if isinstance(input, PackedSequence):
        x, h_0, controls, _ = unpack(module, input, hx, lengths, resets, mask)
        output, h_n = run(x, h_0, controls)
        return pack_again(input, controls, output, h_n)
    x, h_0, controls, batched = time_first(module, input, hx, lengths, resets, mask)
    output, h_n = run(x, h_0, controls)
    return in_layout(module, output, batched), h_n if batched else h_n[:, 0]


def in_layout(module: Any, output: Tensor, batched: bool) -> Tensor:
    """Return an output (T, N, D * H) in the layout of the call's input."""
    if not batched:
        return output[:, 0]
    return output.transpose(0, 1) if module.batch_first else output


def time_first(
    module: Any,
    input: Tensor,
    hx: Tensor | None,
    lengths: Tensor | Sequence[int] | None,
    resets: Tensor | None,
    mask: Tensor | None,
) -> Inputs:
    """Check the arguments of a call of `gruvy.nn.GRU`, and bring them to the layout that the layers take."""
    if not isinstance(input, Tensor) or input.dim() not in (2, 3):
        refuse_as_root(input)
        came = f"the shape {tuple(input.shape)}" if isinstance(input, Tensor) else f"type {type(input).__name__}"
        raise TensorError(f"input has {came}; expected a tensor of 3 dimensions, or of 2 without a batch")
    batched = input.dim() == 3
    if hx is not None and hx.dim() != input.dim():
        raise TensorError(
            f"hx has the shape {tuple(hx.shape)} beside an input of {input.dim()} dimensions; "
            f"expected as many dimensions: {'(layers * directions, N, H)' if batched else 'no batch in either'}"
        )
    flags = [resets, mask]
    if not batched:
        if lengths is not None:
            raise ArgumentError("lengths came beside an input without a batch: leave lengths out, or cut the input")
        input, hx = input[:, None], None if hx is None else hx[:, None]
        flags = [None if flag is None else flag[:, None] for flag in flags]
    elif module.batch_first:
        input = input.transpose(0, 1)
        flags = [None if flag is None else flag.transpose(0, 1) for flag in flags]
    if lengths is not None and not isinstance(lengths, Tensor):
        lengths = torch.as_tensor(lengths, device="cpu")
    steps = lengths
    refuse(module, input, hx, steps, dict(zip(("resets", "mask"), flags, strict=True)))
    controls = StepControls(
        None if steps is None else _kept(steps),
        *(None if flag is None else flag.contiguous() for flag in flags),
    )
    return Inputs(input, hx, controls, batched)


def _kept(lengths: Tensor) -> Tensor:
    """Return a copy: they bound what the backward pass reads, and the caller's may have changed by then."""
    return lengths.to(torch.int64, copy=True, memory_format=torch.contiguous_format)


def unpack(
    module: Any,
    packed: PackedSequence,
    hx: Tensor | None,
    lengths: Tensor | Sequence[int] | None,
    resets: Tensor | None,
    mask: Tensor | None,
) -> Inputs:
    """Do as `time_first` for a PackedSequence: rows stay in its order, by falling length, and hx is brought to it."""
    if lengths is not None or resets is not None or mask is not None:
        raise ArgumentError(
            "lengths, resets or mask came beside a PackedSequence, which has lengths of its own: give a padded input"
        )
    x, steps = pad_packed_sequence(PackedSequence(packed.data, packed.batch_sizes))
    h_0 = hx if hx is None or packed.sorted_indices is None else hx[:, packed.sorted_indices]
    refuse(module, x, h_0, steps)
    return Inputs(x, h_0, StepControls(steps), batched=True)


def pack_again(
    packed: PackedSequence, controls: StepControls, output: Tensor, h_n: Tensor
) -> tuple[PackedSequence, Tensor]:
    """Return output (T, N, ...) in the order of `packed`, and h_n in the caller's."""
    assert controls.lengths is not None
    data = pack_padded_sequence(output, controls.lengths).data
    return packed._replace(data=data), h_n if packed.unsorted_indices is None else h_n[:, packed.unsorted_indices]


def refuse(
    module: Any, x: Tensor, hx: Tensor | None, lengths: Tensor | None, flags: dict[str, Tensor | None] | None = None
) -> None:
    """Raise what is wrong with x (T, N, I), hx (layers * directions, N, H), lengths (N,) and flags (T, N)."""
    T, N, I = x.shape
    dtype, device = module.input_kind()
    problems = []
    if module.input_size != I:
        problems.append(f"input has {I} features; expected input_size = {module.input_size}")
    for name, tensor in (("input", x), ("hx", hx)):
        if tensor is None:
            continue
        if tensor.dtype != dtype and not autocast_is_on(x.device):
            problems.append(f"{name} is {tensor.dtype}; expected {dtype}, as the weights: use .to()")
        if tensor.device != device:
            problems.append(f"{name} is on {tensor.device}; expected {device}, where the weights are")
    expected = (module.num_layers * (2 if module.bidirectional else 1), N, module.hidden_size)
    if hx is not None and tuple(hx.shape) != expected:
        problems.append(f"hx has the shape {tuple(hx.shape)}; expected {expected}")
    if lengths is not None:
        if lengths.dtype.is_floating_point or lengths.dtype in (torch.bool, torch.complex64):
            problems.append(f"lengths is {lengths.dtype}; expected integers")
        elif tuple(lengths.shape) != (N,):
            problems.append(f"lengths has the shape {tuple(lengths.shape)}; expected ({N},), one for each row")
        elif has_values(lengths) and N and not 0 <= int(lengths.min()) <= int(lengths.max()) <= T:
            low, high = int(lengths.min()), int(lengths.max())
            problems.append(f"lengths lie in [{low}, {high}]; expected [0, {T}], the steps of the input")
    for name, flag in (flags or {}).items():
        if flag is not None and (flag.dtype != torch.bool or tuple(flag.shape) != (T, N)):
            came = tuple(flag.shape[::-1] if module.batch_first else flag.shape)
            wanted = (N, T) if module.batch_first else (T, N)
            problems.append(f"{name} is {flag.dtype} {came}; expected torch.bool {wanted}, as the input")
    if problems:
        raise TensorError("; ".join(problems))

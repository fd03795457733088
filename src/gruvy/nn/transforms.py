"""What of PyTorch is at work around a call: some of it follows every operation, and the engine shows it none."""

from __future__ import annotations

import warnings

import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.overrides import _get_current_function_mode_stack
from torch.utils._device import DeviceContext

from gruvy.errors import ArgumentError, note

_OVER_LOOPS = (torch._C._functorch.TransformType.Vmap, torch._C._functorch.TransformType.Jvp)


def at_work() -> str | None:
    """Say what is at work that the engine's results would escape, or None.

    Such are tracers, the transforms of torch.func, forward-mode differentiation, and modes that see or change each
    operation: FlopCounterMode, FakeTensorMode, make_fx and those that people write.
    """
    if torch._C._is_tracing():
        return "the module is being traced by torch.jit"
    if torch._C._functorch.get_interpreter_stack() is not None:
        return "a transform of torch.func is at work"
    if forward_ad._current_level >= 0:
        return "forward-mode differentiation is at work"
    if torch._C._len_torch_dispatch_stack():
        return "a TorchDispatchMode is at work"
    if torch._C._is_torch_function_mode_enabled() and _is_watched():
        return "a TorchFunctionMode is at work"
    return None


@torch.compiler.assume_constant_result  # type: ignore[untyped-decorator]
def at_work_in_compiled() -> bool:
    """Whether a transform of torch.func is at work where torch.compile looks at the call."""
    return torch._C._functorch.get_interpreter_stack() is not None


def only_step_by_step(*tensors: Tensor | None) -> bool:
    """Whether PyTorch's own GRU has no rule for what is at work: vmap (torch.func's or autograd's), forward mode."""
    interpreters = torch._C._functorch.get_interpreter_stack() or ()
    if any(one.key() in _OVER_LOOPS for one in interpreters) or forward_ad._current_level >= 0:
        return True
    return any(t is not None and torch._C._functorch.is_legacy_batchedtensor(t) for t in tensors)


def written_down(x: Tensor) -> Tensor:
    """Return x (T, N, I); a program of torch.jit.trace, which then has T steps, refuses another number of them.

    Raises:
        ArgumentError: the program is for ONNX, whose file would have a node for every step.
    """
    if torch.compiler.is_compiling() or not torch._C._is_tracing():
        return x
    if torch.onnx.is_in_onnx_export():
        raise ArgumentError(
            "torch.onnx.export(dynamo=False) has only PyTorch's own GRU, without reset_after=False, layer_norm, "
            "zoneout, resets, mask and checkpoint_every: export with dynamo=True, or the layer alone with "
            "gruvy.export.onnx.write"
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", torch.jit._trace.TracerWarning)
        steps = int(x.shape[0])
    note(
        f"torch.jit.trace writes this layer down step by step: the program takes {steps} steps and refuses others; "
        "torch.export and torch.compile keep the number of steps open"
    )
    return torch.cat(torch.split(x, [1] * steps)) if steps else x


def has_values(tensor: Tensor) -> bool:
    """Whether Python may look at a tensor's numbers: it has some, and no tracer or transform wants to see that."""
    if torch.compiler.is_compiling():
        return False
    return type(tensor) is Tensor and not tensor.is_meta and at_work() is None


def autocast_is_on(device: torch.device) -> bool:
    """`torch.is_autocast_enabled`, which raises for devices that have no autocast, such as meta."""
    kind = device.type
    return (kind == "cpu" or torch.amp.is_autocast_available(kind)) and torch.is_autocast_enabled(kind)


def _is_watched() -> bool:
    """Whether there is a mode other than that of the default device, which concerns new tensors alone."""
    return any(type(mode) is not DeviceContext for mode in _get_current_function_mode_stack())  # type: ignore[no-untyped-call]

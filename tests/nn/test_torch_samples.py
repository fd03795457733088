"""PyTorch's own samples for `torch.nn.GRU`, and what its module tests ask of every module."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from configurations import relative_error
from torch.nn.utils.rnn import PackedSequence
from torch.testing._internal.common_modules import ModuleErrorEnum, module_db

from gruvy import nn

(INFO,) = (info for info in module_db if info.module_cls is torch.nn.GRU)


def samples(dtype: torch.dtype) -> list:
    torch.manual_seed(0)
    given = {"device": "cpu", "dtype": dtype, "requires_grad": True, "training": True}
    return list(INFO.module_inputs_func(INFO, **given, with_packed_sequence=True))


def pair(sample, dtype: torch.dtype) -> tuple[nn.GRU, torch.nn.GRU]:
    arguments = sample.constructor_input
    theirs = torch.nn.GRU(*arguments.args, **arguments.kwargs, dtype=dtype)
    ours = nn.GRU(*arguments.args, **arguments.kwargs, dtype=dtype)
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


def flat(output) -> list[torch.Tensor]:
    out, h_n = output
    return [out.data if isinstance(out, PackedSequence) else out, h_n]


def inputs_of(sample) -> list[torch.Tensor]:
    return [a.data if isinstance(a, PackedSequence) else a for a in sample.forward_input.args]


NUMBERS = range(len(samples(torch.float32)))
PADDED = [
    number for number in NUMBERS if not isinstance(samples(torch.float32)[number].forward_input.args[0], PackedSequence)
]


def test_there_are_samples_of_every_kind():
    packed = [any(isinstance(a, PackedSequence) for a in s.forward_input.args) for s in samples(torch.float32)]
    assert len(packed) == 32
    assert sum(packed) == 16


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_values_and_gradients_are_those_of_torch(number, dtype):
    """In float32 to 1e-5 of the largest, of torch's in float64."""
    sample = samples(dtype)[number]
    ours, theirs = pair(sample, dtype)
    results = []
    for module, kind in ((ours, dtype), (theirs.double(), torch.float64)):
        inputs = [
            a._replace(data=leaf(a.data, kind)) if isinstance(a, PackedSequence) else leaf(a, kind)
            for a in sample.forward_input.args
        ]
        outputs = flat(module(*inputs))
        wanted = [*(a.data if isinstance(a, PackedSequence) else a for a in inputs), *module.parameters()]
        torch.manual_seed(1)
        starts = [torch.randn_like(o, dtype=torch.float32).to(kind) for o in outputs]
        results.append([*outputs, *torch.autograd.grad(outputs, wanted, starts)])
    for found, want in zip(*results, strict=True):
        assert relative_error(found.detach(), want.detach()) < (1e-5 if dtype == torch.float32 else 1e-12)


def leaf(tensor: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return tensor.detach().to(dtype).requires_grad_()


@pytest.mark.parametrize("number", PADDED)
def test_non_contiguous_inputs(number):
    sample = samples(torch.float32)[number]
    module, _ = pair(sample, torch.float32)
    strided = [a.detach().repeat_interleave(2, dim=-1)[..., ::2] for a in sample.forward_input.args]
    assert not any(a.is_contiguous() for a in strided)
    for found, want in zip(flat(module(*strided)), flat(module(*sample.forward_input.args)), strict=True):
        torch.testing.assert_close(found, want)


@pytest.mark.parametrize("number", range(0, len(NUMBERS), 7))
def test_gradcheck_and_gradgradcheck(number):
    sample = samples(torch.float64)[number]
    module, _ = pair(sample, torch.float64)
    names = [name for name, _ in module.named_parameters()]
    packed = sample.forward_input.args[0] if isinstance(sample.forward_input.args[0], PackedSequence) else None

    def run(*tensors):
        inputs = list(tensors[: len(sample.forward_input.args)])
        if packed is not None:
            inputs[0] = packed._replace(data=inputs[0])
        weights = dict(zip(names, tensors[len(inputs) :], strict=True))
        return tuple(flat(torch.func.functional_call(module, weights, tuple(inputs))))

    tensors = [t.detach().clone().requires_grad_() for t in (*inputs_of(sample), *module.parameters())]
    assert torch.autograd.gradcheck(run, tensors)
    assert torch.autograd.gradgradcheck(run, tensors)


@pytest.mark.parametrize("number", range(0, len(NUMBERS), 3))
def test_pickles_deep_copies_and_prints(number):
    sample = samples(torch.float32)[number]
    module, theirs = pair(sample, torch.float32)
    assert repr(module) == repr(theirs)
    for other in (pickle.loads(pickle.dumps(module)), copy.deepcopy(module)):
        for found, want in zip(
            flat(other(*sample.forward_input.args)), flat(module(*sample.forward_input.args)), strict=True
        ):
            torch.testing.assert_close(found, want, rtol=0, atol=0)


@pytest.mark.parametrize("number", range(0, len(NUMBERS), 8))
def test_factory_arguments_reach_every_parameter(number):
    arguments = samples(torch.float32)[number].constructor_input
    more = {"layer_norm": True, "learn_initial_state": True}
    module = nn.GRU(*arguments.args, **arguments.kwargs, **more, device="meta", dtype=torch.float64)
    assert {(p.device.type, p.dtype) for p in module.parameters()} == {("meta", torch.float64)}
    module.to_empty(device="cpu").reset_parameters()
    assert all(p.isfinite().all() for p in module.parameters())
    assert {p.dtype for p in module.float().parameters()} == {torch.float32}


ERRORS = INFO.module_error_inputs_func(INFO, "cpu", torch.float32, False, True)


@pytest.mark.parametrize("error", ERRORS, ids=[str(number) for number in range(len(ERRORS))])
def test_mistakes_raise_what_torch_raises(error):
    """The same class; and the same text, but for what goes into a call, where ours says more."""
    arguments = error.module_error_input.constructor_input
    if error.error_on == ModuleErrorEnum.CONSTRUCTION_ERROR:
        with pytest.raises(error.error_type, match=error.error_regex):
            nn.GRU(*arguments.args, **arguments.kwargs)
        return
    module = nn.GRU(*arguments.args, **arguments.kwargs)
    inputs = error.module_error_input.forward_input
    with pytest.raises(error.error_type, match=r"input is torch.float64; expected torch.float32, as the weights"):
        module(*inputs.args, **inputs.kwargs)

"""Parameters are replaced, resized, cast, shared and freed between calls of a layer, and of torch.nn.GRU alike.

``python tests/support/parameter_fuzz.py 500`` tries 500 such histories. A test runs it in a process of its own, so that
a crash is a failure; ``make native-test`` runs it with an engine under the address sanitizer, whose path it gives.
"""

from __future__ import annotations

import gc
import importlib.util
import sys

if __name__ == "__main__" and len(sys.argv) > 2:  # before gruvy loads its own
    spec = importlib.util.spec_from_file_location("gruvy._engine", sys.argv[2])
    sys.modules["gruvy._engine"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["gruvy._engine"])

import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch.nn import Parameter

import gruvy.nn

I, H, T, N = 3, 5, 4, 2
NAMES = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")


class Marked(Parameter):
    """A subclass."""


def replaced(w, size):
    return Parameter(torch.cat([w, w])[:size] if w.dim() == 1 else torch.cat([w, w], 1)[:, :size])


# Each is given the data of a parameter and a number, and makes what is put in its place.
NEW = {
    "other columns": replaced,
    "more rows": lambda w, n: Parameter(torch.cat([w, w])[: len(w) + n]),
    "half": lambda w, n: Parameter(w.half()),
    "double": lambda w, n: Parameter(w.double()),
    "bfloat16": lambda w, n: Parameter(w.bfloat16()),
    "meta": lambda w, n: Parameter(w.to("meta")),
    "subclass": lambda w, n: Marked(w.clone()),
    "by columns": lambda w, n: Parameter(w.t().contiguous().t()),
    "every second": lambda w, n: Parameter(w.repeat_interleave(2, -1)[..., ::2]),
    "negative bit": lambda w, n: Parameter(torch._neg_view(-w)),
    "expanded": lambda w, n: Parameter(w[:1].expand(w.shape)),
    "frozen": lambda w, n: Parameter(w.clone(), requires_grad=False),
    "flat": lambda w, n: Parameter(w.reshape(-1)),
    "no dimension": lambda w, n: Parameter(w.sum()),
    "empty": lambda w, n: Parameter(w[:0].clone()),
    "as it was": lambda w, n: Parameter(w.clone()),
}


def set_new(module, name, kind, size):
    setattr(module, name, NEW[kind](getattr(module, name).detach(), size))


def set_data(module, name, kind, size):
    parameter = getattr(module, name)
    parameter.data = NEW[kind](parameter.detach(), size).data


def free(module, name, kind, size):
    getattr(module, name).untyped_storage().resize_(4 * size)


def resize(module, name, kind, size):
    with torch.no_grad():
        getattr(module, name).data.resize_(size, size).zero_()


def share(module, name, kind, size):
    setattr(module, name, getattr(module, NAMES[size % 4]))


def change_in_place(module, name, kind, size):
    with torch.no_grad():
        getattr(module, name).mul_(0.5)


STEPS = st.tuples(
    st.sampled_from([set_new, set_new, set_data, set_data, free, resize, share, change_in_place]),
    st.sampled_from(NAMES),
    st.sampled_from([*NEW]),
    st.integers(0, 40),
)


def is_whole(tensor):
    """Whether the memory that it views is there: PyTorch itself does not look, and would write beside it."""
    if tensor.is_meta or not tensor.numel():
        return True
    end = tensor.storage_offset() + 1 + sum((n - 1) * s for n, s in zip(tensor.shape, tensor.stride(), strict=True))
    return end * tensor.itemsize <= tensor.untyped_storage().nbytes()


def call(module, x, options):
    """What a call and its backward pass give, or the error."""
    for parameter in module.parameters():
        parameter.grad = None
    try:
        output, h_n = module(x, **options)
        if output.requires_grad:
            (output.sin().sum() + h_n.sum()).backward()
    except (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError) as error:
        return error
    return [output.detach(), h_n.detach(), *[p.grad for p in module.parameters()]]


def outcome(made):
    """What a function returns, or the error."""
    try:
        return made()
    except (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError, AttributeError) as error:
        return error


def check_what_is_made(ours, x, output):
    """Whatever is made of the layer's weights gives its output, or an error where the layer has none."""
    array = x.numpy()
    made = {
        "weights": lambda: ours.to_weights().run(array)[0],
        "stream": lambda: ours.streaming(N).step(array[0]),
        "bf16": lambda: ours.quantize("bf16")(x)[0].numpy(),
        "int8": lambda: ours.quantize("int8")(x)[0].numpy(),
    }
    for name, make in made.items():
        found = outcome(make)
        if not all(is_whole(p) for p in ours.parameters()):
            assert isinstance(found, RuntimeError), (name, found)
        if isinstance(output, Exception) or isinstance(found, Exception):
            continue  # whatever came back: the process is there
        wanted = output[0] if name == "stream" else output
        # Those that round their weights are only compared where these are of the usual size.
        limit = 1e-3 if name in ("weights", "stream") else 0.2
        if wanted.isfinite().all() and max(p.abs().max() for p in ours.parameters()) < 1:
            torch.testing.assert_close(torch.from_numpy(found), wanted, rtol=limit, atol=limit, msg=name)


def fuzz(examples: int) -> None:
    """Try so many histories; an assertion fails, or the process dies, where the engine is given what does not fit."""

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEPS, min_size=1, max_size=5), st.booleans(), st.integers(0, 3))
    def try_one(steps, reset_after, seed):
        torch.manual_seed(seed)
        theirs, x = torch.nn.GRU(I, H), torch.randn(T, N, I)
        ours = gruvy.nn.GRU(I, H, reset_after=reset_after)
        ours.load_state_dict(theirs.state_dict())
        call(ours, x, {})
        packed = [ours.quantize("bf16"), ours.quantize("int8")]
        for change, *arguments in steps:
            if change is not free and not is_whole(getattr(ours, arguments[0])):
                return
            try:
                for module in (ours, theirs):
                    change(module, *arguments)
            except (RuntimeError, TypeError, ValueError, IndexError):
                return  # PyTorch does not allow it
            found = call(ours, x, {})
            call(ours, x, {"lengths": [T, 1]})
            if change is not share:
                for module in packed:
                    outcome(lambda: change(module, *arguments))  # noqa: B023
                    found_packed = outcome(lambda: module(x))  # noqa: B023
                    if not all(is_whole(buffer) for buffer in module.buffers()):
                        assert isinstance(found_packed, RuntimeError), (steps, found_packed)
            with torch.no_grad():
                check_what_is_made(ours, x, found if isinstance(found, Exception) else found[0])
            if not all(is_whole(p) for p in ours.parameters()):
                assert isinstance(found, RuntimeError), (steps, found)
                continue
            if not reset_after:  # which PyTorch lacks: it is enough to come back
                continue
            wanted = call(theirs, x, {})
            if isinstance(wanted, Exception):
                assert isinstance(found, RuntimeError), (steps, wanted, found)
            elif not isinstance(found, Exception):
                for a, b in zip(found, wanted, strict=True):
                    if b is not None and b.isfinite().all():
                        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3, msg=str(steps))
            else:
                raise AssertionError((steps, found))
        gc.collect()

    try_one()


if __name__ == "__main__":
    torch.set_num_threads(1)
    fuzz(int(sys.argv[1]))

"""What PyTorch can do with its own GRU, done with gruvy's beside it: the values are compared."""

from __future__ import annotations

import copy
import io
import pickle
import warnings

import pytest
import torch
from input_cases import Case, named
from torch import nn
from torch.autograd import forward_ad, functional
from torch.func import functional_call, hessian, jacfwd, jacrev, jvp, linearize, stack_module_state, vmap
from torch.nn.utils import parametrizations, parametrize, prune

import gruvy.nn
from gruvy import formats
from gruvy.formats import doctor

# torch.jit's, which forward mode uses too, and linearize's own.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Attempted to insert a get_attr Node:UserWarning"),
]

TITLE = "Uses of a PyTorch layer"

I, H = 3, 4
X = torch.randn(5, 2, I, generator=torch.Generator().manual_seed(1))
H_0 = torch.randn(2, 2, H, generator=torch.Generator().manual_seed(2))


def assert_same(got, want, tolerance=1e-5):
    """Compare tensors, and what they lie in."""
    if isinstance(want, dict):
        assert got.keys() == want.keys()
        got, want = list(got.values()), list(want.values())
    if isinstance(want, (list, tuple)) and not isinstance(want, torch.Size):
        assert len(got) == len(want)
        for one, other in zip(got, want, strict=True):
            assert_same(one, other, tolerance)
    elif isinstance(want, torch.Tensor) and not want.is_meta:
        torch.testing.assert_close(got, want, rtol=tolerance, atol=tolerance)
    elif isinstance(want, torch.Tensor):
        assert (got.shape, got.device) == (want.shape, want.device)
    else:
        assert got == want


def beside(use, want=None, **options):
    """A case's run: the use of gruvy's layer has the values of the use, or of `want`, of torch's own."""

    def run(_folder):
        torch.manual_seed(0)
        theirs = nn.GRU(I, H, bidirectional=True)
        ours = gruvy.nn.GRU(I, H, bidirectional=True, **options)
        ours.load_state_dict(theirs.state_dict())
        torch.manual_seed(0)
        expected = (want or use)(theirs)
        torch.manual_seed(0)
        assert_same(use(ours), expected)

    return run


def weights(module):
    return {name: p.detach() for name, p in module.named_parameters()}


def squares(module, x):
    return (module(x)[0] ** 2).sum()


def leaf(x=X):
    return x.clone().requires_grad_()


class Net(nn.Module):
    def __init__(self, gru):
        super().__init__()
        self.gru = gru

    def forward(self, x):
        output, h = self.gru(x)
        return output, h


# ---- derivatives ----


def dual(module, which):
    with forward_ad.dual_level():
        pair = lambda t: forward_ad.make_dual(t, torch.ones_like(t))  # noqa: E731
        own = {name: pair(w) for name, w in weights(module).items()} if which == "weights" else {}
        given = (pair(X) if which == "input" else X, pair(H_0) if which == "state" else H_0)
        return [tuple(forward_ad.unpack_dual(y)) for y in functional_call(module, own, given)]


def tangent_of_a_gradient(module):
    x = leaf()
    y = module(x)[0]
    with forward_ad.dual_level():
        dy = forward_ad.make_dual(torch.ones_like(y), y.detach())
        return forward_ad.unpack_dual(torch.autograd.grad(y, x, dy)[0]).tangent


def gradients_in_a_batch(module):
    x = leaf()
    y, _ = module(x)
    batch = torch.randn(3, *y.shape, generator=torch.Generator().manual_seed(3))
    return torch.autograd.grad(y, [x, *module.parameters()], batch, is_grads_batched=True)


def jacobian(**how):
    return lambda module: functional.jacobian(lambda x: module(x)[0], X, **how)


def second(**how):
    return lambda module: functional.hessian(lambda x: squares(module, x), X[:2, :1], **how)


def follow(module):
    y, tangent = linearize(lambda x: module(x)[0], X)
    return y, tangent(torch.ones_like(X))


def inplace(change):
    def use(module):
        x = leaf()
        y, h = module(x)
        y = change(y)
        module.zero_grad()
        (y.sum() + (y**2).sum() + h.sum()).backward()
        return y, x.grad, [p.grad for p in module.parameters()]

    return use


def changed_row(y):
    y[-1] = 0
    return y


def added(y):
    y += 1
    return y


def changed_detached(y):
    kept = y.clone()
    y.detach().zero_()
    return kept + y * 0


# ---- many at once ----


def members(module):
    """Three layers of other weights, or as many of torch's."""
    found = [copy.deepcopy(module) for _ in range(3)]
    with torch.no_grad():
        for number, one in enumerate(found):
            for p in one.parameters():
                p.mul_(1 + number)
    return found


def ensemble(module):
    params, buffers = stack_module_state(members(module))
    base = copy.deepcopy(module).to("meta")
    run = vmap(lambda p, b, x: functional_call(base, (p, b), (x,))[0], in_dims=(0, 0, None))
    y = run(params, buffers, X)
    return y, torch.autograd.grad((y**2).sum(), params["weight_hh_l0"])[0]


def ensemble_by_hand(module):
    ys, grads = [], []
    for one in members(module):
        y = one(X)[0]
        ys.append(y)
        grads.append(torch.autograd.grad((y**2).sum(), one.weight_hh_l0)[0])
    return torch.stack(ys), torch.stack(grads)


# ---- programs, tracers and modes ----


def on_meta(module):
    meta = copy.deepcopy(module).to("meta")
    x = X.to("meta").requires_grad_()
    output, h = meta(x, H_0.to("meta"))
    output.sum().backward()
    return output, h, x.grad, [p.grad for p in meta.parameters()]


def packed_on_meta(module):
    packed = nn.utils.rnn.pack_padded_sequence(X, [5, 3])
    output, h = copy.deepcopy(module).to("meta")(packed._replace(data=packed.data.to("meta")))
    return output.data, h


def traced_by_fx(module):
    net = Net(module)
    net.gru.register_forward_hook(lambda _m, _a, y: (y[0] + 1, y[1]))  # runs once, not twice
    program = torch.fx.symbolic_trace(net)
    return program(2 * X), [node.op for node in program.graph.nodes if node.op != "call_function"]


def bare_by_fx(folder):
    torch.fx.symbolic_trace(gruvy.nn.GRU(3, 5))


def quantised_by_fx(folder):
    for layer in (gruvy.nn.GRU(3, 5), gruvy.nn.GRU(3, 5, reset_after=False).quantize()):
        x = torch.randn(4, 2, 3)
        program = torch.fx.symbolic_trace(torch.nn.Sequential(layer))  # as the message for the bare layer says
        assert torch.equal(program(x)[0], layer(x)[0])


def flops(module):
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        squares(module, leaf()).backward()
    return counter.get_total_flops()


def made_by_fx(module):
    from torch.fx.experimental.proxy_tensor import make_fx

    return make_fx(lambda x: module(x)[0])(X)(2 * X)


def watched(module):
    class Doubled(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            return function(*args, **(kwargs or {}))

    with Doubled(), torch.device("cpu"):
        return module(X)


def fake(module):
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode():
        new = type(module)(I, H)
        x = torch.zeros(5, 2, I, requires_grad=True)
        y, h = new(x)
        y.sum().backward()
        return y.shape, h.shape, x.grad.shape, type(y).__name__


def scripted(module):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        script = torch.jit.script(Net(copy.deepcopy(module)))
        buffer = io.BytesIO()
        torch.jit.save(script, buffer)
        return torch.jit.load(io.BytesIO(buffer.getvalue()))(2 * X)


def jit_trace(module, x=X):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", torch.jit.TracerWarning)
        return torch.jit.trace(module.eval(), (x,))


def traced_loop(_folder):
    module = gruvy.nn.GRU(I, H, reset_after=False)
    program = jit_trace(module)
    assert_same(program(2 * X), module(2 * X))
    with pytest.raises(RuntimeError, match="split_sizes"):
        program(torch.cat((X, X)))


def old_onnx(module, x=X):
    import onnxruntime

    buffer = io.BytesIO()
    with warnings.catch_warnings():
        for kind in (DeprecationWarning, UserWarning, torch.jit.TracerWarning):
            warnings.simplefilter("ignore", kind)
        torch.onnx.export(
            module.eval(),
            (x,),
            buffer,
            dynamo=False,
            input_names=["x"],
            dynamic_axes={"x": {0: "T", 1: "N"}},
        )
    session = onnxruntime.InferenceSession(buffer.getvalue())
    longer = torch.cat((X, X))
    assert_same([torch.from_numpy(y) for y in session.run(None, {"x": longer.numpy()})], list(module(longer)))


def compiled(use):
    """The use within torch.compile; eagerly for torch's own layer, which does not compile."""

    def run(module):
        torch._dynamo.reset()
        with warnings.catch_warnings():
            for kind in (DeprecationWarning, UserWarning, FutureWarning):
                warnings.simplefilter("ignore", kind)
            x = leaf(X[:2])
            y = torch.compile(lambda x: use(module, x), backend="aot_eager")(x)
            y = y[1] if isinstance(y, tuple) else y
            return y, torch.autograd.grad(y.sum(), x)[0]

    def eager(module):
        x = leaf(X[:2])
        y = use(module, x)
        y = y[1] if isinstance(y, tuple) else y
        return y, torch.autograd.grad(y.sum(), x)[0]

    return beside(run, want=eager)


# ---- weights that are computed ----


class Halved(nn.Module):
    def forward(self, w):
        return w / 2


def old_weight_norm(module):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        nn.utils.weight_norm(module, "weight_hh_l0")
    module.weight_hh_l0_g.data.mul_(2)  # the attribute weight_hh_l0 is of before


def new_weight_norm(module):
    parametrizations.weight_norm(module, "weight_ih_l0", dim=1)
    module.parametrizations.weight_ih_l0.original0.data.mul_(2)


def old_spectral_norm(module):
    nn.utils.spectral_norm(module, "weight_hh_l0")
    module.weight_hh_l0_orig.data.add_(0.1)


def pruned(module):
    prune.l1_unstructured(module, "weight_hh_l0", 0.5)
    prune.random_unstructured(module, "bias_hh_l0", 0.5)
    module.weight_hh_l0_orig.data.mul_(2)


def halved_bias(module):
    parametrize.register_parametrization(module, "bias_hh_l0", Halved())


def everywhere(change):
    """A case's run: all that takes the weights of the layer has those that it computes with."""

    def run(_folder):
        for kind in (gruvy.nn.GRU, nn.GRU):
            torch.manual_seed(0)
            module = kind(I, H)
            change(module)
            read, sound = formats.read(module), doctor.diagnose(module).sound
            graph = gruvy.nn.to_graph(nn.Sequential(module))
            taken = [] if kind is nn.GRU else [module.to_weights(), module.quantize("bf16"), module.streaming(2)]
            want = module.eval()(X)[0].detach()
            assert sound
            assert_same(torch.from_numpy(read.run(X.numpy())[0]), want)
            (output,) = graph.run({"x": X.numpy()})[0].values()
            assert_same(torch.from_numpy(output), want)
            if taken:
                assert_same(torch.from_numpy(taken[0].run(X.numpy())[0]), want)
                assert_same(taken[1](X)[0], want, 0.02)
                assert_same(torch.from_numpy(taken[2].step(X[0].numpy())), want[0])

    return run


def from_file(change):
    def run(folder):
        torch.manual_seed(0)
        module = nn.GRU(I, H)
        change(module)
        torch.save({f"net.gru.{name}": p for name, p in module.state_dict().items()}, folder / "m.pt")
        read = formats.read(folder / "m.pt")
        assert_same(torch.from_numpy(read.run(X.numpy())[0]), module.eval()(X)[0].detach())

    return run


# ---- modules ----


def pickled(module):
    return pickle.loads(pickle.dumps(copy.deepcopy(module)))(X)


def hooked(module):
    seen = []
    module.register_forward_pre_hook(lambda _m, args: (2 * args[0], *args[1:]))
    module.register_full_backward_hook(
        lambda _m, into, out: seen.extend(g.clone() for g in (*into, *out) if g is not None)
    )
    x = leaf()
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.detach().numpy().copy(), torch.from_numpy):
        y = module(x)[0]
    y.sum().backward()
    return y, x.grad, seen


def by_default_device(module):
    with torch.device("meta"):  # the layer is on the CPU: what it makes for itself is, too
        return module(X, H_0)[0], torch.autograd.grad(squares(module, leaf()), module.weight_hh_l0)[0]


def gates_by_default_dtype(_folder):
    module = gruvy.nn.GRU(I, H)
    want = module.gates(X)
    torch.set_default_dtype(torch.float64)
    try:
        assert_same(module.gates(X), want)
    finally:
        torch.set_default_dtype(torch.float32)


def replicated(module):
    replica = copy.deepcopy(module)._replicate_for_data_parallel()
    for name, p in module.named_parameters():
        setattr(replica, name, 2 * p)
    replica._parameters = {}
    return replica(X)


SCRIPT_NOTE = (
    "torch.jit.script puts a torch.nn.GRU with the same parameters in the place of gruvy.nn.GRU, in the module that it "
    "is given too: script a copy.deepcopy of it to keep the engine in the original"
)
META = "weight_ih_l0 is on the meta device, without numbers: call to_empty(device='cpu') and load_state_dict() first"


def meta():
    return gruvy.nn.GRU(I, H, device="meta")


CASES = [
    Case("forward mode: a tangent of the input", "accepted", beside(lambda m: dual(m, "input"))),
    Case("forward mode: a tangent of the state", "accepted", beside(lambda m: dual(m, "state"))),
    Case("forward mode: a tangent of the weights, without gradients", "accepted", beside(lambda m: dual(m, "weights"))),
    Case("forward mode: a tangent of a gradient", "accepted", beside(tangent_of_a_gradient)),
    Case("torch.func.jvp", "accepted", beside(lambda m: jvp(lambda x: m(x), (X,), (X,)))),
    Case("torch.func.linearize", "accepted", beside(follow, want=lambda m: jvp(lambda x: m(x)[0], (X,), (X * 0 + 1,)))),
    Case("torch.func.jacrev", "accepted", beside(lambda m: jacrev(lambda x: m(x)[0])(X))),
    Case("torch.func.jacfwd", "accepted", beside(lambda m: jacfwd(lambda x: m(x)[0])(X))),
    Case("torch.func.hessian", "accepted", beside(lambda m: hessian(lambda x: squares(m, x))(X[:2, :1]))),
    Case("is_grads_batched=True", "accepted", beside(gradients_in_a_batch)),
    Case("a jacobian with vectorize=True", "accepted", beside(jacobian(vectorize=True))),
    Case(
        "a jacobian in forward mode",
        "accepted",
        beside(jacobian(vectorize=True, strategy="forward-mode"), want=jacobian()),
    ),
    Case("a hessian with vectorize=True", "accepted", beside(second(vectorize=True))),
    Case(
        "a hessian in forward mode over reverse mode",
        "accepted",
        beside(second(vectorize=True, outer_jacobian_strategy="forward-mode"), want=second()),
    ),
    Case("output += 1 before the backward pass", "accepted", beside(inplace(added))),
    Case("relu_ on the output", "accepted", beside(inplace(nn.functional.relu_))),
    Case("a row of the output set to 0", "accepted", beside(inplace(changed_row))),
    Case("the output changed under detach()", "accepted", beside(inplace(changed_detached))),
    Case("the output changed in place, without its gates kept", "accepted", beside(inplace(added), checkpoint_every=2)),
    Case("an ensemble: vmap over weights", "accepted", beside(ensemble, want=ensemble_by_hand)),
    Case(
        "vmap over inputs",
        "accepted",
        beside(
            lambda m: vmap(lambda x: m(x)[0])(torch.stack((X, 2 * X))),
            want=lambda m: torch.stack((m(X)[0], m(2 * X)[0])),
        ),
    ),
    Case("the meta device, with gradients", "accepted", beside(on_meta)),
    Case("a packed sequence on the meta device", "accepted", beside(packed_on_meta)),
    Case("a FakeTensor", "accepted", beside(fake)),
    Case("torch.fx.symbolic_trace of a module with the layer and its hook", "accepted", beside(traced_by_fx)),
    Case("torch.fx.symbolic_trace of the layer in a Sequential, quantised or not", "accepted", quantised_by_fx),
    Case(
        "torch.fx.symbolic_trace of the layer itself",
        "refused",
        bare_by_fx,
        "torch.fx was given a GRU layer itself, whose steps it cannot write down: give it a module that contains the "
        "layer, such as torch.nn.Sequential(layer), where the layer is one call",
    ),
    Case("make_fx", "accepted", beside(made_by_fx)),
    Case("FlopCounterMode, forward and backward", "accepted", beside(flops)),
    Case("a TorchFunctionMode and a default device", "accepted", beside(watched)),
    Case("torch.compile of an output changed in place", "accepted", compiled(lambda m, x: added(m(x)[0]))),
    Case("torch.compile of jvp", "accepted", compiled(lambda m, x: jvp(lambda x: m(x)[0], (x,), (x,)))),
    Case("torch.jit.script", "adapted", beside(scripted), SCRIPT_NOTE),
    Case(
        "torch.jit.script of what torch.nn.GRU lacks",
        "refused",
        lambda _: torch.jit.script(Net(gruvy.nn.GRU(I, H, layer_norm=True))),
        "torch.jit.script has PyTorch's own GRU alone, without layer_norm=True: use torch.export, torch.compile or "
        "torch.jit.trace",
    ),
    Case("torch.jit.trace", "accepted", beside(lambda m: jit_trace(m)(torch.cat((X, X))))),
    Case(
        "torch.jit.trace of what torch.nn.GRU lacks",
        "adapted",
        traced_loop,
        "torch.jit.trace writes this layer down step by step: the program takes 5 steps and refuses others; "
        "torch.export and torch.compile keep the number of steps open",
    ),
    Case("torch.onnx.export(dynamo=False)", "accepted", lambda _: old_onnx(gruvy.nn.GRU(I, H, 2, bidirectional=True))),
    Case(
        "torch.onnx.export(dynamo=False) of what torch.nn.GRU lacks",
        "refused",
        lambda _: old_onnx(gruvy.nn.GRU(I, H, zoneout=0.1)),
        "torch.onnx.export(dynamo=False) has only PyTorch's own GRU, without reset_after=False, layer_norm, zoneout, "
        "resets, mask and checkpoint_every: export with dynamo=True, or the layer alone with gruvy.export.onnx.write",
    ),
    Case("weight_norm, read, quantized and streamed", "accepted", everywhere(old_weight_norm)),
    Case("weight_norm as a parametrization", "accepted", everywhere(new_weight_norm)),
    Case("spectral_norm", "accepted", everywhere(old_spectral_norm)),
    Case("pruned weights and biases", "accepted", everywhere(pruned)),
    Case("a bias with a parametrization of one's own", "accepted", everywhere(halved_bias)),
    Case(
        "a state dict of a pruned GRU",
        "adapted",
        from_file(pruned),
        "weights are computed from what the state dict has of them: pruning",
    ),
    Case(
        "a state dict with weight_norm",
        "adapted",
        from_file(new_weight_norm),
        "weights are computed from what the state dict has of them: weight norm, as a parametrization",
    ),
    Case(
        "a state dict with spectral_norm",
        "adapted",
        from_file(old_spectral_norm),
        "weights are computed from what the state dict has of them: spectral norm",
    ),
    Case(
        "a state dict whose bias has a parametrization of one's own",
        "refused",
        from_file(halved_bias),
        "…m.pt: net.gru.bias_hh_l0 is computed from net.gru.parametrizations.bias_hh_l0.original, which does not say "
        "how: give the module itself, or call torch.nn.utils.parametrize.remove_parametrizations before it is saved",
    ),
    Case("quantize() on the meta device", "refused", lambda _: meta().quantize(), META),
    Case("streaming() on the meta device", "refused", lambda _: meta().streaming(), META),
    Case(
        "formats.read of a torch.nn.GRU on the meta device",
        "refused",
        lambda _: formats.read(nn.GRU(I, H, device="meta")),
        META,
    ),
    Case("deepcopy and pickle", "accepted", beside(pickled)),
    Case("module hooks and saved_tensors_hooks", "accepted", beside(hooked)),
    Case("a default device of meta around a layer on the CPU", "accepted", beside(by_default_device)),
    Case("gates with a default dtype of float64", "accepted", gates_by_default_dtype),
    Case("a replica whose weights are no parameters", "accepted", beside(replicated)),
]


@pytest.mark.parametrize("case", named(CASES))
def test_a_use_has_the_values_of_torch(case, tmp_path):
    case.check(tmp_path)

from __future__ import annotations

import copy
import io
import pickle

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from gruvy import nn
from gruvy.errors import ArgumentError, TensorError

MODULES = [
    {},
    {"bias": False, "reset_after": False},
    {"num_layers": 3, "batch_first": True},
    {"num_layers": 2, "bidirectional": True, "batch_first": True, "reset_after": False},
    {"bidirectional": True, "layer_norm": True, "zoneout": 0.2},
    {"num_layers": 2, "learn_initial_state": True, "layer_norm": True, "reset_after": False},
    {"num_layers": 2, "dropout": 0.5, "input_dropout": 0.5, "recurrent_dropout": 0.5},
]


def layer(options: dict, I: int = 5, H: int = 13) -> nn.GRU:
    torch.manual_seed(0)
    module = nn.GRU(I, H, **options, backend="native")
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name.startswith(("gain_", "initial_state")):
                parameter += 0.3 * torch.randn_like(parameter)
    return module.eval()


def with_rounded_weights(module: nn.GRU) -> nn.GRU:
    rounded = copy.deepcopy(module)
    with torch.no_grad():
        for name, parameter in rounded.named_parameters():
            if name.startswith("weight_"):
                parameter.copy_(parameter.bfloat16().float())
    return rounded


def calls(module: nn.GRU) -> list[tuple]:
    """Arguments of each kind that a layer takes."""
    first, layers = module.batch_first, module.num_layers * (2 if module.bidirectional else 1)
    x, h_0 = torch.randn((4, 7, 5) if first else (7, 4, 5)), torch.randn(layers, 4, 13)
    flags = {name: torch.rand((4, 7) if first else (7, 4)) < share for name, share in (("resets", 0.3), ("mask", 0.7))}
    return [
        ((x,), {}),
        ((x, h_0), {}),
        ((x, h_0), {"lengths": [3, 7, 0, 4]}),
        ((x,), {"lengths": [3, 7, 0, 4], **flags}),
        ((torch.randn(7, 5), h_0[:, 0]), {"resets": flags["resets"].transpose(0, 1)[:, 0] if first else None}),
        ((x.flip(0), h_0), flags),
        ((torch.randn(x.shape[0], x.shape[1], 10)[..., ::2], h_0), {}),
        ((pack_padded_sequence(x, [3, 7, 1, 4], batch_first=first, enforce_sorted=False), h_0), {}),
    ]


def unpacked(result: tuple) -> list[torch.Tensor]:
    output, h_n = result
    if isinstance(output, torch.Tensor):
        return [output, h_n]
    return [*pad_packed_sequence(output), output.sorted_indices, h_n]


@pytest.mark.parametrize("options", MODULES, ids=str)
def test_bf16_is_the_layer_with_rounded_weights_bit_for_bit(options):
    module = layer(options)
    quantized, rounded = module.quantize("bf16"), with_rounded_weights(module)
    with torch.no_grad():
        for args, given in calls(module):
            for found, wanted in zip(
                unpacked(quantized(*args, **given)), unpacked(rounded(*args, **given)), strict=True
            ):
                assert torch.equal(found, wanted)


@pytest.mark.parametrize("options", MODULES, ids=str)
def test_int8_is_near_the_layer(options):
    module = layer(options)
    quantized = module.quantize("int8")
    with torch.no_grad():
        for args, given in calls(module):
            found, wanted = unpacked(quantized(*args, **given)), unpacked(module(*args, **given))
            assert 0 < (found[0] - wanted[0]).abs().max() < 0.06
            assert (found[-1] - wanted[-1]).abs().max() < 0.06


@pytest.mark.parametrize("options", [o for o in MODULES if "bidirectional" not in o], ids=str)
@pytest.mark.parametrize("dtype", ["bf16", "int8"])
def test_streaming_takes_the_same_steps(options, dtype):
    module = layer(options).quantize(dtype)
    x = torch.randn(7, 4, 5)
    want = module(x.transpose(0, 1) if module.batch_first else x)[0]
    want = want.transpose(0, 1) if module.batch_first else want
    stream = module.streaming(4)
    for x_t, wanted in zip(x, want, strict=True):
        assert torch.equal(torch.from_numpy(stream.step(x_t.numpy())), wanted)


@pytest.mark.parametrize("options", MODULES, ids=str)
@pytest.mark.parametrize("dtype", ["bf16", "int8"])
def test_copies_pickles_and_state_dicts_give_the_same_results(options, dtype):
    quantized = layer(options).quantize(dtype)
    x = torch.randn(4, 7, 5)
    want = quantized(x)[0]
    file = io.BytesIO()
    torch.save(quantized.state_dict(), file)
    file.seek(0)
    loaded = nn.GRU(5, 13, **options).quantize(dtype)
    assert not torch.equal(loaded(x)[0], want)  # and has packed its weights
    loaded.load_state_dict(torch.load(file, weights_only=True))
    for other in (loaded, copy.deepcopy(quantized), pickle.loads(pickle.dumps(quantized))):
        assert torch.equal(other(x)[0], want)


def test_the_state_dict_holds_what_the_weights_became():
    module = layer({"bidirectional": True})
    state = module.quantize("int8").state_dict()
    assert set(state) == set(module.state_dict()) | {
        f"weight_{kind}_l0{direction}_scale" for kind in ("ih", "hh") for direction in ("", "_reverse")
    }
    for name, weight in module.state_dict().items():
        if name.startswith("bias"):
            assert torch.equal(state[name], weight)
            continue
        assert state[name].dtype == torch.int8
        scale = state[name + "_scale"][:, None]
        torch.testing.assert_close(scale[:, 0], weight.abs().amax(1) / 127, rtol=2**-16, atol=0)
        assert ((state[name] * scale - weight).abs() <= 0.5001 * scale).all()
    for name, weight in module.quantize("bf16").state_dict().items():
        wanted = module.state_dict()[name]
        assert torch.equal(weight, wanted if name.startswith("bias") else wanted.bfloat16())


def test_loading_other_dtypes_is_refused():
    module = layer({})
    with pytest.raises(RuntimeError, match=r"weight_ih_l0 is torch.float32; expected torch.int8: quantize\(\)"):
        module.quantize("int8").load_state_dict(module.state_dict(), strict=False)
    with pytest.raises(RuntimeError, match=r"weight_hh_l0 is torch.int8; expected torch.bfloat16"):
        module.quantize("bf16").load_state_dict(module.quantize("int8").state_dict(), strict=False)


def test_memory():
    module = layer({}, 64, 128)
    floats = sum(w.numel() for w in module.parameters())
    matrices = 3 * 128 * (64 + 128)
    assert module.quantize("bf16").nbytes == 4 * floats - 2 * matrices
    assert module.quantize("int8").nbytes == 4 * floats - 3 * matrices + 2 * 4 * 384


def test_a_layer_of_another_dtype_is_quantised_from_its_values():
    module = layer({})
    found = copy.deepcopy(module).double().quantize("int8").state_dict()
    for name, wanted in module.quantize("int8").state_dict().items():
        assert torch.equal(found[name], wanted)


def test_no_gradients_and_no_training():
    quantized = layer({}).quantize()
    x = torch.randn(7, 4, 5, requires_grad=True)
    with pytest.raises(ArgumentError, match="a gradient is wanted through a GRU of int8 weights"):
        quantized(x)
    with pytest.raises(ArgumentError, match="a gradient is wanted"):
        quantized(x.detach(), torch.zeros(1, 4, 13, requires_grad=True))
    with torch.no_grad():
        assert torch.equal(quantized(x)[0], quantized(x.detach())[0])
    assert not quantized.training
    network = torch.nn.Sequential(quantized).eval()
    with pytest.raises(ArgumentError, match="cannot be trained"):
        network.train()
    assert list(network.parameters()) == []


def test_it_stays_as_it_is():
    quantized = layer({}).quantize()
    assert quantized.cpu() is quantized
    for convert in (quantized.double, quantized.half, lambda: quantized.to("meta")):
        with pytest.raises(TensorError, match="a quantised GRU stays as it is, on the CPU"):
            convert()
    assert quantized.weight_ih_l0_scale.dtype == torch.float32


def test_what_does_not_fit_is_named():
    module = layer({"bidirectional": True})
    quantized = module.quantize("int8")
    with pytest.raises(TensorError, match=r"input has 4 features; expected input_size = 5; hx has the shape"):
        quantized(torch.randn(7, 2, 4), torch.randn(1, 2, 13))
    with pytest.raises(TensorError, match=r"input is torch.float64; expected torch.float32"):
        quantized(torch.randn(7, 2, 5).double())
    with pytest.raises(ArgumentError, match="streaming needs one direction"):
        quantized.streaming()
    with pytest.raises(ArgumentError, match="dtype is 'float32'; expected one of 'int8', 'bf16'"):
        module.quantize("float32")
    with torch.no_grad():
        module.weight_hh_l0[3, 2] = torch.nan
    with pytest.raises(TensorError, match="weight_hh_l0 holds NaN or infinity"):
        module.quantize("int8")


def test_under_autocast_and_compile():
    quantized = layer({"num_layers": 2}).quantize()
    x = torch.randn(7, 4, 5)
    want = quantized(x)[0]
    assert torch.equal(torch.compile(quantized, backend="eager")(x)[0], want)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(quantized(x)[0], want)
        assert torch.equal(quantized(x.bfloat16())[0], quantized(x.bfloat16().float())[0])


def test_it_says_what_it_is():
    assert str(layer({"batch_first": True, "zoneout": 0.2}).quantize()) == (
        "QuantizedGRU(5, 13, dtype='int8', batch_first=True, zoneout=0.2)"
    )

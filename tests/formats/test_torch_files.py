"""PyTorch's modules, state dicts and files: which GRU is meant, and what is said where there is none."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gru_weights import Shape, draw

from gruvy import formats
from gruvy.errors import ArgumentError, FileFormatError
from gruvy.nn import GRU


class Two(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = torch.nn.GRU(3, 4)
        self.decoder = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.GRU(3, 5))
        self.other = torch.nn.LSTM(3, 4)


def sources(model, folder):
    torch.save(model.state_dict(), folder / "m.pt")
    torch.save({"state_dict": model.state_dict(), "epoch": 3}, folder / "checkpoint.pth")
    from safetensors.torch import save_file

    save_file(model.state_dict(), folder / "m.safetensors")
    names = ("m.pt", "checkpoint.pth", "m.safetensors")
    return [model, model.state_dict(), *(folder / name for name in names)]


def test_one_of_several_is_chosen_by_name(tmp_path):
    model = Two()
    for source in sources(model, tmp_path):
        weights = formats.read(source, name="decoder.1")
        np.testing.assert_array_equal(weights.layers[0][0].weight_hh, model.decoder[1].weight_hh_l0.detach())
        with pytest.raises(ValueError, match=r"holds 2 GRUs: '\S+', '\S+'; choose one with at="):
            formats.read(source)
        with pytest.raises(ValueError, match=r"no GRU named 'other'; it holds .*'encoder'"):
            formats.read(source, name="other")


def test_a_cell_is_a_layer():
    cell = torch.nn.GRUCell(3, 4)
    weights = formats.read(cell)
    x = torch.randn(1, 2, 3)
    np.testing.assert_allclose(weights.run(x.numpy())[0][0], cell(x[0]).detach(), atol=1e-6)
    other = formats.write(weights, torch.nn.GRUCell(3, 4))
    assert torch.equal(other.bias_hh, cell.bias_hh)


def test_other_cells_are_named():
    with pytest.raises(ArgumentError, match=r"holds no GRU .*it is an LSTM"):
        formats.read(torch.nn.LSTM(3, 4).state_dict())
    with pytest.raises(ArgumentError, match="it is a tanh RNN"):
        formats.read(torch.nn.RNN(3, 4).state_dict())


def test_the_form_of_a_state_dict_is_pytorchs_unless_it_is_said():
    layer = GRU(3, 4, reset_after=False)
    assert not formats.read(layer).reset_after
    assert formats.read(layer.state_dict()).reset_after
    assert not formats.read(layer.state_dict(), reset_after=False).reset_after
    with pytest.raises(ArgumentError, match="gruvy says by itself what reset_after= would; leave it out"):
        formats.read(layer, reset_after=True)


def test_everything_of_gruvys_layer_goes_through_modules_and_files(tmp_path):
    torch.manual_seed(0)
    options = {"layer_norm": True, "zoneout": 0.2, "learn_initial_state": True, "reset_after": False}
    layer = GRU(3, 4, 2, bidirectional=True, **options)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_()
    weights = formats.read(layer)
    assert weights.zoneout == 0.2
    back = formats.read(formats.write(weights, tmp_path / "m.gruvy"))
    assert formats.same_weights(back, weights)
    other = formats.write(back, GRU(3, 4, 2, bidirectional=True, **options))
    x = torch.randn(6, 2, 3)
    assert torch.equal(other.eval()(x)[0], layer.eval()(x)[0])


def test_bfloat16_is_read_as_float32_exactly(tmp_path):
    layer = torch.nn.GRU(3, 4, dtype=torch.bfloat16)
    for source in [layer, *sources(layer, tmp_path)]:
        weights = formats.read(source)
        assert weights.dtype == np.float32
        np.testing.assert_array_equal(weights.layers[0][0].weight_ih, layer.weight_ih_l0.detach().float())


@pytest.mark.parametrize("name", ["m.pt", "m.safetensors", "m.npz"])
@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_dtypes_are_kept(name, dtype, tmp_path):
    weights = draw(Shape(True, True, 2, 2)).astype(dtype)
    assert formats.same_weights(formats.read(formats.write(weights, tmp_path / name)), weights)


def test_a_gruvy_file_keeps_float32_and_says_so(tmp_path):
    with pytest.raises(ArgumentError, match=r"the weights are float64; a \.gruvy file keeps float32"):
        formats.write(draw(Shape(True, True, 1, 1)).astype("float64"), tmp_path / "m.gruvy")


def test_a_module_that_does_not_fit_is_told_all_that_differs_and_is_left_as_it_is():
    weights = draw(Shape(True, True, 2, 1))
    module = torch.nn.GRU(3, 6, bias=False)
    before = module.weight_ih_l0.clone()
    with pytest.raises(
        ArgumentError, match=r"no bias_ih_l0; .*no weight_ih_l1; .*its weight_ih_l0 is float32 \(18, 3\)"
    ):
        formats.write(weights, module)
    assert torch.equal(module.weight_ih_l0, before)
    with pytest.raises(ArgumentError, match="weight_hh_l0 is bfloat16"):
        formats.write(draw(Shape(True, True, 1, 1)), torch.nn.GRU(3, 5, dtype=torch.bfloat16))
    with pytest.raises(ArgumentError, match="float64"):
        formats.write(draw(Shape(True, True, 1, 1)), torch.nn.GRU(3, 5, dtype=torch.float64))
    with pytest.raises(ArgumentError, match="reset_after is False; expected True"):
        formats.write(draw(Shape(True, True, 1, 1)), GRU(3, 5, reset_after=False))


def test_what_was_read_stays_when_the_module_is_trained():
    layer = torch.nn.GRU(3, 4)
    before = formats.read(layer)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.zero_()
    assert all(array.any() for array in before.layers[0][0][:4])


def test_missing_arrays_are_named_together():
    state = dict(torch.nn.GRU(3, 4, 3, bidirectional=True).state_dict())
    del state["weight_hh_l1_reverse"], state["weight_ih_l0"]
    with pytest.raises(ArgumentError, match="weight_ih_l0 is missing; weight_hh_l1_reverse is missing"):
        formats.read(state)


def test_a_header_length_that_looks_like_a_pickle_is_still_safetensors(tmp_path):
    """The first byte of a safetensors file is the low byte of a length, which may be that of a pickle."""
    from safetensors.numpy import save

    arrays = formats.write(draw(Shape(True, False, 1, 1)), format="npz")
    arrays = {key: value for key, value in arrays.items() if key.startswith("weight")}
    for pad in range(0, 1000, 8):
        data = save(arrays, {"pad": "x" * pad})
        if data[0] == 0x80:
            break
    (tmp_path / "m.safetensors").write_bytes(data)
    assert data[0] == 0x80
    assert formats.detect(tmp_path / "m.safetensors") == "torch"
    assert formats.read(tmp_path / "m.safetensors").hidden_size == 5


def test_code_in_a_pickle_does_not_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    torch.save({"weight_ih_l0": Trap()}, tmp_path / "m.pt")
    with pytest.raises(FileFormatError, match=r"m\.pt: not a file of tensors alone") as raised:
        formats.read(tmp_path / "m.pt")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "sprung").exists()


def test_a_tensor_that_claims_more_than_it_has_is_refused(tmp_path):
    state = torch.nn.GRU(3, 4).state_dict()
    state["weight_ih_l0"] = torch.ones(1).expand(12 << 20, 3 << 10)
    torch.save(state, tmp_path / "m.pt")
    with pytest.raises(FileFormatError, match=r"weight_ih_l0 claims .* bytes, more than the file holds"):
        formats.read(tmp_path / "m.pt")

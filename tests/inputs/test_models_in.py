"""GRU weights as people keep them: checkpoints, folders, files of other frameworks and of their own making."""

# The rows have the lines as they are printed.
# ruff: noqa: E501

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from input_cases import Case, named
from model_files import LAYER, LAYERS, H, I, gru, hdf5, keras_arrays, keras_file, layer_config, old_keras, sequential

from gruvy import formats
from gruvy.spec import KERAS, PYTORCH, GRUWeights

TITLE = "Models and weights that are read"


OTHER = gru(1)
X = torch.randn(5, 2, I, generator=torch.Generator().manual_seed(0))


class Net(torch.nn.Module):
    """A model as people write it."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = torch.nn.BatchNorm1d(I)
        self.encoder = torch.nn.ModuleDict({"gru": gru()})
        self.head = torch.nn.Linear(H, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.encoder["gru"](x)[0])


class Scripted(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gru = gru()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.gru(x)[0]


def is_layer(weights: GRUWeights, layer: torch.nn.GRU = LAYER, atol: float = 1e-6) -> None:
    """The weights compute what a layer computes."""
    with torch.no_grad():
        want, h_n = layer(X)
    output, last = weights.astype(np.float32).run(X.numpy())
    np.testing.assert_allclose(output, want, atol=atol)
    np.testing.assert_allclose(last, h_n, atol=atol)


def reads(
    write: Callable[[Path], Path], layer: torch.nn.GRU = LAYER, atol: float = 1e-6, **options: Any
) -> Callable[[Path], None]:
    return lambda folder: is_layer(formats.read(write(folder), **options), layer, atol)


def saved(content: Any, name: str = "model.pt") -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        torch.save(content() if isinstance(content, type) else content, folder / name)
        return folder / name

    return write


def prefixed(prefix: str, layer: torch.nn.GRU = LAYER) -> dict[str, torch.Tensor]:
    return {prefix + name: tensor for name, tensor in layer.state_dict().items()}


STATE = LAYER.state_dict()
TWO = prefixed("encoder.gru.") | prefixed("decoder.gru.", OTHER)
OPTIMIZER = {"state": {0: {"exp_avg": torch.zeros(12, 3), "step": torch.tensor(1.0)}}, "param_groups": [{"lr": 0.1}]}


# ---- folders and shards ----


def hugging_face(folder: Path) -> Path:
    (folder / "config.json").write_text('{"model_type": "gru"}')
    (folder / "training_args.bin").write_bytes(b"\x80")
    torch.save(prefixed("model.gru."), folder / "pytorch_model.bin")
    return folder


def accelerate(folder: Path) -> Path:
    from safetensors.torch import save_file

    save_file(prefixed("module.gru."), folder / "model.safetensors")
    torch.save(OPTIMIZER, folder / "optimizer.bin")
    (folder / "random_states_0.pkl").write_bytes(b"\x80")
    return folder


def sharded(folder: Path, lost: bool = False) -> Path:
    from safetensors.torch import save_file

    places = {}
    for number, name in enumerate(prefixed("model.gru.")):
        places[name] = f"model-0000{number % 2 + 1}-of-00002.safetensors"
    for file in set(places.values()):
        if not (lost and file.startswith("model-00002")):
            state = prefixed("model.gru.")
            save_file({name: state[name] for name in places if places[name] == file}, folder / file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))
    return folder / "model.safetensors.index.json"


# ---- files of arrays with names of their own ----


def own_names(turned: bool, ordered: tuple[str, ...] = PYTORCH.order) -> dict[str, np.ndarray]:
    from gruvy.spec import Convention

    arrays = {}
    for name, own in (("weight_ih", "enc_w_ih"), ("weight_hh", "enc_w_hh"), ("bias_ih", "enc_b"), ("bias_hh", "enc_c")):
        array = PYTORCH.blocks_to(Convention(ordered), STATE[f"{name}_l0"].numpy())
        arrays[own] = array.T if turned and array.ndim == 2 else array
    return arrays | {"dense": np.ones((4, 1), "f4")}


MAP = {"W": "enc_w_ih", "U": "enc_w_hh", "b": "enc_b", "d": "enc_c"}


def npz(arrays: dict[str, np.ndarray]) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        np.savez(folder / "weights.npz", **arrays)
        return folder / "weights.npz"

    return write


def npy(content: Any) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        np.save(folder / "weights.npy", content)
        return folder / "weights.npy"

    return write


def by_gates() -> dict[str, np.ndarray]:
    found = {}
    for letter, name in (("W", "weight_ih"), ("U", "weight_hh"), ("b", "bias_ih"), ("d", "bias_hh")):
        for gate, array in zip("rzn", np.split(STATE[f"{name}_l0"].numpy(), 3), strict=True):
            found[f"my_{letter}{gate}"] = array.T if array.ndim == 2 else array
    return found


# ---- Keras, written by hand as Keras writes it ----


def written(data: bytes, name: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return write


BOTH = gru(2, bidirectional=True)
BOTH_GROUPS = {
    "layers/bidirectional/forward_layer/cell/vars": keras_arrays(BOTH),
    "layers/bidirectional/backward_layer/cell/vars": keras_arrays(BOTH, "_l0_reverse"),
}
CELL = {"class_name": "GRUCell", "config": layer_config()["config"]}
FIVE = {"layers/my_encoder/cell/vars": keras_arrays()}


def backwards(folder: Path) -> None:
    path = keras_file(sequential(layer_config(go_backwards=True)), {"layers/gru/cell/vars": keras_arrays()})(folder)
    weights = formats.read(path)
    with torch.no_grad():
        want = LAYER(X.flip(0))[0].flip(0)
    np.testing.assert_allclose(weights.run(X.numpy())[0], want, atol=1e-6)


def time_major(folder: Path) -> None:
    config = sequential(layer_config(time_major=True, stateful=True, unroll=True, return_sequences=False))
    weights = formats.read(old_keras(config)(folder))
    is_layer(weights)
    assert not weights.batch_first


def bfloat16(folder: Path) -> None:
    import h5py

    path = keras_file(sequential(layer_config()), {})(folder)
    data = io.BytesIO()
    halves = [array.astype(np.float32).view(np.uint32) >> 16 for array in map(np.ascontiguousarray, keras_arrays())]
    with h5py.File(data, "w") as file:
        for name, array in enumerate(halves):
            stored = file.create_dataset(f"layers/gru/cell/vars/{name}", data=array.astype("<u2").view("V2"))
            stored.attrs["dtype"] = "bfloat16"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(folder / "half.keras", "w") as new:
        new.writestr("config.json", old.read("config.json"))
        new.writestr("model.weights.h5", data.getvalue())
    is_layer(formats.read(folder / "half.keras"), atol=2e-2)


# ---- ONNX ----


def onnx_in_a_loop(folder: Path) -> Path:
    from onnx import TensorProto, helper, numpy_helper, save

    model = formats.write(formats.read(LAYER), format="onnx")
    (node,) = (node for node in model.graph.node if node.op_type == "GRU")
    body = helper.make_graph(
        [
            helper.make_node(
                "GRU", ["input", *node.input[1:4], "", ""], ["Y", ""], hidden_size=H, linear_before_reset=1
            ),
            helper.make_node("Identity", ["going"], ["going_on"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, ()),
            helper.make_tensor_value_info("going", TensorProto.BOOL, ()),
        ],
        [helper.make_tensor_value_info("going_on", TensorProto.BOOL, ()), helper.make_tensor_value_info("Y", 1, None)],
    )
    graph = helper.make_graph(
        [
            helper.make_node(
                "Loop",
                [
                    "n",
                    "",
                ],
                ["all"],
                body=body,
            )
        ],
        "outer",
        [helper.make_tensor_value_info("n", TensorProto.INT64, ()), model.graph.input[0]],
        [helper.make_tensor_value_info("all", 1, None)],
        list(model.graph.initializer),
    )
    assert numpy_helper
    save(helper.make_model(graph), folder / "loop.onnx")
    return folder / "loop.onnx"


def onnx_function(folder: Path) -> Path:
    from onnx import helper, save

    model = formats.write(formats.read(LAYER), format="onnx")
    (node,) = (node for node in model.graph.node if node.op_type == "GRU")
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("mine", 1)]
    inside = helper.make_node("GRU", ["X", "W", "R", "B"], ["Y"], hidden_size=H, linear_before_reset=1)
    function = helper.make_function("mine", "Encoder", ["X", "W", "R", "B"], ["Y"], [inside], opsets)
    call = helper.make_node("Encoder", ["input", *node.input[1:4]], ["Y"], domain="mine")
    graph = helper.make_graph(
        [call],
        "outer",
        [model.graph.input[0]],
        [helper.make_tensor_value_info("Y", 1, None)],
        list(model.graph.initializer),
    )
    save(helper.make_model(graph, opset_imports=opsets, functions=[function]), folder / "function.onnx")
    return folder / "function.onnx"


def lstm_with_projections(folder: Path) -> None:
    formats.read(torch.nn.LSTM(3, 6, proj_size=2).state_dict())


def quantized(folder: Path) -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = torch.ao.quantization.quantize_dynamic(Net(), {torch.nn.GRU}, dtype=torch.qint8)
    torch.save(model.state_dict(), folder / "int8.pt")
    formats.read(folder / "int8.pt")


def scripted(folder: Path) -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(Scripted()).save(folder / "scripted.pt")
    is_layer(formats.read(folder / "scripted.pt"))


def double(folder: Path) -> None:
    weights = formats.read(saved(gru().double().state_dict())(folder))
    assert weights.dtype == np.float64
    is_layer(weights)


def stacked_by_places(folder: Path) -> None:
    deep = gru(3, num_layers=2)
    groups = {
        f"layers/{name}/cell/vars": keras_arrays(deep, ending) for name, ending in (("gru", "_l0"), ("gru_1", "_l1"))
    }
    (folder / "m.weights.h5").write_bytes(hdf5(groups))
    is_layer(formats.read(folder / "m.weights.h5", at="gru,gru_1"), deep)


ALONE = "the file has weights alone, without the layers' functions: they are taken to be sigmoid and tanh"
AT = "choose one with at="

CASES = [
    Case('a checkpoint with the weights under "model", an optimizer beside them', "accepted",
         reads(saved({"model": prefixed("gru."), "optimizer": OPTIMIZER, "epoch": 3}))),
    Case('a checkpoint with "model_state_dict" in "state"', "accepted",
         reads(saved({"state": {"model_state_dict": STATE}}))),
    Case("a state dict of DistributedDataParallel and torch.compile (`module._orig_mod.`)", "accepted",
         reads(saved(prefixed("module._orig_mod.encoder.gru.") | {"module.n.num_batches_tracked": torch.tensor(3)}))),
    Case("two GRUs deep inside of a checkpoint, one of them named", "accepted",
         reads(saved({"state_dict": {f"model.{name}": tensor for name, tensor in TWO.items()}}), OTHER, at="decoder")),
    Case("two GRUs in a checkpoint, none named", "refused",
         reads(saved({"state_dict": TWO})), f"…model.pt: holds 2 GRUs: 'encoder.gru', 'decoder.gru'; {AT}"),
    Case("weights and their moving average", "refused",
         reads(saved({"model": prefixed("gru."), "ema": prefixed("gru.", OTHER)})),
         f"…model.pt: holds 2 GRUs: 'model.gru', 'ema.gru'; {AT}"),
    Case("a checkpoint of Lightning, with objects of the training beside the weights", "accepted",
         reads(saved({"state_dict": prefixed("net.gru."), "stop": Case("", "accepted", print)}, "last.ckpt"))),
    Case("a whole module that torch.save pickled", "accepted", reads(saved(Net))),
    Case("a TorchScript file", "accepted", scripted),
    Case("a float64 checkpoint", "accepted", double),
    Case("the state dict of a GRU that torch quantized to int8", "refused", quantized,
         "…int8.pt: holds no GRU (encoder.gru is a GRU or LSTM of packed int8 weights, which are not read: give the "
         "model that it was quantized from)"),
    Case("a state dict whose weights have a parametrization", "refused",
         lambda folder: formats.read({f"gru.parametrizations.{name}.original0": w for name, w in STATE.items()}),
         "gru.weight_ih_l0 is computed from gru.parametrizations.weight_ih_l0.original0, which does not say how: give the "
         "module itself, or call torch.nn.utils.parametrize.remove_parametrizations before it is saved"),
    Case("an LSTM with projections", "refused", lstm_with_projections, "holds no GRU (it is an LSTM with projections)"),
    Case("a folder of Hugging Face", "adapted", reads(hugging_face), "…: a folder; pytorch_model.bin in it is read"),
    Case("a folder of accelerate", "adapted", reads(accelerate), "…: a folder; model.safetensors in it is read"),
    Case("the index of sharded safetensors", "accepted", reads(sharded)),
    Case("the index of sharded safetensors, a shard missing", "refused", lambda folder: formats.read(sharded(folder, True)),
         "…model.safetensors.index.json: names the shard 'model-00002-of-00002.safetensors', which is not beside it; copy "
         "it there"),
    Case("a folder with an Orbax checkpoint", "refused",
         lambda folder: formats.read(written(b"{}", "_METADATA")(folder).parent),
         "…: an Orbax checkpoint; restore it with orbax and give gruvy.formats.read the tree of arrays"),
    Case("parameters of Flax in msgpack", "refused", lambda folder: formats.read(written(b"\x81\xa6", "p.msgpack")(folder)),
         "…p.msgpack: parameters of Flax in msgpack; read them with flax.serialization.msgpack_restore(bytes) and give "
         "gruvy.formats.read the tree of arrays"),
    Case("an .npz file with names of its own, mapped", "accepted",
         reads(npz(own_names(False)), map=MAP, reset_after=True, gates="reset,update,candidate")),
    Case("an .npz file with names of its own in Keras' order and layout, mapped", "adapted",
         reads(npz(own_names(True, KERAS.order)), map=MAP, reset_after=True, gates="update,reset,candidate"),
         "the arrays' gates lie in columns, (inputs, 3H) and (H, 3H): they are read so"),
    Case("an .npz file with an array for each gate, mapped", "adapted",
         reads(npz(by_gates()), map={f"{name[3]}_{name[4]}": name for name in by_gates()}, reset_after=True),
         "the arrays' gates lie in columns, (inputs, 3H) and (H, 3H): they are read so"),
    Case("an .npz file with names of its own", "refused", lambda folder: formats.read(npz(own_names(False))(folder)),
         "…weights.npz: holds no GRU; its arrays are enc_w_ih (12, 3), enc_w_hh (12, 4), enc_b (12,), enc_c (12,), dense "
         "(4, 1): say which are a GRU's with map="),
    Case("an .npz file that is mapped without the order of its gates", "refused",
         lambda folder: formats.read(npz(own_names(False))(folder), map=MAP, reset_after=True),
         "…weights.npz: arrays do not say which of their blocks is which gate: give gates= reset,update,candidate (as "
         "PyTorch) or update,reset,candidate (as Keras and ONNX)"),
    Case("an .npy file of a dictionary, mapped", "accepted",
         reads(npy(own_names(False)), map=MAP, reset_after=True, gates="r,z,n")),
    Case("an .npy file of one array", "refused", lambda folder: formats.read(npy(np.ones((2, 3)))(folder)),
         "…weights.npy: one array (2, 3); a GRU has several: save a dictionary of them with numpy.savez(path, **arrays)"),
    Case("a .keras file with RNN(GRUCell)", "accepted",
         reads(keras_file(sequential(layer_config("RNN", "rnn", cell=CELL)), {"layers/rnn/cell/vars": keras_arrays()}))),
    Case("a .keras file with TimeDistributed(GRU)", "accepted",
         reads(keras_file(sequential(layer_config("TimeDistributed", "td", layer=layer_config())),
                          {"layers/time_distributed/layer/cell/vars": keras_arrays()}))),
    Case("a .keras file with Bidirectional(RNN(GRUCell))", "accepted",
         reads(keras_file(sequential(layer_config("Bidirectional", "b", merge_mode="concat",
                                                  layer=layer_config("RNN", "rnn", cell=CELL))), BOTH_GROUPS), BOTH)),
    Case("a .keras file of a subclass of Model", "adapted",
         reads(keras_file({"class_name": "Mine", "config": {"units": 4}}, FIVE)), ALONE),
    Case("a .keras file in bfloat16", "accepted", bfloat16),
    Case("a Keras layer that goes backwards", "adapted", backwards,
         "layer 'gru' goes backwards: read as a GRU that runs from the last step to the first, whose outputs stand in the "
         "order of its inputs; Keras gives them in reverse order"),
    Case("a whole model as .h5 of TensorFlow 2", "accepted", reads(old_keras(sequential(layer_config())))),
    Case("a layer of Keras 2 with time_major, stateful and unroll", "accepted", time_major),
    Case("an .h5 file of weights of TensorFlow 2", "adapted", reads(old_keras(None, root="")), ALONE),
    Case("a .weights.h5 file of Keras 3", "adapted", reads(written(hdf5(LAYERS), "m.weights.h5")), ALONE),
    Case("a .weights.h5 file, two layers of it named as one GRU", "adapted", stacked_by_places, ALONE),
    Case("a .weights.h5 file of an LSTM", "refused",
         lambda folder: formats.read(
             written(hdf5({"layers/lstm/cell/vars": [np.ones((3, 16)), np.ones((4, 16))]}), "m.weights.h5")(folder)),
         "…m.weights.h5: holds no GRU (lstm is an LSTM)"),
    Case("a .weights.h5 file without biases, which would say the form", "refused",
         lambda folder: formats.read(
             written(hdf5({"layers/gru/cell/vars": keras_arrays()[:2]}), "m.weights.h5")(folder)),
         "…m.weights.h5: it has no bias, which would say the form; give reset_after=True or reset_after=False"),
    Case("an ONNX file with its GRU in a function", "accepted", reads(onnx_function)),
    Case("an ONNX file with its GRU in a Loop", "adapted", reads(onnx_in_a_loop),
         "its GRU is inside of a node of type Loop: its weights are read as those of a layer, and what is around it is not "
         "looked at"),
]  # fmt: skip


@pytest.mark.parametrize("case", named(CASES))
def test_models_in(case, tmp_path):
    case.check(tmp_path)


def test_the_command_line_names_its_own_options(tmp_path):
    """In a process of its own, as a user has it."""
    torch.save({"state_dict": TWO}, tmp_path / "model.pt")
    np.savez(tmp_path / "w.npz", **own_names(False))
    code = """
import sys
from gruvy.cli import main
for words in (["doctor", "model.pt"], ["export", "model.pt", "--to", "onnx"], ["formats", "model.pt"],
              ["formats", "model.pt", "--at", "encoder", "--out", "e.npz"], ["doctor", "w.npz"],
              ["doctor", "w.npz", "--map", "W=enc_w_ih,U=enc_w_hh"],
              ["doctor", "w.npz", "--map", "W=enc_w_ih,U=enc_w_hh", "--reset-after", "--gates", "r,z,n"],
              ["doctor", "e.npz", "--reset-before"]):
    sys.argv = ["gruvy", *words]
    try:
        main()
    except SystemExit as done:
        print("->", done.code, flush=True)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=300
    )
    codes = [line for line in done.stdout.splitlines() if line.startswith("->")]
    errors = done.stderr.splitlines()
    assert errors[0].endswith("holds 2 GRUs: 'encoder.gru', 'decoder.gru'; choose one with --at"), errors
    assert errors[1] == errors[0]
    assert "encoder.gru: 3 inputs, 4 units, 1 layer, 1 direction, reset after the product" in done.stdout
    assert errors[2].endswith("say which are a GRU's with --map")
    assert errors[3].endswith("or before it: give --reset-after or --reset-before")
    assert codes == ["-> 2", "-> 2", "-> 0", "-> 0", "-> 2", "-> 2", "-> 0", "-> 0"], (codes, errors)
    assert formats.same_weights(formats.read(tmp_path / "e.npz"), formats.read(LAYER))

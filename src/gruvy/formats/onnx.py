"""ONNX: the GRU operator, both values of linear_before_reset, any direction and layout, and stacks of it.

``linear_before_reset=1`` is the reset-after form; the operator's default, 0, is the reset-before form. Gates are in
the order z, r, h, and z keeps the old state. A node has W (D, 3H, I), R (D, 3H, H) and B (D, 6H), the input biases
before the recurrent ones; D is 1 or 2.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np

from gruvy.activations import FUNCTIONS, USUAL, Activation, activation
from gruvy.errors import ArgumentError, note, option
from gruvy.files import replace_file
from gruvy.formats.base import Format, biases, directions, no_target
from gruvy.formats.onnx_graph import Graph, attributes, flattened, nodes_within, title
from gruvy.formats.onnx_stack import stacks
from gruvy.formats.state_dict import ChoiceError, choose
from gruvy.spec import GATES, KERAS, PYTORCH, Array, GRUWeights, LayerWeights

OPSET = 17
IR_VERSION = 8  # of opset 17; newer readers take it too
LARGEST = (2 << 30) - (1 << 20)  # protobuf's limit, and room for the graph
_KNOWN = {
    "activations",
    "activation_alpha",
    "activation_beta",
    "direction",
    "hidden_size",
    "layout",
    "linear_before_reset",
    "output_sequence",
}
_DIRECTIONS = {"forward": 1, "reverse": 1, "bidirectional": 2}


def read(source: Any, *, name: str | None = None) -> GRUWeights:
    """Read the GRU nodes of an ONNX file; nodes of one form, direction and size that feed each other are layers.

    The model's own functions are written out first. Where there is no GRU outside of loops and branches, those inside
    are looked at.

    What comes before and after them in the graph is not looked at, nor are lengths and states that the graph gives
    them, except for a constant initial state, which becomes the layers' own. bfloat16 is read as float32.

    Args:
        source: a path, or an ``onnx.ModelProto``.
        name: where there are several GRUs, the name of a node, or of its output, in the one to read; or a part of it
            that no other has.

    Raises:
        ArgumentError: the file is no ONNX file, or damaged; there is no GRU, or several and no name; one does what a
            GRU in gruvy cannot (activations, clip, ...); its weights are not constants.
        MissingExtraError: the package onnx is not installed.
    """
    model, folder = _load(source)
    graph, found = _grus(model, folder)
    nodes = _choose(found, name, model, graph)
    read_nodes = [_read_node(graph, node) for node in nodes]
    _, after, direction, functions = read_nodes[0]
    layers = tuple(one[0] for one in read_nodes)
    return GRUWeights(
        layers,
        reset_after=after,
        reverse=direction == "reverse",
        activations=functions,
        batch_first=attributes(nodes[0]).get("layout", 0) == 1,
    )


def arrays(source: Any) -> dict[str, Array]:
    """Return every floating-point constant of a model, by its name; that of a Constant node is the node's output."""
    model, folder = _load(source)
    graph = Graph(model, folder)
    names = [*graph.tensors, *(node.output[0] for node in graph.of_type("Constant") if node.output)]
    found = {}
    for name in names:
        array = graph.constant(name)
        if array is not None and array.dtype.kind == "f":
            found[name] = array
    return found


def write(weights: GRUWeights, target: Any = None) -> Any:
    """Write an ONNX model of GRU nodes alone: opset 17, IR version 8, batch and time dynamic.

    Inputs: ``input`` (T, N, I) and ``h_0`` (layers * directions, N, H); outputs: ``output`` (T, N, H * directions) and
    ``h_n``, of h_0's shape. They and the weights have the weights' dtype.

    Args:
        weights: the GRU.
        target: a path, or None for an ``onnx.ModelProto``.

    Returns:
        The path, or the model.

    Raises:
        ArgumentError: the weights have more than the 2 GB that protobuf can hold.
    """
    from onnx import helper, numpy_helper

    if target is not None and not isinstance(target, Path):
        raise no_target("onnx", target, "a path, or None for a ModelProto")
    size = sum(array.nbytes for one in directions(weights) for array in one if array is not None)
    if size > LARGEST:
        raise ArgumentError(f"the weights have {size:,} bytes; an ONNX file holds up to {LARGEST:,}: use .safetensors")
    L, D, H = weights.num_layers, len(weights.layers[0]), weights.hidden_size
    dtype = helper.np_dtype_to_tensor_dtype(weights.dtype)
    direction = "bidirectional" if D == 2 else "reverse" if weights.reverse else "forward"
    constants: dict[str, Array] = {}
    nodes = []
    states = [f"h_0.{number}" for number in range(L)] if L > 1 else ["h_0"]
    lasts = [f"h_n.{number}" for number in range(L)] if L > 1 else ["h_n"]
    if L > 1:
        constants["layers"] = np.full(L, D, np.int64)
        nodes.append(helper.make_node("Split", ["h_0", "layers"], states, axis=0))
    constants["joined"] = np.array([0, 0, D * H], np.int64)
    x = "input"
    for number, layer in enumerate(weights.layers):
        constants |= (arrays := node_arrays(f"gru_{number}", layer))
        names = [name if name in arrays else "" for name in (f"gru_{number}.{key}" for key in "WRB")]
        out, joined = f"gru_{number}.Y", f"output.{number}" if number < L - 1 else "output"
        nodes += [
            helper.make_node(
                "GRU",
                [x, *names, "", states[number]],
                [out, lasts[number]],
                name=f"gru_{number}",
                direction=direction,
                hidden_size=H,
                linear_before_reset=int(weights.reset_after),
                **node_activations(weights.activations, D),
            ),
            helper.make_node("Transpose", [out], [f"{out}.rows"], perm=[0, 2, 1, 3]),
            helper.make_node("Reshape", [f"{out}.rows", "joined"], [joined]),
        ]
        x = joined
    if L > 1:
        nodes.append(helper.make_node("Concat", lasts, ["h_n"], axis=0))
    state_shape = (L * D, "N", H)
    graph = helper.make_graph(
        nodes,
        "gru",
        [
            helper.make_tensor_value_info("input", dtype, ("T", "N", weights.input_size)),
            helper.make_tensor_value_info("h_0", dtype, state_shape),
        ],
        [
            helper.make_tensor_value_info("output", dtype, ("T", "N", D * H)),
            helper.make_tensor_value_info("h_n", dtype, state_shape),
        ],
        [numpy_helper.from_array(np.ascontiguousarray(array), key) for key, array in constants.items()],
    )
    opset = helper.make_opsetid("", OPSET)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="gruvy")
    if target is None:
        return model
    replace_file(target, model.SerializeToString())
    return target


FORMAT = Format(
    name="onnx",
    title="ONNX",
    read=read,
    write=write,
    recurrent_bias={True: GATES, False: GATES},
    extras=frozenset({"reverse"}),
    extra="onnx",
    convention=KERAS,
    arrays=arrays,
    activations=lambda function: True,
)


def _load(source: Any) -> tuple[Any, Path | None]:
    import onnx
    from google.protobuf.message import DecodeError

    if isinstance(source, onnx.ModelProto):
        return source, None
    path = Path(source)
    try:
        # Not onnx.load, which takes a file's name for its kind and follows its external data.
        model = onnx.ModelProto.FromString(path.read_bytes())
    except DecodeError as error:
        raise ArgumentError("not an ONNX file, or truncated; export or copy it again") from error
    if not model.ir_version or not model.HasField("graph"):
        raise ArgumentError("not an ONNX model (it has no version and graph); export it again")
    return model, path.parent


def _grus(model: Any, folder: Path | None) -> tuple[Graph, list[list[Any]]]:
    """Return the graph to read, and the stacks of GRU nodes in it."""
    graph = Graph(model, folder)
    found = stacks(graph)
    if not found and len(model.functions):
        from onnx import inliner

        try:
            model = inliner.inline_local_functions(model)
        except Exception as error:  # whatever onnx makes of a damaged function
            raise ArgumentError(f"its functions cannot be written out ({error}); export it again") from error
        graph = Graph(model, folder)
        found = stacks(graph)
    holders = sorted({holder for holder, node in nodes_within(model.graph) if node.op_type == "GRU"})
    if not found and holders:
        graph = Graph(flattened(model), folder)
        found = stacks(graph)
        if found:
            note(
                f"its GRU is inside of a node of type {', '.join(holders)}: its weights are read as those of a layer, "
                "and what is around it is not looked at"
            )
    return graph, found


def _choose(found: list[list[Any]], name: str | None, model: Any, graph: Graph) -> list[Any]:
    """Return the stack that is meant, or say what there is."""
    for stack in found:
        if any(name == node.name or name in node.output for node in stack if name):
            return stack
    if not found:
        kinds = sorted({node.op_type for node in model.graph.node})
        shown = ", ".join(kinds[:8]) + (", ..." if len(kinds) > 8 else "")
        cells = [
            f"{kind} node '{node.name or node.output[0]}'" for kind in ("LSTM", "RNN") for node in graph.of_type(kind)
        ]
        besides = f" (there is the {', the '.join(cells)})" if cells else ""
        shapes = {key: tuple(tensor.dims) for key, tensor in graph.tensors.items() if len(tensor.dims) > 1}
        named = ", ".join(f"{key} {shape}" for key, shape in list(shapes.items())[:12])
        cure = f"; its matrices are {named}: say which are a GRU's with {option('map')}" if named and not cells else ""
        raise ChoiceError(f"it has no GRU node{besides}; its nodes are of the types {shown or 'none'}{cure}")
    names = {next(filter(None, (stack[0].name, *stack[0].output)), ""): stack for stack in found}
    if len(names) < len(found):  # nodes of one name, or of none
        names = {next(filter(None, stack[0].output), str(number)): stack for number, stack in enumerate(found)}
    return names[choose(names, name)]


def _read_node(graph: Graph, node: Any) -> tuple[tuple[LayerWeights, ...], bool, str, tuple[Activation, Activation]]:
    """Return a node's weights in each direction, whether it is of the reset-after form, its direction and functions."""
    given = attributes(node)
    problems = _cannot_do(given)
    functions = _functions(given, problems)
    names = [*node.input, *[""] * (6 - len(node.input))]
    W, R = (_weight(graph, names[at], what, problems) for at, what in ((1, "W"), (2, "R")))
    B = _weight(graph, names[3], "B", problems) if names[3] else None
    direction = given.get("direction", "forward")
    D = _DIRECTIONS.get(direction, 1)
    size: Any = given.get("hidden_size", R.shape[-1] if R is not None and R.ndim else 0)
    if not isinstance(size, int) or size < 1:
        problems.append(f"it has {size!r} units; expected an integer of at least 1")
    if problems or W is None or R is None:
        raise ArgumentError(f"{title(node)}: {'; '.join(problems)}")
    H: int = size
    I = W.shape[-1] if W.ndim else 0
    for what, array, shape in (("W", W, (D, 3 * H, I)), ("R", R, (D, 3 * H, H)), ("B", B, (D, 6 * H))):
        if array is not None and array.shape != shape:
            transposed = array.ndim == 3 and array.shape[2] == 3 * H
            expected = f"({D}, {3 * H}, I)" if what == "W" else shape
            problems.append(
                f"{what} has the shape {array.shape}; expected {expected}{', it may be transposed' * transposed}"
            )
    if problems:
        raise ArgumentError(f"{title(node)}: {'; '.join(problems)}")
    states = _initial_states(graph, node, names[5], D, H, batch_first=given.get("layout", 0) == 1)
    layer = []
    for d in range(D):
        arrays = [W[d], R[d]] + ([None, None] if B is None else [B[d, : 3 * H], B[d, 3 * H :]])
        one = LayerWeights(*[None if a is None else KERAS.blocks_to(PYTORCH, a) for a in arrays])  # type: ignore[arg-type]
        layer.append(one._replace(initial_state=states[d]))
    return tuple(layer), given.get("linear_before_reset", 0) == 1, direction, functions


def _functions(given: dict[str, Any], problems: list[str]) -> tuple[Activation, Activation]:
    """Return the functions of the gates and the candidate, which both directions have to have in common."""
    D = _DIRECTIONS.get(given.get("direction", "forward"), 1)
    named = given.get("activations", ["Sigmoid", "Tanh"] * D)
    # Alphas and betas stand in a row, for those of the functions alone that have one.
    rows = [list(given.get(f"activation_{name}") or ()) for name in ("alpha", "beta")]
    known = {function.onnx.lower(): name for name, function in FUNCTIONS.items()}
    found = []
    for one in named if isinstance(named, list) else []:
        name = known.get(str(one).lower())
        if name is None:
            expected = ", ".join(function.onnx for function in FUNCTIONS.values())
            problems.append(f"activations are {', '.join(map(str, named))}; expected of {expected}")
            return USUAL
        defaults = FUNCTIONS[name].defaults
        parameters = [row.pop(0) if row else usual for row, usual in zip(rows, defaults, strict=False)]
        found.append(activation(name, *map(float, parameters)))
    if len(found) != 2 * D or found[:2] != found[-2:]:
        problems.append(f"activations are {named}; expected two, and the same two for both directions")
        return USUAL
    for name, left in zip(("alpha", "beta"), rows, strict=True):
        if left:
            kinds = " and ".join(FUNCTIONS[one.name].onnx for one in found[:2])
            problems.append(f"activation_{name} is {given[f'activation_{name}']}, of which {kinds} take none of {left}")
    return found[0], found[1]


def node_activations(activations: tuple[Activation, Activation], D: int) -> dict[str, Any]:
    """Return the attributes of a GRU node for its functions; none for the usual ones."""
    if activations == USUAL:
        return {}
    every = activations * D
    alpha = [one.alpha for one in every if FUNCTIONS[one.name].defaults]
    beta = [one.beta for one in every if len(FUNCTIONS[one.name].defaults) > 1]
    given: dict[str, Any] = {"activations": [FUNCTIONS[one.name].onnx for one in every]}
    return given | ({"activation_alpha": alpha} if alpha else {}) | ({"activation_beta": beta} if beta else {})


def _cannot_do(given: dict[str, Any]) -> list[str]:
    """Say which attributes ask for what a GRU of gruvy does not do."""
    problems = []
    direction = given.get("direction", "forward")
    if direction not in _DIRECTIONS:
        problems.append(f"direction is {direction!r}; expected one of {', '.join(_DIRECTIONS)}")
    if given.get("clip"):
        problems.append(f"clip is {given['clip']}; gruvy's cell does not cut its sums off")
    for name, values in (("linear_before_reset", (0, 1)), ("layout", (0, 1))):
        if given.get(name, 0) not in values:
            problems.append(f"{name} is {given[name]}; expected 0 or 1")
    unknown = sorted(given.keys() - _KNOWN - {"clip"})
    if unknown:
        problems.append(f"the attributes {', '.join(unknown)} are none of the operator's")
    return problems


def _weight(graph: Graph, name: str, what: str, problems: list[str]) -> Array | None:
    """Return a weight, or None with a line more among the problems."""
    array = graph.constant(name) if name else None
    if array is not None and array.dtype.kind == "f":
        return array
    node = graph.producers.get(name)
    if array is not None:
        problems.append(f"{what} is {array.dtype}; expected floating-point numbers")
    elif node is not None:
        problems.append(f"{what} is computed, by {title(node)}; export the model with constants folded")
    elif name in graph.inputs:
        problems.append(f"{what} is the input '{name}' of the graph; expected a constant: make it an initializer")
    else:
        problems.append(f"{what} is missing")
    return None


def _initial_states(graph: Graph, node: Any, name: str, D: int, H: int, *, batch_first: bool) -> list[Array | None]:
    """Return the state that each direction starts from, where it is a constant and not zero."""
    producer = graph.producers.get(name)
    if producer is not None and producer.op_type == "Expand":
        name = producer.input[0]
    array = graph.constant(name) if name else None
    if array is None or not array.any():
        return [None] * D
    if batch_first and array.ndim == 3:
        array = array.swapaxes(0, 1)
    if array.ndim != 3 or array.shape[::2] != (D, H):
        raise ArgumentError(f"{title(node)}: initial_h has the shape {array.shape}; expected {D} x N x {H}")
    if any((row != first).any() for first, row in itertools.product(array[:, :1].swapaxes(0, 1), array.swapaxes(0, 1))):
        raise ArgumentError(
            f"{title(node)}: initial_h is a constant that differs between the rows of a batch; make it an input"
        )
    return [np.ascontiguousarray(state[0]) for state in array]


def node_arrays(name: str, layer: tuple[LayerWeights, ...]) -> dict[str, Array]:
    """Return W, R and, where there is any bias, B of one node, as ``NAME.W`` ..."""
    turned = [[PYTORCH.blocks_to(KERAS, a) for a in (one.weight_ih, one.weight_hh, *biases(one))] for one in layer]
    arrays = {"W": np.stack([one[0] for one in turned]), "R": np.stack([one[1] for one in turned])}
    if any(bias is not None for one in layer for bias in (one.bias_ih, one.bias_hh)):
        arrays["B"] = np.stack([np.concatenate(one[2:]) for one in turned])
    return {f"{name}.{key}": array for key, array in arrays.items()}

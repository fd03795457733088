"""What a reader may trust in an ONNX file: its nodes in a graph without cycles, and constants that are all there.

Nothing of a file is run, and no array is made before its bytes have been counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gruvy.errors import ArgumentError
from gruvy.spec import Array

_OPEN_DOMAINS = ("", "ai.onnx")


class Step(NamedTuple):
    """A value on its way from one node to another: the node that it passes through."""

    node: Any
    constants: tuple[Array | None, ...]  # of the node's inputs after the first


class Graph:
    """The nodes and constants of an ONNX model.

    Args:
        model: an ``onnx.ModelProto``.
        folder: where the files with its external data are, None where there can be none.

    Raises:
        ArgumentError: a cycle, a name that is given twice, or a value that no node makes.
    """

    def __init__(self, model: Any, folder: Path | None):
        self.folder = folder
        self.nodes = list(model.graph.node)
        self.tensors: dict[str, Any] = {}
        for tensor in model.graph.initializer:
            if tensor.name in self.tensors:
                raise ArgumentError(f"the initializer '{tensor.name}' is given twice; export the model again")
            self.tensors[tensor.name] = tensor
        self.inputs = {value.name for value in model.graph.input}
        self.producers: dict[str, Any] = {}
        for node in self.nodes:
            for name in filter(None, node.output):
                if name in self.producers or name in self.tensors:
                    raise ArgumentError(f"the value '{name}' is made twice; export the model again")
                self.producers[name] = node
        self._check_order(model.graph.sparse_initializer)

    def of_type(self, kind: str) -> list[Any]:
        """Return the nodes of one operator of the ONNX standard, in the file's order."""
        return [node for node in self.nodes if node.op_type == kind and node.domain in _OPEN_DOMAINS]

    def constant(self, name: str) -> Array | None:
        """Return a constant, or None where the value is computed or comes from outside.

        Raises:
            ArgumentError: the constant's bytes are not those that its shape needs, or lie where they may not.
        """
        node = self.producers.get(name)
        while node is not None and node.op_type == "Identity":
            name = node.input[0]
            node = self.producers.get(name)
        if name in self.tensors:
            return to_array(self.tensors[name], self.folder)
        if node is None or node.op_type != "Constant":
            return None
        values = attributes(node)
        if "value" in values:
            return to_array(values["value"], self.folder)
        plain = [
            value for key, value in values.items() if key in ("value_ints", "value_int", "value_floats", "value_float")
        ]
        return np.asarray(plain[0]) if plain else None

    def way_from(self, name: str, kind: str, passes: Sequence[str]) -> tuple[Any, list[Step]]:
        """Follow a value back through nodes of the types ``passes`` to a node of another type.

        Returns:
            The node whose first output the value comes from, if it is of type ``kind``; else the node or None, where
            the value comes from outside; and the steps from it to here.
        """
        steps: list[Step] = []
        node = self.producers.get(name)
        while node is not None and node.op_type in passes:
            steps.append(Step(node, tuple(self.constant(other) for other in node.input[1:])))
            name = node.input[0]
            node = self.producers.get(name)
        if node is not None and node.op_type == kind and node.output[0] != name:
            node = None
        return node, steps[::-1]

    def _check_order(self, sparse: Any) -> None:
        """Take away nodes whose inputs are there until none is left; what cannot be taken away is a cycle."""
        known = self.inputs | set(self.tensors) | {one.values.name for one in sparse}
        waiting: dict[str, list[int]] = {}
        missing = []
        for number, node in enumerate(self.nodes):
            needed = {name for name in node.input if name and name not in known}
            missing.append(len(needed))
            for name in needed:
                if name not in self.producers:
                    raise ArgumentError(
                        f"{title(node)} needs '{name}', which is no input, no initializer and no node's output; "
                        "the file is damaged: export the model again"
                    )
                waiting.setdefault(name, []).append(number)
        ready = [number for number, count in enumerate(missing) if not count]
        done = 0
        while ready:
            done += 1
            for name in self.nodes[ready.pop()].output:
                for number in waiting.get(name, ()):
                    missing[number] -= 1
                    if not missing[number]:
                        ready.append(number)
        if done < len(self.nodes):
            stuck = next(node for node, count in zip(self.nodes, missing, strict=True) if count)
            raise ArgumentError(f"the graph has a cycle through {title(stuck)}; export the model again")


def title(node: Any) -> str:
    """Return what to call a node in a message."""
    return f"the {node.op_type} node '{node.name or next(iter(node.output), '')}'"


def attributes(node: Any) -> dict[str, Any]:
    """Return a node's attributes as plain values, strings decoded."""
    from onnx import helper

    def plain(value: Any) -> Any:
        return value.decode("utf-8", "replace") if isinstance(value, bytes) else value

    found = {}
    for attribute in node.attribute:
        value = helper.get_attribute_value(attribute)
        found[attribute.name] = [plain(one) for one in value] if isinstance(value, list) else plain(value)
    return found


def to_array(tensor: Any, folder: Path | None) -> Array:
    """Turn a ``TensorProto`` into an array, after its bytes have been counted; bfloat16 becomes float32.

    Raises:
        ArgumentError: bytes that are missing or left over, a dtype without numbers, external data out of bounds.
    """
    from onnx import TensorProto, helper, numpy_helper

    name = f"the tensor '{tensor.name}'" if tensor.name else "a constant"
    # The fields that hold numbers of each type besides raw_data, see onnx.proto.
    fields = {
        TensorProto.FLOAT: "float_data",
        TensorProto.DOUBLE: "double_data",
        TensorProto.FLOAT16: "int32_data",
        TensorProto.BFLOAT16: "int32_data",
        TensorProto.INT32: "int32_data",
        TensorProto.INT64: "int64_data",
    }
    if tensor.data_type not in fields:
        known = tensor.data_type in TensorProto.DataType.values()
        kind = TensorProto.DataType.Name(tensor.data_type) if known else f"of the unknown dtype {tensor.data_type}"
        raise ArgumentError(f"{name} is {kind}; expected floating-point numbers: export the model in float32")
    shape = tuple(tensor.dims)
    if any(size < 0 for size in shape):
        raise ArgumentError(f"{name} has the shape {shape}; expected sizes of 0 or more: export the model again")
    dtype = np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type))
    count = math.prod(shape)
    if tensor.data_location == TensorProto.EXTERNAL:
        raw = _external_bytes(tensor, name, count * dtype.itemsize, folder)
        array = np.frombuffer(raw, dtype.newbyteorder("<") if dtype.kind in "fi" else dtype).reshape(shape)
        array = array.astype(dtype)
    else:
        has_raw = tensor.HasField("raw_data")
        came = len(tensor.raw_data) if has_raw else len(getattr(tensor, fields[tensor.data_type]))
        expected = count * dtype.itemsize if has_raw else count
        if came != expected:
            unit = "bytes" if has_raw else "numbers"
            raise ArgumentError(
                f"{name} of the shape {shape} needs {expected:,} {unit} and has {came:,}; export or copy the file again"
            )
        array = numpy_helper.to_array(tensor)
    return array if dtype.kind in "fi" else array.astype(np.float32)


def _external_bytes(tensor: Any, name: str, size: int, folder: Path | None) -> bytes:
    """Read a tensor's bytes from the file beside the model that it names."""
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    if folder is None:
        raise ArgumentError(f"{name} lies in another file, {location!r}; give the path of the .onnx file to find it by")
    path = folder / location
    if not location or "\0" in location or not path.resolve().is_relative_to(folder.resolve()):
        raise ArgumentError(
            f"{name} lies in {location!r}, outside of the model's folder; external data is read from that folder only"
        )
    if not path.is_file():
        raise ArgumentError(f"{name} lies in '{location}', which is missing; put that file beside the model")
    numbers = [entries.get("offset", "0"), entries.get("length", str(size))]
    if not all(number.isdecimal() and len(number) < 20 for number in numbers):
        raise ArgumentError(f"{name} has the offset and length {numbers}; expected numbers: export the model again")
    offset, length = map(int, numbers)
    if length != size or offset + length > path.stat().st_size:
        raise ArgumentError(
            f"{name} of the shape {tuple(tensor.dims)} needs {size:,} bytes; '{location}' has "
            f"{max(0, min(length, path.stat().st_size - offset)):,} for it: export or copy it again"
        )
    with path.open("rb") as file:
        file.seek(offset)
        data: bytes = file.read(length)
    return data


def flattened(model: Any) -> Any:
    """Return a model with the nodes, constants and inputs of all graphs inside of its nodes beside its own.

    It computes nothing that makes sense; constants are found in it, which a graph inside takes from around it.
    """
    from onnx import ModelProto

    flat = ModelProto()
    flat.CopyFrom(model)
    pending = list(flat.graph.node)
    while pending:
        node = pending.pop()
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                pending += inner.node
                flat.graph.node.extend(inner.node)
                flat.graph.initializer.extend(inner.initializer)
                flat.graph.input.extend(inner.input)
    return flat


def nodes_within(graph: Any) -> Iterator[tuple[str, Any]]:
    """Yield the nodes of the graphs inside of nodes (Loop, If, Scan), each with the type of the node that holds it."""
    pending = [(node, "") for node in graph.node]
    while pending:
        node, holder = pending.pop()
        if holder:
            yield holder, node
        for attribute in node.attribute:
            for inner in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                pending += [(one, node.op_type) for one in inner.node]

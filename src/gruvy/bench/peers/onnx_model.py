"""The GRU operator of ONNX as a model of one node: what ONNX Runtime is given."""

from __future__ import annotations

import numpy as np

from gruvy.bench.case import Case


def gru_model(case: Case) -> bytes:
    """Return a model with the case's weights as constants: x (T, N, I), h_0 (1, N, H) -> out (T, 1, N, H)."""
    from onnx import TensorProto, helper, numpy_helper

    I, H, N, T = case.shape
    constants = {
        "W": case.in_order("weight_ih", "zrn")[None],
        "R": case.in_order("weight_hh", "zrn")[None],
        "B": np.concatenate([case.in_order("bias_ih", "zrn"), case.in_order("bias_hh", "zrn")])[None],
    }
    node = helper.make_node("GRU", ["x", "W", "R", "B", "", "h_0"], ["out"], hidden_size=H, linear_before_reset=1)
    graph = helper.make_graph(
        [node],
        "gru",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, (T, N, I)),
            helper.make_tensor_value_info("h_0", TensorProto.FLOAT, (1, N, H)),
        ],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, (T, 1, N, H))],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    serialized: bytes = model.SerializeToString()
    return serialized

"""The layer as the GRU node of ONNX: what ``torch.onnx.export(..., dynamo=True)`` writes for `gruvy.nn.GRU`."""

from __future__ import annotations

import torch
from torch import Tensor

from gruvy.errors import ArgumentError
from gruvy.nn.layer import Cell, DirectionWeights, StepControls

# The first opset whose GRU node torch's exporter can place.
_OPSET = 14


def onnx_layer(
    x: Tensor, h_0: Tensor | None, weights: list[DirectionWeights], controls: StepControls, cell: Cell
) -> tuple[Tensor, Tensor]:
    """Stand for the layer while PyTorch exports; see `gruvy.nn.layer` for what a layer takes and returns.

    Raises:
        ArgumentError: the node lacks something that the layer has.
    """
    lacking = {
        "layer_norm": weights[0].gain_ih is not None,
        "zoneout": bool(cell.zoneout) or controls.zoneout is not None,
        "recurrent_dropout, in training": controls.dropout is not None,
        "resets": controls.resets is not None,
        "mask": controls.mask is not None,
    }
    if any(lacking.values()):
        names = ", ".join(name for name, there in lacking.items() if there)
        raise ArgumentError(
            f"the GRU node of ONNX has no {names}; export the layer alone with gruvy.export.onnx.write, which knows "
            "layer norm and zoneout, or leave it out"
        )
    T, N, _ = x.shape
    D, H = len(weights), weights[0].weight_hh.shape[1]
    zero = weights[0].weight_ih.new_zeros(3 * H)
    W = torch.stack([_in_order(w.weight_ih) for w in weights])
    R = torch.stack([_in_order(w.weight_hh) for w in weights])
    biases = [[zero if bias is None else _in_order(bias) for bias in (w.bias_ih, w.bias_hh)] for w in weights]
    B = torch.stack([torch.cat(pair) for pair in biases])
    lengths = None if controls.lengths is None else controls.lengths.to(torch.int32)
    output, h_n = torch.onnx.ops.symbolic_multi_out(
        "GRU",
        [x, W, R, B, lengths, h_0],
        {
            "direction": "bidirectional" if D == 2 else "forward",
            "hidden_size": H,
            "linear_before_reset": int(cell.reset_after),
        },
        dtypes=[x.dtype, x.dtype],
        shapes=[(T, D, N, H), (D, N, H)],
        version=_OPSET,
    )
    return output.transpose(1, 2).reshape(T, N, D * H), h_n


def _in_order(rows: Tensor) -> Tensor:
    """Rows r, z, n in ONNX's order z, r, n."""
    H = len(rows) // 3
    # Slices, which the exporter computes; it would leave the three parts of a chunk as nodes in the file.
    return torch.cat([rows[H : 2 * H], rows[:H], rows[2 * H :]])


@torch.compiler.assume_constant_result  # type: ignore[untyped-decorator]
def exporting_to_onnx() -> bool:
    """Whether ``torch.onnx.export`` is at work; `torch.onnx.is_in_onnx_export` is always False to torch.compile."""
    return torch.onnx.is_in_onnx_export()

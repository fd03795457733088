"""OpenVINO's GRUSequence operator."""

from __future__ import annotations

import numpy as np

from gruvy.bench.case import Array, Case
from gruvy.bench.peers.peer import Peer, Ready


class OpenVino(Peer):
    """OpenVINO: GRUSequence with linear_before_reset, in float32, batch first as the operator wants it."""

    name = "OpenVINO"
    packages = ("openvino",)
    install = "pip install openvino"
    form = "reset after"
    works = ("inference",)

    def prepare(self, case: Case) -> Ready:
        """Compile a model of one operator for latency, on the asked number of threads."""
        import openvino
        from openvino import opset13 as ops

        I, H, N, T = case.shape
        x = ops.parameter([N, T, I], np.float32)
        h_0 = ops.parameter([N, 1, H], np.float32)
        z_i, r_i, n_i = np.split(case.in_order("bias_ih", "zrn"), 3)
        z_h, r_h, n_h = np.split(case.in_order("bias_hh", "zrn"), 3)
        node = ops.gru_sequence(
            x,
            h_0,
            ops.constant(np.full(N, T, np.int32)),
            ops.constant(case.in_order("weight_ih", "zrn")[None]),
            ops.constant(case.in_order("weight_hh", "zrn")[None]),
            ops.constant(np.concatenate([z_i + z_h, r_i + r_h, n_i, n_h])[None]),
            hidden_size=H,
            direction="forward",
            linear_before_reset=True,
        )
        model = openvino.Model([node.output(0)], [x, h_0], "gru")
        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": "1",
            "INFERENCE_NUM_THREADS": str(case.threads),
            "INFERENCE_PRECISION_HINT": "f32",  # else bfloat16 where the processor has it
        }
        request = openvino.Core().compile_model(model, "CPU", options).create_infer_request()
        # Bound once: no copy per call.
        arrays = (np.ascontiguousarray(case.arrays["x"].swapaxes(0, 1)), case.arrays["h_0"][:, None])
        for index, array in enumerate(arrays):
            request.set_input_tensor(index, openvino.Tensor(array))

        def results() -> dict[str, Array]:
            return {"out": request.get_output_tensor(0).data[:, 0].swapaxes(0, 1)}

        return Ready(request.infer, results)

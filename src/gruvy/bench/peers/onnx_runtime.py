"""ONNX Runtime's GRU operator."""

from __future__ import annotations

from gruvy.bench.case import Array, Case
from gruvy.bench.peers.onnx_model import gru_model
from gruvy.bench.peers.peer import Peer, Ready


class OnnxRuntime(Peer):
    """ONNX Runtime: the GRU operator with linear_before_reset=1, input and output bound to memory of their own."""

    name = "ONNX Runtime"
    packages = ("onnxruntime", "onnx")
    install = "pip install onnxruntime onnx"
    form = "reset after"
    works = ("inference",)

    def prepare(self, case: Case) -> Ready:
        """Make a session of one operator at a time, on the asked number of threads."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = case.threads
        options.inter_op_num_threads = 1
        session = onnxruntime.InferenceSession(gru_model(case), options, providers=["CPUExecutionProvider"])
        _, H, N, T = case.shape
        x = onnxruntime.OrtValue.ortvalue_from_numpy(case.arrays["x"])
        h_0 = onnxruntime.OrtValue.ortvalue_from_numpy(case.arrays["h_0"][None])
        out = onnxruntime.OrtValue.ortvalue_from_shape_and_type((T, 1, N, H), "float32")
        binding = session.io_binding()
        binding.bind_ortvalue_input("x", x)
        binding.bind_ortvalue_input("h_0", h_0)
        binding.bind_ortvalue_output("out", out)

        def results() -> dict[str, Array]:
            return {"out": out.numpy()[:, 0]}

        return Ready(lambda: session.run_with_iobinding(binding), results)

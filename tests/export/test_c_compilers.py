"""The emitted C pleases strict compilers, has no undefined behaviour, and runs on a microcontroller."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from c_networks import alone, emit, gru
from c_toolchains import EXAMPLES, M0, M4F, STRICT, call, in_order, main_of, need, numbers_of

from gruvy.export.c import int8
from gruvy.export.c.compiled import state_floats
from gruvy.export.c.write import samples
from gruvy.graph import Builder, Graph
from gruvy.tasks.forecasting.graph import forecast_graph
from gruvy.tasks.forecasting.network import ForecastNetwork

STEPS = 200


def denoiser() -> Graph:
    """Two GRUs of different forms and features, dense layers around them, two outputs."""
    draw = np.random.default_rng(1)
    build = Builder()
    x = build.input("features", 6)
    hidden = build.add("tanh", build.dense("hidden", x, draw.normal(0, 0.3, (7, 6)), draw.normal(0, 0.3, 7)))
    first = build.gru("first", hidden, gru(7, 8, reset_after=False))
    joined = build.add("concat", hidden, first, x)
    second = build.gru("second", joined, gru(21, 9, layers=2, norm=True, start=True, zoneout=0.1))
    gains = build.add("sigmoid", build.dense("mix", second, draw.normal(0, 0.3, (5, 9))), name="gains")
    voice = build.add("softmax", build.dense("vote", first, draw.normal(0, 0.3, (3, 8))), name="voice")
    return build.graph(gains, voice)


def forecaster() -> Graph:
    torch.manual_seed(0)
    network = ForecastNetwork("gru", 5, 3, 1, 2, 4, (0.1, 0.5, 0.9), hidden_size=12).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    graph = forecast_graph(network)
    assert graph is not None
    return graph


def tagger() -> Graph:
    build = Builder()
    table = np.random.default_rng(2).normal(0, 1, (9, 4))
    rows = build.embedding("table", build.input("word", 1, whole=True), table)
    return build.graph(build.add("softplus", build.gru("gru", rows, gru(4, 6))))


GRAPHS = {"denoiser": denoiser, "forecaster": forecaster, "tagger": tagger}
every = pytest.mark.parametrize("dtype", ["float32", "int8"])
graphs = pytest.mark.parametrize("name", GRAPHS)


class Case:
    """A network with the files of its C, a program that runs it, and what it has to print."""

    def __init__(self, name: str, dtype: str, folder: Path):
        self.program, self.source = emit(GRAPHS[name](), folder, dtype=dtype)
        inputs = samples(self.program.graph, STEPS)
        self.main = folder / "main.c"
        self.main.write_text(main_of(self.program, inputs))
        graph = self.program.graph
        exact = graph.run(inputs)[0]
        self.want = in_order(self.program, int8.run(graph, inputs) if dtype == "int8" else exact)
        loss = np.abs(self.want - in_order(self.program, exact)).max()
        self.allowed = 1e-6 * max(1, np.abs(self.want).max()) if dtype == "float32" else loss

    def check(self, printed: str) -> None:
        size, found = numbers_of(printed)
        assert size == 4 * state_floats(self.program)
        assert found.shape == self.want.shape
        assert np.abs(found - self.want).max() <= self.allowed
        assert np.median(np.abs(found - self.want)) < 1e-6


@pytest.fixture
def case(request, tmp_path):
    return Case(*request.param, tmp_path)


cases = pytest.mark.parametrize(
    "case", [(name, dtype) for name in GRAPHS for dtype in ("float32", "int8")], indirect=True, ids="-".join
)


@cases
def test_strict_compilers(case, tmp_path):
    need("gcc", "clang")
    for command in (("gcc", "-O2"), ("gcc", "-O1", "-fanalyzer"), ("clang", "-O3")):
        call(*command, *STRICT, case.source, case.main, "-lm", "-o", tmp_path / "run")
        case.check(call(tmp_path / "run"))


@cases
def test_no_undefined_behaviour(case, tmp_path):
    need("clang")
    sanitize = "-fsanitize=address,undefined,float-cast-overflow,implicit-conversion"
    flags = ("-std=c99", "-O1", "-g", sanitize, "-fno-sanitize-recover=all")
    call("clang", *flags, case.source, case.main, "-lm", "-o", tmp_path / "run")
    case.check(call(tmp_path / "run"))


@cases
def test_cortex_m(case, tmp_path):
    need("arm-none-eabi-gcc", "qemu-system-arm")
    board = [EXAMPLES / "cortex-m" / "start.c", "-T", EXAMPLES / "cortex-m" / "mps2.ld"]
    libraries = ["--specs=rdimon.specs", "-nostartfiles", "-lm"]
    for processor in (M4F, M0):
        call("arm-none-eabi-gcc", *processor, "-O2", *STRICT, "-c", case.source, "-o", tmp_path / "net.o")
        elf = tmp_path / "run.elf"
        call("arm-none-eabi-gcc", *processor, "-O2", *board, tmp_path / "net.o", case.main, *libraries, "-o", elf)
        case.check(qemu(elf))


def qemu(elf: Path) -> str:
    semihosting = ("-semihosting-config", "enable=on,target=native")
    quiet = ("-nographic", "-monitor", "none", "-serial", "none")
    return call("qemu-system-arm", "-M", "mps2-an386", *quiet, *semihosting, "-kernel", elf)


@every
def test_two_networks_in_one_cpp_program(tmp_path, dtype):
    """The header is C++ too, and nothing that the linker sees has the same name twice."""
    need("gcc", "g++")
    mains, objects = "", []
    for number, name in enumerate(("left", "right")):
        program, source = emit(alone(gru(3, 4 + number)), tmp_path, name, dtype)
        mains += f'#include "{name}.h"\nstatic {name}_state {name};\n'
        objects.append(tmp_path / f"{name}.o")
        call("gcc", *STRICT, "-c", source, "-o", objects[-1])
        symbols = [line.split()[-1] for line in call("nm", "--defined-only", "-g", objects[-1]).splitlines()]
        assert sorted(symbols) == [f"{name}_init", f"{name}_reset", f"{name}_step"]
        assert program.streams
    (tmp_path / "both.cpp").write_text(mains + "int main() { left_init(&left); right_init(&right); }\n")
    call(
        "g++",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-pedantic",
        tmp_path / "both.cpp",
        *objects,
        "-lm",
        "-o",
        tmp_path / "run",
    )
    call(tmp_path / "run")


@every
@graphs
def test_it_is_formatted(tmp_path, name, dtype):
    _, source = emit(GRAPHS[name](), tmp_path, dtype=dtype)
    style = f"--style=file:{EXAMPLES.parent / '.clang-format'}"
    call(
        Path(sys.executable).with_name("clang-format"), style, "--dry-run", "--Werror", source, source.with_suffix(".h")
    )

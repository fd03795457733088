"""Models without torch: the same forecasts as the estimator's, and all of it where only NumPy and safetensors are."""

from __future__ import annotations

import json
import subprocess
import textwrap
import venv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import safetensors
import torch
from torch import nn

import gruvy
from gruvy import engine, files, runtime
from gruvy.errors import ArgumentError, DataError, FileFormatError
from gruvy.nn import GRU, to_graph
from gruvy.tasks import Forecaster

PARAMS = {"horizon": 3, "context_length": 12, "hidden_size": 8, "max_epochs": 1, "learning_rate": 0.01}
ROWS = 260


@pytest.fixture(scope="session")
def noisy() -> pd.DataFrame:
    """Hours with a covariate, one known ahead, missing values and missing rows."""
    rng = np.random.default_rng(0)
    hours = np.arange(ROWS)
    frame = pd.DataFrame(
        {
            "time": pd.date_range("2024-01-01", periods=ROWS, freq="h"),
            "y": 20 + 5 * np.sin(hours * 2 * np.pi / 24) + rng.normal(0, 0.5, ROWS),
            "a": rng.normal(1000, 3, ROWS),
            "k": (hours // 24 % 7 >= 5).astype(float),
        }
    )
    frame.loc[[50, 51, 200, ROWS - 2], "y"] = np.nan
    frame.loc[100:104, "a"] = np.nan
    return frame.drop(index=[70, 71, 150, ROWS - 4]).reset_index(drop=True)


def with_zone(frame: pd.DataFrame, zone: str) -> pd.DataFrame:
    return frame.assign(time=frame["time"].dt.tz_localize("UTC").dt.tz_convert(zone))


def two_shops(frame: pd.DataFrame) -> pd.DataFrame:
    """Two series, the second a thousand times larger, both with the future of k."""
    ahead = pd.DataFrame({"time": frame["time"].iloc[-1] + pd.to_timedelta([1, 2, 3], unit="h"), "k": [0.0, 1.0, 0.0]})
    whole = pd.concat([frame.dropna(subset="y"), ahead], ignore_index=True).assign(shop="A", z=lambda f: -f["y"])
    return pd.concat([whole, whole.assign(shop="B", y=whole["y"] * 1e3 + 5e6)], ignore_index=True)


def of_step(freq: str, zone: str | None = None, start: str = "2000-01-03"):
    return lambda frame: frame[:200].assign(time=pd.date_range(start, periods=200, freq=freq, tz=zone))


CASES = {
    "gaps and flags": (lambda frame: frame, {"past": ["a"]}, {}),
    "two layers, five quantiles": (lambda frame: frame, {}, {"num_layers": 2, "quantiles": (0.05, 0.1, 0.7, 0.9)}),
    "the median alone": (lambda frame: frame, {}, {"quantiles": (0.5,)}),
    "a zone": (lambda frame: with_zone(frame, "America/New_York"), {"past": ["a"]}, {}),
    "series, targets, known": (two_shops, {"target": ["y", "z"], "series": "shop", "past": ["a"], "known": ["k"]}, {}),
    "days where clocks are set": (of_step("D", "Europe/Berlin", "2024-03-01"), {}, {}),
    "weekdays": (of_step("B"), {}, {}),
    "months": (of_step("MS", start="1990-01-01"), {}, {}),
    "quarters of an hour": (of_step("15min"), {}, {}),
}


def fit(frame: pd.DataFrame, columns, params) -> Forecaster:
    model = Forecaster(**{**PARAMS, "random_state": 0, **params})
    model.fit(frame, **{"target": "y", "time": "time", **columns})
    torch.manual_seed(0)
    for weight in model._model.network.parameters():  # one epoch leaves the head near 0, where faults do not show
        nn.init.normal_(weight, 0, 0.3)
    return model


@pytest.mark.parametrize("case", CASES)
def test_it_forecasts_what_the_estimator_does(noisy, tmp_path, case):
    change, columns, params = CASES[case]
    frame = change(noisy)
    model = fit(frame, columns, params)
    levels = model._model.quantiles
    want = model.predict(frame, quantiles=levels)
    light = runtime.load(model.save(tmp_path / "m.gruvy"))
    for table in (frame, {name: frame[name].to_numpy() for name in frame}):
        got = light.predict(table, quantiles=levels)
        assert list(got) == list(want.columns)
        for name in want:
            if pd.api.types.is_float_dtype(want[name]):
                scale = np.abs(want[name]).max()
                np.testing.assert_allclose(got[name], want[name], rtol=0, atol=1e-6 * scale)
            else:
                assert (pd.Index(got[name]) == pd.Index(want[name])).all()
    assert list(light.predict(frame)) == list(model.predict(frame).columns)


def test_many_series_go_through_in_batches(noisy, tmp_path, monkeypatch):
    frame = pd.concat([noisy.assign(id=number, y=noisy["y"] + number) for number in range(5)], ignore_index=True)
    model = fit(frame, {"series": "id"}, {})
    light = runtime.load(model.save(tmp_path / "m.gruvy"))
    whole = light.predict(frame)
    monkeypatch.setattr(runtime, "_BATCH", 2)
    np.testing.assert_allclose(light.predict(frame)["y"], whole["y"], rtol=1e-6)
    np.testing.assert_array_equal(whole["id"], np.repeat(range(5), 3))


@pytest.fixture(scope="session")
def saved(noisy, tmp_path_factory) -> Path:
    return fit(noisy, {"past": ["a"]}, {}).save(tmp_path_factory.mktemp("model") / "m.gruvy")


def test_what_it_cannot_forecast(saved, noisy):
    model = runtime.load(saved)
    with pytest.raises(ArgumentError, match=r"was fitted for \(0.1, 0.5, 0.9\), not for \[0.2\]"):
        model.predict(noisy, quantiles=[0.2])
    with pytest.raises(DataError, match="no column 'a'"):
        model.predict(noisy[["time", "y"]])
    with pytest.raises(DataError, match="at least context_length = 12 rows to look back on, got 5"):
        model.predict(noisy[:5])
    with pytest.raises(DataError, match="steps are 1 hour, but"):
        model.predict(noisy.assign(time=pd.date_range("2024", periods=len(noisy), freq="7min")))


def test_other_cells_are_refused_in_one_line(noisy, tmp_path):
    path = fit(noisy, {}, {"cell": "lstm"}).save(tmp_path / "m.gruvy")
    with pytest.raises(FileFormatError, match=r"holds no graph: its cell is 'lstm', no GRU; use gruvy\.load") as caught:
        runtime.load(path)
    assert "\n" not in str(caught.value)


def test_a_file_of_an_older_gruvy_is_refused_here_and_read_there(saved, noisy, tmp_path):
    tensors, document = files.read(saved)
    del document["graph"]
    path = files.write(tmp_path / "m.gruvy", tensors, document)
    with pytest.raises(FileFormatError, match="before gruvy kept one"):
        runtime.load(path)
    pd.testing.assert_frame_equal(gruvy.load(path).predict(noisy), gruvy.load(saved).predict(noisy))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda tensors, document: tensors.pop("scaler/mean"),
        lambda tensors, document: tensors.update({"scaler/std": np.ones((3, 2))}),
        lambda tensors, document: document["params"].update(horizon=10**12),
        lambda tensors, document: document["params"].update(context_length=-1),
        lambda tensors, document: document["preprocessing"].update(step="1 parsec"),
        lambda tensors, document: document["preprocessing"].update(step=7),
        lambda tensors, document: document["preprocessing"].update(calendar=["moon"]),
        lambda tensors, document: document["preprocessing"].update(quantiles=[0.1, 0.2, 0.9]),
        lambda tensors, document: document["preprocessing"].update(missing_flags=["b"]),
        lambda tensors, document: document["graph"]["inputs"].pop(),
        lambda tensors, document: document["graph"].update(outputs=["encoder"]),
        lambda tensors, document: tensors.update({"network/head.weight": np.zeros((2, 2), "f4")}),
    ],
)
def test_damaged_files_are_one_line(saved, tmp_path, spoil):
    tensors, document = files.read(saved)
    spoil(tensors, document)
    path = files.write(tmp_path / "m.gruvy", tensors, document)
    with pytest.raises(FileFormatError, match="in it is damaged") as caught:
        runtime.load(path)
    assert "\n" not in str(caught.value)


# ---- where torch is not ----


@pytest.fixture(scope="session")
def bare(tmp_path_factory) -> Path:
    """Python in an environment with NumPy, safetensors and gruvy, and nothing else."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder / "venv", with_pip=False)
    packages = next((folder / "venv").glob("lib/python*/site-packages"))
    installed = Path(np.__file__).parent.parent
    for found in (Path(np.__file__).parent, installed / "numpy.libs", Path(safetensors.__file__).parent):
        if found.exists():
            (packages / found.name).symlink_to(found)
    (packages / "gruvy").mkdir()
    native = [] if engine.raw is None else [Path(engine.raw.__file__)]  # elsewhere in an editable installation
    for found in {one.name: one for one in (*Path(gruvy.__file__).parent.iterdir(), *native)}.values():
        (packages / "gruvy" / found.name).symlink_to(found)
    return folder / "venv" / "bin" / "python"


SCRIPT = """
    import importlib.util, json, re, sys
    from pathlib import Path

    import numpy as np

    import gruvy

    model_path, net_path, data, out = sys.argv[1:]
    for package in ("torch", "pandas", "sklearn", "scipy", "lightning"):
        assert importlib.util.find_spec(package) is None, package
    given = np.load(data)
    model = gruvy.load(model_path)
    forecast = model.predict({name: given[name] for name in ("time", "y", "a")}, quantiles=[0.1, 0.9])

    from gruvy import runtime

    net = runtime.load(net_path)
    outputs, states = net.run({"x": given["x"]})
    stream = net.stream(2)
    steps = [stream.step({"x": x})["1"] for x in given["x"]]
    np.savez(out, whole=outputs["1"], state=states["0"], steps=np.array(steps), **forecast)
    heavy = {"torch", "pandas", "sklearn", "onnx", "keras"}
    print(json.dumps({
        "kind": type(model).__name__,
        "kilobytes": int(re.search(r"VmHWM:\\s*(\\d+) kB", Path("/proc/self/status").read_text())[1]),
        "loaded": sorted(heavy & {name.partition(".")[0] for name in sys.modules}),
    }))
    try:
        gruvy.Forecaster
    except ImportError as error:
        print(error)
"""


def test_load_predict_and_stream_without_torch(bare, saved, noisy, tmp_path):
    torch.manual_seed(0)
    gru, head = GRU(6, 9, 2), nn.Linear(9, 4)
    net = to_graph(nn.Sequential(gru, head)).write(tmp_path / "net.gruvy")
    x = torch.randn(20, 2, 6)
    arrays = {name: noisy[name].to_numpy() for name in ("time", "y", "a")}
    np.savez(tmp_path / "data.npz", x=x.numpy(), **arrays)
    arguments = [saved, net, tmp_path / "data.npz", tmp_path / "out.npz"]
    done = subprocess.run(
        [bare, "-c", textwrap.dedent(SCRIPT), *arguments], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    told, refused = done.stdout.splitlines()
    about = json.loads(told)
    assert about["kind"] == "ForecastRuntime"
    assert about["loaded"] == []
    assert about["kilobytes"] < 60 * 1024
    assert refused == "gruvy.Forecaster needs the extra 'train' (pandas is missing): pip install 'gruvy[train]'"

    got = np.load(tmp_path / "out.npz")
    want = gruvy.load(saved).predict(noisy, quantiles=[0.1, 0.9])
    np.testing.assert_array_equal(got["time"], want["time"])
    for name in ("y", "y_q0.1", "y_q0.9"):
        np.testing.assert_allclose(got[name], want[name], rtol=0, atol=1e-6 * np.abs(want[name]).max())
    with torch.no_grad():
        output, h_n = gru(x)
        wanted = head(output).numpy()
    np.testing.assert_allclose(got["whole"], wanted, atol=1e-6)
    np.testing.assert_allclose(got["steps"], wanted, atol=1e-6)
    np.testing.assert_array_equal(got["state"], h_n.numpy())

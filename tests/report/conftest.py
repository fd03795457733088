"""A realistic report from the real weather, and a headless Chromium to look at it with."""

from __future__ import annotations

import base64
import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gruvy.datasets import load_weather
from gruvy.report import Comparison, LossCurve
from gruvy.report.forecasting import ForecastReport, Gates, Sample, forecast_columns, forecast_row

SCREENSHOTS = Path(__file__).parents[1] / "screenshots"


@pytest.fixture(scope="session")
def report() -> ForecastReport:
    return weather_report()


def weather_report() -> ForecastReport:
    """JFK's temperature, forecast by simple rules that stand in for models."""
    rows = load_weather().query("origin == 'JFK'")
    times = rows["time_hour"].dt.tz_localize(None).to_numpy()
    temp = rows["temp"].interpolate().to_numpy()
    origins = np.arange(7200, len(temp) - 24, 24)
    past = np.stack([temp[i - 24 : i] for i in origins])
    truth = np.stack([temp[i : i + 24] for i in origins])
    last = past[:, -1:]
    fade = 0.9 ** np.arange(1, 25)
    rules = {
        "GRU": fade * last + (1 - fade) * (0.8 * past + 0.2 * last),
        "LSTM": fade * last + (1 - fade) * (0.7 * past + 0.3 * last),
        "tanh RNN": fade * last + (1 - fade) * past.mean(axis=1, keepdims=True),
        "persistence": np.repeat(last, 24, axis=1),
        "seasonal naive": past,
        "linear autoregression": 0.95 * fade * last + (1 - 0.95 * fade) * past.mean(axis=1, keepdims=True) + 0.3,
    }
    errors = {name: np.abs(rule - truth) for name, rule in rules.items()}
    median = rules["GRU"]
    low, high = np.quantile(truth - median, [0.1, 0.9], axis=0)

    table = [
        forecast_row(
            name,
            "model" if size else "baseline",
            {
                "mae": float(error.mean()),
                "rmse": float(np.sqrt((error**2).mean())),
                "mae_by_step": error.mean(axis=0).tolist(),
            },
            detail=f"{size} units" if size else "",
            **(
                {
                    "pinball": float(error.mean() / 3),
                    "coverage": 0.79,
                    "parameters": 20_000 + size,
                    "seconds_per_epoch": 1.234,
                    "peak_memory_bytes": 83_000_000,
                }
                if size
                else {}
            ),
        )
        for (name, error), size in zip(errors.items(), [64, 55, 112, None, None, None], strict=True)
    ]

    def window(index: int, title: str) -> Sample:
        i = origins[index]
        return Sample(
            title=title,
            times=times[i : i + 24],
            truth=truth[index],
            median=median[index],
            lower=median[index] + low,
            upper=median[index] + high,
            history_times=times[i - 48 : i],
            history=temp[i - 48 : i],
        )

    days = slice(10, 24)
    first, final = origins[days][0], origins[days][-1] + 24
    rng = np.random.default_rng(0)
    epochs = np.arange(1, 21)
    return ForecastReport(
        title="JFK temperature, 24 hours ahead",
        target="temperature",
        unit="°F",
        step="hour",
        comparison=Comparison(forecast_columns(24, unit="°F", step="hour"), table),
        samples=[window(12, "An easy day"), window(30, "A typical day"), window(41, "A hard day")],
        stretch=Sample(
            title="Fourteen days in a row",
            times=times[first:final],
            truth=temp[first:final],
            median=median[days].ravel(),
            lower=(median + low)[days].ravel(),
            upper=(median + high)[days].ravel(),
            starts=range(0, final - first, 24),
        ),
        losses=[
            LossCurve(
                name=name,
                train=(start * 0.85**epochs + 0.11).tolist(),
                validation=(start * 0.8**epochs + 0.13 + 0.0004 * epochs**1.5).tolist(),
                best_epoch=12,
            )
            for name, start in [("GRU", 0.3), ("LSTM", 0.34), ("tanh RNN", 0.4)]
        ],
        gates=gates_of(times[7032:7200], temp[7032:7200], rng),
        provenance={
            "gruvy": "0.1.0",
            "PyTorch": "2.13.0",
            "Machine": "two cores of an unnamed x86-64 processor",
            "Seed": "0",
            "Training rows": "6,285, 2013-01-01 06:00 to 2013-09-19 02:00",
            "Command": "gruvy demo weather",
        },
        description="Hourly weather at JFK airport, 2013. The last 20% of the year were held out.",
        time_zone="UTC",
    )


def gates_of(times: np.ndarray, values: np.ndarray, rng: np.random.Generator) -> Gates:
    """Run a GRU with random weights over the values: no trained one, but true gates."""
    size = 64
    x = (values - values.mean()) / values.std()
    w = rng.normal(0, 2.5, (3, size))
    u = rng.normal(0, 1.5 / np.sqrt(size), (3, size, size))
    h = np.zeros(size)
    resets, updates = [], []
    for value in x:
        r = 1 / (1 + np.exp(-(w[0] * value + u[0] @ h)))
        z = 1 / (1 + np.exp(-(w[1] * value + u[1] @ h + 1)))
        h = z * h + (1 - z) * np.tanh(w[2] * value + r * (u[2] @ h))
        resets.append(r)
        updates.append(z)
    return Gates(times=times, values=values, reset=np.array(resets), update=np.array(updates))


@dataclass
class Chromium:
    """Speaks the DevTools protocol through a pair of pipes: no driver, no port."""

    send: Any
    receive: Any
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    events: list[dict[str, Any]] = field(default_factory=list)
    session: str | None = None

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        self.send.write(json.dumps(message).encode() + b"\0")
        self.send.flush()
        while True:
            answer = self._read()
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self.events.append(answer)

    def _read(self) -> dict[str, Any]:
        parts = bytearray()
        while (byte := self.receive.read(1)) != b"\0":
            assert byte, "chromium closed its pipe"
            parts += byte
        return json.loads(parts)

    def evaluate(self, expression: str) -> Any:
        result = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def open(self, page: Path, *, width: int, dark: bool) -> None:
        """Open a page in a new tab of that width, and wait until it says that it has drawn."""
        self.session = None
        self.events.clear()
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self.prefer(dark=dark)
        self.call("Page.navigate", url=page.as_uri())
        self.wait_for("dark" if dark else "light")

    def prefer(self, *, dark: bool) -> None:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def wait_for(self, theme: str) -> None:
        self.evaluate(
            "new Promise((done, fail) => { let tries = 0; const look = () => {"
            " if (document.readyState === 'complete' &&"
            f" document.documentElement.dataset.drawn === '{theme}') return setTimeout(done, 100);"
            " if (++tries > 400) return fail(new Error('the page has not drawn'));"
            " setTimeout(look, 50); }; look(); })"
        )

    def complaints(self) -> list[str]:
        """Whatever the console or the page's scripts have complained about since the page was opened."""
        found = []
        for event in self.events:
            params = event.get("params", {})
            if event.get("method") == "Runtime.exceptionThrown":
                found.append(str(params["exceptionDetails"]))
            elif event.get("method") == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
                found.append(params["entry"]["text"])
            elif event.get("method") == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
                found.append(str(params["args"]))
        return found

    def requests(self) -> list[str]:
        sent = [e["params"]["request"]["url"] for e in self.events if e.get("method") == "Network.requestWillBeSent"]
        return [url for url in sent if not url.startswith(("data:", "blob:"))]

    def screenshot(self, name: str) -> Path:
        SCREENSHOTS.mkdir(exist_ok=True)
        image = self.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
        path = SCREENSHOTS / name
        path.write_bytes(base64.b64decode(image))
        return path


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    program = next((p for p in ("chromium", "chromium-browser", "google-chrome") if shutil.which(p)), None)
    if program is None:
        advice = "no Chromium to open the report with; on Debian: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(advice)
        pytest.skip(advice)
    to_browser, from_browser = os.pipe(), os.pipe()
    command = [
        program,
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
        *("--disable-component-update", "--disable-sync", "--no-first-run", "--remote-debugging-pipe"),
        f"--user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ]
    # DevTools' pipe is defined as file descriptor 3 for commands and 4 for answers.
    shell = f'exec "$@" 3<&{to_browser[0]} 4>&{from_browser[1]}'
    process = subprocess.Popen(
        ["bash", "-c", shell, "bash", *command],
        pass_fds=(to_browser[0], from_browser[1]),
        stderr=subprocess.DEVNULL,
    )
    os.close(to_browser[0])
    os.close(from_browser[1])
    with os.fdopen(to_browser[1], "wb") as send, os.fdopen(from_browser[0], "rb") as receive:
        browser = Chromium(send, receive)
        yield browser
        browser.session = None
        browser.call("Browser.close")
    process.wait(timeout=20)

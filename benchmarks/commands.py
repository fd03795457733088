"""Seconds and peak memory of the commands that use a model, and of mistakes: ``python benchmarks/commands.py``.

Each command runs in a process of its own, as often as ROUNDS says; the median is shown. Beside it stands what the same
takes through the estimator, with torch and pandas, as it does for models whose network has no graph.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 3
_MODELS = """
import numpy as np, pandas as pd, gruvy
tiny = {"hidden_size": 16, "max_epochs": 1, "random_state": 0}
frame = pd.DataFrame({"time": pd.date_range("2024-01-01", periods=300, freq="h"), "y": np.sin(np.arange(300) / 4)})
frame.to_csv("t.csv", index=False)
gruvy.Forecaster(8, 24, **tiny).fit(frame, target="y", time="time").save("f.gruvy")
gruvy.AnomalyDetector(8, 2, false_alarm_rate=0.05, **tiny).fit(frame, time="time").save("a.gruvy")
gruvy.LanguageModel(**tiny).fit("It was the best of times, it was the worst of times.\\n" * 60).save("l.gruvy")
rolls = [(np.random.default_rng(n).random((20, 88)) < 0.05).astype(int) for n in range(8)]
gruvy.PolyphonicModel(**tiny).fit(rolls).save("m.gruvy")
"""
_COMMAND = "from gruvy.cli import main; main()"
_ESTIMATOR = f"""
from gruvy.cli.tasks import ModelFile
ModelFile.light = False
{_COMMAND}
"""


def main() -> None:
    """Fit small models, and print a row for each command."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = _commands(folder)
        print(f"{'command':44} {'s':>6} {'MiB':>6}   through the estimator {'s':>6} {'MiB':>6}")
        for arguments, expected in rows:
            shown = " ".join(one.removeprefix(f"{folder}/") for one in arguments)
            cells = [_measured(code, arguments, expected) for code in (_COMMAND, _ESTIMATOR)]
            print(
                f"{shown[:44]:44} {cells[0][0]:6.2f} {cells[0][1]:6.0f}   {'':21} {cells[1][0]:6.2f} {cells[1][1]:6.0f}"
            )


def _commands(folder: Path) -> list[tuple[list[str], int]]:
    """Each command, with its exit code."""
    os.chdir(folder)
    # In a process of its own, because the peak of a command would begin with the memory of this one.
    subprocess.run([sys.executable, "-W", "ignore", "-c", _MODELS], check=True, capture_output=True)
    return [
        (["predict", "f.gruvy", "t.csv"], 0),
        (["predict", "a.gruvy", "t.csv"], 0),
        (["generate", "l.gruvy", "--length", "100", "--seed", "1"], 0),
        (["compose", "m.gruvy", "--out", "o.mid", "--seed", "1"], 0),
        (["evaluate", "f.gruvy", "t.csv"], 0),
        (["predict", "none.gruvy", "t.csv"], 2),
        (["predict", "f.gruvy", "none.csv"], 2),
        (["predict", "f.gruvy", "t.csv", "--nope"], 2),
        (["fit", "forecast", "none.csv", "--target", "y", "--time", "time"], 2),
        (["fit", "forecast", "--help"], 0),
    ]


def _measured(code: str, arguments: list[str], expected: int) -> tuple[float, float]:
    """Median seconds, and the most MiB."""
    seconds, most = [], 0
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        child = os.posix_spawn(
            sys.executable,
            [sys.executable, "-c", code, *arguments],
            os.environ,
            file_actions=[(os.POSIX_SPAWN_OPEN, stream, os.devnull, os.O_WRONLY, 0) for stream in (1, 2)],
        )
        _, status, usage = os.wait4(child, 0)
        seconds.append(time.perf_counter() - begin)
        most = max(most, usage.ru_maxrss)
        if os.waitstatus_to_exitcode(status) != expected:
            raise SystemExit(f"gruvy {' '.join(arguments)} ended with {os.waitstatus_to_exitcode(status)}")
    return statistics.median(seconds), most / 1024


if __name__ == "__main__":
    main()

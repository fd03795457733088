"""Measure how much of the Forecaster's training steps is the model's own work.

    python benchmarks/training_step.py [--epochs 3] [--threads 2] [--no-save]

The table has the shape of a year of weather: 8,700 hourly rows, a target and seven covariates; context 168, horizon 24,
64 hidden units, batches of 128. Two figures are given. "inside" is what the training itself counts: the time in
forward, loss, backward and optimizer over the time of the training steps; the rest is slicing windows and Lightning's
loop. "outside" divides the time of the same steps in a bare loop over one ready batch by the time of a training step,
so that nothing of Lightning can pass for the model's work. The result goes to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import datetime
import json
import statistics
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from gruvy.bench import describe_machine
from gruvy.tasks import Forecaster
from gruvy.tasks.forecasting.network import PinballLoss

ROWS, COVARIATES = 8_700, 7
ROUNDS = 3


def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    hours = np.arange(ROWS)
    values = {f"c{number}": rng.normal(size=ROWS).cumsum() for number in range(COVARIATES)}
    y = 10 * np.sin(hours * 2 * np.pi / 24) + rng.normal(size=ROWS).cumsum()
    return pd.DataFrame({"time": pd.date_range("2013-01-01", periods=ROWS, freq="h"), "y": y, **values})


def training_steps(frame: pd.DataFrame, cell: str, epochs: int) -> tuple[Forecaster, float]:
    """Fit, and the seconds of one training step: first to last progress event of an epoch, validation left out."""
    marks: list[tuple[int, int, float]] = []
    model = Forecaster(cell=cell, max_epochs=epochs, patience=epochs, random_state=0)
    model.fit(
        frame,
        target="y",
        time="time",
        past=[f"c{number}" for number in range(COVARIATES)],
        progress=lambda event: (
            marks.append((event.epoch, event.batch, event.elapsed)) if event.validation_loss is None else None
        ),
    )
    seconds = []
    for epoch in range(1, epochs + 1):
        mine = [(batch, elapsed) for number, batch, elapsed in marks if number == epoch]
        seconds.append((mine[-1][1] - mine[0][1]) / (mine[-1][0] - mine[0][0]))
    return model, statistics.median(seconds)


def bare_steps(model: Forecaster, frame: pd.DataFrame, steps: int = 40) -> float:
    """Seconds of one step of the same network on one batch that is ready."""
    table, origins = model._model.windows(frame)
    batch = next(iter(table.windows(origins, model.batch_size)))
    network = model._model.network.train()
    loss = PinballLoss(model._model.quantiles)
    optimizer = torch.optim.AdamW(network.parameters(), lr=0.0)
    began = 0.0
    for step in range(-5, steps):
        if step == 0:
            began = time.perf_counter()
        optimizer.zero_grad()
        total, count = loss(network, batch)
        torch.autograd.backward(total / count)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
    network.eval()
    return (time.perf_counter() - began) / steps


def measure(cell: str, epochs: int) -> dict[str, Any]:
    """The median over rounds in which both ways take turns, so that a change of the machine's speed meets both."""
    frame = table()
    rounds = []
    for _ in range(ROUNDS):
        model, step = training_steps(frame, cell, epochs)
        rounds.append((step, bare_steps(model, frame), model.model_share_))
    steps, bare, inside = (statistics.median(column) for column in zip(*rounds, strict=True))
    outside = statistics.median(row[1] / row[0] for row in rounds)
    return {"cell": cell, "step_ms": 1e3 * steps, "bare_step_ms": 1e3 * bare, "inside": inside, "outside": outside}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cells", default="gru,lstm,tanh")
    parser.add_argument("--no-save", action="store_true")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    rows = []
    for cell in options.cells.split(","):
        row = measure(cell, options.epochs)
        rows.append(row)
        print(
            f"{cell:5} {row['step_ms']:7.1f} ms a step; the model's own work: "
            f"{row['inside']:.0%} counted inside, {row['outside']:.0%} against a bare loop",
            flush=True,
        )
    if not options.no_save:
        folder = Path(__file__).parent / "results"
        folder.mkdir(exist_ok=True)
        path = folder / f"training_step-{datetime.date.today().isoformat()}.json"
        path.write_text(json.dumps({"machine": describe_machine(), "threads": options.threads, "rows": rows}, indent=1))
        print(f"written to {path}")


if __name__ == "__main__":
    main()

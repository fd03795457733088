"""A mistake of the user is one clear line on stderr and exit code 2, never a traceback."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from gruvy import load


def one_line(outcome, pattern):
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1, outcome.err
    assert outcome.err.startswith("gruvy: error: ")
    assert re.search(pattern, outcome.err), outcome.err


TABLES = {
    "non-numeric target": (
        lambda t: t.assign(load=t["load"].astype(str).where(t.index % 9 > 0, "high")),
        "'load'.*numbers.*'high'",
    ),
    "missing column": (lambda t: t.drop(columns="load"), "no column 'load'"),
    "too few rows": (lambda t: t.head(9), "too few rows.*context_length \\+ horizon = 12 \\+ 4"),
    "duplicate times": (lambda t: t.assign(time=t["time"].where(t.index != 5, t["time"].iloc[4])), "not unique"),
    "times that are none": (lambda t: t.assign(time="soon"), "'soon'"),
    "all missing": (lambda t: t.assign(load=np.nan), "'load' has no observed value"),
    "no rows": (lambda t: t.head(0), "no rows"),
}


@pytest.mark.parametrize("case", TABLES)
def test_bad_tables(fit, table, tmp_path, case):
    change, pattern = TABLES[case]
    change(table).to_csv(tmp_path / "bad.csv", index=False)
    one_line(fit(tmp_path / "bad.csv", "--out", tmp_path / "m.gruvy"), pattern)
    assert not (tmp_path / "m.gruvy").exists()


def test_a_series_that_is_all_missing(fit, table, tmp_path):
    two = pd.concat([table.assign(shop="a"), table.assign(shop="b", load=np.nan)])
    two.to_csv(tmp_path / "two.csv", index=False)
    outcome = fit(tmp_path / "two.csv", "--series", "shop", "--out", tmp_path / "m.gruvy")
    assert (
        outcome.code,
        outcome.err.count("gruvy: note: left out: series 'b', "),
    ) == (0, 1)


def test_bad_files(fit, tmp_path):
    (tmp_path / "empty.csv").touch()
    (tmp_path / "not.parquet").write_bytes(b"hello")
    (tmp_path / "notes.docx").write_text("hello")
    one_line(fit(tmp_path / "nowhere.csv"), "nowhere.csv: no such file")
    one_line(fit(tmp_path / "empty.csv"), "empty.csv: the file is empty")
    one_line(fit(tmp_path / "not.parquet"), "cannot be read as parquet")
    one_line(fit(tmp_path / "notes.docx"), "ends in .csv")
    one_line(fit(tmp_path), "folder")


@pytest.mark.parametrize(
    ("options", "pattern"),
    [
        (["--time", "tiem"], "no column 'tiem'.*did you mean 'time'"),
        (["--past", "wind,wnid", "--known", "price"], "2 problems: 1. .*'wnid'.*; 2. .*'price'"),
        (["--cell", "gruu", "--horizon", "0"], "2 problems: .*did you mean 'gru'.*horizon"),
        (["--resume"], "--resume: needs --checkpoint"),
        (["--out", "nowhere/m.gruvy"], "--out: the folder nowhere does not exist"),
        (["--report", "."], "--report: . is a folder"),
        (["--horizn", "3"], "No such option: --horizn.*gruvy fit forecast --help"),
        (["--horizon", "four"], "--horizon"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_options(fit, data, options, pattern):
    one_line(fit(data, *options), pattern)


def test_what_is_left_out_or_unknown(gruvy, data):
    one_line(gruvy("fit", "forecast", data, "--time", "time"), "Missing option '--target'")
    one_line(gruvy("fitt"), "No such command 'fitt'. Did you mean 'fit'")


def test_bad_models(gruvy, model, data, tmp_path):
    whole = model.read_bytes()
    (tmp_path / "half.gruvy").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "empty.gruvy").touch()
    (tmp_path / "other.gruvy").write_bytes(b"PK\x03\x04 a zip archive of somebody else")
    for command in ("predict", "evaluate"):
        one_line(gruvy(command, tmp_path / "half.gruvy", data), "half.gruvy: .*truncated")
        one_line(gruvy(command, tmp_path / "empty.gruvy", data), "empty.gruvy: the file is empty")
        one_line(gruvy(command, tmp_path / "other.gruvy", data), "other.gruvy: not a .gruvy file")
        one_line(gruvy(command, tmp_path / "none.gruvy", data), "none.gruvy: no such file")


def test_bad_requests_for_a_forecast(gruvy, model, data, table, tmp_path):
    table.head(5).to_csv(tmp_path / "few.csv", index=False)
    one_line(gruvy("predict", model, tmp_path / "few.csv"), "12 rows to look back on, got 5")
    one_line(gruvy("evaluate", model, tmp_path / "few.csv"), "12 \\+ 4 rows.*has 5 rows")
    one_line(gruvy("predict", model, data, "--quantiles", "0.3"), "0.3")
    one_line(gruvy("predict", model, data, "--quantiles", "low"), "--quantiles: expected numbers")
    one_line(gruvy("predict", model, data, "--out", tmp_path / "f.xls"), "--out: .*.csv or .parquet")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has a device that is always full")
def test_a_full_disk(gruvy, model, data, tmp_path):
    (tmp_path / "f.csv").symlink_to("/dev/full")
    one_line(gruvy("predict", model, data, "--out", tmp_path / "f.csv"), "No space left on device")


def run(*arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run ``gruvy`` in a fresh interpreter, after the statements ``before``."""
    code = f"import sys\n{before}\nsys.argv = ['gruvy', *{arguments!r}]\nimport gruvy.cli\ngruvy.cli.main()"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)


def test_help_imports_neither_torch_nor_pandas():
    done = run("--help", before="import atexit; atexit.register(lambda: print(*sys.modules, file=sys.stderr))")
    assert done.returncode == 0
    assert "gruvy fit" in done.stdout
    assert {"torch", "pandas", "lightning", "plotly"}.isdisjoint(done.stderr.split())
    assert "typer" in done.stderr.split()


@pytest.mark.parametrize("package", ["typer", "torch", "pandas"])
def test_a_missing_extra_is_named(package, model, data):
    hidden = f"""
class Hidden:
    def find_spec(self, name, *_):
        if name == {package!r}:
            raise ModuleNotFoundError("hidden by the test", name=name)
sys.meta_path.insert(0, Hidden())
"""
    done = run("evaluate", str(model), str(data), before=hidden)
    assert done.returncode == 2
    assert done.stdout == ""
    # A line every ten seconds says that a slow machine still imports.
    assert len([line for line in done.stderr.splitlines() if not line.endswith(" s so far)")]) == 1
    assert "needs the extra 'train'" in done.stderr
    assert f"({package} is missing): pip install 'gruvy[train]'" in done.stderr


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_keeps_the_best_epoch_and_ends_with_130(data, tmp_path, stop):
    command = [sys.executable, "-m", "gruvy", "fit", "forecast", data, "--target", "load", "--time", "time"]
    options = ["--horizon", "4", "--context", "24", "--epochs", "100000", "--out", tmp_path / "m.gruvy"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}

    def listen() -> None:  # what a shell starts in the background, such as these tests, ignores Ctrl-C
        signal.signal(signal.SIGINT, signal.default_int_handler)

    with subprocess.Popen([*command, *options], preexec_fn=listen, **pipes) as process:
        assert any("epoch 2/100000" in line for line in process.stderr)
        process.send_signal(stop)
        out, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert f"Model: {tmp_path / 'm.gruvy'}" in out
    kept, stopped = [line for line in err.splitlines() if line.startswith("gruvy: ")]
    assert re.fullmatch(
        r"gruvy: note: the training was stopped by Ctrl-C after \d+ of 100000 epochs; "
        r"the model is that of epoch \d+, the best so far",
        kept,
    )
    assert stopped == "gruvy: stopped"
    assert load(tmp_path / "m.gruvy").provenance_["stopped"] == "Ctrl-C"


def test_a_reader_that_goes_away_is_no_traceback():
    shell = f"{sys.executable} -m gruvy fit forecast --help | head -n 1"
    done = subprocess.run(shell, shell=True, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""

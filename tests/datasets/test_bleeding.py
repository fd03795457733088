"""The shipped series is what its card says it is."""

from __future__ import annotations

import gzip
import hashlib
from importlib import resources

import numpy as np
import pytest

from gruvy.datasets import card, load_bleeding, make_bleeding


def test_content_has_the_hash_and_the_counts_of_the_card():
    about = card("bleeding")
    packed = resources.files("gruvy.datasets").joinpath(about.file).read_bytes()
    assert hashlib.sha256(gzip.decompress(packed)).hexdigest() == about.sha256
    assert about.source_sha256 == make_bleeding.SOURCE_SHA256
    frame = load_bleeding()
    rows = np.flatnonzero(frame["anomaly"])
    assert list(frame.columns) == list(about.columns)
    assert len(frame) == about.counts["rows"]
    assert (rows[0], rows[-1], len(rows)) == (4187, 4198, about.counts["anomalous rows"])
    assert rows[0] >= about.counts["rows for training"]
    assert not frame["pressure"].isna().any()


def source(count: int) -> str:
    rows = [f"{row},{60 + row % 7}.5,{int(row == 4000)}" for row in range(count)]
    return "\n".join(["timestamp,value,is_anomaly", *rows]) + "\n"


def test_the_script_keeps_every_value_and_checks_the_parts():
    lines = make_bleeding.derive(source(7501), source(1200)).splitlines()
    assert lines[:3] == ["pressure,anomaly", "60.5,0", "61.5,0"]
    assert len(lines) == 7502
    assert lines[4001] == "63.5,1"
    with pytest.raises(SystemExit, match="7501 rows that begin with the 1200 of training"):
        make_bleeding.derive(source(7501), source(1199))

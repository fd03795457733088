"""A peer that is not installed is named with the way to get it."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from gruvy.bench import OWN, PEERS
from gruvy.bench.peers import onednn, onednn_library


def test_names_are_told_apart():
    names = [peer.name for peer in (*OWN, *PEERS)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("peer", PEERS, ids=lambda peer: peer.name)
def test_a_peer_that_is_missing_is_named_in_one_line(peer, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(onednn_library, "root", lambda: None)
    message = peer.missing()
    assert message.startswith(peer.name)
    assert "not installed" in message
    assert message.endswith(peer.install)
    assert "\n" not in message
    assert all(package in message for package in peer.packages)


def test_what_dev_has_is_not_missing():
    assert {peer.name for peer in PEERS if peer.missing() is None} >= {"torch GRU", "torch LSTM"}


@pytest.mark.parametrize(("version", "found"), [("3", True), ("2", False)])
def test_onednn_is_found_by_its_headers_and_its_library(version, found, tmp_path, monkeypatch):
    monkeypatch.setenv("DNNLROOT", str(tmp_path))
    header = tmp_path / "include" / "oneapi" / "dnnl" / "dnnl_version.h"
    header.parent.mkdir(parents=True)
    header.write_text(f"#define DNNL_VERSION_MAJOR {version}\n")
    assert onednn_library.root() != tmp_path
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "libdnnl.so.3").touch()
    assert (onednn_library.root() == tmp_path) == found


def test_onednn_needs_a_compiler(monkeypatch):
    monkeypatch.setattr(onednn_library, "root", lambda: Path("/usr"))
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert "a C++ compiler not installed (CXX may name one)" in onednn.OneDnn().missing()


def test_the_program_for_onednn_comes_with_the_package():
    assert onednn_library.SOURCE.exists()

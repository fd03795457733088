"""Benchmarks of gruvy's layer beside every library that runs a GRU, on the same work; `gruvy bench` is its face."""

from gruvy.bench.case import GRID, WORKS, Case, Shape, Work, parse_shape
from gruvy.bench.contest import Contest, Row, run
from gruvy.bench.machine import describe_machine
from gruvy.bench.peers import OWN, PEERS, Peer
from gruvy.bench.plot import svg
from gruvy.bench.record import document, rows_of
from gruvy.bench.table import render

__all__ = [
    "GRID",
    "OWN",
    "PEERS",
    "WORKS",
    "Case",
    "Contest",
    "Peer",
    "Row",
    "Shape",
    "Work",
    "describe_machine",
    "document",
    "parse_shape",
    "render",
    "rows_of",
    "run",
    "svg",
]

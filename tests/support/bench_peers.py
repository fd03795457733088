"""Contenders that a contest has to leave out; their processes import this file by its name."""

from __future__ import annotations

import os

from gruvy import engine
from gruvy.bench import Case, Peer
from gruvy.bench.peers import Ready


class _OnTheEngine(Peer):
    packages = ()
    install = "nothing"
    form = "reset after"
    works = ("inference",)

    def version(self) -> str:
        return "0"

    def prepare(self, case: Case) -> Ready:
        a = case.arrays
        weights = [a[name] for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        return Ready(lambda: None, lambda: {"out": self.compute(a["x"], weights, a["h_0"])})

    def compute(self, x, weights, h_0):
        return engine.forward(x, *weights, h_0=h_0)[0]


class Right(_OnTheEngine):
    name = "right"


class ForgetsTheState(_OnTheEngine):
    name = "forgets the state"

    def compute(self, x, weights, h_0):
        return engine.forward(x, *weights)[0]


class OtherForm(_OnTheEngine):
    name = "other form"

    def compute(self, x, weights, h_0):
        return engine.forward(x, *weights, h_0=h_0, reset_after=False)[0]


class Raises(_OnTheEngine):
    name = "raises"

    def prepare(self, case: Case) -> Ready:
        raise ValueError("this shape is refused")


class Dies(_OnTheEngine):
    name = "dies"

    def prepare(self, case: Case) -> Ready:
        os.write(2, b"a last word\n")
        os._exit(7)


class FailsInItsTurn(_OnTheEngine):
    name = "fails in its turn"

    def prepare(self, case: Case) -> Ready:
        calls = iter([None, None])
        return Ready(lambda: next(calls), super().prepare(case).results)


class DoesNotStart(_OnTheEngine):
    name = "does not start"

    def version(self) -> str:
        raise ImportError("a library is damaged")

"""How a table writes its times, so that a forecast can write its own in the same way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gruvy.timeseries.numbers import write_numbers
from gruvy.timeseries.texts import write_texts


@dataclass(frozen=True)
class Notation:
    """How the times of a column are written.

    Attributes:
        form: "" for times as such (datetime64, datetimes of Python, ISO 8601); one of `gruvy.timeseries.numbers.FORMS`
            for numbers; "text" for other text.
        template: the form of a text, as `gruvy.timeseries.texts` writes it; for years with a fraction how they count.
        kind: what the numbers of a form are: "int", "float" or "text".
        zone: the name of the time zone in which the times are to be read; "" where they tell it, or have none.

    Example:
        >>> print(Notation("yyyymm", kind="int").write(np.array(["2020-01", "2020-02"], "M8[M]")))
        [202001 202002]
    """

    form: str = ""
    template: str = ""
    kind: str = ""
    zone: str = ""

    @property
    def numbered(self) -> bool:
        """Whether the times only count, so that no calendar can be seen in them."""
        return self.form == "index"

    def write(self, clock: np.ndarray) -> np.ndarray | None:
        """Return what clocks show (T,) as the table writes it; None for times as such."""
        if self.form == "":
            return None
        if self.form == "text":
            return write_texts(clock, self.template)
        return write_numbers(clock, self.form, self.kind, self.template)

    def document(self) -> dict[str, str]:
        """Return plain JSON."""
        return {"form": self.form, "template": self.template, "kind": self.kind, "zone": self.zone}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Notation:
        """Return what `document` was made of; older files have none."""
        return cls(**{name: str(document[name]) for name in ("form", "template", "kind", "zone") if name in document})


TIMES = Notation()

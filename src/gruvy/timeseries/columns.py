"""Which column of a table plays which part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from gruvy.timeseries.problems import Problems, did_you_mean


@dataclass(frozen=True)
class Columns:
    """Which column of a table plays which part.

    Attributes:
        targets: what is forecast.
        time: when each row was observed.
        series: the id of the series that a row belongs to; None for a single series.
        past: covariates known up to now only.
        known: covariates whose future values are known too.
        static: covariates with one value a series.
        levels: of each covariate that is a category the values that the fit knows; see `category_codes`.
    """

    targets: tuple[str, ...]
    time: str
    series: str | None = None
    past: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    static: tuple[str, ...] = ()
    levels: dict[str, list[str]] = field(default_factory=dict)

    @property
    def values(self) -> tuple[str, ...]:
        """The columns that models see, in their order: targets, past, static, known; categories are codes there."""
        return self.targets + self.past + self.static + self.known

    @property
    def categories(self) -> list[tuple[str, list[str]]]:
        """The covariates that are categories, in the order of `values`, and their levels."""
        return [(name, self.levels[name]) for name in self.values if name in self.levels]


def check_columns(names: Sequence[object], columns: Columns, problems: Problems) -> None:
    """Note columns that a table with these names lacks, has twice, or that are given two parts."""
    roles = [("target", name) for name in columns.targets]
    roles += [("time", columns.time)] + ([("series", columns.series)] if columns.series is not None else [])
    roles += [("static", name) for name in columns.static]
    roles += [("past", name) for name in columns.past] + [("known", name) for name in columns.known]
    taken: dict[str, str] = {}
    for role, name in roles:
        if name not in names:
            problems.add(f"no column '{name}' ({role}); {did_you_mean(name, names)}")
        elif name in taken:
            problems.add(f"column '{name}' is given as {taken[name]} and as {role}; expected one part a column")
        elif list(names).count(name) > 1:
            problems.add(f"column '{name}' occurs more than once; expected unique names")
        taken.setdefault(name, role)

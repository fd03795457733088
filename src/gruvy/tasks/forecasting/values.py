"""What a Forecaster knows of its columns besides their roles: bounds, holidays, static values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gruvy.errors import ArgumentError, DataError, MissingExtraError, note
from gruvy.tasks.shared.params import Rule, is_real
from gruvy.timeseries import LARGEST_COUNT, Bound, Columns, Problems, Series, Step, did_you_mean

# Holidays are kept with the model for so many years after the last row of its fit.
_YEARS_AHEAD = 10


# One bound for all targets, or those of some by their names.
BOUND = Rule(
    "a number, or a mapping from targets to numbers",
    lambda value: all(map(is_real, value.values())) if isinstance(value, Mapping) else is_real(value),
    of_json=lambda value: dict(value) if isinstance(value, list) else value,
)


def bound_pairs(lower: Any, upper: Any) -> list[list[float]]:
    """The bounds that belong together, the lower one first; one alone where there is no other."""
    bounds = [bound if isinstance(bound, Mapping) else {None: bound} for bound in (lower, upper)]
    pairs = [[one.get(name, one.get(None)) for one in bounds] for name in {**bounds[0], **bounds[1]}]
    return [[value for value in pair if value is not None] for pair in pairs]


def target_bounds(bound: float | Mapping[str, float] | None, columns: Columns, what: str) -> Bound:
    """Return a bound as it is kept: one for all targets, or one for each.

    Args:
        bound: a number for all targets, or some targets' names with theirs.
        columns: of the table.
        what: "lower" or "upper".

    Raises:
        ArgumentError: a name is none of a target.
    """
    if not isinstance(bound, Mapping):
        return bound
    for name in bound:
        if name not in columns.targets:
            raise ArgumentError(f"{what}: expected targets, got '{name}'; {did_you_mean(str(name), columns.targets)}")
    return tuple(None if (value := bound.get(target)) is None else float(value) for target in columns.targets)


def check_bounds(series: Sequence[Series], columns: Columns, lower: Bound, upper: Bound) -> None:
    """Raise DataError for targets that leave the bounds which their forecasts are to keep."""
    problems = Problems("the table")
    for one in series:
        for number, target in enumerate(columns.targets):
            values = one.values[:, number]
            for what, bounds in (("lower", lower), ("upper", upper)):
                bound = bounds[number] if isinstance(bounds, tuple) else bounds
                if bound is None:
                    continue
                beyond = values < bound if what == "lower" else values > bound
                if beyond.any():
                    row = int(np.argmax(beyond))
                    of = "" if one.name is None else f" of series {one.name!r}"
                    other = next((name for name in columns.targets if name != target), None)
                    cure = f"give another --{what} ({what} in Python)"
                    if other is not None and not isinstance(bounds, tuple):
                        cure = (
                            f"name the targets it is for, --{what} {other}={bound:g} ({what}={{'{other}': {bound:g}}})"
                        )
                    problems.add(
                        f"target '{target}'{of} is {values[row]:g} at {one.times.text(row)}, beyond {what}={bound:g}; "
                        f"correct it, or {cure}"
                    )
    problems.raise_as(DataError)


def check_counts(series: Sequence[Series], columns: Columns) -> None:
    """Raise DataError for targets that are no counts: not whole, negative, or above 1e9."""
    problems = Problems("the table")
    for one in series:
        for number, target in enumerate(columns.targets):
            values = one.values[:, number]
            wrong = (values < 0) | (values > LARGEST_COUNT) | (values != np.floor(values)) & ~np.isnan(values)
            if wrong.any():
                row = int(np.argmax(wrong))
                of = "" if one.name is None else f" of series {one.name!r}"
                cure = "" if np.nanmin(values) < 0 else ", and with --lower 0 (lower=0)"
                problems.add(
                    f"target '{target}'{of} is {values[row]:g} at {one.times.text(row)}, and counts are integers "
                    f"from 0 to {LARGEST_COUNT:g}; correct it, or fit without --likelihood count "
                    f"(likelihood='count' in Python){cure}"
                )
    problems.raise_as(DataError)


def check_static(series: Sequence[Series], columns: Columns) -> None:
    """Raise DataError for static columns that vary within a series, or have no value in one."""
    problems = Problems("the table")
    for name in columns.static:
        number = columns.values.index(name)
        for one in series:
            seen = one.values[:, number][~np.isnan(one.values[:, number])]
            if not len(seen) or (seen != seen[0]).any():
                found = "has no value" if not len(seen) else "has more than one value"
                problems.add(
                    f"static column '{name}' {found} in series {one.name!r}; expected one a series: give it as a past "
                    "covariate if it changes"
                )
                break
    problems.raise_as(DataError)


def note_end_of_calendar(series: Sequence[Series], step: Step, horizon: int) -> None:
    """Say that a list of open times ends too soon for a forecast from the last row of some series."""
    for one in series:
        try:
            step.after(one.times, horizon)
        except ValueError as error:
            note(
                f"{error}: nothing can be forecast from the last row{'' if one.name is None else f' of {one.name!r}'}; "
                "fit with a calendar that goes on (--calendar, calendar in Python)"
            )
            return


def holiday_dates(country: str | None, series: Sequence[Series]) -> tuple[str, ...]:
    """Return the ISO dates of a country's holidays from the first year of the series on.

    Args:
        country: as the package holidays names it, with a subdivision after a hyphen if need be: "US", "DE-BY".
        series: of the fit.

    Raises:
        ArgumentError: there is no such country.
        MissingExtraError: the package holidays is missing.
    """
    if country is None:
        return ()
    try:
        import holidays
    except ImportError as error:
        raise MissingExtraError("holidays=", "holidays", "holidays") from error
    first = min(one.times.clock[0] for one in series).astype("M8[Y]").astype(int) + 1970
    last = max(one.times.clock[-1] for one in series).astype("M8[Y]").astype(int) + 1970 + _YEARS_AHEAD
    name, _, region = country.partition("-")
    try:
        found = holidays.country_holidays(name, subdiv=region or None, years=range(first, last + 1))
    except NotImplementedError as error:
        raise ArgumentError(
            f"holidays: expected a country such as US, DE or DE-BY, got {country!r} ({error})"
        ) from error
    return tuple(day.isoformat() for day in sorted(found))

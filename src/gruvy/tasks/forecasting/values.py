"""What a Forecaster is told of its columns besides their parts: bounds, holidays, values that stay."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gruvy.errors import ArgumentError, DataError, MissingExtraError
from gruvy.timeseries import LARGEST_COUNT, Columns, Problems, Series

# Holidays are kept with the model for so many years after the last row of its fit.
_YEARS_AHEAD = 10


def check_bounds(series: Sequence[Series], columns: Columns, lower: float | None, upper: float | None) -> None:
    """Raise DataError for targets that leave the bounds which their forecasts are to keep."""
    problems = Problems("the table")
    for one in series:
        for number, target in enumerate(columns.targets):
            values = one.values[:, number]
            for bound, what, beyond in (
                (lower, "lower", np.nan if lower is None else values < lower),
                (upper, "upper", np.nan if upper is None else values > upper),
            ):
                if bound is not None and np.any(beyond):
                    row = int(np.argmax(beyond))
                    of = "" if one.name is None else f" of series {one.name!r}"
                    problems.add(
                        f"target '{target}'{of} is {values[row]:g} at {one.times.text(row)}, beyond {what}={bound:g}; "
                        f"correct it, or give another --{what} ({what} in Python)"
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
                    f"target '{target}'{of} is {values[row]:g} at {one.times.text(row)}, and counts are whole numbers "
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

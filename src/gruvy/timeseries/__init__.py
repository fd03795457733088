"""What stands between a table of time series and a network: regular times, scaling, calendar. Needs NumPy only."""

from gruvy.timeseries.ahead import check_levels, forecast_columns, next_windows
from gruvy.timeseries.calendar import calendar_features
from gruvy.timeseries.categories import category_codes, category_text
from gruvy.timeseries.columns import Columns, check_columns
from gruvy.timeseries.counts import LARGEST_COUNT, LEAST_DISPERSION, LEAST_MEAN, count_quantiles
from gruvy.timeseries.missing import fill_forward
from gruvy.timeseries.names import name_of, places_of
from gruvy.timeseries.notation import TIMES, Notation
from gruvy.timeseries.preparation import Bound, Preparation, Rows
from gruvy.timeseries.problems import Problems, did_you_mean, some
from gruvy.timeseries.reading import UNSAID, TimeFormat, read_times
from gruvy.timeseries.regular import Series, regular_series
from gruvy.timeseries.scaling import ROUNDING, Scaler, binary_units, moments, standardised
from gruvy.timeseries.steps import Step
from gruvy.timeseries.tables import check_finite, read_mapping, read_rows
from gruvy.timeseries.times import Times
from gruvy.timeseries.together import columns_of_time, is_clock, put_together
from gruvy.timeseries.windows import FARTHEST, Scales, WindowScales, unscaled

__all__ = [
    "FARTHEST",
    "LARGEST_COUNT",
    "LEAST_DISPERSION",
    "LEAST_MEAN",
    "ROUNDING",
    "TIMES",
    "UNSAID",
    "Bound",
    "Columns",
    "Notation",
    "Preparation",
    "Problems",
    "Rows",
    "Scaler",
    "Scales",
    "Series",
    "Step",
    "TimeFormat",
    "Times",
    "WindowScales",
    "binary_units",
    "calendar_features",
    "category_codes",
    "category_text",
    "check_columns",
    "check_finite",
    "check_levels",
    "columns_of_time",
    "count_quantiles",
    "did_you_mean",
    "fill_forward",
    "forecast_columns",
    "is_clock",
    "moments",
    "name_of",
    "next_windows",
    "places_of",
    "put_together",
    "read_mapping",
    "read_rows",
    "read_times",
    "regular_series",
    "some",
    "standardised",
    "unscaled",
]

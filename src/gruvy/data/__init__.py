"""Tables, regular series, scaling, calendar features and windows."""

from gruvy.data.calendar import calendar_cycles, calendar_features, followed_cycles
from gruvy.data.missing import fill_forward
from gruvy.data.problems import Problems, did_you_mean
from gruvy.data.scaling import Scaler
from gruvy.data.series import Columns, Series, read_series
from gruvy.data.steps import Step, infer_step
from gruvy.data.tables import read_table
from gruvy.data.windows import Batch, Panel, Windows

__all__ = [
    "Batch",
    "Columns",
    "Panel",
    "Problems",
    "Scaler",
    "Series",
    "Step",
    "Windows",
    "calendar_cycles",
    "calendar_features",
    "did_you_mean",
    "fill_forward",
    "followed_cycles",
    "infer_step",
    "read_series",
    "read_table",
]

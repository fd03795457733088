"""Tables of pandas, the calendar and step that they follow, vocabularies, and batches for PyTorch."""

from gruvy.data.calendar import calendar_cycles, followed_cycles
from gruvy.data.expression import read_expression
from gruvy.data.fasta import is_fasta, read_fasta
from gruvy.data.frames import as_frame, as_names, is_frame, rows_of, time_name, time_of_index
from gruvy.data.indexes import times_of
from gruvy.data.offsets import chosen_step
from gruvy.data.sequences import SequenceBatch, Sequences, pad
from gruvy.data.series import find_categories, na_as_nan, read_numbers, read_series
from gruvy.data.steps import infer_step
from gruvy.data.streams import StreamBatch, Streams
from gruvy.data.tables import read_table
from gruvy.data.texts import read_text
from gruvy.data.times import read_time_column, write_times
from gruvy.data.vocabulary import Vocabulary
from gruvy.data.windows import Batch, Panel, Windows, reaching

__all__ = [
    "Batch",
    "Panel",
    "SequenceBatch",
    "Sequences",
    "StreamBatch",
    "Streams",
    "Vocabulary",
    "Windows",
    "as_frame",
    "as_names",
    "calendar_cycles",
    "chosen_step",
    "find_categories",
    "followed_cycles",
    "infer_step",
    "is_fasta",
    "is_frame",
    "na_as_nan",
    "pad",
    "reaching",
    "read_expression",
    "read_fasta",
    "read_numbers",
    "read_series",
    "read_table",
    "read_text",
    "read_time_column",
    "rows_of",
    "time_name",
    "time_of_index",
    "times_of",
    "write_times",
]

"""The report of models of music."""

from gruvy.report.music.values import FRAME_COLUMNS, Foreseen, MusicReport

__all__ = ["FRAME_COLUMNS", "Foreseen", "MusicReport"]

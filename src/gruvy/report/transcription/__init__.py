"""The report of transcribers."""

from gruvy.report.transcription.values import ERROR_COLUMNS, Heard, LengthGroup, Transcript, TranscriptionReport

__all__ = ["ERROR_COLUMNS", "Heard", "LengthGroup", "Transcript", "TranscriptionReport"]

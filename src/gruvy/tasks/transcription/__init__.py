"""Speech to text: `Transcriber`."""

from gruvy.tasks.transcription.stream import Stream
from gruvy.tasks.transcription.transcriber import Transcriber

__all__ = ["Stream", "Transcriber"]

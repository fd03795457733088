"""What the network hears: log-mel frames, of a whole recording or as its samples arrive."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gruvy.tasks.transcription.audio import audio_library
from gruvy.tasks.transcription.levels import Samples

Frames = NDArray[np.float32]

_SHORTEST_WINDOW = 0.025  # seconds
_HOP = 0.010
# Added to a mel band's power before the logarithm: -80 dB of full scale.
_FLOOR = 1e-8


@dataclass(frozen=True)
class LogMel:
    """Log power in bands of equal width on the mel scale, 100 frames a second.

    Windows of at least 25 ms (32 ms at 8 and 16 kHz) begin every 10 ms; the last one is filled up with silence. No
    window looks past its own samples, so that a stream has the same frames as the whole recording.

    Attributes:
        sample_rate: in Hz.
        n_mels: M, bands from 0 Hz to half the sample rate.
    """

    sample_rate: int
    n_mels: int

    @property
    def window(self) -> int:
        """Samples of a window: a power of 2, for the Fourier transform."""
        return 1 << (round(_SHORTEST_WINDOW * self.sample_rate) - 1).bit_length()

    @property
    def hop(self) -> int:
        """Samples from one window to the next."""
        return round(_HOP * self.sample_rate)

    def count(self, samples: int) -> int:
        """Frames of so many samples."""
        return max(1, -(-(samples - self.window) // self.hop) + 1)

    def frames(self, samples: Samples) -> Frames:
        """Return the frames (T, M) of a whole recording."""
        needed = (self.count(len(samples)) - 1) * self.hop + self.window
        return self.whole_frames(np.pad(samples, (0, needed - len(samples))))

    def whole_frames(self, samples: Samples) -> Frames:
        """Return the frames (T, M) of the windows that the samples fill."""
        if len(samples) < self.window:
            return np.zeros((0, self.n_mels), np.float32)
        power = audio_library("librosa").feature.melspectrogram(
            y=samples,
            sr=self.sample_rate,
            n_fft=self.window,
            hop_length=self.hop,
            n_mels=self.n_mels,
            center=False,
        )
        frames: Frames = np.log(power.T + _FLOOR).astype(np.float32)
        return frames

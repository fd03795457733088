"""The report's colours, light and dark.

Models have hues (after Okabe and Ito) and solid lines. Baselines share one grey and differ in their dashes:
they are what the hues are compared with, and a reader who sees no hue still reads them apart. Tests simulate
the three kinds of colour blindness and hold the distances and the contrasts.
"""

from __future__ import annotations

from dataclasses import dataclass

DASHES = ("dot", "dash", "dashdot", "longdash")

# Perceptually uniform, and monotonous in lightness: it survives grey printing and colour blindness.
GATE_SCALE = "Cividis"


@dataclass(frozen=True)
class Palette:
    """Colours of one theme; every text colour is meant to stand on ``surface`` or ``page``."""

    page: str
    surface: str
    ink: str  # text, and the truth in plots
    soft: str  # secondary text and axis labels
    line: str  # borders and grid
    baseline: str
    models: tuple[str, str, str]

    def model(self, index: int) -> str:
        """Return the colour of the index-th model."""
        return self.models[index % len(self.models)]

    def band(self, index: int) -> str:
        """Return the translucent colour of the index-th model's quantile band."""
        red, green, blue = (int(self.model(index)[i : i + 2], 16) for i in (1, 3, 5))
        return f"rgba({red},{green},{blue},0.22)"


LIGHT = Palette(
    page="#F6F7F9",
    surface="#FFFFFF",
    ink="#16181D",
    soft="#565D69",
    line="#E1E4E9",
    baseline="#7A818D",
    models=("#0072B2", "#D55E00", "#009E73"),
)
DARK = Palette(
    page="#101216",
    surface="#191C22",
    ink="#F1F3F6",
    soft="#A9B0BC",
    line="#2D323B",
    baseline="#8B93A1",
    models=("#56B4E9", "#F0883E", "#3DDBA4"),
)

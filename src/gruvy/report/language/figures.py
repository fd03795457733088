"""The plot of a language model's report."""

from __future__ import annotations

from gruvy.report.comparison import Row
from gruvy.report.figures import Plot, losses_plot
from gruvy.report.language.values import LanguageReport
from gruvy.report.palette import DASHES, Key, hue, row_keys


def figures(report: LanguageReport) -> dict[str, Plot]:
    """Return every plot of the report under the id of its place in the page."""
    return {"losses": learning_plot(report)} if report.losses else {}


def learning_plot(report: LanguageReport) -> Plot:
    """Draw the bits per character by epoch, with a dashed line for each of the others."""
    figure = losses_plot(report.losses).figure
    ends = [0.75, len(report.losses[0].validation) + 0.25]
    keys = [Key("validation", hue(0)), Key("training", hue(0), "dot")]
    for row, key in zip(report.comparison.rows, row_keys(report.comparison.rows), strict=True):
        if row not in _drawn(report):
            continue
        keys.append(key)
        figure.add_scatter(
            x=ends,
            y=[row["bits_per_character"]] * 2,
            mode="lines",
            line=key.line,
            hovertemplate="%{y:.4f}",
            name=row.name,
        )
    figure.update_xaxes(range=ends)
    return Plot(figure, keys)


def _drawn(report: LanguageReport) -> list[Row]:
    """The others that are near enough to be drawn: a line far above all would flatten the curve."""
    highest = max(*report.losses[0].validation, report.model["bits_per_character"]) + 1
    return [row for row in report.comparison.others if row["bits_per_character"] < highest][: len(DASHES)]

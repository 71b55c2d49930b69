"""Power against participants: one panel a test, a line for each number of titles."""

import io
import math

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from analysis.figures import SOFT, STYLE, Picture
from analysis.power_grid import PowerGrid
from analysis.power_wording import WANTED_POWER

PANELS = {
    "gate": "Control gate",
    "contrasts": "Every contrast, after Holm",
    "trend": "Trend over log size",
    "equivalence_3": "At chance within ±3, after Holm",
    "equivalence_5": "At chance within ±5, after Holm",
    "equivalence_10": "At chance within ±10, after Holm",
}
ALT = "Power against participants an arm, a line for each number of items, one panel a test."
COLUMNS = 3
MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")


def draw_power(grid: PowerGrid) -> Picture:
    """Solid: participants × titles. Dotted: participants only, as published. Bars: two Monte-Carlo errors."""
    tests = [test for test in PANELS if grid.cells[0].find(test, method="two_way")]
    with mpl.rc_context(STYLE):
        rows = math.ceil(len(tests) / COLUMNS)
        figure = Figure(figsize=(8.6, 2.75 * rows + 0.6), layout="constrained")
        panels = np.atleast_1d(figure.subplots(rows, min(COLUMNS, len(tests)), sharex=True, sharey=True)).ravel()
        for axes, test in zip(panels, tests, strict=False):
            _draw_panel(axes, grid, test)
        for axes in panels[len(tests) :]:
            axes.set_axis_off()
        figure.supxlabel("Participants an arm", fontsize=9)
        figure.supylabel("Power", fontsize=9)
        handles, labels = panels[0].get_legend_handles_labels()
        handles.append(Line2D([], [], color=SOFT, linestyle=":", linewidth=1))
        figure.legend(
            handles,
            [*labels, "participants only"],
            loc="outside upper center",
            ncols=min(5, len(handles)),
            frameon=False,
        )
        svg, png = io.BytesIO(), io.BytesIO()
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        figure.savefig(png, format="png", metadata={"Software": None})
    return Picture(name="power", alt=ALT, svg=svg.getvalue(), png=png.getvalue())


def _draw_panel(axes: Axes, grid: PowerGrid, test: str) -> None:
    axes.set_title(PANELS[test], fontsize=9, loc="left")
    axes.axhline(WANTED_POWER, color=SOFT, linestyle=(0, (4, 3)), linewidth=0.8)
    colours = mpl.colormaps["viridis"](np.linspace(0.05, 0.8, len(grid.plan.titles)))
    for place, (titles, colour) in enumerate(zip(grid.plan.titles, colours, strict=True)):
        cells = [cell for cell in grid.cells if cell.titles == titles]
        x = [cell.participants for cell in cells]
        two_way = [cell.find(test, method="two_way") for cell in cells]
        single = [cell.find(test, method="participants") for cell in cells]
        axes.plot(x, [f.share for f in single if f], color=colour, linestyle=":", linewidth=1)
        axes.errorbar(
            x, [f.share for f in two_way if f], yerr=[2 * f.mc_error for f in two_way if f], color=colour,
            marker=MARKS[place % len(MARKS)], markersize=4, linewidth=1.4, label=f"{titles} items",
        )  # fmt: skip
    axes.set_ylim(-0.03, 1.03)
    axes.set_xscale("log")
    axes.set_xticks(grid.plan.participants, [str(number) for number in grid.plan.participants], minor=False)
    axes.set_xticks([], minor=True)

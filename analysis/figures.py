"""The report's figures: for print, for colour-blind eyes, and the same bytes at every run."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Annotation
from matplotlib.ticker import LogLocator, NullLocator
from matplotlib.transforms import Bbox

from analysis import wording
from analysis.answer import Answer, ArmAnswer
from analysis.power_law import NoFit
from analysis.published import SHORT

INK, SOFT, MODEL, CONTROL, GHOST = "#1d1c1a", "#6b675f", "#0072b2", "#d55e00", "#b9b4a8"  # Okabe and Ito 2008
GRID, MARK, SHEET = "#e8e4da", "#b3261e", "#ffffff"
THEME = {  # the page sets these colours by its theme; files of their own keep them as they are
    INK: "fig-ink", SOFT: "fig-soft", MODEL: "fig-model", CONTROL: "fig-control", GHOST: "fig-ghost",
    GRID: "fig-grid", MARK: "fig-mark", SHEET: "fig-sheet",
}  # fmt: skip
ARM_NAME = "arm-name"
RAISE, MOST_RAISES = 9.0, 8  # points, and how often
_marks: ContextVar[tuple[str, ...]] = ContextVar("marks", default=())
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "text.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "svg.hashsalt": "byline",
    "svg.fonttype": "path",
    "figure.dpi": 100,
    "savefig.dpi": 200,
}
PUBLISHED = tuple((arm.n_params, arm.accuracy) for arm in SHORT.models)  # accuracy in percent


@dataclass(frozen=True)
class Picture:
    """A figure as bytes in both forms, and what it shows in words."""

    name: str
    alt: str
    svg: bytes
    png: bytes


def draw_figures(answer: Answer) -> list[Picture]:
    """Every figure that the data allow."""
    with mpl.rc_context(STYLE):
        return [_draw_accuracy(answer), _draw_participants(answer), _draw_seconds(answer)]


def _draw_accuracy(answer: Answer) -> Picture:
    figure, axes = begin_figure("Accuracy (%)")
    axes.axhline(50, color=SOFT, linestyle=(0, (4, 3)), linewidth=1)
    name_level(axes, "chance", 50, color=SOFT)
    control = answer.control
    if control and control.accuracy.mean is not None:
        level = 100 * control.accuracy.mean
        axes.axhline(level, color=CONTROL, linestyle=(0, (4, 3)), linewidth=1)
        name_level(axes, "control", level, color=CONTROL)
    largest = answer.models[-1].n_params if answer.models else None
    if largest and largest > 5e7 and not answer.is_paired:  # the published study showed one text at a time
        axes.plot(*zip(*PUBLISHED, strict=True), "o", color=GHOST, markersize=5, zorder=1, label="GPT-3 study, 2020")
        axes.legend(frameon=False, loc="lower left")
    if not isinstance(answer.power_law, NoFit) and answer.models:
        grid = _grid(answer.models)
        lower, upper = answer.power_law.band(grid)
        axes.fill_between(grid, 100 * lower, 100 * upper, color=MODEL, alpha=0.15, linewidth=0)
        axes.plot(grid, 100 * answer.power_law.predict(grid), color=MODEL, linewidth=1.5)
    if len(answer.models) == 1:
        centre_size(axes, float(answer.models[0].n_params or 1))
    for arm in answer.models:
        mean = 100 * (arm.accuracy.mean or 0)
        low, high = (mean if limit is None else 100 * limit for limit in (arm.accuracy.low, arm.accuracy.high))
        mark_arm(axes, arm.label, n_params=float(arm.n_params or 1), mean=mean, low=low, high=high)
    axes.set_ylim(min(40.0, max(0.0, axes.get_ylim()[0])), 100)
    return finish_figure(
        figure, "accuracy", "Mean accuracy by model size with 95 % intervals, power law, control and chance."
    )


def _draw_seconds(answer: Answer) -> Picture:
    figure, axes = begin_figure("Seconds a pair" if answer.is_paired else "Seconds an article")
    timed = [arm for arm in answer.models if arm.seconds.mean is not None]
    control = answer.control
    if control and control.seconds.mean is not None:
        axes.axhline(control.seconds.mean, color=CONTROL, linestyle=(0, (4, 3)), linewidth=1, label="control")
        axes.legend(frameon=False)
    if not isinstance(answer.duration, NoFit) and timed:
        grid = _grid(timed)
        lower, upper = answer.duration.band(grid)
        axes.fill_between(grid, lower, upper, color=MODEL, alpha=0.15, linewidth=0)
        axes.plot(grid, answer.duration.predict(grid), color=MODEL, linewidth=1.5)
    if len(timed) == 1:
        centre_size(axes, float(timed[0].n_params or 1))
    for arm in timed:
        mean = arm.seconds.mean or 0.0
        low, high = (mean if limit is None else limit for limit in (arm.seconds.low, arm.seconds.high))
        mark_arm(axes, arm.label, n_params=float(arm.n_params or 1), mean=mean, low=low, high=high)
    return finish_figure(
        figure, "seconds", "Mean seconds a page by model size, 95 % intervals, and a line in log size."
    )


def _draw_participants(answer: Answer) -> Picture:
    """Every participant a point; the arm's mean a bar. Places are jittered by rank, so nothing is drawn at random."""
    figure, axes = begin_figure("Participant's accuracy (%)", log=False)
    axes.axhline(50, color=SOFT, linestyle=(0, (4, 3)), linewidth=1)
    for place, arm in enumerate(answer.arms):
        values = 100 * np.sort(np.asarray(arm.accuracies, dtype=float))
        jitter = 0.28 * np.sin(np.arange(len(values)) * 2.399963)  # the golden angle spreads neighbours apart
        colour = CONTROL if arm.is_control else MODEL
        axes.plot(place + jitter, values, "o", color=colour, markersize=3, alpha=0.45, markeredgewidth=0)
        if len(values):
            axes.plot([place - 0.34, place + 0.34], [values.mean()] * 2, color=INK, linewidth=1.6)
    axes.set_xticks(range(len(answer.arms)), [arm.label for arm in answer.arms], rotation=20, ha="right")
    axes.set_ylim(-3, 103)
    return finish_figure(figure, "participants", "Accuracy of every participant by arm, with the arm's mean as a bar.")


def begin_figure(ylabel: str, *, log: bool = True, height: float = 3.9) -> tuple[Figure, Axes]:
    """An empty figure in the report's look; `log`: its x is the size of models. `height` in inches."""
    figure = Figure(figsize=(6.4, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_ylabel(ylabel)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    if log:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
        axes.xaxis.set_major_formatter(lambda value, _: wording.size(round(value)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("Parameters of the model")
    return figure, axes


def mark_arm(axes: Axes, label: str, *, n_params: float, mean: float, low: float, high: float) -> None:
    """A model's point with its interval and name."""
    axes.errorbar(
        n_params, mean, yerr=[[mean - low], [high - mean]], fmt="o", color=MODEL, capsize=3, markersize=5, zorder=3
    )
    axes.annotate(
        label, (n_params, high), textcoords="offset points", xytext=(0, 5), ha="center", fontsize=8, gid=ARM_NAME,
        zorder=4, path_effects=[withStroke(linewidth=2.2, foreground=SHEET)],
    )  # fmt: skip


def name_level(axes: Axes, name: str, level: float, *, color: str) -> None:
    """A dashed line's name, above its left end."""
    across = ("axes fraction", "data")
    axes.annotate(name, (0, level), xycoords=across, xytext=(4, 3), textcoords="offset points", color=color)


def centre_size(axes: Axes, n_params: float) -> None:
    """A decade around the one size there is; a logarithmic axis has no width of its own for it."""
    axes.set_xlim(n_params / 10, n_params * 10)


def _grid(arms: list[ArmAnswer]) -> "np.ndarray":
    sizes = [float(arm.n_params or 1) for arm in arms]
    return np.geomspace(min(sizes) / 1.5, max(sizes) * 1.5, 200)


@contextmanager
def marked(marks: Sequence[str]) -> Iterator[None]:
    """Whatever is drawn inside carries these words across it, so that no figure of data that are not real goes about
    without them, whichever section draws it."""
    token = _marks.set(tuple(marks))
    try:
        yield
    finally:
        _marks.reset(token)


def finish_figure(figure: Figure, name: str, alt: str) -> Picture:
    """The figure's bytes, the same at every run."""
    if marks := _marks.get():
        _mark_over(figure, " · ".join(marks))
        alt = f"{alt} {'. '.join(marks)}."
    _part_names(figure)
    svg, png = io.BytesIO(), io.BytesIO()
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    figure.savefig(png, format="png", metadata={"Software": None})
    return Picture(name=name, alt=alt, svg=svg.getvalue(), png=png.getvalue())


def _part_names(figure: Figure) -> None:
    """Names of arms that would lie on each other are raised, from left to right, until they are clear."""
    names = [
        text
        for axes in figure.axes
        for text in axes.texts
        if isinstance(text, Annotation) and text.get_gid() == ARM_NAME
    ]
    if len(names) < 2:
        return
    figure.draw_without_rendering()
    taken: list[Bbox] = []
    for name in sorted(names, key=lambda text: text.get_window_extent().x0):
        box = name.get_window_extent()
        for _ in range(MOST_RAISES):
            if not any(box.overlaps(other) for other in taken):
                break
            x, y = name.xyann
            name.xyann = (x, y + RAISE)
            box = name.get_window_extent()
        taken.append(box)


def _mark_over(figure: Figure, words: str) -> None:
    """The words aslant over the middle of the figure, so large that cutting its edges off does not remove them."""
    width, height = (float(inches) for inches in figure.get_size_inches())
    slant = float(np.degrees(np.arctan2(height, width))) * 0.7
    size = min(30.0, 72 * 1.25 * float(np.hypot(width, height)) / max(len(words), 1))
    figure.text(
        0.5, 0.5, words.upper(), ha="center", va="center", rotation=slant, fontsize=size, color=MARK, alpha=0.16,
        weight="bold", zorder=10, in_layout=False,
    )  # fmt: skip

"""The multiverse: how many ways to the analysis keep each conclusion, and a picture of all."""

from dataclasses import asdict

import matplotlib as mpl
from matplotlib.figure import Figure

from analysis.exclusions import CAREFUL, DECLARED, NOBODY
from analysis.figures import CONTROL, GHOST, INK, MODEL, SOFT, STYLE, Picture, finish_figure
from analysis.multiverse import HALF, LEFT_OUT, WRONG, Conclusion, Kept, Multiverse, vary_analysis
from analysis.sections import Section, Table
from analysis.study import Study
from analysis.wording import number

MEANING = (
    "Another analyst could have counted “I don’t know” otherwise, left other people out, or taken another model. Here "
    "is what each conclusion would have been in all of these ways, and how many of them keep it."
)
FORMULA = (
    "z: the normal deviate of the two-sided p, with the sign of the effect; beyond ±1.96 p is under 5 %, without any "
    "adjustment. Accuracies: t over participants, or two-way (participants × titles). Probit and logit: d′ with "
    "two-way errors (participants × texts). Mixed model: the primary one."
)
LIMITS = (
    "The ways are not independent of each other, and many of them are no better than the base: how many agree "
    "is no probability. Those over participants alone say nothing of new titles. No count of them confirms anything."
)
PEOPLE = {DECLARED: "as declared", NOBODY: "nobody excluded", CAREFUL: "without any sign"}
METHODS = ("participants", "two-way", "probit", "logit", "mixed model")
ROWS = (*(("dont_know", name) for name in (LEFT_OUT, HALF, WRONG)), *(("people", name) for name in PEOPLE),
        *(("method", name) for name in METHODS))  # fmt: skip


def write(study: Study) -> Section:
    """Vary everything."""
    found = vary_analysis(study)
    rows = [
        (one.dont_know, one.people, one.method, conclusion.kind, conclusion.arm, z)
        for one in found.specifications
        for conclusion, z in zip(found.conclusions, one.z, strict=True)
    ]
    shown = _choose(found)
    return Section(
        name="multiverse",
        title="Had it been analysed otherwise",
        meaning=MEANING,
        formula=FORMULA,
        limits=LIMITS,
        results=asdict(found),
        context={
            "count": len(found.specifications),
            "kept": [(_name(part.conclusion, study.labels), part, _tell(part)) for part in found.kept],
            "shown": None if shown is None else _name(found.conclusions[shown], study.labels),
        },
        tables={"multiverse": Table(("dont_know", "people", "method", "kind", "arm", "z"), rows)},
        pictures=() if shown is None else (_draw(found, shown),),
    )


def _name(one: Conclusion, labels: dict[str, str]) -> str:
    if one.kind == "trend":
        return "Accuracy over the model’s size"
    return f"{labels[one.arm]} against {'guessing' if one.kind == 'chance' else 'the control'}"


def _tell(part: Kept) -> str:
    kind, outcome = part.conclusion.kind, part.base
    if outcome in ("none shown", "no test"):
        return "no difference shown" if outcome == "none shown" else "no test"
    words = {
        "chance": ("better than guessing", "worse than guessing"),
        "control": ("the control is told more easily", "the control is told less easily"),
        "trend": ("rises", "falls"),
    }
    return words[kind][outcome == "negative"]


def _choose(found: Multiverse) -> int | None:
    """The conclusion that is drawn: the trend, else the last that any specification could judge."""
    places = range(len(found.conclusions))
    judged = [place for place in places if any(one.z[place] is not None for one in found.specifications)]
    return judged[-1] if judged else None


def _draw(found: Multiverse, place: int) -> Picture:
    """Above z from the lowest to the highest, below what each specification chose."""
    judged = [one for one in found.specifications if one.z[place] is not None]
    ranked = sorted(judged, key=lambda one: one.z[place] or 0.0)
    base = found.specifications[0]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(6.4, 4.6), layout="constrained")
        above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 4))
        above.axhspan(-1.96, 1.96, color=GHOST, alpha=0.35, linewidth=0)
        above.axhline(0, color=SOFT, linewidth=0.8)
        above.set_ylabel("z")
        for x, one in enumerate(ranked):
            colour = CONTROL if one is base else MODEL
            above.plot(x, one.z[place] or 0.0, "D" if one is base else "o", color=colour, markersize=5)
            for line, (key, value) in enumerate(ROWS):
                chosen = getattr(one, key) == value
                below.plot(x, line, "o", color=(colour if chosen else GHOST), markersize=4 if chosen else 1.5)
        names = [PEOPLE.get(value, f"“I don’t know” {value}" if key == "dont_know" else value) for key, value in ROWS]
        below.set_yticks(range(len(ROWS)), names, fontsize=7.5, color=INK)
        below.set_ylim(len(ROWS) - 0.4, -0.6)
        for edge in (2.5, 5.5):
            below.axhline(edge, color=GHOST, linewidth=0.6)
        below.set_xticks([])
        below.set_xlabel(f"{len(ranked)} specifications")
        low = number(min(one.z[place] or 0.0 for one in ranked), 1)
        return finish_figure(figure, "multiverse", f"z of one conclusion in every specification, from {low} upwards.")

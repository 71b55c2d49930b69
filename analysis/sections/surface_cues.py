"""Could the texts be told apart without reading? What a classifier that only counts makes of every arm's texts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import matplotlib as mpl

from analysis.figures import CONTROL, MODEL, SOFT, STYLE, Picture, begin_figure, finish_figure
from analysis.sections import Section, Table
from analysis.study import Study
from analysis.surface_cues import FEATURES, ArmCues, Cue, audit_arms

MEANING = (
    "People should have nothing to go by but how a text is written. Here a classifier that cannot read tries to tell "
    "the sources apart by what can be counted: length, paragraphs, sentences, punctuation, quotation marks, digits, "
    "capitals, and whether the text breaks off. Where it does well, people may have done so by the same cue."
)
FORMULA = (
    "Ridge regression of the source (model +1, human −1) on nine standardised features with a constant, "
    "w = (X′X + 5 I)⁻¹X′y, cross-validated in at most ten folds grouped by title. Accuracy with Wilson’s 95 % "
    "interval; AUC: the chance that a model’s text scores higher than a human one; p from 199 exchanges of the sources "
    "within titles."
)
LIMITS = (
    "That this classifier does not tell the sources apart does not show that nothing on the surface does. That it does "
    "shows what people could have used, not that they did. A control is meant to be told."
)


def write(study: Study) -> Section:
    """Audit every arm's texts."""
    arms = audit_arms(study.bundle)
    measured = [arm for arm in arms if arm.auc is not None]
    return Section(
        name="surface_cues",
        title="Could they be told apart without reading?",
        meaning=MEANING,
        formula=FORMULA,
        limits=LIMITS,
        results=[asdict(arm) for arm in arms],
        context={
            "arms": arms,
            "labels": study.labels,
            "measured": measured,
            "missing": _tell_missing(arms, study.labels),
            "told": {arm.arm: tell_cue(arm.cues[0]) for arm in measured},
        },
        tables={
            "surface_cues": Table(
                ("arm", "titles", "accuracy", "low", "high", "auc", "p", "strongest_cue", "reason"),
                [(a.arm, a.titles, a.accuracy, a.low, a.high, a.auc, a.p, a.cues[0].feature if a.cues else None,
                  a.reason or None) for a in arms],
            ),
            "surface_features": Table(
                ("arm", "feature", "unit", "human", "model", "auc"),
                [(arm.arm, cue.feature, cue.unit, cue.human, cue.model, cue.auc) for arm in arms for cue in arm.cues],
            ),
        },
        pictures=(_draw(measured, study),) if measured else (),
    )  # fmt: skip


def _tell_missing(arms: Sequence[ArmCues], labels: Mapping[str, str]) -> list[str]:
    """Why nothing was worked out, a line a reason."""
    by_reason: dict[str, list[str]] = {}
    for arm in arms:
        if arm.reason:
            by_reason.setdefault(arm.reason, []).append(labels[arm.arm])
    return [
        f"{'' if len(names) == len(arms) else ', '.join(names) + ': '}nothing was worked out, since {reason}."
        for reason, names in by_reason.items()
    ]


def tell_cue(cue: Cue) -> str:
    """`paragraphs: human 4.2, model 1.0`"""
    if cue.unit == FEATURES["a cut end"]:
        return f"{cue.feature}: human {100 * cue.human:.0f} %, model {100 * cue.model:.0f} %"
    unit = "" if cue.unit == cue.feature else f" {cue.unit}"
    return f"{cue.feature}: human {cue.human:.1f}, model {cue.model:.1f}{unit}"


def _draw(arms: list[ArmCues], study: Study) -> Picture:
    """The accuracy of the classifier by arm, with its interval, and chance."""
    with mpl.rc_context(STYLE):
        figure, axes = begin_figure("", log=False, height=1.2 + 0.32 * max(len(arms), 3))
        axes.axvline(50, color=SOFT, linestyle=(0, (4, 3)), linewidth=1)
        for place, arm in enumerate(reversed(arms)):
            colour = CONTROL if arm.arm == study.control else MODEL
            low, value, high = (100 * (share or 0.0) for share in (arm.low, arm.accuracy, arm.high))
            axes.plot([low, high], [place] * 2, color=colour, linewidth=1.5)
            axes.plot(value, place, "o", color=colour, markersize=5)
        axes.set_yticks(range(len(arms)), [study.labels[arm.arm] for arm in reversed(arms)])
        axes.set_ylim(-0.7, len(arms) - 0.3)
        axes.set_xlim(right=102)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("Texts that a classifier which only counts tells rightly (%)")
        alt = "Accuracy of a classifier on surface features by arm, with 95 % intervals; dashed: chance."
        return finish_figure(figure, "surface_cues", alt)

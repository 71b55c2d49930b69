"""Can they tell at all? A verdict for each arm in the words of its two tests, and the intervals against the bounds."""

from dataclasses import asdict
from typing import Any

import matplotlib as mpl

from analysis.equivalence import BOUNDS, CHANCE, DECLARED, WORDS, ArmVerdict, Verdict, judge_arms, smallest_equivalent
from analysis.figures import CONTROL, INK, MODEL, SOFT, STYLE, Picture, begin_figure, finish_figure
from analysis.sections import Section, Table
from analysis.study import Study
from analysis.wording import number, p_value

MEANING = (
    "That a test finds no difference from guessing does not show that people cannot tell. To show that takes a test of "
    "equivalence: that the accuracy lies so near to 50 % that the rest would not matter. Each arm therefore has two "
    "tests, and one of four verdicts."
)
FORMULA = (
    "Two one-sided t tests of the accuracy against 50 % − δ and 50 % + δ with the two-way standard error and its "
    "degrees of freedom; p is the larger of the two. Families: Holm over the arms, once for the tests of a difference, "
    "once for those of equivalence at each δ. The verdict is that at δ = 5 points, at the level of 5 %."
)
LIMITS = (
    "δ is a choice of what would matter: set it before the data are seen. Accuracy averages over how readily people "
    "say “machine”; d′ near 0 says the same without it. With few titles no number of participants shows equivalence."
)


def write(study: Study) -> Section:
    """Judge every arm."""
    verdicts = judge_arms({arm.arm: (arm.two_way, arm.df) for arm in study.accuracies})
    told = _tell(verdicts, study.labels)
    return Section(
        name="equivalence",
        title="Can they tell at all?",
        meaning=MEANING,
        formula=FORMULA,
        limits=LIMITS,
        status="confirmatory",
        results={"declared": DECLARED, "arms": [_describe(verdict) for verdict in verdicts]},
        context={"verdicts": verdicts, "labels": study.labels, "words": WORDS, "bounds": BOUNDS, "told": told},
        tables={"equivalence": _tabulate(verdicts)},
        pictures=(_draw(verdicts, study),),
        sentences=_tell_largest(verdicts, study),
    )


def _tell_largest(verdicts: list[ArmVerdict], study: Study) -> tuple[str, ...]:
    """The verdict on the largest model, for the first page."""
    largest = study.answer.models[-1].arm if study.answer.models else None
    verdict = next((verdict for verdict in verdicts if verdict.arm == largest), None)
    test = verdict.at(DECLARED) if verdict else None
    if verdict is None or test is None or verdict.df is None:
        return ()
    side = "more" if (verdict.accuracy.value or 0.0) > CHANCE else "less"
    differs = f"t({verdict.df:.0f}) = {number(verdict.t, 2)}, p = {p_value(verdict.p_holm)}"
    within = f"within {100 * DECLARED:.0f} points of it was shown: p = {p_value(test.p_holm)}"
    said = {
        "different": f"people are right {side} often than by guessing ({differs})",
        "both": f"people are right {side} often than by guessing ({differs}), yet equivalence {within}",
        "equivalent": f"equivalence to guessing {within.replace('of it ', '')}",
        "inconclusive": f"neither a difference from guessing ({differs}) nor equivalence {within}",
    }[test.verdict]
    name = study.labels[verdict.arm]
    return (f"With {name}, for new participants and new articles alike, {said} (adjusted by Holm over the arms).",)


def _tell(verdicts: list[ArmVerdict], labels: dict[str, str]) -> list[str]:
    """A line a verdict, with the arms that have it."""
    by_verdict: dict[Verdict, list[str]] = {}
    for verdict in verdicts:
        by_verdict.setdefault(verdict.verdict, []).append(labels[verdict.arm])
    return [f"{', '.join(names)}: {WORDS[verdict]}." for verdict, names in by_verdict.items()]


def _describe(verdict: ArmVerdict) -> dict[str, Any]:
    return {**asdict(verdict), "verdict": verdict.verdict, "smallest_equivalent": smallest_equivalent(verdict)}


def _tabulate(verdicts: list[ArmVerdict]) -> Table:
    rows = [
        (arm.arm, test.delta, arm.accuracy.value, arm.df, test.above.t, test.above.p, test.below.t, test.below.p,
         test.p, test.p_holm, arm.t, arm.p, arm.p_holm, test.verdict)
        for arm in verdicts
        for test in arm.tests
    ]  # fmt: skip
    header = ("arm", "delta", "accuracy", "df", "t_above", "p_above", "t_below", "p_below", "p_equivalence",
              "p_equivalence_holm", "t_difference", "p_difference", "p_difference_holm", "verdict")  # fmt: skip
    return Table(header, rows)


def _draw(verdicts: list[ArmVerdict], study: Study) -> Picture:
    """95 % intervals thin, 90 % thick, and the bounds as bands about chance."""
    with mpl.rc_context(STYLE):
        figure, axes = begin_figure("", log=False, height=1.2 + 0.32 * max(len(verdicts), 3))
        for delta, shade in zip(BOUNDS, (0.22, 0.14, 0.08), strict=True):
            axes.axvspan(100 * (CHANCE - delta), 100 * (CHANCE + delta), color=SOFT, alpha=shade, linewidth=0)
        axes.axvline(100 * CHANCE, color=SOFT, linestyle=(0, (4, 3)), linewidth=1)
        for place, verdict in enumerate(reversed(verdicts)):
            if verdict.accuracy.value is None:
                continue
            colour = CONTROL if verdict.arm == study.control else MODEL
            if verdict.accuracy.low is not None and verdict.accuracy.high is not None:
                axes.plot(
                    [100 * verdict.accuracy.low, 100 * verdict.accuracy.high], [place] * 2, color=colour, linewidth=1
                )
            if verdict.low_90 is not None and verdict.high_90 is not None:
                ends = [100 * max(0.0, verdict.low_90), 100 * min(1.0, verdict.high_90)]
                axes.plot(ends, [place] * 2, color=colour, linewidth=3.5, solid_capstyle="butt")
            axes.plot(100 * verdict.accuracy.value, place, "o", color=INK, markersize=4, zorder=3)
        axes.set_yticks(range(len(verdicts)), [study.labels[verdict.arm] for verdict in reversed(verdicts)])
        axes.set_ylim(-0.7, len(verdicts) - 0.3)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("Accuracy (%)")
        return finish_figure(
            figure, "equivalence", "Accuracy by arm, 90 and 95 % two-way intervals, against ±3, ±5 and ±10 points."
        )

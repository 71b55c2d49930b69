"""Participants against guessing: how many lie beyond chance by arm, and everybody in a figure."""

from dataclasses import asdict

import matplotlib as mpl
import numpy as np
import polars as pl

from analysis.chance_envelope import ArmEnvelope, compare_with_guessing, find_limits, place_people
from analysis.figures import CONTROL, GHOST, MODEL, SOFT, STYLE, Picture, begin_figure, finish_figure
from analysis.sections import Section, Table
from analysis.study import Study

MEANING = (
    "A mean near 50 % can come of people who all guess, or of a few who can tell among many who cannot. Participants "
    "are therefore set beside what guessing alone would do: how many of them lie further from half right than it "
    "allows, and how many guessers would."
)
FORMULA = (
    "Right of n decided judgments against Binomial(n, ½): beyond chance where its tail is 2.5 % or less. Expected: the "
    "sum of those tails over the arm’s participants; p: the chance of at least so many (Poisson binomial)."
)
LIMITS = (
    "A participant within the envelope is not shown to guess: with 25 texts only accuracies above 70 % stand out. "
    "Far below half right is telling the texts apart, too, and naming them the wrong way round. These texts only."
)


def write(study: Study) -> Section:
    """Count and draw."""
    arms = compare_with_guessing(study.decided, arms=study.arms)
    rows = [
        (arm.arm, arm.participants, arm.above.observed, arm.above.expected, arm.above.p, arm.below.observed,
         arm.below.expected, arm.below.p, arm.under_half)
        for arm in arms
    ]  # fmt: skip
    header = ("arm", "participants", "above", "above_expected", "above_p", "below", "below_expected", "below_p",
              "under_half")  # fmt: skip
    return Section(
        name="chance_envelope",
        title="Participants against guessing",
        meaning=MEANING,
        formula=FORMULA,
        limits=LIMITS,
        results={"arms": [asdict(arm) for arm in arms]},
        context={"arms": arms, "labels": study.labels},
        tables={"chance_envelope": Table(header, rows)},
        pictures=(_draw(study, arms),) if any(arm.participants for arm in arms) else (),
    )


def _draw(study: Study, arms: list[ArmEnvelope]) -> Picture:
    """Everybody in order of accuracy within the arm, over the envelope at the arm's median number of judgments."""
    with mpl.rc_context(STYLE):
        figure, axes = begin_figure("Participant’s accuracy (%)", log=False)
        axes.axhline(50, color=SOFT, linestyle=(0, (4, 3)), linewidth=1)
        people = study.decided.group_by("participant", "arm").agg(
            pl.len().alias("judged"), pl.col("correct").sum().cast(pl.Int64).alias("right")
        )
        for place, arm in enumerate(arms):
            own = people.filter(pl.col("arm") == arm.arm).sort(pl.col("right") / pl.col("judged"), "participant")
            if own.is_empty():
                continue
            judged, right = own["judged"].to_numpy().astype(np.int64), own["right"].to_numpy()
            typical = np.array([int(np.median(judged))])
            low, high = find_limits(typical)
            ends = 100 * (low[0] + 0.5) / typical[0], 100 * (high[0] - 0.5) / typical[0]
            axes.fill_between([place - 0.42, place + 0.42], *ends, color=GHOST, alpha=0.35, linewidth=0)
            across = place + np.linspace(-0.38, 0.38, len(judged)) if len(judged) > 1 else np.array([float(place)])
            beyond = place_people(judged, right) != 0
            colour = CONTROL if arm.arm == study.control else MODEL
            accuracy = 100 * right / judged
            axes.plot(across[~beyond], accuracy[~beyond], "o", color=SOFT, markersize=2.2, markeredgewidth=0)
            axes.plot(across[beyond], accuracy[beyond], "o", color=colour, markersize=3.2, markeredgewidth=0)
        axes.set_xticks(range(len(arms)), [study.labels[arm.arm] for arm in arms], rotation=20, ha="right")
        axes.set_ylim(-3, 103)
        return finish_figure(
            figure, "chance_envelope", "Every participant's accuracy by arm, over what guessing alone would give."
        )

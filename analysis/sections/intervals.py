"""Accuracy with the intervals of four methods side by side, and a loud word where they disagree."""

from dataclasses import asdict
from typing import Any

from analysis.agreement_of_methods import MOST_APART, ArmMethods, compare_methods
from analysis.sections import Section, Table
from analysis.study import Study

MEANING = (
    "The published interval holds for new participants who read these same articles. The others hold for new articles "
    "too, which is what is asked when the answer is meant to hold beyond this study: they are wider, and more "
    "participants alone do not make them narrow."
)
FORMULA = (
    "Published: x̄ ± t · s/√n over participants. Two-way: V = V(participants) + V(titles) − V(judgments), with "
    "t(min(participants, titles) − 1). Bootstrap: every participant and every title draws a weight from Exp(1), a "
    "judgment counts by the product, 2,000 draws, percentiles. Twin: an ordinary probit with errors clustered by "
    "participant and by text. Mixed model: see its section."
)
LIMITS = (
    "With few titles all of them lean on few. The bootstrap counts the noise of single judgments three times, so it is "
    "wider than the others by its making, and is compared with what it should then be. "
    "“New articles” means articles as these were drawn; of another newspaper they say nothing."
)


def write(study: Study) -> Section:
    """Put the methods side by side."""
    arms = compare_methods(study)
    loud = [arm for arm in arms if arm.apart]
    return Section(
        name="intervals",
        title="How sure, and of what",
        meaning=MEANING,
        formula=FORMULA,
        limits=LIMITS,
        status="descriptive",
        results={"most_apart": MOST_APART, "arms": [_describe(arm) for arm in arms]},
        context={"arms": arms, "loud": [_tell_apart(arm) for arm in loud]},
        tables={"intervals": _tabulate(arms)},
    )


def _describe(arm: ArmMethods) -> dict[str, Any]:
    return {
        "arm": arm.arm,
        "participants": arm.plain.participants,
        "titles": arm.plain.titles,
        "df": arm.plain.df,
        **{name: asdict(estimate) for name, estimate in _list_methods(arm)},
        "apart": dict(arm.apart),
    }


def _list_methods(arm: ArmMethods) -> list[tuple[str, Any]]:
    return [
        ("by_participant", arm.plain.by_participant),
        ("two_way", arm.plain.two_way),
        ("bootstrap", arm.plain.bootstrap),
        ("twin", arm.twin),
        ("mixed", arm.mixed),
    ]


def _tell_apart(arm: ArmMethods) -> str:
    names = {
        "two-way": "the two-way one",
        "bootstrap": "the bootstrap’s, less what is its own,",
        "twin": "the robust twin’s",
    }
    told = ", ".join(f"{names[name]} is {ratio:.2f} times" for name, ratio in arm.apart.items())
    return f"{arm.label}: of the mixed model’s standard error, {told}."


def _tabulate(arms: list[ArmMethods]) -> Table:
    rows = [
        (arm.arm, name, estimate.value, estimate.se, estimate.low, estimate.high, estimate.method)
        for arm in arms
        for name, estimate in _list_methods(arm)
    ]
    return Table(("arm", "method", "accuracy", "se", "low", "high", "holds_for"), rows)

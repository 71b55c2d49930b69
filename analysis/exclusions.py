"""What the accuracies would be with other people in them: nobody excluded, or also those with a sign of carelessness.

The declared analysis leaves out whom the rules of the frozen design exclude. Both others are there to be compared with
it; they decide nothing. An arm's conclusions are whether its two-way interval lies above, below or about 50 %, and
whether Holm's p of the published t test against the control is under 5 %.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from analysis.accuracy import SHARE, MeanEstimate, estimate_mean
from analysis.carelessness import find_signals
from analysis.comparison import Comparison, compare_with_control
from analysis.equivalence import ALPHA, CHANCE
from analysis.estimate import Estimate
from analysis.load import Bundle
from analysis.study import Study
from analysis.two_way import estimate_accuracies

DECLARED, NOBODY, CAREFUL = "declared", "nobody_excluded", "careful_only"


@dataclass(frozen=True)
class ArmVariant:
    """One arm under one choice of people."""

    arm: str
    accuracy: MeanEstimate
    two_way: Estimate
    comparison: Comparison

    @property
    def conclusions(self) -> tuple[str, str]:
        """In words: of guessing, and of the control."""
        low, high = self.two_way.low, self.two_way.high
        if low is None or high is None:
            chance = "no interval"
        else:
            chance = "above guessing" if low > CHANCE else "below guessing" if high < CHANCE else "about guessing"
        p = self.comparison.p_holm
        return chance, "no test" if p is None else "differs from the control" if p < ALPHA else "no difference shown"


@dataclass(frozen=True)
class Variant:
    """Every arm under one choice of people, and how many are analysed in all."""

    name: str
    participants: int
    arms: tuple[ArmVariant, ...]


def choose_bundle(bundle: Bundle, name: str) -> Bundle:
    """The bundle with other participants marked as excluded."""
    people = bundle.participants
    if name == NOBODY:
        people = people.with_columns(excluded=pl.lit(False))
    elif name == CAREFUL:
        careless = find_signals(bundle).filter(pl.col("any"))["participant"]
        people = people.with_columns(excluded=pl.col("excluded") | pl.col("participant").is_in(careless.to_list()))
    return replace(bundle, participants=people)


def compare_variants(study: Study, names: Sequence[str] = (DECLARED, NOBODY, CAREFUL)) -> list[Variant]:
    """The arms under each choice of people."""
    return [
        _analyse(name, study if name == DECLARED else Study(choose_bundle(study.bundle, name), seed=study.seed))
        for name in names
    ]


def list_changes(variants: Sequence[Variant]) -> list[tuple[str, str, str, str]]:
    """What changes against the first variant: the arm, the other variant, and the conclusion before and after."""
    found = []
    for variant in variants[1:]:
        for before, after in zip(variants[0].arms, variant.arms, strict=True):
            found += [
                (before.arm, variant.name, one, other)
                for one, other in zip(before.conclusions, after.conclusions, strict=True)
                if one != other
            ]
    return found


def _analyse(name: str, study: Study) -> Variant:
    people = study.scores.participants
    accuracies = {arm: people.filter(pl.col("arm") == arm)["accuracy"].drop_nulls().to_list() for arm in study.arms}
    comparisons = compare_with_control(accuracies, control=study.control)
    robust = {arm.arm: arm.two_way for arm in estimate_accuracies(study.decided, arms=study.arms, rng=None)}
    arms = tuple(
        ArmVariant(
            arm,
            estimate_mean(accuracies[arm], possible=SHARE),
            robust[arm],
            comparisons.get(arm, Comparison(reason="the control itself")),
        )
        for arm in study.arms
    )
    return Variant(name, people.height, arms)

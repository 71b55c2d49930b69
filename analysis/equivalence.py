"""Can they tell at all? Two one-sided tests of an accuracy against chance (Schuirmann 1987; Lakens 2017).

An accuracy is *equivalent* to chance within ±δ when both "below ½ - δ" and "above ½ + δ" are rejected: p is the larger
of the two one-sided p, and the 90 % interval lies within the bounds. It is *different* from chance when the two-sided
test rejects ½. The two together have four outcomes; a test that rejects nothing shows nothing, which is why
"inconclusive" is one of them. Standard errors and degrees of freedom are those that are given, here the two-way ones.
Families: over the arms, Holm's adjustment of the tests for equivalence at one δ, and of the tests for a difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from scipy import stats

from analysis.comparison import adjust_holm
from analysis.estimate import Estimate

CHANCE = 0.5
BOUNDS = (0.03, 0.05, 0.10)
DECLARED = 0.05  # the bound whose verdict is told; the others stand beside it
ALPHA = 0.05
Verdict = Literal["equivalent", "different", "both", "inconclusive", "no test"]
WORDS: Mapping[Verdict, str] = {
    "equivalent": "equivalent to chance",
    "different": "different from chance",
    "both": "different from chance, yet within the bounds of equivalence",
    "inconclusive": "inconclusive: neither a difference from chance nor equivalence to it was shown",
    "no test": "no test: too few participants or titles, or no two answers that differ",
}


@dataclass(frozen=True)
class OneSided:
    """One of the two tests: t = (value - bound) / SE."""

    bound: float
    t: float
    p: float


@dataclass(frozen=True)
class Equivalence:
    """The test within ±`delta`; `p` is the larger of the two."""

    delta: float
    above: OneSided
    below: OneSided
    p: float
    p_holm: float
    verdict: Verdict


@dataclass(frozen=True)
class ArmVerdict:
    """One arm: its 90 % interval, its two-sided test against ½, and the tests of equivalence by bound."""

    arm: str
    accuracy: Estimate
    df: float | None
    low_90: float | None = None
    high_90: float | None = None
    t: float | None = None
    p: float | None = None
    p_holm: float | None = None
    tests: tuple[Equivalence, ...] = ()

    def at(self, delta: float) -> Equivalence | None:
        return next((test for test in self.tests if test.delta == delta), None)

    @property
    def verdict(self) -> Verdict:
        """At the declared bound."""
        test = self.at(DECLARED)
        return "no test" if test is None else test.verdict


def judge_arms(accuracies: Mapping[str, tuple[Estimate, float | None]]) -> list[ArmVerdict]:
    """Every arm's verdict from its accuracy, standard error and degrees of freedom."""
    testable = {
        arm: (estimate, df)
        for arm, (estimate, df) in accuracies.items()
        if estimate.value is not None and estimate.se and df
    }
    differences = {arm: _test_difference(estimate, df or 1.0) for arm, (estimate, df) in testable.items()}
    adjusted = dict(zip(differences, adjust_holm([p for _, p in differences.values()]), strict=True))
    pairs = {
        delta: {arm: bound_both(e, df or 1.0, delta=delta) for arm, (e, df) in testable.items()} for delta in BOUNDS
    }
    holm = {
        delta: dict(zip(tests, adjust_holm([max(a.p, b.p) for a, b in tests.values()]), strict=True))
        for delta, tests in pairs.items()
    }
    found = []
    for arm, (estimate, df) in accuracies.items():
        if arm not in testable:
            found.append(ArmVerdict(arm, estimate, df))
            continue
        half = float(stats.t.ppf(0.95, df)) * (estimate.se or 0.0)
        value = estimate.value or 0.0
        t, p = differences[arm]
        tests = tuple(
            Equivalence(
                delta=delta,
                above=pairs[delta][arm][0],
                below=pairs[delta][arm][1],
                p=max(part.p for part in pairs[delta][arm]),
                p_holm=holm[delta][arm],
                verdict=_decide(is_different=adjusted[arm] < ALPHA, is_equivalent=holm[delta][arm] < ALPHA),
            )
            for delta in BOUNDS
        )
        found.append(ArmVerdict(arm, estimate, df, value - half, value + half, t, p, adjusted[arm], tests))
    return found


def bound_both(estimate: Estimate, df: float, *, delta: float, centre: float = CHANCE) -> tuple[OneSided, OneSided]:
    """The two one-sided tests: that the value lies above centre - delta, and below centre + delta."""
    value, se = estimate.value or 0.0, estimate.se or 0.0
    low, high = centre - delta, centre + delta
    above, below = (value - low) / se, (value - high) / se
    return OneSided(low, above, float(stats.t.sf(above, df))), OneSided(high, below, float(stats.t.cdf(below, df)))


def smallest_equivalent(verdict: ArmVerdict) -> float | None:
    """The smallest δ at which the arm's own test, unadjusted, shows equivalence: the further end of the 90 % CI."""
    if verdict.low_90 is None or verdict.high_90 is None:
        return None
    return max(CHANCE - verdict.low_90, verdict.high_90 - CHANCE)


def list_arms(verdicts: Sequence[ArmVerdict], verdict: Verdict) -> list[str]:
    return [arm.arm for arm in verdicts if arm.verdict == verdict]


def _test_difference(estimate: Estimate, df: float) -> tuple[float, float]:
    t = ((estimate.value or 0.0) - CHANCE) / (estimate.se or 1.0)
    return t, 2 * float(stats.t.sf(abs(t), df))


def _decide(*, is_different: bool, is_equivalent: bool) -> Verdict:
    if is_different:
        return "both" if is_equivalent else "different"
    return "equivalent" if is_equivalent else "inconclusive"

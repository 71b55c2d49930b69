"""The tests of a planned study, on all runs of a batch at once, in two ways that stand side by side.

`participants`: the published tests. They take the articles as fixed, so they answer for new participants who read the
same articles, and are wrong for new ones. Student's t for the contrasts, t of the mean for one arm, and for the trend
the t of b in a·x^(-b), fitted by least squares to the arms' means: what the report fits now.

`two_way`: participants and titles both as drawn at random (Cameron, Gelbach and Miller 2011): V = V_participants +
V_titles - V_trials, never below either of the first two, with t(min(participants, titles) - 1). The trend is a
random-effects meta-regression of the arms' accuracies on log size: the variance between models by REML, the slope's
by Knapp and Hartung (2003), t(models - 2).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.meta_regression import regress
from analysis.power_draws import ArmDraws, Floats
from analysis.power_law import MIN_MODELS, fit_power_laws

Method = Literal["participants", "two_way"]
METHODS: tuple[Method, ...] = ("participants", "two_way")
CHANCE = 0.5


@dataclass(frozen=True)
class Estimate:
    """An estimate in every run, its standard error and the degrees of freedom of its t."""

    value: Floats
    se: Floats
    df: Floats

    def two_sided(self, against: float = 0.0) -> Floats:
        """p of the value against a number, two-sided."""
        return np.asarray(2 * special.stdtr(self.df, -np.abs(self._t(against))))

    def below(self, against: float) -> Floats:
        """p of "not below"."""
        return np.asarray(special.stdtr(self.df, self._t(against)))

    def above(self, against: float) -> Floats:
        """p of "not above"."""
        return np.asarray(special.stdtr(self.df, -self._t(against)))

    def covers(self, truth: Floats, *, alpha: float) -> NDArray[np.bool_]:
        """Whether the interval of level 1 - alpha holds the truth."""
        return np.asarray(np.abs(self.value - truth) <= special.stdtrit(self.df, 1 - alpha / 2) * self.se)

    def _t(self, against: float) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):  # nobody differs from anybody: t is infinite, or 0 at 0
            return np.nan_to_num((self.value - against) / self.se, nan=0.0, posinf=np.inf, neginf=-np.inf)


def estimate_arm(arm: ArmDraws, *, method: Method) -> Estimate:
    """An arm's accuracy."""
    people = arm.variance / arm.n
    if method == "participants":
        return Estimate(arm.mean, np.sqrt(people), arm.n - 1)
    return _cross(arm.mean, people=people, titles=arm.titles, cells=arm.cells, n=arm.n)


def estimate_contrast(control: ArmDraws, arm: ArmDraws, *, method: Method) -> Estimate:
    """Control minus arm. A title's human text is the same in both arms, so the titles' parts are taken together."""
    difference = control.mean - arm.mean
    if method == "participants":
        df = control.n + arm.n - 2
        pooled = ((control.n - 1) * control.variance + (arm.n - 1) * arm.variance) / np.maximum(df, 1)
        return Estimate(difference, np.sqrt(pooled * (1 / control.n + 1 / arm.n)), df)
    return _cross(
        difference,
        people=control.variance / control.n + arm.variance / arm.n,
        titles=control.titles - arm.titles,
        cells=control.cells + arm.cells,
        n=np.minimum(control.n, arm.n),
    )


def estimate_trend(arms: Sequence[ArmDraws], sizes: Sequence[float], *, method: Method) -> Estimate | None:
    """How accuracy falls with size (positive: it falls); None with too few models of different size."""
    if len(set(sizes)) < MIN_MODELS:
        return None
    means = np.stack([arm.mean for arm in arms], axis=1)
    if method == "participants":
        laws = fit_power_laws(np.asarray(sizes, dtype=float), means)
        return Estimate(laws.b, laws.b_se, np.full(len(means), len(sizes) - 2.0))
    variances = np.stack([estimate_arm(arm, method="two_way").se ** 2 for arm in arms], axis=1)
    return regress_on_log_size(np.asarray(sizes, dtype=float), means, variances)


def judge_equivalence(estimate: Estimate, *, bound: float) -> Floats:
    """p of two one-sided tests (Schuirmann 1987) that the value lies within `bound` of chance."""
    return np.maximum(estimate.above(CHANCE - bound), estimate.below(CHANCE + bound))


def adjust_holm_runs(p: Floats) -> Floats:
    """Holm's adjustment of each row of p, shape (runs, tests): `comparison.adjust_holm` for many families at once."""
    order = np.argsort(p, axis=1)
    factor = p.shape[1] - np.arange(p.shape[1])
    stepped = np.minimum(np.maximum.accumulate(np.take_along_axis(p, order, 1) * factor, axis=1), 1.0)
    adjusted = np.empty_like(p)
    np.put_along_axis(adjusted, order, stepped, axis=1)
    return adjusted


def regress_on_log_size(sizes: Floats, means: Floats, variances: Floats) -> Estimate:
    """The fall of accuracy for each factor of ten in size, with a variance between models; shapes (runs, models)."""
    x = np.stack([np.ones(len(sizes)), np.log10(sizes)], axis=1)
    fits = regress(x, means, variances)
    return Estimate(-fits.coefficients[:, 1], np.sqrt(fits.covariance[:, 1, 1]), np.full(len(means), float(fits.df)))


def list_sized(arms: Mapping[str, ArmDraws], sizes: Mapping[str, float | None]) -> tuple[list[ArmDraws], list[float]]:
    """The arms of the trend, and their sizes in the same order."""
    sized = [(arms[name], size) for name, size in sizes.items() if size]
    return [arm for arm, _ in sized], [size for _, size in sized]


def _cross(value: Floats, *, people: Floats, titles: Floats, cells: Floats, n: Floats) -> Estimate:
    count = titles.shape[1]
    between = (titles**2).sum(1) * count / (count - 1)
    variance = np.maximum(people + between - cells, np.maximum(people, between))
    return Estimate(value, np.sqrt(variance), np.minimum(n, count) - 1)

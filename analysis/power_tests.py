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

from analysis.power_draws import ArmDraws, Floats
from analysis.power_law import MIN_MODELS

Method = Literal["participants", "two_way"]
METHODS: tuple[Method, ...] = ("participants", "two_way")
CHANCE = 0.5
REML_STEPS, NEWTON_STEPS = 60, 25


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
        return fit_power_laws(np.asarray(sizes, dtype=float), means)
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


def fit_power_laws(sizes: Floats, means: Floats) -> Estimate:
    """b of a·x^(-b) in every run: Gauss-Newton from the log-log line, SE and df as `power_law.fit_power_law` has them.

    `means`: shape (runs, models).
    """
    log_x = np.log(sizes / sizes.min())
    y = np.maximum(means, 1e-3)
    centred = log_x - log_x.mean()
    b = -(np.log(y) @ centred) / (centred @ centred)
    a = np.exp(np.log(y).mean(1) + b * log_x.mean())
    for _ in range(NEWTON_STEPS):
        curve = np.exp(-b[:, None] * log_x)
        slopes = np.stack([curve, -a[:, None] * curve * log_x], axis=2)
        step = np.linalg.solve(
            slopes.transpose(0, 2, 1) @ slopes, slopes.transpose(0, 2, 1) @ (means - a[:, None] * curve)[:, :, None]
        )[:, :, 0]
        a, b = a + step[:, 0], b + step[:, 1]
        if np.abs(step).max() < 1e-10:
            break
    curve = np.exp(-b[:, None] * log_x)
    slopes = np.stack([curve, -a[:, None] * curve * log_x], axis=2)
    df = len(sizes) - 2
    residual = ((means - a[:, None] * curve) ** 2).sum(1) / df
    covariance = np.linalg.inv(slopes.transpose(0, 2, 1) @ slopes)[:, 1, 1] * residual
    return Estimate(b, np.sqrt(covariance), np.full(len(b), float(df)))


def regress_on_log_size(sizes: Floats, means: Floats, variances: Floats) -> Estimate:
    """The fall of accuracy for each factor of ten in size, with a variance between models; shapes (runs, models).

    REML by Fisher scoring: τ² ← max(0, τ² + [yᵀPPy - tr P] / tr PP), P = W - WX(XᵀWX)⁻¹XᵀW, W = 1 / (v + τ²).
    """
    x = np.stack([np.ones(len(sizes)), np.log10(sizes)], axis=1)
    tau2 = np.zeros(len(means))
    for _ in range(REML_STEPS):
        projection = _project(x, 1 / (variances + tau2[:, None]))[0]
        rest = (projection @ means[:, :, None])[:, :, 0]
        trace = np.einsum("rkk->r", projection)
        step = ((rest**2).sum(1) - trace) / np.maximum((projection**2).sum((1, 2)), 1e-300)
        moved = np.maximum(0.0, tau2 + step)
        has_settled = np.abs(moved - tau2).max() < 1e-10
        tau2 = moved
        if has_settled:
            break
    weight = 1 / (variances + tau2[:, None])
    projection, inverse = _project(x, weight)
    beta = (inverse @ (x.T @ (weight * means)[:, :, None]))[:, :, 0]
    df = len(sizes) - 2
    scale = (weight * (means - beta @ x.T) ** 2).sum(1) / df
    return Estimate(-beta[:, 1], np.sqrt(scale * inverse[:, 1, 1]), np.full(len(means), float(df)))


def list_sized(arms: Mapping[str, ArmDraws], sizes: Mapping[str, float | None]) -> tuple[list[ArmDraws], list[float]]:
    """The arms of the trend, and their sizes in the same order."""
    sized = [(arms[name], size) for name, size in sizes.items() if size]
    return [arm for arm, _ in sized], [size for _, size in sized]


def _cross(value: Floats, *, people: Floats, titles: Floats, cells: Floats, n: Floats) -> Estimate:
    count = titles.shape[1]
    between = (titles**2).sum(1) * count / (count - 1)
    variance = np.maximum(people + between - cells, np.maximum(people, between))
    return Estimate(value, np.sqrt(variance), np.minimum(n, count) - 1)


def _project(x: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """P, shape (runs, models, models), and (XᵀWX)⁻¹, shape (runs, 2, 2)."""
    weighted = weight[:, :, None] * x  # (runs, models, 2)
    inverse = np.linalg.inv(x.T @ weighted)
    projection = -weighted @ inverse @ weighted.transpose(0, 2, 1)
    index = np.arange(x.shape[0])
    projection[:, index, index] += weight
    return projection, np.asarray(inverse, dtype=float)

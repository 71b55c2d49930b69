"""Accuracy and d′ over the models' sizes: the trend with a scatter between models, and what it leans on.

Each arm's d′ is the primary model's, with the covariance that shared texts give the arms, its accuracy the two-way one.
Either is regressed on log₁₀ size by `meta_regression` (REML τ², Knapp and Hartung's t with k - 2 degrees of freedom),
so that its interval holds for new models of such a family too. The control is never in it. Leave-one-out: the same
without each model in turn. The curves and their bands are `size_fits`'; the test of order alone is `rank_trend`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.detection_model import covary_d_primes, predict_accuracy
from analysis.estimate import Estimate, estimate_normal
from analysis.meta_regression import MetaFits, chance_of_t, regress
from analysis.power_law import MIN_MODELS, NoFit
from analysis.rank_trend import RankTrend, rank_over_size
from analysis.size_fits import (
    ASYMPTOTE,
    LINE,
    WEIGHTED,
    Band,
    SizedArm,
    SizeFit,
    draw_errors,
    draw_law_band,
    fit_four,
    fit_law,
    to_log_billions,
)

if TYPE_CHECKING:
    from analysis.study import Study

Floats = NDArray[np.float64]
METHOD = "new participants, new texts and new models"
GRID = 120
NOTHING = Estimate(None)


@dataclass(frozen=True)
class SizeTrend:
    """Change for each factor of ten in size, and the level at 10^9 parameters; or the `reason` for neither."""

    outcome: str
    slope: Estimate = NOTHING
    level: Estimate = NOTHING
    t: float | None = None
    df: int | None = None
    p: float | None = None
    tau: float | None = None
    models: int = 0
    reason: str = ""


@dataclass(frozen=True)
class LeftOut:
    """The trends and the published curve without one model."""

    arm: str
    label: str
    d_prime: SizeTrend
    accuracy: SizeTrend
    exponent: float | None


@dataclass(frozen=True)
class SizeCurve:
    """All that is said of size. `d_band`: the d′ line with its band, of d′."""

    arms: tuple[SizedArm, ...]
    fits: tuple[SizeFit, ...]
    d_prime: SizeTrend
    accuracy: SizeTrend
    ranks: RankTrend
    left_out: tuple[LeftOut, ...]
    bands: tuple[Band, ...]
    d_band: Band | None


def analyse_size(study: "Study", *, rng: np.random.Generator) -> SizeCurve:
    """Everything about a study's arms over size."""
    arms = list_sized_arms(study)
    covariance = _covary(study, arms)
    d_prime = regress_trend(arms, covariance, outcome="d_prime")
    bands: list[Band] = []
    d_band = None
    if len({arm.n_params for arm in arms}) >= MIN_MODELS:
        sizes = _make_grid(arms)
        for name in (WEIGHTED, ASYMPTOTE):
            law = fit_law(arms, name)
            if not isinstance(law, NoFit):
                bands.append(draw_law_band(arms, law, name=name, sizes=sizes, rng=rng))
        if covariance is not None and not d_prime.reason:
            d_band = _draw_line_band(arms, covariance, sizes=sizes, rng=rng)
            bands.append(_as_accuracy(study, arms, d_band))
    return SizeCurve(
        arms=tuple(arms),
        fits=tuple(fit_four(arms)),
        d_prime=d_prime,
        accuracy=regress_trend(arms, None, outcome="accuracy"),
        ranks=rank_over_size([arm.n_params for arm in arms], [arm.accuracy.value or 0.0 for arm in arms], rng=rng),
        left_out=tuple(_leave_out(arms, covariance)),
        bands=tuple(bands),
        d_band=d_band,
    )


def list_sized_arms(study: "Study") -> list[SizedArm]:
    """The models with a size and an accuracy, smallest first; the control is none."""
    accuracies = {arm.arm: arm.two_way for arm in study.accuracies}
    detected = {arm.arm: arm.d_prime for arm in study.detection.arms}
    rows = study.bundle.arms.filter(~pl.col("is_control") & pl.col("n_params").is_not_null()).iter_rows(named=True)
    arms = [
        SizedArm(
            arm=row["arm"],
            label=study.labels[row["arm"]],
            n_params=float(row["n_params"]),
            accuracy=accuracies[row["arm"]],
            d_prime=detected.get(row["arm"], Estimate(None)),
        )
        for row in rows
        if row["n_params"] > 0 and accuracies[row["arm"]].value is not None
    ]
    return sorted(arms, key=lambda arm: arm.n_params)


def regress_trend(arms: Sequence[SizedArm], covariance: Floats | None, *, outcome: str) -> SizeTrend:
    """The meta-regression of "d_prime", with the covariance of its errors, or of "accuracy"."""
    if len({arm.n_params for arm in arms}) < MIN_MODELS:
        return SizeTrend(outcome, models=len(arms), reason=f"it takes at least {MIN_MODELS} models of different size")
    values: list[Estimate] = [getattr(arm, outcome) for arm in arms]
    if any(value.value is None or not value.se for value in values) or (outcome == "d_prime" and covariance is None):
        return SizeTrend(outcome, models=len(arms), reason="some arm has no standard error")
    fits = _fit_line(arms, values, covariance)
    slope, level = (
        estimate_normal(float(fits.coefficients[0, n]), _error(fits, n), method=METHOD, df=fits.df) for n in (1, 0)
    )
    t, p = chance_of_t(slope.value or 0.0, slope.se or 0.0, fits.df)
    if t is None:
        return SizeTrend(outcome, models=len(arms), reason="the arms lie on a line without any scatter")
    return SizeTrend(outcome, slope, level, t, fits.df, p, float(np.sqrt(fits.tau2[0])), len(arms))


def _fit_line(arms: Sequence[SizedArm], values: Sequence[Estimate], covariance: Floats | None) -> MetaFits:
    x = _design([arm.n_params for arm in arms])
    y = np.array([[value.value or 0.0 for value in values]])
    known = np.array([[(value.se or 0.0) ** 2 for value in values]]) if covariance is None else covariance[None]
    return regress(x, y, known)


def _error(fits: MetaFits, place: int) -> float:
    return float(np.sqrt(fits.covariance[0, place, place]))


def _design(n_params: Sequence[float] | Floats) -> Floats:
    logs = to_log_billions(n_params)
    return np.stack([np.ones(len(logs)), logs], axis=1)


def _covary(study: "Study", arms: Sequence[SizedArm]) -> Floats | None:
    """The covariance of the arms' d′; None where there is no such thing."""
    if study.detection.fit is None or any(not arm.d_prime.se for arm in arms):
        return None
    found = covary_d_primes(study.detection, [arm.arm for arm in arms], is_paired=study.bundle.is_paired)
    return found if np.all(np.isfinite(found)) else None


def _leave_out(arms: Sequence[SizedArm], covariance: Floats | None) -> list[LeftOut]:
    """Without each model in turn, where enough are left."""
    if len({arm.n_params for arm in arms}) <= MIN_MODELS:
        return []
    found = []
    for place, arm in enumerate(arms):
        kept = [number for number in range(len(arms)) if number != place]
        others = [arms[number] for number in kept]
        law = fit_law(others, "power_law")
        found.append(
            LeftOut(
                arm=arm.arm,
                label=arm.label,
                d_prime=regress_trend(
                    others, None if covariance is None else covariance[np.ix_(kept, kept)], outcome="d_prime"
                ),
                accuracy=regress_trend(others, None, outcome="accuracy"),
                exponent=None if isinstance(law, NoFit) else law.b,
            )
        )
    return found


def _make_grid(arms: Sequence[SizedArm]) -> Floats:
    sizes = [arm.n_params for arm in arms]
    return np.asarray(np.geomspace(min(sizes) / 1.5, max(sizes) * 1.5, GRID))


def _draw_line_band(arms: Sequence[SizedArm], covariance: Floats, *, sizes: Floats, rng: np.random.Generator) -> Band:
    """The line of d′ and its band, by the bootstrap of `size_fits` with the meta-regression's own τ² and weights."""
    fits = _fit_line(arms, [arm.d_prime for arm in arms], covariance)
    x = _design([arm.n_params for arm in arms])
    total = np.linalg.inv(fits.weight[0]) * max(1.0, float(fits.scale[0]))
    solve = fits.inverse[0] @ x.T @ fits.weight[0]
    moved = fits.coefficients[0] + draw_errors((total + total.T) / 2, rng=rng) @ solve.T
    at = _design(sizes)
    low, high = np.quantile(moved @ at.T, (0.025, 0.975), axis=0)
    return Band(LINE, sizes, at @ fits.coefficients[0], low, high)


def _as_accuracy(study: "Study", arms: Sequence[SizedArm], band: Band) -> Band:
    """The d′ line as accuracies, at the mean criterion of the line's arms."""
    criteria = {arm.arm: arm.criterion.value for arm in study.detection.arms}
    known = [value for arm in arms if (value := criteria.get(arm.arm)) is not None]
    criterion = None if study.bundle.is_paired else float(np.mean(known))
    curve, low, high = (
        predict_accuracy(study.detection, part, criterion=criterion) for part in (band.curve, band.low, band.high)
    )
    return Band(LINE, band.sizes, curve, low, high)

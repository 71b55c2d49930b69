"""Four curves of accuracy over size, how well each fits, and bands that hold participants, texts and models.

    power law           a·x^(-b), every arm alike                       as published
    weighted            a·x^(-b), each arm by 1 / SE²
    chance asymptote    ½ + a·x^(-b), each arm by 1 / SE²
    d′ line             d′ = α + β log₁₀ x, each arm by 1 / SE² of its d′

x is in 10^9 parameters. SE are those over participants and texts, and the parameters' errors are widened by √(χ²/df)
where that is above 1. Lack of fit: χ² = Σ((y - f) / SE)² on k - 2 df, a test only where the weights are those of χ².
AICc = -2 log L + 2K + 2K(K + 1)/(k - K - 1) of normal errors, with K = 3 for the power law as published (its residual
variance is estimated) and 2 for the others; that of the d′ line takes χ² of the d′ and the accuracies' Σ log 2πSE²,
which is its likelihood of the accuracies to first order (the ratio of the two SE is the slope of one in the other).

Band: a parametric bootstrap of the arms. Each draw moves every arm by its participants' and texts' error and by the
scatter between models (τ² by χ²(τ²) = k - 2, Paule and Mandel 1982), all by √(df/χ²(df)), since that scatter is
known from k - 2 degrees of freedom only; the curve is fitted anew, and the band is the draws' 2.5 to 97.5 %.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from analysis.estimate import Estimate
from analysis.power_law import BILLION, MIN_MODELS, NoFit, PowerLaw, fit_power_law, fit_power_laws
from analysis.power_law_profile import profile_exponent

Floats = NDArray[np.float64]
DRAWS = 2_000
CHANCE = 0.5
POWER, WEIGHTED, ASYMPTOTE, LINE = "power_law", "power_law_weighted", "chance_asymptote", "d_prime_line"
NAMES: Mapping[str, str] = {
    POWER: "Power law, arms alike (published)",
    WEIGHTED: "Power law, weighted",
    ASYMPTOTE: "½ + a·x⁻ᵇ, weighted",
    LINE: "d′ linear in log₁₀ size, weighted",
}


@dataclass(frozen=True)
class SizedArm:
    """A model's arm on the curve. `d_prime` is without a value where the primary model gives none."""

    arm: str
    label: str
    n_params: float
    accuracy: Estimate
    d_prime: Estimate


@dataclass(frozen=True)
class SizeFit:
    """One curve, or the `reason` why there is none. `parameters`: a and b, or the line's level at 10^9 and its slope.

    `profile`: b with its profile-likelihood interval. `crossing`: the size at which the curve passes 50 %, where that
    lies among the sizes that were studied.
    """

    name: str
    parameters: Mapping[str, Estimate]
    chi2: float | None = None
    df: int | None = None
    p: float | None = None
    aicc: float | None = None
    tau2: float | None = None
    profile: Estimate | None = None
    crossing: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Band:
    """A curve at `sizes` (parameters) with its 95 % band, as accuracies."""

    name: str
    sizes: Floats
    curve: Floats
    low: Floats
    high: Floats


def fit_four(arms: Sequence[SizedArm]) -> list[SizeFit]:
    """The four curves; the arms must be models alone, the control left out."""
    return [
        _fit_law(arms, POWER),
        _fit_law(arms, WEIGHTED),
        _fit_law(arms, ASYMPTOTE),
        _fit_line(arms),
    ]


def fit_law(arms: Sequence[SizedArm], name: str) -> PowerLaw | NoFit:
    """One of the three curves of accuracy."""
    sizes, y = [arm.n_params for arm in arms], [arm.accuracy.value or 0.0 for arm in arms]
    errors = None if name == POWER else [arm.accuracy.se or 0.0 for arm in arms]
    return fit_power_law(sizes, y, errors=errors, floor=CHANCE if name == ASYMPTOTE else 0.0)


def draw_law_band(
    arms: Sequence[SizedArm], law: PowerLaw, *, name: str, sizes: Floats, rng: np.random.Generator
) -> Band:
    """The band of a weighted curve of accuracy."""
    at = np.array([arm.n_params for arm in arms])
    y, se = (np.array([getattr(arm.accuracy, part) for arm in arms]) for part in ("value", "se"))
    tau2 = find_scatter(y - law.predict(at), se)
    moved = draw_errors(np.diag(se**2 + tau2), rng=rng)
    laws = fit_power_laws(at, law.predict(at) + moved, errors=se, floor=law.floor)
    low, high = np.quantile(np.clip(laws.predict(sizes), 0, 1), (0.025, 0.975), axis=0)
    return Band(name, sizes, np.clip(law.predict(sizes), 0, 1), low, high)


def draw_errors(covariance: Floats, *, rng: np.random.Generator) -> Floats:
    """Errors of k arms, shape (DRAWS, k): Student's with k - 2 degrees of freedom."""
    k = len(covariance)
    normal = rng.standard_normal((DRAWS, k)) @ np.linalg.cholesky(covariance).T
    return np.asarray(normal * np.sqrt((k - 2) / rng.chisquare(k - 2, (DRAWS, 1))))


def find_scatter(rest: Floats, se: Floats) -> float:
    """τ² such that Σ rest² / (SE² + τ²) is k - 2, or 0 where it is below that without any."""
    df = len(rest) - 2

    def excess(tau2: float) -> float:
        return float((rest**2 / (se**2 + tau2)).sum()) - df

    if excess(0.0) <= 0:
        return 0.0
    return float(optimize.brentq(excess, 0.0, float((rest**2).sum()) / df, xtol=1e-14))


def _fit_law(arms: Sequence[SizedArm], name: str) -> SizeFit:
    law = fit_law(arms, name)
    if isinstance(law, NoFit):
        return SizeFit(name, {}, reason=law.reason)
    y, se = (np.array([getattr(arm.accuracy, part) or 0.0 for arm in arms]) for part in ("value", "se"))
    rest = y - law.predict(np.array([arm.n_params for arm in arms]))
    has_errors = bool(np.all(se > 0))
    chi2 = float(((rest / se) ** 2).sum()) if has_errors else None
    is_weighted = name != POWER
    widened = 1 / min(law.residual_sd, 1.0) if is_weighted and law.residual_sd > 0 else 1.0
    df = len(arms) - 2
    return SizeFit(
        name=name,
        parameters={
            "a": _bound(law.a_billion, law.a_billion_se * widened, df),
            "b": _bound(law.b, law.b_se * widened, df),
        },
        chi2=chi2,
        df=df,
        p=float(stats.chi2.sf(chi2, df)) if is_weighted and chi2 is not None else None,
        aicc=_inform(rest, se if is_weighted else None),
        tau2=find_scatter(rest, se) if is_weighted else None,
        profile=profile_exponent(
            [arm.n_params for arm in arms], y.tolist(), law=law, errors=se.tolist() if is_weighted else None
        ),
        crossing=_cross_law(arms, law),
    )


def _fit_line(arms: Sequence[SizedArm]) -> SizeFit:
    if len({arm.n_params for arm in arms}) < MIN_MODELS:
        return SizeFit(LINE, {}, reason=f"a line needs at least {MIN_MODELS} models of different size")
    if any(arm.d_prime.value is None or not arm.d_prime.se for arm in arms):
        return SizeFit(LINE, {}, reason="the primary model gives some arm no d′ with a standard error")
    d, se = (np.array([getattr(arm.d_prime, part) for arm in arms]) for part in ("value", "se"))
    x = np.stack([np.ones(len(arms)), to_log_billions([arm.n_params for arm in arms])], axis=1)
    inverse = np.linalg.inv((x / se[:, None] ** 2).T @ x)
    beta = inverse @ (x / se[:, None] ** 2).T @ d
    rest, df = d - x @ beta, len(arms) - 2
    chi2 = float(((rest / se) ** 2).sum())
    errors = np.sqrt(np.diag(inverse) * max(1.0, chi2 / df))
    accuracy_se = np.array([arm.accuracy.se or 0.0 for arm in arms])
    return SizeFit(
        name=LINE,
        parameters={
            "level": _bound(float(beta[0]), float(errors[0]), df),
            "slope": _bound(float(beta[1]), float(errors[1]), df),
        },
        chi2=chi2,
        df=df,
        p=float(stats.chi2.sf(chi2, df)),
        aicc=_inform(rest / se * accuracy_se, accuracy_se),
        tau2=find_scatter(rest, se),
        crossing=_cross(arms, float(-beta[0] / beta[1])) if beta[1] else None,
    )


def to_log_billions(n_params: Sequence[float] | Floats) -> Floats:
    return np.log10(np.asarray(n_params, dtype=float) / BILLION)


def _bound(value: float, se: float, df: int) -> Estimate:
    half = float(stats.t.ppf(0.975, df)) * se
    return Estimate(value, se, value - half, value + half, f"t({df})")


def _cross_law(arms: Sequence[SizedArm], law: PowerLaw) -> float | None:
    if law.floor or not law.b or law.a_billion <= 0:
        return None
    return _cross(arms, float(np.log10(law.a_billion / CHANCE)) / law.b)


def _cross(arms: Sequence[SizedArm], log_billions: float) -> float | None:
    """The size in parameters, unless it lies beyond the models that were studied."""
    logs = to_log_billions([arm.n_params for arm in arms])
    return float(10**log_billions * BILLION) if logs.min() <= log_billions <= logs.max() else None


def _inform(rest: Floats, se: Floats | None) -> float | None:
    """AICc of the residuals; with known errors, or without (None), where one variance is estimated."""
    n, parameters = len(rest), 3 if se is None else 2
    if n - parameters - 1 <= 0:
        return None
    variance = np.full(n, float((rest**2).mean())) if se is None else se**2
    if not np.all(variance > 1e-300):
        return None
    twice = float((np.log(2 * np.pi * variance) + rest**2 / variance).sum())
    return twice + 2 * parameters + 2 * parameters * (parameters + 1) / (n - parameters - 1)

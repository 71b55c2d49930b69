"""The primary model: signal detection as a crossed mixed model (Zloteanu & Vuorre 2024; DeCarlo 1998).

    said_machine ~ x * arm + (1 + x | participant) + (1 | title) + (1 | item)      probit, x = ±½

"I don't know" is left out. An arm's coefficient of x is its d′, and minus its intercept its criterion c, both given the
participant and the text (conditional). Over the population of participants and texts the same arm has the marginal
accuracy ½[Φ(η₊/√(1 + v₊)) + Φ(-η₋/√(1 + v₋))], v the variance of the random parts at x = ±½. In a study of pairs every
judgment is about the model's text, so x is left out: an arm's intercept is the probit of its accuracy, d′/√2.

The coefficients, their SE and z are lme4's. Intervals of d′, c and accuracy are wider, since those of maximum
likelihood are too narrow with two dozen titles: their SE, and v, are of the restricted variances (`mixed_restricted`),
and they are t intervals with min(participants, titles) - 1 degrees of freedom, both counted in the arm (containment: a
coefficient is known no better than the clusters it varies between; the two-way interval's rule). The accuracy's SE is
by the delta method in the coefficients alone: they and the variances move together, so that it hardly hangs on those.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import stats

from analysis.estimate import Estimate, clip_share, estimate_normal
from analysis.mixed import fit
from analysis.mixed_result import MixedFit, NoFitError, Restricted
from analysis.mixed_structure import TooManyLevelsError

if TYPE_CHECKING:
    from analysis.study import Study

FORMULA = "said_machine ~ x * arm + (1 + x | participant) + (1 | title) + (1 | item)"
PAIRED = "said_machine ~ arm + (1 | participant) + (1 | title) + (1 | item)"
METHOD = "mixed model: new participants, new titles and new texts of these models"


@dataclass(frozen=True)
class ArmDetection:
    """One arm: d′ and criterion given participant and text, and its accuracy over the population of both; `df`: of the
    intervals' t."""

    arm: str
    label: str
    df: int
    d_prime: Estimate
    criterion: Estimate
    accuracy: Estimate


@dataclass(frozen=True)
class DetectionModel:
    """The fitted model, or the `reason` why there is none.

    `shares`: of the variance of a single judgment's probit. `present`: the arms that have judgments, the reference
    first.
    """

    fit: MixedFit | None
    arms: tuple[ArmDetection, ...]
    shares: Mapping[str, float]
    present: tuple[str, ...] = ()
    reason: str = ""


def fit_detection(study: "Study") -> DetectionModel:
    """Fit the primary model to a study's decided judgments; arms without any are left out."""
    if study.no_mixed:
        return DetectionModel(None, (), {}, reason=study.no_mixed)
    data = study.decided
    present = [arm for arm in study.arms if arm in set(data["arm"].unique().to_list())]
    is_paired = study.bundle.is_paired
    formula = _choose_formula(is_paired=is_paired, arms=len(present))
    try:
        fitted = fit(formula, data, levels={"arm": present})
    except (NoFitError, TooManyLevelsError) as error:
        return DetectionModel(None, (), {}, reason=str(error))
    find = _detect_pair if is_paired else _detect_single
    counted = data.group_by("arm").agg(pl.col("participant", "title").n_unique())
    clusters = {row["arm"]: min(row["participant"], row["title"]) for row in counted.iter_rows(named=True)}
    arms = tuple(
        find(fitted, arm=arm, label=study.labels[arm], first=present[0], df=clusters[arm] - 1) for arm in present
    )
    return DetectionModel(fitted, arms, _share_variance(fitted), tuple(present))


def covary_d_primes(model: DetectionModel, arms: Sequence[str], *, is_paired: bool) -> np.ndarray:
    """The covariance of arms' d′, shape (arms, arms): they share the human texts and the titles."""
    if model.fit is None:
        raise ValueError("there is no model")
    first = model.arms[0].arm
    lines = []
    for arm in arms:
        if is_paired:
            weights = {name: np.sqrt(2) * w for name, w in _weights(model.fit, arm=arm, first=first, x=None).items()}
        else:
            weights = _part(model.fit, arm=arm, first=first)
        lines.append([weights.get(name, 0.0) for name in model.fit.names])
    combined = np.array(lines).reshape(len(arms), len(model.fit.names))
    return np.asarray(combined @ _spread(model.fit).covariance @ combined.T)


def predict_accuracy(model: DetectionModel, d_prime: np.ndarray, *, criterion: float | None) -> np.ndarray:
    """The marginal accuracy that goes with a d′, and a criterion (None: of a pair), in participants and texts such as
    the model's."""
    if model.fit is None:
        raise ValueError("there is no model")
    spread = _spread(model.fit)
    if criterion is None:
        return np.asarray(stats.norm.cdf(d_prime / np.sqrt(2 * (1 + spread.total_variance(_loadings(0.0))))))
    hits, rejections = (
        stats.norm.cdf((d_prime / 2 - sign * criterion) / np.sqrt(1 + spread.total_variance(_loadings(sign / 2))))
        for sign in (1, -1)
    )
    return np.asarray((hits + rejections) / 2)


def _choose_formula(*, is_paired: bool, arms: int) -> str:
    formula = PAIRED if is_paired else FORMULA
    if arms > 1:
        return formula
    return formula.replace("x * arm", "x").replace("~ arm", "~ 1")


def arm_line(fitted: MixedFit, *, arm: str, first: str, x: float | None) -> float:
    """The arm's linear predictor at x (None: of a pair) without random parts."""
    weights = _weights(fitted, arm=arm, first=first, x=x)
    return sum(weight * fitted.coefficient(name) for name, weight in weights.items())


def _weights(fitted: MixedFit, *, arm: str, first: str, x: float | None) -> dict[str, float]:
    """The combination of coefficients that is the arm's linear predictor at x (None: of a pair)."""
    weights = {"(Intercept)": 1.0}
    if arm != first:
        weights[f"arm{arm}"] = 1.0
    if x is not None:
        weights["x"] = x
        if arm != first:
            weights[f"x:arm{arm}"] = x
    return {name: weight for name, weight in weights.items() if name in fitted.names}


def _part(fitted: MixedFit, *, arm: str, first: str) -> dict[str, float]:
    """The combination of coefficients that is the arm's d′."""
    human, model = (_weights(fitted, arm=arm, first=first, x=x) for x in (-0.5, 0.5))
    return {name: model.get(name, 0.0) - human.get(name, 0.0) for name in fitted.names}


def _detect_single(fitted: MixedFit, *, arm: str, label: str, first: str, df: int) -> ArmDetection:
    human, model = (_weights(fitted, arm=arm, first=first, x=x) for x in (-0.5, 0.5))
    d_prime = _part(fitted, arm=arm, first=first)
    centre = {name: -0.5 * (model.get(name, 0.0) + human.get(name, 0.0)) for name in fitted.names}
    value, slopes = 0.0, np.zeros(len(fitted.names))
    for weights, sign, x in ((model, 1.0, 0.5), (human, -1.0, -0.5)):
        share, slope = _marginal(fitted, weights, sign=sign, x=x)
        value, slopes = value + share / 2, slopes + slope / 2
    return ArmDetection(
        arm=arm,
        label=label,
        df=df,
        d_prime=_combine(fitted, d_prime, df=df),
        criterion=_combine(fitted, centre, df=df),
        accuracy=clip_share(_estimate(fitted, value, slopes, df=df)),
    )


def _detect_pair(fitted: MixedFit, *, arm: str, label: str, first: str, df: int) -> ArmDetection:
    weights = _weights(fitted, arm=arm, first=first, x=None)
    value, slopes = _marginal(fitted, weights, sign=1.0, x=0.0)
    return ArmDetection(
        arm=arm,
        label=label,
        df=df,
        d_prime=_combine(fitted, {name: np.sqrt(2) * weight for name, weight in weights.items()}, df=df),
        criterion=Estimate(None),
        accuracy=clip_share(_estimate(fitted, value, slopes, df=df)),
    )


def _marginal(fitted: MixedFit, weights: Mapping[str, float], *, sign: float, x: float) -> tuple[float, np.ndarray]:
    """Φ(±η/√(1 + v)) and its slope in every coefficient."""
    line = np.array([weights.get(name, 0.0) for name in fitted.names])
    spread = np.sqrt(1 + _spread(fitted).total_variance(_loadings(x)))
    z = sign * float(line @ fitted.coefficients) / spread
    return float(stats.norm.cdf(z)), sign * float(stats.norm.pdf(z)) / spread * line


def _loadings(x: float) -> dict[str, dict[str, float]]:
    whole = {"(Intercept)": 1.0}
    return {"participant": {**whole, "x": x}, "title": whole, "item": whole}


def _combine(fitted: MixedFit, weights: Mapping[str, float], *, df: int) -> Estimate:
    line = np.array([weights.get(name, 0.0) for name in fitted.names])
    return _estimate(fitted, float(line @ fitted.coefficients), line, df=df)


def _estimate(fitted: MixedFit, value: float, slopes: np.ndarray, *, df: int) -> Estimate:
    """A t interval by the delta method; none where there is one cluster."""
    if df < 1:
        return Estimate(value, method=METHOD)
    se = float(np.sqrt(slopes @ _spread(fitted).covariance @ slopes))
    return estimate_normal(value, se, df=df, method=f"{METHOD}, t({df})")


def _spread(fitted: MixedFit) -> MixedFit | Restricted:
    """What has the variances and the covariance that intervals are made of."""
    return fitted.restricted or fitted


def _share_variance(fitted: MixedFit) -> dict[str, float]:
    """Shares of 1 (a probit's own variance) plus the random parts', averaged over x = ±½."""
    parts: dict[str, float] = {}
    for part in fitted.components:
        for name, sd in zip(part.names, part.sd, strict=True):
            weight = 1.0 if name == "(Intercept)" else 0.25
            key = part.group if name == "(Intercept)" else f"{part.group} (slope)"
            parts[key] = parts.get(key, 0.0) + weight * sd**2
    total = 1.0 + sum(parts.values())
    return {**{key: value / total for key, value in parts.items()}, "single judgment": 1.0 / total}

"""Receiver operating characteristics of ratings: empirical, and binormal by maximum likelihood.

Counts of ratings run from the least to the most "signal" (1 very likely human … 5 very likely machine) for noise
(human texts) and signal (model texts). Empirical AUC: the trapezoid, P(signal rated above noise) + ½ P(tie), which is
Mann and Whitney's U / (n m). Binormal: noise ~ N(0, 1), signal ~ N(μ, σ), thresholds c_k, so that
P(rating ≤ k | signal) = Φ((c_k - μ)/σ); σ = 1 is the equal-variance model, and then μ is d′. d_a = μ √(2 / (1 + σ²))
and A_z = Φ(d_a / √2) (Macmillan & Creelman 2005; Dorfman & Alf 1969). Ratings that nobody gave are passed over.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.special import ndtr, ndtri

Array = NDArray[np.float64]
NEWTON_STEPS = 40


@dataclass(frozen=True)
class Binormal:
    """A fitted model; standard errors from the Hessian, None where it is flat. `sigma` is 1 with equal variances."""

    mu: float
    mu_se: float | None
    sigma: float
    sigma_se: float | None
    thresholds: tuple[float, ...]
    d_a: float
    area: float
    log_likelihood: float


@dataclass(frozen=True)
class RatingRoc:
    """One arm's curve. `points`: (false alarms, hits) strictest criterion first; binormals are None if not fitted."""

    noise: tuple[int, ...]
    signal: tuple[int, ...]
    points: tuple[tuple[float, float], ...]
    area: float | None
    equal: Binormal | None
    unequal: Binormal | None
    reason: str = ""


def fit_roc(noise: Sequence[int], signal: Sequence[int]) -> RatingRoc:
    """The curve of two rows of counts, least signal first."""
    low, high = np.asarray(noise, dtype=float), np.asarray(signal, dtype=float)
    counts = (tuple(map(int, noise)), tuple(map(int, signal)))
    if not low.sum() or not high.sum():
        return RatingRoc(*counts, (), None, None, None, reason="texts of one source only")
    false_alarms, hits = (np.concatenate([[0.0], np.cumsum(row[::-1]) / row.sum()]) for row in (low, high))
    points = tuple(zip(map(float, false_alarms), map(float, hits), strict=True))
    area = float(np.trapezoid(hits, false_alarms))
    used = (low + high) > 0
    low, high = low[used], high[used]
    if len(low) < 2 or area in (0.0, 1.0):
        return RatingRoc(*counts, points, area, None, None, reason="every rating tells the source, or none does")
    equal = _fit(low, high, is_equal=True)
    unequal = _fit(low, high, is_equal=False) if len(low) > 2 else None
    return RatingRoc(*counts, points, area, equal, unequal)


def binormal_curve(model: Binormal, false_alarms: Array) -> Array:
    """Hits at false alarms: Φ((μ + z(F)) / σ)."""
    result: Array = ndtr((model.mu + ndtri(false_alarms)) / model.sigma)
    return result


def _fit(noise: Array, signal: Array, *, is_equal: bool) -> Binormal | None:
    """Newton from a start by moments; None where the likelihood has no maximum (a curve that is degenerate)."""
    k = len(noise) - 1
    cut = ndtri(np.clip(np.cumsum(noise + 0.5)[:-1] / (noise + 0.5).sum(), 1e-6, 1 - 1e-6))
    cut_signal = ndtri(np.clip(np.cumsum(signal + 0.5)[:-1] / (signal + 0.5).sum(), 1e-6, 1 - 1e-6))
    start = np.concatenate([[float(np.mean(cut - cut_signal))], [] if is_equal else [0.0], cut])

    def lose(point: Array) -> float:
        mu, sigma, cuts = _read(point, is_equal=is_equal)
        if (np.diff(cuts) <= 0).any():
            return float("inf")
        likelihood = float(noise @ np.log(_cells(cuts)) + signal @ np.log(_cells((cuts - mu) / sigma)))
        return -likelihood if np.isfinite(likelihood) else float("inf")

    with np.errstate(divide="ignore", invalid="ignore"):
        found = optimize.minimize(
            lose, start, method="Nelder-Mead", options={"maxiter": 4000, "xatol": 1e-6, "fatol": 1e-9}
        )
        point, hessian = _polish(lose, found.x)
    mu, sigma, cuts = _read(point, is_equal=is_equal)
    if not 0.01 < sigma < 100 or abs(mu) > 20:
        return None
    variances = np.full(len(point), np.nan)
    if _is_steep(hessian):
        variances = np.diag(np.linalg.inv(hessian))
    d_a = mu * np.sqrt(2 / (1 + sigma**2))
    return Binormal(
        mu=mu,
        mu_se=_root(variances[0]),
        sigma=sigma,
        sigma_se=None if is_equal else _root(variances[1] * sigma**2),
        thresholds=tuple(map(float, cuts[:k])),
        d_a=float(d_a),
        area=float(ndtr(d_a / np.sqrt(2))),
        log_likelihood=-lose(point),
    )


def _read(point: Array, *, is_equal: bool) -> tuple[float, float, Array]:
    if is_equal:
        return float(point[0]), 1.0, point[1:]
    return float(point[0]), float(np.exp(point[1])), point[2:]


def _cells(cuts: Array) -> Array:
    """Probabilities between the thresholds, by the tail in which they are exact."""
    edges = np.concatenate([[-np.inf], cuts, [np.inf]])
    lower, upper = edges[:-1], edges[1:]
    result: Array = np.where(lower > 0, ndtr(-lower) - ndtr(-upper), ndtr(upper) - ndtr(lower))
    return result


def _polish(lose: Callable[[Array], float], point: Array) -> tuple[Array, Array]:
    """Newton's steps with a Hessian by central differences."""
    hessian = np.full((len(point), len(point)), np.nan)
    for _ in range(NEWTON_STEPS):
        gradient, hessian = _differentiate(lose, point)
        if not _is_steep(hessian):
            return point, hessian
        step = np.linalg.solve(hessian, gradient)
        if lose(point - step) > lose(point) + 1e-9:
            return point, hessian
        point = point - step
        if np.abs(step).max() < 1e-9:
            break
    return point, hessian


def _differentiate(lose: Callable[[Array], float], point: Array) -> tuple[Array, Array]:
    size, h = len(point), 1e-4
    steps = np.eye(size) * h
    centre = lose(point)
    ahead, behind = (np.array([lose(point + sign * step) for step in steps]) for sign in (1, -1))
    # a fourth-order slope: the Hessian's own error is of no weight, the gradient's decides where the search ends
    far = np.array([lose(point + 2 * step) - lose(point - 2 * step) for step in steps])
    gradient = (8 * (ahead - behind) - far) / (12 * h)
    hessian = np.diag((ahead - 2 * centre + behind) / h**2)
    for i in range(size):
        for j in range(i):
            value = (
                lose(point + steps[i] + steps[j])
                - lose(point + steps[i] - steps[j])
                - lose(point - steps[i] + steps[j])
                + lose(point - steps[i] - steps[j])
            ) / (4 * h**2)
            hessian[i, j] = hessian[j, i] = value
    return gradient, hessian


def _is_steep(hessian: Array) -> bool:
    """Whether every direction leads up by so much that the matrix can be inverted."""
    if not np.isfinite(hessian).all():
        return False
    values = np.linalg.eigvalsh(hessian)
    return bool(values.min() > 1e-10 * max(float(values.max()), 1.0))


def _root(variance: float) -> float | None:
    return float(np.sqrt(variance)) if np.isfinite(variance) and variance > 0 else None

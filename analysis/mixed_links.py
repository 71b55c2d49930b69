"""Links of a binary outcome: what the fit needs of each, all elementwise over observations.

With y successes out of m trials and linear predictor η: log p = y log μ + (m - y) log(1 - μ), its first derivative (the
score), the Fisher weight w = m μ'(η)² / (μ(1 - μ)), the observed weight -∂²log p/∂η², and dw/dη. Everything is computed
from logarithms, so that nothing overflows in the tails (McCullagh & Nelder 1989, §4.3).
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit, log_ndtr, ndtr

Array = NDArray[np.float64]
LinkName = Literal["probit", "logit"]
LOG_ROOT_2_PI = 0.5 * np.log(2 * np.pi)
ROOT_2_PI = float(np.sqrt(2 * np.pi))
DIRECT = 30.0  # up to here tails and densities are far from underflow, and need no logarithms
FURTHEST = 500.0  # beyond it a step of the search has gone astray; logarithms of both tails are still exact here


@dataclass(frozen=True)
class Derivatives:
    """Of log p with respect to η, one an observation, and log p itself without the binomial coefficient.
    `fisher_slope` is the derivative of `fisher`."""

    log_probability: Array
    score: Array
    fisher: Array
    observed: Array
    fisher_slope: Array


def log_probability(link: LinkName, eta: Array, successes: Array, trials: Array) -> Array:
    """log p(y | η) without the binomial coefficient."""
    log_cdf = log_ndtr if link == "probit" else log_expit
    eta = np.clip(eta, -FURTHEST, FURTHEST)
    result: Array = successes * log_cdf(eta) + (trials - successes) * log_cdf(-eta)
    return result


def derive(link: LinkName, eta: Array, successes: Array, trials: Array) -> Derivatives:
    """The derivatives at η. Probit in the inverse Mills ratios φ(η)/Φ(±η)."""
    eta = np.clip(eta, -FURTHEST, FURTHEST)
    if link == "logit":
        mean = expit(eta)
        weight = trials * mean * (1 - mean)
        return Derivatives(
            log_probability=successes * eta - trials * (np.maximum(eta, 0.0) + np.log1p(np.exp(-np.abs(eta)))),
            score=successes - trials * mean,
            fisher=weight,
            observed=weight,
            fisher_slope=weight * (1 - 2 * mean),
        )
    failures = trials - successes
    above, below, log_above, log_below = _tails(eta)
    fisher = trials * above * below
    return Derivatives(
        log_probability=successes * log_above + failures * log_below,
        score=successes * above - failures * below,
        fisher=fisher,
        observed=successes * above * (eta + above) + failures * below * (below - eta),
        fisher_slope=fisher * (below - above - 2 * eta),
    )


def join(pieces: Sequence[Derivatives]) -> Derivatives:
    """Derivatives of neighbouring rows as one."""
    columns = {column.name: [getattr(piece, column.name) for piece in pieces] for column in fields(Derivatives)}
    return Derivatives(**{name: np.concatenate(parts) for name, parts in columns.items()})


def _tails(eta: Array) -> tuple[Array, Array, Array, Array]:
    """φ(η)/Φ(η), φ(η)/Φ(-η), log Φ(η), log Φ(-η)."""
    if len(eta) and np.abs(eta).max() > DIRECT:
        log_above, log_below = log_ndtr(eta), log_ndtr(-eta)
        log_density = -0.5 * eta**2 - LOG_ROOT_2_PI
        return np.exp(log_density - log_above), np.exp(log_density - log_below), log_above, log_below
    tail = ndtr(-np.abs(eta))
    density = np.exp(-0.5 * eta**2) / ROOT_2_PI
    far, near = density / tail, density / (1.0 - tail)
    log_far, log_near = np.log(tail), np.log1p(-tail)
    positive = eta >= 0
    return (
        np.where(positive, near, far),
        np.where(positive, far, near),
        np.where(positive, log_near, log_far),
        np.where(positive, log_far, log_near),
    )


def mean_of(link: LinkName, eta: Array) -> Array:
    """μ(η), the probability of a success."""
    result: Array = ndtr(eta) if link == "probit" else expit(eta)
    return result

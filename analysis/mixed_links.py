"""Links of a binary outcome: what the fit needs of each, all elementwise over observations.

With y successes out of m trials and linear predictor η: log p = y log μ + (m - y) log(1 - μ), its first derivative (the
score), the Fisher weight w = m μ'(η)² / (μ(1 - μ)), the observed weight -∂²log p/∂η², and dw/dη. Everything is computed
from logarithms, so that nothing overflows in the tails (McCullagh & Nelder 1989, §4.3).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit, log_ndtr, ndtr

Array = NDArray[np.float64]
LinkName = Literal["probit", "logit"]
LOG_ROOT_2_PI = 0.5 * np.log(2 * np.pi)
FURTHEST = 500.0  # beyond it a step of the search has gone astray; logarithms of both tails are still exact here


@dataclass(frozen=True)
class Derivatives:
    """Of log p with respect to η, one an observation. `fisher_slope` is the derivative of `fisher`."""

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
            score=successes - trials * mean, fisher=weight, observed=weight, fisher_slope=weight * (1 - 2 * mean)
        )
    log_density = -0.5 * eta**2 - LOG_ROOT_2_PI
    above, below = np.exp(log_density - log_ndtr(eta)), np.exp(log_density - log_ndtr(-eta))
    failures = trials - successes
    fisher = trials * above * below
    return Derivatives(
        score=successes * above - failures * below,
        fisher=fisher,
        observed=successes * above * (eta + above) + failures * below * (below - eta),
        fisher_slope=fisher * (below - above - 2 * eta),
    )


def mean_of(link: LinkName, eta: Array) -> Array:
    """μ(η), the probability of a success."""
    result: Array = ndtr(eta) if link == "probit" else expit(eta)
    return result

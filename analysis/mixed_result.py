"""What is said of a fitted mixed model (see `mixed`): coefficients, variances, modes, how the search ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.mixed_formula import RandomPart
from analysis.mixed_links import LinkName

Array = NDArray[np.float64]
Loadings = Mapping[str, Mapping[str, float]]


class NoFitError(ValueError):
    """The model cannot be fitted to these rows; the message says why and what to do."""


@dataclass(frozen=True)
class Component:
    """A random part: standard deviations of its coefficients (link units) and their correlations (q x q)."""

    group: str
    names: tuple[str, ...]
    levels: int
    sd: tuple[float, ...]
    correlation: Array
    covariance: Array


@dataclass(frozen=True)
class Modes:
    """What is expected of every level given the data (levels x q), and its conditional standard deviation."""

    group: str
    names: tuple[str, ...]
    levels: tuple[str, ...]
    values: Array
    sd: Array


@dataclass(frozen=True)
class Diagnostics:
    """How the search ended.

    `gradient`: the largest |slope| of -2ℓ, in units of about a standard error of each parameter.
    `separated`: some rows are fitted with a probability of 0 or 1, so that their coefficients have no finite estimate.
    `dispersion`: sum of squared Pearson residuals given the modes, over rows; far above 1 is a model that does not fit.
    """

    converged: bool
    gradient: float
    evaluations: int
    boundary: tuple[str, ...]
    separated: bool
    dispersion: float
    dropped: tuple[str, ...]


@dataclass(frozen=True)
class Restricted:
    """What intervals are made of: restricted variances, and the coefficients' covariance (p x p) that goes with them
    (see `mixed_restricted`)."""

    components: tuple[Component, ...]
    covariance: Array

    def total_variance(self, loadings: Loadings) -> float:
        """As `MixedFit.total_variance`, of the restricted variances."""
        return sum_variance(self.components, loadings)


@dataclass(frozen=True)
class MixedFit:
    """A fitted model. `covariance` (p x p) is of the coefficients; where -2ℓ has no minimum in them it holds NaN."""

    formula: str
    link: LinkName
    names: tuple[str, ...]
    coefficients: Array
    covariance: Array
    theta: Array
    components: tuple[Component, ...]
    log_likelihood: float
    observations: int
    modes: tuple[Modes, ...]
    diagnostics: Diagnostics
    linear_predictor: Array = field(repr=False)
    restricted: Restricted | None = None

    @property
    def standard_errors(self) -> Array:
        with np.errstate(invalid="ignore"):
            result: Array = np.sqrt(np.diag(self.covariance))
        return result

    @property
    def parameters(self) -> int:
        return len(self.coefficients) + len(self.theta)

    def coefficient(self, name: str) -> float:
        return float(self.coefficients[self.names.index(name)])

    def combine(self, weights: Mapping[str, float]) -> tuple[float, float]:
        """A linear combination of coefficients, and its standard error."""
        line = np.array([weights.get(name, 0.0) for name in self.names])
        return float(line @ self.coefficients), float(np.sqrt(line @ self.covariance @ line))

    def modes_of(self, group: str) -> Modes:
        return next(modes for modes in self.modes if modes.group == group)

    def total_variance(self, loadings: Loadings) -> float:
        """What the random coefficients add to the variance of a linear predictor (see `sum_variance`)."""
        return sum_variance(self.components, loadings)


def sum_variance(components: Sequence[Component], loadings: Loadings) -> float:
    """zᵀΣz over the parts: the variance that the random coefficients add to a linear predictor whose row has
    `loadings[group][name]`. By it a conditional probit coefficient β becomes a marginal one, β / √(1 + variance).
    """
    found = 0.0
    for part in components:
        line = np.array([loadings.get(part.group, {}).get(name, 0.0) for name in part.names])
        found += float(line @ part.covariance @ line)
    return found


def describe_part(part: RandomPart, triangle: Array) -> Component:
    """A random part from its triangle Λ."""
    covariance = triangle @ triangle.T
    sd = np.sqrt(np.diag(covariance))
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = covariance / np.outer(sd, sd)
    np.fill_diagonal(correlation, 1.0)
    return Component(
        group=part.group,
        names=part.names,
        levels=len(part.levels),
        sd=tuple(map(float, sd)),
        correlation=correlation,
        covariance=covariance,
    )


def compare_variance(full: MixedFit, without: MixedFit) -> tuple[float, float]:
    """Likelihood ratio of one variance against 0, and its p from ½χ²₀ + ½χ²₁ (Self & Liang 1987)."""
    ratio = max(0.0, 2 * (full.log_likelihood - without.log_likelihood))
    return ratio, 1.0 if ratio < 1e-5 else float(stats.chi2.sf(ratio, 1) / 2)

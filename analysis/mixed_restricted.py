"""Restricted variances of a mixed model, for intervals that hold with few clusters.

Maximum likelihood works the variances out as if the coefficients were known, and takes them too small, the more so the
fewer titles or participants a coefficient leans on. The restricted likelihood counts the coefficients' own uncertainty
(Patterson & Thompson 1971; under Laplace's approximation, what glmmTMB fits with REML = TRUE):

    -2ℓ_R(θ) = -2ℓ(β̂(θ), θ) + log|I(θ)|,      I(θ) the information on β with the random parts projected out.

It is minimised by one Newton step from the maximum of ℓ, with the curvature that is known there, along β̂(θ); a second
step moves θ in the fourth digit only. Variances at 0 stay there. The coefficients' covariance becomes

    C + I(θ_R)⁻¹ - I(θ)⁻¹,      C the one from the Hessian of -2ℓ, whose standard errors are lme4's.

Neither the coefficients nor their own standard errors change: these are for intervals, together with a t of few degrees
of freedom (see `detection_model`).
"""

import numpy as np
from numpy.typing import NDArray

from analysis.mixed_laplace import project_information
from analysis.mixed_result import Restricted, describe_part
from analysis.mixed_search import Search

Array = NDArray[np.float64]
WIDTH = 0.1  # of the differences of log|I|, in standard errors of θ
HALVINGS = 6


def restrict(search: Search) -> Restricted | None:
    """The restricted variances of a search that has ended; None where -2ℓ has no minimum there."""
    if not np.isfinite(search.covariance).all():
        return None
    try:
        ridge = _Ridge(search)
        theta, inverse = ridge.step()
    except np.linalg.LinAlgError:
        return None
    covariance = search.covariance[: search.p, : search.p] + inverse - ridge.inverse
    parts = zip(search.design.random, search.objective.unfold(theta), strict=True)
    return Restricted(tuple(describe_part(part, triangle) for part, triangle in parts), covariance)


class _Ridge:
    """-2ℓ_R along β̂(θ), which is taken as linear in the θ that are free."""

    def __init__(self, search: Search) -> None:
        self.search = search
        self.free = search.free[search.free >= search.p]
        self.spread = search.covariance[np.ix_(self.free, self.free)]
        crossed = search.covariance[: search.p, self.free]
        self.slope = crossed @ np.linalg.inv(self.spread)  # dβ̂/dθ
        self.deviance, self.inverse = self._evaluate(np.zeros(len(self.free)))

    def _move(self, change: Array) -> Array:
        point = self.search.point.copy()
        point[self.free] += change
        point[: self.search.p] += self.slope @ change
        return point

    def _evaluate(self, change: Array) -> tuple[float, Array]:
        """-2ℓ_R, and I⁻¹."""
        point = self._move(change)
        value = self.search.evaluate(point, slope=False)
        information = project_information(self.search.objective, value)
        return value.deviance + float(np.linalg.slogdet(information)[1]), np.asarray(np.linalg.inv(information))

    def _differentiate(self) -> Array:
        """The slope of -2ℓ_R at the maximum of ℓ, where that of -2ℓ is 0."""
        steps = np.diag(WIDTH * np.sqrt(np.diag(self.spread)))
        widths = np.diag(steps)
        up = np.array([self._log_inverse(step) for step in steps])
        if self.search.is_many:  # the curvature hardly changes within a standard error
            return np.array((float(np.linalg.slogdet(self.inverse)[1]) - up) / widths)
        down = np.array([self._log_inverse(-step) for step in steps])
        return np.array((down - up) / (2 * widths))

    def _log_inverse(self, change: Array) -> float:
        return float(np.linalg.slogdet(self._evaluate(change)[1])[1])

    def step(self) -> tuple[Array, Array]:
        """Newton's step, halved until -2ℓ_R is lower and no standard deviation is negative: θ, and I⁻¹ there."""
        theta = self.search.point[self.search.p :].copy()
        if not len(self.free):
            return theta, self.inverse
        change = -0.5 * self.spread @ self._differentiate()
        least = np.array([-np.inf if bound is None else bound for bound in self.search.objective.lower_bounds])
        for _ in range(HALVINGS):
            moved = self._move(change)[self.search.p :]
            if (moved >= least).all():
                deviance, inverse = self._evaluate(change)
                if deviance <= self.deviance:
                    return moved, inverse
            change = change / 2
        return theta, self.inverse

"""The search for a mixed model's maximum over its coefficients and the triangles of its random parts (see `mixed`)."""

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from analysis.mixed_formula import Design
from analysis.mixed_laplace import Laplace, Value, project_information
from analysis.mixed_links import derive

Array = NDArray[np.float64]
START = 0.4  # the standard deviations that the search begins at
BOUNDARY = 1e-4  # a standard deviation below this is one of 0
STEP, STEP_OF_MANY = 2e-3, 1e-2  # of the differences of gradients, in units of about a standard error
MOST_STEPS = 300
MANY = 60_000  # rows from which on an evaluation is dear, and the curvature changes little within a standard error
GRADIENT, GRADIENT_OF_MANY = 1e-5, 1e-3  # at which the descent ends; of many rows the rest is left to Newton's steps
NEWTON_STEPS = 4
NEARER = 1e-20  # the inner decrement where gradients are told apart
WIDTH = 0.02  # of the differences that θ's scales are from
ASTRAY = 1e12  # -2ℓ of a point that cannot be worked out, so that the search takes a shorter step


class Search:
    """The outer minimum over (β, θ), in coordinates where each step of 1 is about a standard error.

    After `run`: `point` (β, then θ) with its `value`; `free`, the places in it that are not held at a boundary; and
    their `covariance`, in the layout of the point (0 where held), from the Hessian, NaN where -2ℓ has no minimum.
    """

    def __init__(self, objective: Laplace, design: Design, *, start: Array | None = None) -> None:
        self.objective = objective
        self.design = design
        self.p = design.fixed.width
        self.evaluations = 0
        self._last: tuple[Array, Value] | None = None
        self.is_begun = start is not None
        self.point = self._start() if start is None else start
        self.scale = np.eye(len(self.point))
        self.value = self.evaluate(self.point)
        self.free = np.arange(len(self.point), dtype=np.intp)
        self.covariance = np.full((len(self.point), len(self.point)), np.nan)

    def _start(self) -> Array:
        theta = np.array([START if bound == 0.0 else 0.0 for bound in self.objective.lower_bounds])
        return np.concatenate([self._start_coefficients(), theta])

    def _start_coefficients(self) -> Array:
        """Those of the model without random parts, by a few steps of Fisher scoring, widened as their variance asks."""
        o = self.objective
        x, y, trials = o.fixed.rows, o.fixed.sum_alike(o.y), o.fixed.sum_alike(o.trials)
        beta = np.zeros(self.p)
        for _ in range(15):
            at = derive(o.link, x @ beta, y, trials)
            information = x.T @ (x * at.fisher[:, None]) + 1e-6 * np.eye(self.p)
            beta = np.clip(beta + np.linalg.solve(information, x.T @ at.score), -6.0, 6.0)
        return beta * 1.15

    def evaluate(self, point: Array, *, slope: bool = True) -> Value:
        """The objective at a point; that of the point evaluated last, where a stage begins or ends, is known."""
        if slope and self._last is not None and np.array_equal(point, self._last[0]):
            return self._last[1]
        self.evaluations += 1
        self._last = None
        value = self.objective.evaluate(point[: self.p], point[self.p :], slope=slope)
        self._last = (point.copy(), value) if slope else None
        return value

    def run(self, *, curvature: bool = True, gradient: float | None = None) -> None:
        """Minimise; leave a boundary that only looked like the minimum; end with Newton's steps and the covariance
        (`curvature`). `gradient`: the slope at which the descent ends, unless as the number of rows asks."""
        if self.is_begun:
            self._approach()
        self._precondition()
        end = gradient or (GRADIENT_OF_MANY if curvature and self.is_many else GRADIENT)
        self._descend(end)
        for _ in range(3):
            lower = self._find_lower_off_boundary()
            if lower is None:
                break
            self.point = lower
            self._descend(end)
        self.free = self._find_free()
        if not curvature:
            return
        hessian = self._curvature()
        self._polish(hessian)
        if np.linalg.eigvalsh(hessian).min() > 1e-8:
            scale = self.scale[:, self.free]
            self.covariance = 2 * scale @ np.linalg.inv(hessian) @ scale.T

    @property
    def is_many(self) -> bool:
        return len(self.objective.y) >= MANY

    @property
    def steepest(self) -> float:
        """The largest |slope| of -2ℓ along the parameters that are free, in units of about a standard error."""
        return float(np.abs(self.scale[:, self.free].T @ self.value.gradient).max())

    def _approach(self) -> None:
        """Where the beginning is another fit's end: a scoring step of the coefficients, which are nearly there."""
        information = project_information(self.objective, self.value)
        moved = self.point.copy()
        moved[: self.p] -= np.linalg.solve(information, self.value.gradient[: self.p] / 2)
        tried = self.evaluate(moved)
        if tried.deviance < self.value.deviance:
            self.point, self.value = moved, tried

    def _precondition(self) -> None:
        """Scales from the curvature at the start: β's information with the random parts projected out, θ's by steps.
        Of many rows the same steps say where a standard deviation is about to end, and it is begun there."""
        value = self.value
        information = project_information(self.objective, value)
        self.scale[: self.p, : self.p] = np.linalg.inv(np.linalg.cholesky(information)).T
        nearer = self.point.copy()
        for position in range(self.p, len(self.point)):
            moved = self.point.copy()
            moved[position] += WIDTH
            slopes = value.gradient[position], self.evaluate(moved).gradient[position]
            curvature = (slopes[1] - slopes[0]) / WIDTH
            if self.is_many and self.objective.lower_bounds[position - self.p] == 0.0:
                nearer[position], curvature = _leap(float(self.point[position]), *slopes)
            self.scale[position, position] = np.sqrt(2 / max(curvature, 2.0))
        if (nearer != self.point).any():
            tried = self.evaluate(nearer)
            if tried.deviance < value.deviance:
                self.point, self.value = nearer, tried

    def _descend(self, gradient: float) -> None:
        origin, scale = self.point.copy(), self.scale

        def compute(z: Array) -> tuple[float, Array]:
            try:
                value = self.evaluate(origin + scale @ z)
            except np.linalg.LinAlgError:
                return ASTRAY, np.zeros_like(z)
            if not np.isfinite(value.deviance) or not np.isfinite(value.gradient).all():
                return ASTRAY, np.zeros_like(z)
            return value.deviance, scale.T @ value.gradient

        bounds: list[tuple[float | None, float | None]] = [(None, None)] * self.p
        for position, bound in enumerate(self.objective.lower_bounds, start=self.p):
            least = None if bound is None else (bound - origin[position]) / scale[position, position]
            bounds.append((least, None))
        result = optimize.minimize(
            compute,
            np.zeros(len(origin)),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": MOST_STEPS, "maxcor": 30, "ftol": 1e-13, "gtol": gradient},
        )
        self.point = origin + scale @ result.x
        theta = self.point[self.p :]
        at_zero = np.array([bound == 0.0 for bound in self.objective.lower_bounds])
        theta[at_zero & (theta < BOUNDARY)] = 0.0
        self.value = self.evaluate(self.point)

    def _find_lower_off_boundary(self) -> Array | None:
        """-2ℓ is even in a lone standard deviation, so 0 always looks like a minimum: try a small one instead."""
        for position in range(self.p, len(self.point)):
            if self.objective.lower_bounds[position - self.p] == 0.0 and self.point[position] == 0.0:
                tried = self.point.copy()
                tried[position] = 0.05
                if self.evaluate(tried, slope=False).deviance < self.value.deviance - 1e-7:
                    tried[position] = 0.2
                    return tried
        return None

    def _find_free(self) -> NDArray[np.intp]:
        """The parameters that are not held at a boundary; a triangle's row follows its diagonal."""
        held = set()
        start = self.p
        for rows, columns in self.objective.triangles:
            theta = self.point[start : start + len(rows)]
            zero = {r for r, c, value in zip(rows, columns, theta, strict=True) if r == c and value == 0.0}
            held |= {start + i for i, (r, c) in enumerate(zip(rows, columns, strict=True)) if r in zero and r == c}
            held |= {start + i for i, (r, c) in enumerate(zip(rows, columns, strict=True)) if c in zero}
            start += len(rows)
        return np.array([position for position in range(len(self.point)) if position not in held], dtype=np.intp)

    def _curvature(self) -> Array:
        """The Hessian of -2ℓ in the scaled coordinates, by differences of the exact gradient: central ones, or of many
        rows one-sided ones, where what these leave out (a step times the change of curvature) is of the sixth digit."""
        scale = self.scale[:, self.free]
        size = len(self.free)
        self.objective.decrement = NEARER  # a mode's error, over the width of a step, is one of the curvature
        self._last = None
        self.value = self.evaluate(self.point)
        here = scale.T @ self.value.gradient
        width = STEP_OF_MANY if self.is_many else STEP
        hessian = np.empty((size, size))
        for column in range(size):
            step = width * scale[:, column]
            above = scale.T @ self.evaluate(self.point + step).gradient
            if self.is_many and self.free[column] < self.p:
                hessian[:, column] = (above - here) / width
            else:
                below = scale.T @ self.evaluate(self.point - step).gradient
                hessian[:, column] = (above - below) / (2 * width)
        return (hessian + hessian.T) / 2

    def _polish(self, hessian: Array) -> None:
        """Newton's last steps, taken where they lead down."""
        scale = self.scale[:, self.free]
        for _ in range(NEWTON_STEPS):
            try:
                step = -np.linalg.solve(hessian, scale.T @ self.value.gradient)
            except np.linalg.LinAlgError:
                return
            moved = self.point + scale @ step
            tried = self.evaluate(moved)
            if not tried.deviance <= self.value.deviance + 1e-10 * abs(self.value.deviance):
                return
            self.point, self.value = moved, tried
            if self.steepest < GRADIENT:
                return


def _leap(sd: float, slope: float, further: float) -> tuple[float, float]:
    """Newton's step of a standard deviation from the slopes at it and `WIDTH` further: where it leads, and the
    curvature there. It is taken in the variance, of which -2ℓ is nearly a parabola that may have its end at 0."""
    if sd <= 0.0:
        return sd, (further - slope) / WIDTH
    beyond = sd + WIDTH
    here = slope / (2 * sd)
    bend = (further / (2 * beyond) - here) / (beyond**2 - sd**2)
    if bend <= 0.0:
        return sd, abs(further - slope) / WIDTH
    variance = max(sd**2 - here / bend, 0.0)
    return variance**0.5, 4 * variance * bend + 2 * max(here + (variance - sd**2) * bend, 0.0)

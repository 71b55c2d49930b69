"""A mixed model's coefficients with its variances held at known values, for a further covariate at little cost.

    -2ℓ(β) of `mixed_laplace` at θ fixed, minimised by scoring steps with exact gradients; the covariance is the inverse
    of the information on β with the random parts projected out (what lme4 calls RX).

Where the further covariate says little of the random parts (a position that was drawn at random does not), θ hardly
moves with it, and both fits agree in its coefficient and standard error.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from analysis.estimate import Estimate, estimate_normal
from analysis.mixed import LARGEST, count_threads
from analysis.mixed_formula import Design, build_design
from analysis.mixed_laplace import Laplace, project_information
from analysis.mixed_links import LinkName
from analysis.mixed_result import NoFitError

Array = NDArray[np.float64]
STEPS = 40
SLOPE = 1e-3  # of -ℓ, in units of a standard error


@dataclass(frozen=True)
class HeldFit:
    """Coefficients (p) and their covariance (p x p), given the variances."""

    formula: str
    names: tuple[str, ...]
    coefficients: Array
    covariance: Array

    def estimate(self, name: str, *, times: float = 1.0, method: str = "") -> Estimate:
        """A coefficient, or a multiple of it; unknown where it follows from the others and was dropped."""
        if name not in self.names:
            return Estimate(None, method=method)
        place = self.names.index(name)
        se = abs(times) * float(np.sqrt(self.covariance[place, place]))
        return estimate_normal(times * float(self.coefficients[place]), se, method=method)


def fit_held(
    formula: str,
    frame: pl.DataFrame,
    *,
    theta: Array,
    start: Mapping[str, float] | None = None,
    link: LinkName = "probit",
    levels: Mapping[str, Sequence[str]] | None = None,
) -> HeldFit:
    """Fit the fixed part of a formula at `theta`, which has the layout of its random parts; `start` names coefficients
    to begin at, others begin at 0.

    Raises:
        FormulaError: the formula does not suit the frame.
        NoFitError: the search did not end, as where an arm's answers are all the same.
    """
    design = build_design(formula, frame, levels=levels)
    objective = Laplace(design.y, design.fixed, design.random, link=link)
    with threadpool_limits(limits=count_threads(objective), user_api="blas"):
        begun = np.array([(start or {}).get(name, 0.0) for name in design.names])
        return _climb(design, objective, theta=theta, beta=begun)


def _climb(design: Design, objective: Laplace, *, theta: Array, beta: Array) -> HeldFit:
    """Scoring steps from `beta`."""
    value = objective.evaluate(beta, theta)
    for _ in range(STEPS):
        information = project_information(objective, value)
        slope = value.gradient[: len(beta)] / 2
        step = -np.linalg.solve(information, slope)
        if max(-float(slope @ step), 0.0) ** 0.5 < SLOPE:
            covariance: Array = np.asarray(np.linalg.inv(information), dtype=np.float64)
            return HeldFit(design.formula, design.names, beta, covariance)
        length = 1.0
        while length > 1e-4:
            tried = objective.evaluate(beta + length * step, theta)
            if tried.deviance <= value.deviance:
                break
            length /= 2
        beta, value = beta + length * step, tried
        if np.abs(design.fixed.rows @ beta).max() > LARGEST:
            break
    raise NoFitError("no finite estimate was found: in some arm nearly every answer is the same")

"""Crossed mixed models of a binary outcome, fitted by Laplace's approximation with numpy and scipy alone.

    fit("said_machine ~ x * arm + (1 + x | participant) + (1 | title) + (1 | item)", frame, link="probit")

gives what R's `glmer` gives (lme4, nAGQ = 1): coefficients, their standard errors from the Hessian of -2ℓ, θ (the
triangles Λ of the random parts, Σ = ΛΛᵀ), the log likelihood and the conditional modes. A variance of 0 is an answer
(`boundary`), never an error. Standard errors are given for coefficients only: the likelihood of a variance is far from
normal. Assumes that coefficients of a part are normal, and that outcomes are independent given them.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import linalg
from threadpoolctl import threadpool_limits

from analysis.mixed_formula import Design, RandomPart, build_design
from analysis.mixed_laplace import Laplace, Value
from analysis.mixed_links import LinkName, derive
from analysis.mixed_restricted import restrict
from analysis.mixed_result import Diagnostics, MixedFit, Modes, NoFitError, describe_part
from analysis.mixed_search import BOUNDARY, MANY, Search
from analysis.mixed_start import begin_with_few

Array = NDArray[np.float64]
Given = Literal["maximum", "errors", "all"]
LARGEST = 12.0  # a linear predictor beyond this is a probability of 0 or 1: the arm is all right or all wrong
WORTH_THREADS = 2_500  # coefficients of the parts that are not eliminated


def fit(
    formula: str,
    frame: pl.DataFrame,
    *,
    link: LinkName = "probit",
    levels: Mapping[str, Sequence[str]] | None = None,
    trials: str | None = None,
    give: Given = "all",
) -> MixedFit:
    """Fit a formula (`mixed_formula`) to the rows of a frame.

    `trials` names the column of trials a row where the outcome counts successes; `levels` orders the factors.
    `give`: the maximum alone, or the standard errors beside it too, or also the conditional modes, and the restricted
    variances for intervals (`mixed_restricted`).

    Raises:
        FormulaError: the formula does not suit the frame.
        NoFitError: fewer than two rows, an outcome that is always the same, a group with one level, or answers for
            which no maximum could be found.
        TooManyLevelsError: more crossed coefficients than can be held.
    """
    design = build_design(formula, frame, levels=levels)
    counts = None if trials is None else frame[trials].cast(pl.Float64).to_numpy()
    _check(design, counts)
    objective = Laplace(design.y, design.fixed, design.random, link=link, trials=counts)
    with _few_threads(objective):
        start = begin_with_few(design, counts, link=link) if len(design.y) >= MANY else None
        return _search(objective, design, start=start, give=give)


def fit_nested(formula: str, frame: pl.DataFrame, *, full: MixedFit) -> MixedFit:
    """The maximum alone of a formula with the random parts of `full` and fewer fixed ones, begun where that ended.

    Raises:
        FormulaError, NoFitError, TooManyLevelsError: as `fit`.
    """
    design = build_design(formula, frame)
    _check(design, None)
    objective = Laplace(design.y, design.fixed, design.random, link=full.link)
    known = dict(zip(full.names, full.coefficients, strict=True))
    start = np.array([*(float(known.get(name, 0.0)) for name in design.names), *full.theta])
    with _few_threads(objective):
        return _search(objective, design, start=start, give="maximum")


@contextmanager
def _few_threads(objective: Laplace) -> Iterator[None]:
    """The threads that pay; a singular matrix, wherever it is met, as the error that it means."""
    with threadpool_limits(limits=count_threads(objective), user_api="blas"):
        try:
            yield
        except (np.linalg.LinAlgError, linalg.LinAlgError) as error:
            raise NoFitError("these answers are too few, or too much alike, for this model") from error


def _search(objective: Laplace, design: Design, *, start: Array | None, give: Given) -> MixedFit:
    search = Search(objective, design, start=start)
    search.run(curvature=give != "maximum")
    return _describe(search, give=give)


def count_threads(objective: Laplace) -> int | None:
    """Threads of the linear algebra (None: all that there are); over small matrices they wait more than they work."""
    return 1 if objective.structure.m < WORTH_THREADS else None


def _check(design: Design, counts: Array | None) -> None:
    if not design.random:
        raise NoFitError(f"{design.formula!r}: a mixed model needs a random term, such as (1 | participant)")
    share = design.y / (1.0 if counts is None else counts)
    if len(share) < 2 or share.max() == share.min() in (0.0, 1.0):
        raise NoFitError("every answer is the same, so that no model can say what it hangs on")
    single = [part.group for part in design.random if len(part.levels) < 2]
    if single:
        raise NoFitError(f"{single[0]} has one level, so that nothing can be said of how its levels differ")


def _describe(search: Search, *, give: Given) -> MixedFit:
    o, p, value, design = search.objective, search.p, search.value, search.design
    beta, theta = search.point[:p].copy(), search.point[p:].copy()
    factors = o.unfold(theta)
    fitted = np.empty(len(value.eta))
    fitted[o.structure.order] = value.eta
    covariance = search.covariance[:p, :p]
    return MixedFit(
        formula=design.formula,
        link=o.link,
        names=design.names,
        coefficients=beta,
        covariance=covariance,
        theta=theta,
        components=tuple(map(describe_part, design.random, factors)),
        log_likelihood=-value.deviance / 2,
        observations=len(design.y),
        modes=_describe_modes(search, factors) if give == "all" else (),
        diagnostics=Diagnostics(
            converged=search.steepest < 1e-2 and (give == "maximum" or bool(np.isfinite(covariance).all())),
            gradient=search.steepest,
            evaluations=search.evaluations,
            boundary=_name_boundaries(search, theta),
            separated=bool(np.abs(o.fixed.rows @ beta).max() > LARGEST) or _is_separated(o, value),
            dispersion=_disperse(o, value),
            dropped=design.dropped,
        ),
        linear_predictor=fitted,
        restricted=restrict(search) if give == "all" else None,
    )


def _name_boundaries(search: Search, theta: Array) -> tuple[str, ...]:
    found, start = [], 0
    for part, (rows, columns) in zip(search.design.random, search.objective.triangles, strict=True):
        for row, column, value in zip(rows, columns, theta[start:], strict=False):
            if row == column and abs(value) < BOUNDARY:
                found.append(f"{part.names[row]} | {part.group}")
        start += len(rows)
    return tuple(found)


def _describe_modes(search: Search, factors: Sequence[Array]) -> tuple[Modes, ...]:
    s = search.objective.structure
    factor = search.value.factor
    _, own = factor.own_entries()
    found = []
    for number, (part, triangle) in enumerate(zip(search.design.random, factors, strict=True)):
        is_own = number == s.eliminated
        blocks = s.restore(own, number) if is_own else _cut_blocks(s.offsets[number], part, factor.rest_inverse)
        spread = np.einsum("ij,ljk,ik->li", triangle, blocks, triangle)
        values = s.restore(s.part_values(search.value.mode, number), number) @ triangle.T
        found.append(Modes(part.group, part.names, part.levels, values, np.sqrt(spread)))
    return tuple(found)


def _cut_blocks(offset: int, part: RandomPart, inverse: Array) -> Array:
    """The q x q blocks of one part on the diagonal of S⁻¹."""
    q = len(part.names)
    places = offset + np.arange(len(part.levels))[:, None] * q + np.arange(q)
    result: Array = inverse[places[:, :, None], places[:, None, :]]
    return result


def _is_separated(objective: Laplace, value: Value) -> bool:
    weights = derive(objective.link, value.eta, objective.y, objective.trials).fisher
    return bool((weights / objective.trials < 1e-9).any())


def _disperse(objective: Laplace, value: Value) -> float:
    """Σ (y - mμ)² / (mμ(1 - μ)) over rows: the score's square over the Fisher weight."""
    at = derive(objective.link, value.eta, objective.y, objective.trials)
    return float((at.score**2 / np.maximum(at.fisher, 1e-12)).sum() / len(value.eta))

"""Whether arms lose participants alike: excluded of those who completed, and dropped out of those who could finish.

For a table of arms x (lost, kept) with both margins fixed, p is the share of tables no likelier than the observed one
(Freeman & Halton 1951, Fisher's exact test for more than two arms), over tables drawn at random with those margins:
p = (1 + b) / (1 + B), b of B draws (Davison & Hinkley 1997, §4.2.5). No cell is too small for it. Those still at
work are left out of the second table, as nobody knows how they will end; those who were screened out or withdrew count
as not dropped out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from analysis.flow import ArmFlow

DRAWS = 9_999
TOLERANCE = 1e-9  # log probabilities this close are the same


@dataclass(frozen=True)
class LossTest:
    """Lost and kept by arm, and the test of whether the share differs; None of it, and a reason, where it cannot be."""

    lost: Mapping[str, int]
    total: Mapping[str, int]
    p: float | None = None
    reason: str = ""


def compare_exclusions(flows: Sequence[ArmFlow], *, rng: np.random.Generator) -> LossTest:
    """Excluded by a declared rule, of those who completed."""
    lost = {flow.arm: flow.excluded for flow in flows}
    return compare_losses(lost, {flow.arm: flow.by_status["completed"] for flow in flows}, rng=rng)


def compare_dropouts(flows: Sequence[ArmFlow], *, rng: np.random.Generator) -> LossTest:
    """Dropped out, of all who were allocated and are not still at work."""
    lost = {flow.arm: flow.by_status["dropped_out"] for flow in flows}
    return compare_losses(lost, {flow.arm: flow.recruited - flow.by_status["enrolled"] for flow in flows}, rng=rng)


def compare_losses(lost: Mapping[str, int], total: Mapping[str, int], *, rng: np.random.Generator) -> LossTest:
    """The test over the arms that have anybody."""
    arms = [arm for arm in total if total[arm]]
    counts = np.array([lost[arm] for arm in arms], dtype=np.int64)
    sizes = np.array([total[arm] for arm in arms], dtype=np.int64)
    if len(arms) < 2:
        return LossTest(lost, total, reason="fewer than two arms have anybody")
    if counts.sum() in (0, sizes.sum()):
        return LossTest(lost, total, reason="nobody was lost" if not counts.sum() else "everybody was lost")
    drawn = rng.multivariate_hypergeometric(sizes, int(counts.sum()), size=DRAWS, method="marginals")
    own = float(_weigh(counts[None, :], sizes)[0])
    as_unlikely = int((_weigh(drawn, sizes) <= own + TOLERANCE * abs(own)).sum())
    return LossTest(lost, total, p=(1 + as_unlikely) / (1 + DRAWS))


def _weigh(counts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """The log of Π binomial(size, count), which is a table's probability but for a constant."""
    logs: NDArray[np.float64] = gammaln(sizes + 1.0) - gammaln(counts + 1.0) - gammaln(sizes - counts + 1.0)
    result: NDArray[np.float64] = logs.sum(axis=1)
    return result

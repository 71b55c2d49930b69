"""Whether accuracy goes with size in order alone: Spearman's ρ, Kendall's τ-b and the p of exchanging the arms.

If size says nothing, every order of the arms' accuracies over the sizes is as likely; p is the share of orders whose
coefficient is at least as far from 0. All k! orders are counted up to k = 8; of more arms a random sample is, with the
order that was found among them (so p is never 0). Exact for any distribution; it takes the arms as the units, so it
holds for other models of such a family, read by others and over other texts alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from math import factorial

import numpy as np
from numpy.typing import NDArray
from scipy import stats

MOST_EXACT = 8  # arms of which every order is counted
SAMPLE = 20_000
FEWEST = 3
SLACK = 1e-9  # two equal coefficients differ by rounding
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RankTrend:
    """`orders`: how many were counted, or drawn where not `is_exact`. Every number is None for a `reason`."""

    spearman: float | None = None
    p_spearman: float | None = None
    kendall: float | None = None
    p_kendall: float | None = None
    orders: int = 0
    is_exact: bool = True
    reason: str = ""


def rank_over_size(sizes: Sequence[float], values: Sequence[float], *, rng: np.random.Generator) -> RankTrend:
    """Test one value a model over the models' sizes, two-sided."""
    x, y = stats.rankdata(sizes), stats.rankdata(values)
    k = len(x)
    if k < FEWEST:
        return RankTrend(reason=f"an order needs at least {FEWEST} models; there {'is' if k == 1 else 'are'} {k}")
    if not np.ptp(x) or not np.ptp(y):
        return RankTrend(reason=f"every model has the same {'accuracy' if np.ptp(x) else 'size'}")
    is_exact = k <= MOST_EXACT
    if is_exact:
        orders = np.array(list(permutations(range(k))))
    else:
        orders = rng.permuted(np.tile(np.arange(k), (SAMPLE, 1)), axis=1)
    own = np.arange(k)[None]
    rho, rhos = float(_rho(x, y, own)[0]), _rho(x, y, orders)
    tau, taus = float(_tau(x, y, own)[0]), _tau(x, y, orders)
    return RankTrend(
        spearman=rho,
        p_spearman=_share(rho, rhos, is_exact=is_exact),
        kendall=tau,
        p_kendall=_share(tau, taus, is_exact=is_exact),
        orders=factorial(k) if is_exact else SAMPLE,
        is_exact=is_exact,
    )


def _rho(x: Floats, y: Floats, orders: NDArray[np.intp]) -> Floats:
    x, y = x - x.mean(), y - y.mean()
    return np.asarray((y[orders] @ x) / np.sqrt((x @ x) * (y @ y)))


def _tau(x: Floats, y: Floats, orders: NDArray[np.intp]) -> Floats:
    """τ-b: ties count for neither side, and widen nothing."""
    first, second = np.triu_indices(len(x), 1)
    sign_x, sign_y = np.sign(x[second] - x[first]), np.sign(y[None, :] - y[:, None])
    agreed = sign_y[orders[:, first], orders[:, second]] @ sign_x
    return np.asarray(agreed / np.sqrt(np.abs(sign_x).sum() * np.abs(sign_y).sum() / 2))


def _share(found: float, drawn: Floats, *, is_exact: bool) -> float:
    as_far = int(np.sum(np.abs(drawn) >= abs(found) - SLACK))
    return as_far / len(drawn) if is_exact else (as_far + 1) / (len(drawn) + 1)

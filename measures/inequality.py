"""How unequally something is spread: measures of inequality of positive amounts (Jamal & Qi 2019, §3; Cowell 2011).

With a the amounts, M of them, m their mean: Theil (1/M) Σ (a/m) ln(a/m); generalised entropy GE(α) = Σ [(a/m)^α - 1] /
(M α (α - 1)), GE(1) Theil, GE(0) = -(1/M) Σ ln(a/m); Atkinson(ε) = 1 - [(1/M) Σ a^(1-ε)]^(1/(1-ε)) / m, at ε = 1 with
the geometric mean; Gini ΣΣ |a_i - a_j| / (2 M Σ a); variance of logarithms (1/M) Σ (ln a - mean ln a)². Each is 0 when
all are equal, above 0 otherwise, and unchanged when all are scaled.

Written on what the Python array standard names, so that a vector of numpy is measured for the report, and one of torch
gives gradients to train on. The amounts are a vector (M,); the measure is a scalar of the same kind.
"""

from collections.abc import Callable, Mapping
from typing import Any

from array_api_compat import array_namespace

Array = Any  # a vector of numpy or of torch: neither is imported here


def gini(amounts: Array) -> Array:
    xp = array_namespace(amounts)
    m = amounts.shape[0]
    # Σ_i Σ_j |a_i - a_j| is twice Σ (2i - M - 1) a_(i) over the amounts in order
    ranks = xp.arange(1, m + 1, dtype=amounts.dtype, device=amounts.device)
    return xp.sum((2 * ranks - m - 1) * xp.sort(amounts)) / (m * xp.sum(amounts))


def theil(amounts: Array) -> Array:
    return generalised_entropy(amounts, alpha=1.0)


def generalised_entropy(amounts: Array, *, alpha: float) -> Array:
    xp = array_namespace(amounts)
    shares = amounts / xp.mean(amounts)
    if alpha == 0:
        return -xp.mean(xp.log(shares))
    if alpha == 1:
        return xp.mean(shares * xp.log(shares))
    return xp.mean(shares**alpha - 1) / (alpha * (alpha - 1))


def atkinson(amounts: Array, *, epsilon: float) -> Array:
    xp = array_namespace(amounts)
    shares = amounts / xp.mean(amounts)  # of the mean, so that no power of a large amount overflows
    if epsilon == 1:
        return 1 - xp.exp(xp.mean(xp.log(shares)))
    power = 1 - epsilon
    return 1 - xp.mean(shares**power) ** (1 / power)


def variance_of_logs(amounts: Array) -> Array:
    xp = array_namespace(amounts)
    logs = xp.log(amounts)
    return xp.mean((logs - xp.mean(logs)) ** 2)


# those that are reported
MEASURES: Mapping[str, Callable[[Array], Array]] = {
    "gini": gini,
    "theil": theil,
    "ge_0": lambda amounts: generalised_entropy(amounts, alpha=0.0),
    "ge_2": lambda amounts: generalised_entropy(amounts, alpha=2.0),
    "atkinson_half": lambda amounts: atkinson(amounts, epsilon=0.5),
    "atkinson_1": lambda amounts: atkinson(amounts, epsilon=1.0),
    "variance_of_logs": variance_of_logs,
}

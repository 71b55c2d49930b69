"""How unequally something is spread: measures of inequality of positive amounts (Jamal & Qi 2019, §3; Cowell 2011).

With a the amounts, M of them, m their mean: Theil (1/M) Σ (a/m) ln(a/m); generalised entropy GE(α) = Σ [(a/m)^α - 1] /
(M α (α - 1)), GE(1) Theil, GE(0) = -(1/M) Σ ln(a/m); Atkinson(ε) = 1 - [(1/M) Σ a^(1-ε)]^(1/(1-ε)) / m, at ε = 1 with
the geometric mean; Gini ΣΣ |a_i - a_j| / (2 M Σ a); variance of logarithms (1/M) Σ (ln a - mean ln a)². Each is 0 when
all are equal, above 0 otherwise, and unchanged when all are scaled.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def gini(amounts: Array) -> float:
    ordered = np.sort(amounts)
    m = len(ordered)
    return float((2 * np.arange(1, m + 1) - m - 1) @ ordered / (m * ordered.sum()))


def theil(amounts: Array) -> float:
    return generalised_entropy(amounts, alpha=1.0)


def generalised_entropy(amounts: Array, *, alpha: float) -> float:
    shares = amounts / amounts.mean()
    if alpha == 0:
        return float(-np.log(shares).mean())
    if alpha == 1:
        return float((shares * np.log(shares)).mean())
    return float((shares**alpha - 1).mean() / (alpha * (alpha - 1)))


def atkinson(amounts: Array, *, epsilon: float) -> float:
    if epsilon == 1:
        return float(1 - np.exp(np.log(amounts).mean()) / amounts.mean())
    power = 1 - epsilon
    return float(1 - (amounts**power).mean() ** (1 / power) / amounts.mean())


def variance_of_logs(amounts: Array) -> float:
    return float(np.log(amounts).var())


MEASURES: Mapping[str, Callable[[Array], float]] = {
    "gini": gini,
    "theil": theil,
    "ge_0": lambda amounts: generalised_entropy(amounts, alpha=0.0),
    "ge_2": lambda amounts: generalised_entropy(amounts, alpha=2.0),
    "atkinson_half": lambda amounts: atkinson(amounts, epsilon=0.5),
    "atkinson_1": lambda amounts: atkinson(amounts, epsilon=1.0),
    "variance_of_logs": variance_of_logs,
}

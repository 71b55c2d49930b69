"""Random-effects meta-regression: estimates that each have an error of their own, on x, with a scatter between them.

    y = Xβ + u + e,    u ~ N(0, τ²),  e ~ N(0, V),  V known

τ² by restricted maximum likelihood, found by Fisher scoring: τ² ← max(0, τ² + [yᵀPPy - tr P] / tr PP) with
P = W - WX(XᵀWX)⁻¹XᵀW and W = (V + τ²)⁻¹. Errors of β by Knapp and Hartung (2003): q (XᵀWX)⁻¹ with
q = (y - Xβ)ᵀW(y - Xβ) / (k - p), and t with k - p degrees of freedom. Many data sets on the same X are fitted at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
STEPS = 60
ENOUGH = 1e-10  # a step of τ², as a share of the mean variance
LEAST = 1e-12  # added to every variance: an estimate without error (everybody right) must not make W infinite


@dataclass(frozen=True)
class MetaFits:
    """Fits of many data sets (runs). `coefficients`: shape (runs, p); `covariance`, Knapp and Hartung's: (runs, p, p);
    `inverse`: (XᵀWX)⁻¹; `weight`: W, (runs, k, k); `tau2` and `scale` (q): (runs,); `df`: k - p.
    """

    coefficients: Floats
    covariance: Floats
    inverse: Floats
    weight: Floats
    tau2: Floats
    scale: Floats
    df: int


def regress(x: Floats, y: Floats, variances: Floats) -> MetaFits:
    """Fit every row of y, shape (runs, k), on x, shape (k, p).

    `variances`, shape (runs, k), or with the covariances of the errors, (runs, k, k).
    """
    k, p = x.shape
    known = variances if variances.ndim == 3 else variances[:, :, None] * np.eye(k)
    typical = np.maximum(np.einsum("rkk->r", known) / k, 1e-300)
    tau2 = np.zeros(len(y))
    for _ in range(STEPS):
        projection = _project(x, _weigh(known, tau2))[0]
        rest = (projection @ y[:, :, None])[:, :, 0]
        trace = np.einsum("rkk->r", projection)
        step = ((rest**2).sum(1) - trace) / np.maximum((projection**2).sum((1, 2)), 1e-300)
        moved = np.maximum(0.0, tau2 + step)
        has_settled = np.all(np.abs(moved - tau2) < ENOUGH * np.maximum(typical, tau2))
        tau2 = moved
        if has_settled:
            break
    weight = _weigh(known, tau2)
    inverse = _project(x, weight)[1]
    beta = (inverse @ (x.T @ weight @ y[:, :, None]))[:, :, 0]
    rest = y - beta @ x.T
    scale = np.einsum("rk,rkl,rl->r", rest, weight, rest) / (k - p)
    return MetaFits(beta, scale[:, None, None] * inverse, inverse, weight, tau2, scale, k - p)


def chance_of_t(value: float, se: float, df: float) -> tuple[float | None, float | None]:
    """t = value / SE and its two-sided p; None without an error."""
    if not se > 0:
        return None, None
    t = value / se
    return t, float(2 * special.stdtr(df, -abs(t)))


def _weigh(known: Floats, tau2: Floats) -> Floats:
    return np.asarray(np.linalg.inv(known + (LEAST + tau2[:, None, None]) * np.eye(known.shape[1])), dtype=float)


def _project(x: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """P, shape (runs, k, k), and (XᵀWX)⁻¹, shape (runs, p, p)."""
    weighted = weight @ x
    inverse = np.linalg.inv(x.T @ weighted)
    return weight - weighted @ inverse @ weighted.transpose(0, 2, 1), np.asarray(inverse, dtype=float)

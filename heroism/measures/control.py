"""Means freed of the chance that known means reveal: control variates."""

from __future__ import annotations

import numpy as np

from heroism.noise import Array

LARGEST_LOG = 700.0  # of a double
DOUBT = 5.0  # standard errors by which a mean that should be zero may miss it
FEWEST = 8  # particles for each coefficient of a regression


def known_means(ratio: Array, log_weights: Array | None = None, covered: bool = True) -> Array:
    """(n, 0 to 2) variables of mean zero, of particles with log ratios log p/q (n,) and log weights (n,).

    ``w (p/q - 1)``: both laws have mass one, but only a map that is one to one and reaches all of p shows it, so it is
    left out unless ``covered``, or if its mean misses zero by far. With weights also ``w - 1``.
    """
    weights = np.ones(len(ratio)) if log_weights is None else np.exp(log_weights)
    known = [] if log_weights is None else [weights - 1.0]
    if covered:
        defect = weights * np.expm1(np.minimum(ratio, LARGEST_LOG))
        if abs(defect.mean()) * np.sqrt(len(defect)) <= DOUBT * defect.std():
            known.append(defect)
    return np.array(known).reshape(len(known), len(ratio)).T


def controlled(values: Array, known: Array) -> Array:
    """(n,) values with the same mean and less variance, given variables ``known`` (n, k) of mean zero.

    ``values - known b``, b by linear regression; for each particle from the regression that leaves it out. So b is
    independent of what it multiplies, and the mean of the result is unbiased at any n. Its ordinary standard error is
    the leverage-corrected one (HC3) of the regression's intercept, as far as the known means are near zero. Too few
    particles for a regression keep their values.
    """
    n, k = known.shape
    if k == 0 or n < FEWEST * (k + 1):
        return values
    scale = np.abs(known).max(axis=0)
    design = np.column_stack([np.ones(n), known / np.where(scale > 0.0, scale, 1.0)])
    inverse = np.linalg.pinv(design.T @ design)
    pull = design @ inverse
    leverage = np.einsum("ni,ni->n", pull, design)
    coefficients = inverse @ (design.T @ values)
    residual = (values - design @ coefficients) / np.maximum(1.0 - leverage, np.finfo(float).eps)
    without = coefficients - pull * residual[:, None]
    return np.asarray(values - np.einsum("nk,nk->n", design[:, 1:], without[:, 1:]))

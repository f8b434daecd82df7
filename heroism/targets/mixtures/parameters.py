"""Checks of the weights, means and covariances that a user gives a mixture: one sentence per mistake."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from heroism.errors import require
from heroism.noise import Array
from heroism.targets.parameters import numbers


def check_means(means: ArrayLike) -> Array:
    """Means (m, d) of a mixture."""
    remedy = "give the means as an (m, d) array of finite numbers, one row per component"
    array = numbers("means", means, remedy)
    require(array.ndim == 2, "means", f"array of shape {array.shape}", remedy)
    return array


def check_weights(weights: ArrayLike | None, count: int) -> Array:
    """Weights (m,) of a mixture; None means equal weights."""
    if weights is None:
        return np.full(count, 1.0 / count)
    remedy = f"give {count} non-negative numbers that sum to one, one per component"
    array = numbers("weights", weights, remedy)
    require(array.shape == (count,), "weights", f"array of shape {array.shape}", remedy)
    require(bool(np.all(array >= 0)), "weights", array.min(), f"a weight is negative; {remedy}")
    total = float(array.sum())
    require(abs(total - 1.0) < 1e-8, "weights", array.tolist(), f"their sum is {total:g}; divide them by it")
    return array / total


def check_variances(argument: str, variances: ArrayLike, count: int | None) -> Array:
    """Variances (m,), one per component; a scalar counts for all ``count`` of them; zeros are point masses."""
    remedy = "give one non-negative variance per component"
    if count is not None:
        remedy += f" ({count} of them), or one for all"
    array = numbers(argument, variances, remedy)
    if array.ndim == 0 and count is not None:
        array = np.full(count, float(array))
    require(array.ndim == 1 and count in (None, len(array)), argument, f"array of shape {array.shape}", remedy)
    require(bool(np.all(array >= 0)), argument, array.min(), f"a variance is negative; {remedy}")
    return array


def check_covariances(covariances: ArrayLike, count: int, dim: int) -> tuple[Array, Array | None]:
    """Variances (m,) or (m, d), and the eigenbases (m, d, d) if the covariances are full, else None.

    Accepts a scalar, (m,), (m, d) or (m, d, d) for m = ``count`` components in d = ``dim`` dimensions.
    """
    remedy = (f"give a number, {count} numbers (one variance per component), a ({count}, {dim}) array (diagonals) or "
              f"a ({count}, {dim}, {dim}) array (full)")
    array = numbers("covariances", covariances, remedy)
    shapes = ((), (count,), (count, dim), (count, dim, dim))
    require(array.shape in shapes, "covariances", f"array of shape {array.shape}", remedy)
    if array.ndim < 3:
        require(bool(np.all(array >= 0)), "covariances", array.min(),
                "a variance is negative; give non-negative variances")
        return (np.full(count, float(array)) if array.ndim == 0 else array), None
    gap = np.abs(array - array.transpose(0, 2, 1)).max(axis=(1, 2))
    size = np.abs(array).max(axis=(1, 2))
    k = int(np.argmax(gap - 1e-10 * size))
    require(gap[k] <= 1e-10 * size[k], "covariances", f"matrix {k}", "it is not symmetric; give (C + C^T) / 2")
    values, basis = np.linalg.eigh(array)
    k = int(np.argmin(values[:, 0] + 1e-10 * size))
    require(values[k, 0] >= -1e-10 * size[k], "covariances", f"matrix {k} with eigenvalue {values[k, 0]:.3g}",
            "it is not positive semi-definite; give one with no negative eigenvalue")
    return np.maximum(values, 0.0), basis

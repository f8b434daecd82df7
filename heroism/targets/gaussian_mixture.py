"""Gaussian mixtures with any covariances."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from heroism.errors import nonnegative, require, whole_number
from heroism.targets.mixtures import DiagonalComponents, FullComponents, Mixture, reduced_isotropic
from heroism.targets.mixtures.parameters import check_covariances, check_means, check_weights

PUBLISHED_WEIGHTS = (0.19194250492303952, 0.21609780841596313, 0.3280755236320224, 0.07030341547263623,
                     0.19358074755633872)


class GaussianMixture(Mixture):
    """``sum_k w_k N(mu_k, C_k)`` in R^d; covariances may be singular, since every noise level adds tau I.

    With isotropic covariances, and means that span r directions with r + 1 < d, the mixture is reduced to r
    coordinates in that span and the radius of the rest: ``sample``, ``log_density`` and ``score`` work there,
    ``lift`` goes back to R^d, and ``means`` keeps the means in R^d. A single Gaussian with a diagonal covariance has
    independent coordinates.

    Parameters
    ----------
    means : (m, d), one row per component.
    covariances : a number or (m,) variances (isotropic), (m, d) diagonals, or (m, d, d) matrices.
    weights : (m,) non-negative, summing to one; equal if None.

    Raises
    ------
    InputError : wrong shapes, numbers that are not finite, weights that are negative or do not sum to one, covariances
        that are not symmetric or not positive semi-definite, or d beyond what a mixture without symmetry allows.
    """

    def __init__(self, means: ArrayLike, covariances: ArrayLike, weights: ArrayLike | None = None):
        self.means = check_means(means)
        m, d = self.means.shape
        self.weights = check_weights(weights, m)
        variances, basis = check_covariances(covariances, m, d)
        if basis is not None and d > 1:
            super().__init__(FullComponents(self.weights, self.means, variances, basis))
        elif variances.ndim == 2 and d > 1:
            super().__init__(DiagonalComponents(self.weights, self.means, variances))
        else:
            super().__init__(*reduced_isotropic(self.means, variances.reshape(m), self.weights))

    @classmethod
    def low_rank(cls, dim: int, rank: int = 2, components: int = 4, variance: float = 0.1, radius: float = 3.0,
                 seed: int = 0) -> GaussianMixture:
        """Equal weights and variances, means at distance ``radius`` in random directions of the first ``rank``
        coordinates.

        The means do not depend on ``dim``. Raises InputError for rank < 1, rank > dim, components < 1, or a variance or
        radius that is not a finite number of at least 0.
        """
        dim, rank = whole_number("d", dim, 1), whole_number("rank", rank, 1)
        require(rank <= dim, "rank", rank, f"must not exceed d = {dim}")
        nonnegative("variance", variance)
        nonnegative("radius", radius)
        direction = np.random.default_rng(seed).standard_normal((whole_number("components", components, 1), rank))
        means = np.zeros((len(direction), dim))
        means[:, :rank] = radius * direction / np.linalg.norm(direction, axis=1, keepdims=True)
        return cls(means, variance)

    @classmethod
    def published_5mode(cls, dim: int, seed: int = 123) -> GaussianMixture:
        """The mixture family of 2404.09730, section on high dimensions, for dim <= 128.

        As in the authors' notebook: five modes with its weights, means 3 N(0, I), covariances ``(W^T W / 128 + I) /
        8`` with W a 128 x 128 standard Gaussian matrix; a lower dimension takes the leading coordinates. The notebook
        draws means and matrices from Julia's generator; here they are other draws of the same law, so figures agree
        as a family only.
        """
        full = 128
        dim = whole_number("d", dim, 1)
        require(dim <= full, "d", dim, f"the published family has at most {full} dimensions")
        rng = np.random.default_rng(seed)
        means = 3.0 * rng.standard_normal((len(PUBLISHED_WEIGHTS), full))
        factors = rng.standard_normal((len(PUBLISHED_WEIGHTS), full, full))[:, :, :dim]
        covariances = (factors.transpose(0, 2, 1) @ factors / full + np.eye(dim)) / 8.0
        return cls(means[:, :dim], covariances, PUBLISHED_WEIGHTS)

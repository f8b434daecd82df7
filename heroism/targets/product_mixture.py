"""Products of identical one-dimensional Gaussian mixtures."""

from __future__ import annotations

from numpy.typing import ArrayLike

from heroism.errors import require
from heroism.targets.mixtures import IdenticalCoordinates
from heroism.targets.mixtures.parameters import check_variances, check_weights
from heroism.targets.parameters import numbers


class ProductMixture(IdenticalCoordinates):
    """d independent coordinates, each with the law ``sum_k w_k N(mu_k, v_k)``: one reduced coordinate, ``copies`` = d.

    Parameters
    ----------
    means : (m,). variances : a number or (m,); zeros are point masses. weights : (m,) summing to one, equal if None.
    dim : d >= 1.

    Raises
    ------
    InputError : d < 1, wrong shapes, numbers that are not finite, negative variances, weights that are negative or do
        not sum to one.
    """

    def __init__(self, means: ArrayLike, variances: ArrayLike, weights: ArrayLike | None = None, dim: int = 1):
        remedy = "give the means as a list of finite numbers, one per component"
        centres = numbers("means", means, remedy)
        require(centres.ndim == 1, "means", f"array of shape {centres.shape}", remedy)
        super().__init__(centres, check_variances("variances", variances, len(centres)),
                         check_weights(weights, len(centres)), dim)

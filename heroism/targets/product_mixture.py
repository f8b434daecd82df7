"""Products of identical one-dimensional Gaussian mixtures, and two far modes on a line."""

from __future__ import annotations

from numpy.typing import ArrayLike

from heroism.errors import nonnegative, require
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


class TwoModes(ProductMixture):
    """``share N(h, v) + (1 - share) N(-h, v)`` on a line: what two modes of R^d, a distance 2 h apart, are along the
    line through their centres; h is of order sqrt(d) widths where their centres differ in every coordinate.

    Parameters
    ----------
    half_width : h >= 0. share : of the upper mode, between 0 and 1. variance : v >= 0.

    Raises
    ------
    InputError : a number outside of these limits.
    """

    def __init__(self, half_width: float, share: float = 0.7, variance: float = 1.0):
        self.half_width = nonnegative("half_width", half_width)
        require(0.0 < share < 1.0, "share", share, "give a number between 0 and 1")
        super().__init__([-self.half_width, self.half_width], nonnegative("variance", variance), [1.0 - share, share])

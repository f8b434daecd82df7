"""Scale mixtures of Gaussians around the origin."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from heroism.errors import whole_number
from heroism.targets.mixtures import Mixture, centred
from heroism.targets.mixtures.parameters import check_variances, check_weights


class ScaleMixture(Mixture):
    """``sum_k w_k N(0, v_k I_d)``, reduced to the radius (to a plain coordinate if d = 1); d up to a million and
    beyond.

    Parameters
    ----------
    dim : d >= 1. variances : (m,); zeros are point masses at the origin. weights : (m,) summing to one, equal if None.

    Raises
    ------
    InputError : d < 1, negative or non-finite variances, weights that are negative or do not sum to one.
    """

    def __init__(self, dim: int, variances: ArrayLike, weights: ArrayLike | None = None):
        dim = whole_number("d", dim, 1)
        self.variances = check_variances("variances", np.atleast_1d(variances), None)
        self.weights = check_weights(weights, len(self.variances))
        super().__init__(centred(self.weights, self.variances, dim), shell=dim)

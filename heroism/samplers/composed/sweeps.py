"""How the points of one step are refined: all at once, or one after the other with the newest values."""

from __future__ import annotations

import numpy as np
from qmat import genQDeltaCoeffs

from heroism.errors import require
from heroism.noise import Array

SWEEPS = ("picard", "gauss_seidel", "lu")


def newest(sweep: str, weights: Array) -> Array | None:
    """(K, K) strictly lower matrix D of a sweep over K points whose own weights are ``weights``; None for Picard.

    Point i becomes ``scale_i x + sum_j weights_ij f_j(old) + sum_{j<i} D_ij (f_j(new) - f_j(old))``; any D keeps the
    fixed point. Gauss-Seidel takes the lower triangle of the weights; "lu" the lower factor of qmat's LU trick (Weiser
    2015), whose diagonal would make every point implicit and is left out.
    """
    require(sweep in SWEEPS, "sweep", sweep, f"choose one of {', '.join(SWEEPS)}")
    if sweep == "picard":
        return None
    lower = weights if sweep == "gauss_seidel" else genQDeltaCoeffs("LU", Q=weights)
    return np.tril(lower, -1)

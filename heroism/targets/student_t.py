"""Student's t: heavy tails, outside the assumptions of the paper."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq
from scipy.special import loggamma

from heroism.errors import positive, require, whole_number
from heroism.noise import Array
from heroism.targets.mixtures import Mixture, centred

MOST_SCALES = 4096
FALL_FOURIER = 36.0
FALL_LOW, FALL_HIGH = 60.0, 46.0  # logs of what the smallest and largest scales may fall short of the peak by


class StudentT(Mixture):
    """Multivariate Student t with nu degrees of freedom and unit scale matrix in R^d, reduced to the radius.

    ``X_0 = sqrt(V) Z`` with ``nu / V`` chi-squared. The law of log V is replaced by the trapezoidal rule, whose error
    decays exponentially in the spacing, on a grid so fine that the density equals that of the t distribution to
    1e-12. The discretised law *is* the target: samples, densities and scores all belong to the same finite scale
    mixture.

    Parameters
    ----------
    dim : d >= 1. degrees_of_freedom : nu > 0. Many dimensions or few degrees of freedom take many scales, 4096 at most.

    Raises
    ------
    InputError : d < 1, nu that is not a positive number, or a combination that takes too many scales.
    """

    def __init__(self, dim: int, degrees_of_freedom: float):
        dim = whole_number("d", dim, 1)
        nu = self.degrees_of_freedom = positive("degrees_of_freedom", degrees_of_freedom)
        variances, weights = inverse_gamma_scales(nu, dim)
        super().__init__(centred(weights, variances, dim), shell=dim)


def inverse_gamma_scales(nu: float, dim: int) -> tuple[Array, Array]:
    """Variances and weights (k,) that discretise the law of V = nu / chi^2_nu for Gaussians in ``dim`` dimensions.

    In u = log V the weight is ``exp(-(nu/2) (u + e^-u))``; at a radius it becomes ``exp(-a (u + e^-u))``, a = (nu +
    d)/2, up to a shift. The trapezoidal rule of spacing h errs by that function's Fourier transform at ``2 pi / h``,
    which is ``Gamma(a + 2 pi i / h)`` relative to ``Gamma(a)``: h is taken where it has fallen below 1e-15.
    """
    a = 0.5 * (nu + dim)

    def rest(w: float) -> float:
        return float((loggamma(a + 1j * w) - loggamma(a)).real) + FALL_FOURIER

    frequency = brentq(rest, 1e-3, 40.0 + 20.0 * np.sqrt(a))
    spacing, width = 2.0 * np.pi / frequency, np.sqrt(1.0 / a)

    def fall(u: Array) -> Array:
        """Minus the log of the weight at u, relative to its peak at 0."""
        return 0.5 * nu * (u + np.expm1(-u))

    lowest = brentq(lambda u: fall(u) - FALL_LOW, -1.0 - np.log1p(2.0 * FALL_LOW / nu), 0.0) - 9.0 * width
    highest = brentq(lambda u: fall(u) - FALL_HIGH, 0.0, 2.0 + 2.0 * FALL_HIGH / nu) + 9.0 * width
    scales = int(np.ceil((highest - lowest) / spacing)) + 1
    require(scales <= MOST_SCALES, "degrees_of_freedom", nu,
            f"in d = {dim} dimensions it takes {scales} scales, {MOST_SCALES} is the limit; take more degrees of "
            "freedom or fewer dimensions")
    u = lowest + spacing * np.arange(scales)
    weights = np.exp(-fall(u))
    kept = weights > 0.0
    return np.exp(u[kept]), weights[kept] / weights.sum()

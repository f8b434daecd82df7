"""The radius of a Gaussian block: densities that stay accurate to round-off up to m = 10^6 dimensions."""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from heroism.noise import Array

FEW_DIMENSIONS = 16


def log_area(m: int) -> float:
    """Log of the surface area of the unit sphere in R^m."""
    return float(np.log(2.0) + 0.5 * m * np.log(np.pi) - gammaln(0.5 * m))


def log_radius_density(radius: Array, variance: float | Array, m: int) -> Array:
    """Log density of ``|V|``, V ~ N(0, variance I_m), at ``|radius|``; broadcasts radius against variance.

    Accurate to round-off from m = 1 to 10^6.
    """
    radius = np.abs(radius)
    if m <= FEW_DIMENSIONS:
        constant = (1.0 - 0.5 * m) * np.log(2.0) - gammaln(0.5 * m)
        return log_radius_ratio(radius, variance, m) + (m - 1) * np.log(radius) + constant
    return log_radius_ratio(radius, variance, m) - np.log(radius) + _log_chi_constant(m)


def log_radius_ratio(radius: Array, variance: float | Array, m: int) -> Array:
    """``log_radius_density`` up to a term without the variance: what components of a mixture are told apart by.

    Broadcasts radius >= 0 against variance. In many dimensions written around the mode, ``-(m/2)(x - 1 - log x)`` with
    ``x = radius^2 / (m variance)``: the plain formula adds terms of size m log m that cancel, and loses ten digits at
    m = 10^6. In few dimensions x may be tiny where there is mass, and then the plain formula is the accurate one.
    """
    variance = np.asarray(variance)
    if m <= FEW_DIMENSIONS:
        return -0.5 * (radius * radius / variance + m * np.log(variance))
    mode = np.sqrt(m * variance)
    excess = (radius - mode) * (radius + mode) / (m * variance)
    excess = np.maximum(excess, -1.0 + 1e-15)  # a path through the centre, where no law has mass, must not meet log 0
    return -0.5 * m * (excess - np.log1p(excess))


def _log_chi_constant(m: int) -> float:
    """``log 2 + (m/2) log(m/2) - m/2 - log Gamma(m/2)``, by Stirling's series where the terms would cancel."""
    half = 0.5 * m
    if half < 50.0:
        return float(np.log(2.0) + half * np.log(half) - half - gammaln(half))
    correction = 1 / (12 * half) - 1 / (360 * half**3) + 1 / (1260 * half**5)
    return float(np.log(2.0) + 0.5 * np.log(half / (2.0 * np.pi)) - correction)

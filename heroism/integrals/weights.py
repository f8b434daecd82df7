"""Weights that integrate a prediction's interpolant exactly against its exponential factor."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.polynomial.legendre import leggauss

from heroism.integrals.clocks import Clock
from heroism.integrals.predictions import Prediction
from heroism.noise import Array, NoiseLevel

EXTRA_QUADRATURE = 40  # Gauss points beyond half the degree: round-off for all factors, over steps up to e^28


@cache
def _gauss(count: int) -> tuple[Array, Array]:
    return leggauss(count)


def lagrange_basis(nodes: Array, at: Array) -> Array:
    """(len(at), len(nodes)) values of the Lagrange basis polynomials on ``nodes`` at the points ``at``."""
    gaps = nodes[:, None] - nodes[None, :]
    np.fill_diagonal(gaps, 1.0)
    basis = np.empty((len(at), len(nodes)))
    for j in range(len(nodes)):
        others = np.arange(len(nodes)) != j
        basis[:, j] = np.prod((at[:, None] - nodes[others]) / gaps[j, others], axis=1)
    return basis


def basis_integrals(nodes: Array, rows: Array, factor: Callable[[Array], Array]) -> Array:
    """(r, m) integrals of ``factor(t) psi_j(t)`` from 0 to each of ``rows`` (r,), psi_j the Lagrange basis on ``nodes``
    (m,), which may lie anywhere.

    By Gauss-Legendre sums of a smooth integrand: unlike phi-functions from their recursion, nothing cancels when the
    step is short.
    """
    abscissae, gauss = _gauss(len(nodes) // 2 + EXTRA_QUADRATURE)
    at = np.outer(rows, 0.5 * (1.0 + abscissae))
    basis = lagrange_basis(nodes, at.ravel()).reshape(*at.shape, len(nodes))
    return np.einsum("rq,rqm->rm", factor(at) * (0.5 * gauss) * rows[:, None], basis)


def step_weights(clock: Clock, prediction: Prediction, start: NoiseLevel, end: NoiseLevel, nodes: Array,
                 rows: Array) -> tuple[Array, Array]:
    """(scale, weights) with ``x_i = scale_i x_start + sum_j weights_ij f_j`` at the unit coordinates ``rows`` (r,) in
    [0, 1].

    f_j are the predictions at the unit coordinates ``nodes`` (m,), which may lie before the step (negative). The
    integral ``kappa_i int_0^{u_i} rate psi_j d lambda`` is taken relative to the row itself, so no exponential of
    lambda is ever formed that its neighbour would cancel, and polynomials up to degree m - 1 are integrated to
    round-off.
    """
    levels = [start, *(clock.level(start, end, float(unit)) for unit in rows)]
    kappa = prediction.kappa(np.array([x.alpha_bar for x in levels]), np.array([x.tau for x in levels]))

    def density(units: Array) -> Array:
        alpha_bar, tau, speed = clock.moments(start, end, units)
        return kappa[1:, None] * prediction.rate(alpha_bar, tau) * speed

    return kappa[1:] / kappa[0], basis_integrals(nodes, rows, density)

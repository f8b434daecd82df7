"""Total variation, KL and W2 in R^d between two rotationally symmetric laws, from their radii."""

from __future__ import annotations

import numpy as np
from numpy.polynomial.legendre import leggauss, legint, legval, legvander

from heroism.measures.estimate import Estimate
from heroism.measures.stochastic.monotone import SUMMED, folded_moves, monotone_moves
from heroism.measures.stochastic.overlap import LARGEST_LOG, LogAffinity, affinity_of_ratios, exp_minus_linear
from heroism.measures.stochastic.radius import PER_PANEL, RadialLaw, lagrange_refinement
from heroism.noise import Array, NoiseLevel
from heroism.targets.base import Target

SOUND = 1e-14  # share of the density's peak below which it does not matter whether a map folds
UNSEEN = 1e-11  # mass that panels which were left out may hold
PIECES, PER_PIECE = 1024, 4  # of a panel in which the integrand has a kink


def radial_total_variation(law: RadialLaw) -> Estimate:
    """Joint total variation in R^d: that of the radii. ``floor`` is the mass that the quadrature missed."""
    log_q, ratio = _by_panel(law)
    weights = law.panels.weights.reshape(log_q.shape)
    value = 0.5 * np.sum(weights * np.exp(log_q) * np.abs(np.expm1(ratio)), axis=1)
    kinked = (ratio.min(axis=1) < 0) & (ratio.max(axis=1) > 0)
    if kinked.any():
        points, rule = leggauss(PER_PIECE)
        fine = ((np.arange(PIECES)[:, None] + 0.5 * (1.0 + points)) * (2.0 / PIECES) - 1.0).ravel()
        refine = lagrange_refinement(fine).T
        integrand = np.exp(log_q[kinked] @ refine) * np.abs(np.expm1(ratio[kinked] @ refine))
        value[kinked] = 0.25 * law.panels.length[kinked] * (integrand @ np.tile(rule / PIECES, PIECES))
    return Estimate(min(1.0, float(value.sum() + 0.5 * _lost(law))), 0.0, _floor(law), law.nodes)


def radial_kl(law: RadialLaw) -> Estimate:
    """Kullback-Leibler divergence in R^d of the sampler's law from the target's: that of the radii.

    ``floor`` is what a relative error of the density, as large as the mass that the quadrature missed, would show.
    """
    log_q, ratio = _by_panel(law)
    weights = law.panels.weights.reshape(log_q.shape) * np.exp(log_q)
    value = float(np.sum(weights * exp_minus_linear(ratio))) + _lost(law)
    return Estimate(value, 0.0, 0.5 * _floor(law) ** 2, law.nodes)


def radial_wasserstein(law: RadialLaw, target: Target, level: NoiseLevel) -> Estimate:
    """W2 in R^d: points are moved along their rays, so it is that of the radii, by the monotone map.

    ``floor`` as in :func:`heroism.measures.stochastic.product.product_wasserstein`.
    """
    log_q, ratio = _by_panel(law)
    density = np.exp(log_q)
    mass = law.panels.weights * density.ravel()
    if np.all(np.diff(law.image[density.ravel() > SOUND * density.max()]) > 0.0):
        surplus = _below(-density * np.expm1(ratio), law.panels.length)
        move = monotone_moves(law.image, _below(density, law.panels.length), surplus, target, level)
    else:
        move = folded_moves(law.image, mass / mass.sum(), target, level)
    value = np.sqrt(mass @ move**2 / mass.sum())
    noise = np.minimum(max(law.error, SUMMED) / np.maximum(density.ravel(), 1e-300), np.ptp(law.image))
    return Estimate(float(value), 0.0, float(np.sqrt(mass @ noise**2)), law.nodes)


def radial_affinity(law: RadialLaw, copies: int = 1) -> LogAffinity:
    """Log affinity of independent copies of the law."""
    weights = law.panels.weights * np.exp(law.log_density)
    ratio = np.minimum(law.image_log_density - law.log_density, LARGEST_LOG)
    weights /= weights.sum()
    return affinity_of_ratios(weights, ratio - np.log(weights @ np.exp(ratio)), copies, _lost(law), equidistant=False)


def _by_panel(law: RadialLaw) -> tuple[Array, Array]:
    """(k, 16) log q and log p/q."""
    ratio = np.minimum(law.image_log_density - law.log_density, LARGEST_LOG)
    return law.log_density.reshape(-1, PER_PANEL), ratio.reshape(-1, PER_PANEL)


def _lost(law: RadialLaw) -> float:
    """Mass of p where q has none; 0 if it is no more than the quadrature misses."""
    lost = 1.0 - float(law.panels.weights @ np.exp(np.minimum(law.image_log_density, LARGEST_LOG)))
    return lost if lost > 10.0 * _floor(law) + UNSEEN else 0.0


def _floor(law: RadialLaw) -> float:
    return float(law.error + np.finfo(float).eps)


def _below(values: Array, length: Array) -> Array:
    """(16 k,) integral up to every node of the function with values (k, 16) at the nodes."""
    points = leggauss(PER_PANEL)[0]
    to_coefficients = np.linalg.inv(legvander(points, PER_PANEL - 1))
    integrate = np.stack([legval(points, legint(row, lbnd=-1)) for row in np.eye(PER_PANEL)], axis=1)
    inside = 0.5 * length[:, None] * (values @ (integrate @ to_coefficients).T)
    whole = 0.5 * length * (values @ leggauss(PER_PANEL)[1])
    return (np.concatenate([[0.0], np.cumsum(whole)[:-1]])[:, None] + inside).ravel()

"""Total variation, KL and W2 between a product of identical laws and the target's, from one coordinate."""

from __future__ import annotations

import numpy as np

from heroism.measures.estimate import Estimate
from heroism.measures.stochastic.densities import integral_of_absolute, running_integral
from heroism.measures.stochastic.line import LineLaw
from heroism.measures.stochastic.monotone import SUMMED, folded_moves, monotone_moves
from heroism.measures.stochastic.overlap import (
    LARGEST_LOG,
    LogAffinity,
    affinity_of_ratios,
    exp_minus_linear,
    joint_total_variation,
)
from heroism.noise import Array, NoiseLevel
from heroism.targets.base import Target

COARSE = 0.1  # of the level's deviation: how far apart the points that are followed to their quantiles may be


def product_total_variation(law: LineLaw, copies: int) -> Estimate:
    """Joint total variation of ``copies`` independent coordinates: no standard error, any number of copies.

    ``floor`` is what the error of one coordinate's density amounts to in all of them together.
    """
    floor = min(1.0, copies * law.error)
    if copies == 1:
        value = 0.5 * (integral_of_absolute(law.density - law.image_density, law.spacing) + law.lost)
        return Estimate(float(value), 0.0, float(law.error), law.nodes)
    value = joint_total_variation(product_affinity(law, copies))
    return Estimate(value, 0.0, float(floor), law.nodes)


def product_affinity(law: LineLaw, copies: int) -> LogAffinity:
    """Log affinity of ``copies`` independent coordinates."""
    return affinity_of_ratios(*_ratios(law), copies, law.lost)


def product_kl(law: LineLaw, copies: int) -> Estimate:
    """Kullback-Leibler divergence of ``copies`` coordinates of the sampler's law from the target's.

    Per coordinate ``E_q (p/q - 1 - log p/q)``, whose terms are positive; ``floor`` is what a density with an error of
    ``law.error`` would show between equal laws.
    """
    weights, ratio = _ratios(law)
    share = len(law.sound) * law.spacing  # where an error of the density lies, spread evenly
    noise = 0.5 * np.sum(np.minimum((law.error / share) ** 2 * law.spacing**2 / weights, weights))
    one = weights @ exp_minus_linear(ratio) - np.log1p(-law.lost)
    return Estimate(float(copies * one), 0.0, float(copies * noise), law.nodes)


def product_wasserstein(law: LineLaw, copies: int, target: Target, level: NoiseLevel) -> Estimate:
    """W2 of ``copies`` coordinates, by the monotone map of one: ``W2^2 = copies int (T(y) - y)^2 q(y) dy``.

    ``floor`` is what an error of the distribution functions, as large as that of the density or that of sums over a
    grid, would show: it moves points far where there are few.
    """
    some = law.sound[:: max(1, int(COARSE * np.sqrt(level.tau) / law.spacing))]
    weights = law.density[some] / np.sum(law.density[some])
    if np.all(np.diff(law.image[law.sound]) > 0.0):
        surplus = running_integral(law.density - law.image_density, law.spacing)[some]  # F_q - F_p
        below = running_integral(law.density, law.spacing)[some]
        move = monotone_moves(law.image[some], below, surplus, target, level)
    else:
        move = folded_moves(law.image[some], weights, target, level)
    value = np.sqrt(copies * (weights @ move**2))
    noise = max(law.error, SUMMED) / np.maximum(law.density[some], 1e-300)
    floor = np.sqrt(copies * (weights @ np.minimum(noise, np.ptp(law.image)) ** 2))
    return Estimate(float(value), 0.0, float(floor), law.nodes)


def _ratios(law: LineLaw) -> tuple[Array, Array]:
    """Masses (m,) under q and log ratios (m,) of p to q, both laws of mass one on the points that are known well."""
    some = law.sound
    weights = law.density[some] / np.sum(law.density[some])
    with np.errstate(divide="ignore"):
        ratio = np.log(law.image_density[some] / law.density[some])
    ratio = np.maximum(ratio, -LARGEST_LOG)
    return weights, ratio - np.log(weights @ np.exp(np.minimum(ratio, LARGEST_LOG)))

"""Total variation, KL and W2 between a product of identical laws and the target's, from one coordinate."""

from __future__ import annotations

import numpy as np
from numpy.polynomial.legendre import leggauss

from heroism.distances.estimate import Estimate
from heroism.noise import Array, NoiseLevel
from heroism.stochastic.densities import integral_of_absolute, running_integral
from heroism.stochastic.line import LineLaw
from heroism.stochastic.overlap import affinity_of_ratios, joint_total_variation
from heroism.targets.base import Target

PER_GAP = 16  # Gauss points between a point and the one that it is transported to
NEWTON = 6
LARGEST_LOG = 700.0  # of a double


def product_total_variation(law: LineLaw, copies: int) -> Estimate:
    """Joint total variation of ``copies`` independent coordinates: no standard error, any number of copies.

    ``floor`` is what the error of one coordinate's density amounts to in all of them together.
    """
    floor = min(1.0, copies * (law.error + law.outside * (copies > 1)))
    if copies == 1:
        value = 0.5 * (integral_of_absolute(law.density - law.image_density, law.spacing) + law.outside)
        return Estimate(float(value), 0.0, float(law.error), law.nodes)
    weights, ratio = _ratios(law)
    value = joint_total_variation(affinity_of_ratios(weights, ratio, copies, law.outside))
    return Estimate(value, 0.0, float(floor), law.nodes)


def product_kl(law: LineLaw, copies: int) -> Estimate:
    """Kullback-Leibler divergence of ``copies`` coordinates of the sampler's law from the target's.

    Per coordinate ``E_q (p/q - 1 - log p/q)``, whose terms are positive; ``floor`` is what a density with an error of
    ``law.error`` would show between equal laws.
    """
    weights, ratio = _ratios(law)
    share = len(law.sound) * law.spacing  # where an error of the density lies, spread evenly
    noise = 0.5 * np.sum(np.minimum((law.error / share) ** 2 * law.spacing**2 / weights, weights))
    return Estimate(float(copies * (weights @ exp_minus_linear(ratio))), 0.0, float(copies * noise), law.nodes)


def product_wasserstein(law: LineLaw, copies: int, target: Target, level: NoiseLevel) -> Estimate:
    """W2 of ``copies`` coordinates, by the monotone map of one: ``W2^2 = copies int (T(y) - y)^2 q(y) dy``."""
    some = law.sound
    weights = law.spacing * law.density[some]
    surplus = running_integral(law.density - law.image_density, law.spacing)[some]  # F_q - F_p
    move = _moves(law.image[some], law.image_density[some], law.density[some], surplus, target, level)
    value = np.sqrt(copies * (weights @ move**2) / weights.sum())
    noise = law.error / np.maximum(law.density[some], 1e-300)
    floor = np.sqrt(copies * (weights @ np.minimum(noise, np.ptp(law.image)) ** 2))
    return Estimate(float(value), 0.0, float(floor), law.nodes)


def exp_minus_linear(x: Array) -> Array:
    """``e^x - 1 - x``, whose leading term is ``x^2 / 2``."""
    small = np.abs(x) < 0.1
    near, total = np.where(small, x, 0.0), np.zeros_like(x)
    for j in range(14, 1, -1):
        total = (total * near + 1.0) / j
    return np.where(small, total * near * near, np.expm1(np.minimum(x, LARGEST_LOG)) - x)


def _ratios(law: LineLaw) -> tuple[Array, Array]:
    """Masses (m,) under q and log ratios (m,) of p to q, both laws of mass one on the points that are known well."""
    some = law.sound
    weights = law.density[some] / np.sum(law.density[some])
    with np.errstate(divide="ignore"):
        ratio = np.log(law.image_density[some] / law.density[some])
    ratio = np.maximum(ratio, -LARGEST_LOG)
    return weights, ratio - np.log(weights @ np.exp(np.minimum(ratio, LARGEST_LOG)))


def _moves(y: Array, p: Array, q: Array, surplus: Array, target: Target, level: NoiseLevel) -> Array:
    """How far each point is transported: t with ``int_y^{y+t} p = F_q(y) - F_p(y)``, by Newton's method."""
    below = np.concatenate([[0.0], np.cumsum(0.5 * np.diff(y) * (p[1:] + p[:-1]))])
    move = np.interp(below + surplus, below, y) - y
    points, weights = leggauss(PER_GAP)
    at = np.concatenate([0.5 * (1.0 + points), [1.0]])
    largest = 0.25 * np.sqrt(level.tau)
    for _ in range(NEWTON):
        where = y[:, None] + move[:, None] * at
        density = np.exp(target.log_density(where.reshape(-1, 1), level)).reshape(where.shape)
        miss = 0.5 * move * (density[:, :-1] @ weights) - surplus
        with np.errstate(divide="ignore", invalid="ignore"):
            change = np.nan_to_num(miss / density[:, -1])
        move = move - np.clip(change, -largest, largest)
    return move

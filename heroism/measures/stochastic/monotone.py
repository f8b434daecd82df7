"""The monotone map between two laws on a line, which is the optimal one."""

from __future__ import annotations

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.interpolate import CubicSpline

from heroism.noise import Array, NoiseLevel
from heroism.targets.base import Target

PER_GAP = 16  # Gauss points between a point and the one that it is transported to
NEWTON = 5
NEAR = 1.0  # noise deviations: up to there Gauss points resolve what lies between
RESOLUTION = 0.05  # of the noise's deviation, of the table of quantiles
SUMMED = 1e-12  # error of a distribution function that is summed up over a grid


def monotone_moves(y: Array, below: Array, surplus: Array, target: Target, level: NoiseLevel) -> Array:
    """How far each point is transported: t with ``F_p(y + t) = F_q(y)``.

    Long moves are read off a table of the target's quantiles. Short ones solve ``int_y^{y+t} p = F_q(y) - F_p(y)`` by
    Newton's method, which keeps their relative accuracy.

    Parameters
    ----------
    y : (m,) ascending points. below : (m,) F_q there. surplus : (m,) ``F_q - F_p`` there, accurate however small it is.
        target, level : whose distribution function is F_p.
    """
    deviation = float(np.sqrt(level.tau))
    move = _quantiles(y, below, target, level) - y
    points, weights = leggauss(PER_GAP)
    at = np.concatenate([0.5 * (1.0 + points), [1.0]])
    for _ in range(NEWTON):
        near = np.flatnonzero(np.abs(move) < NEAR * deviation)
        where = y[near, None] + move[near, None] * at
        with np.errstate(divide="ignore"):  # a radius of zero
            density = np.exp(target.log_density(where.reshape(-1, 1), level)).reshape(where.shape)
        miss = 0.5 * move[near] * (density[:, :-1] @ weights) - surplus[near]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            change = np.nan_to_num(miss / density[:, -1])
        move[near] -= np.clip(change, -0.25 * deviation, 0.25 * deviation)
    return move


def folded_moves(y: Array, weights: Array, target: Target, level: NoiseLevel) -> Array:
    """How far each of these points, of masses ``weights`` (m,) under q and in any order, is transported.

    For the image of a map that folds: its points are sorted, so this is as accurate as they are close.
    """
    order = np.argsort(y)
    below = np.cumsum(weights[order]) - 0.5 * weights[order]
    move = np.empty_like(y)
    move[order] = _quantiles(y[order], below, target, level) - y[order]
    return move


def _quantiles(y: Array, below: Array, target: Target, level: NoiseLevel) -> Array:
    """(m,) points with ``F_p = below``, by a table and two steps of Newton's method."""
    deviation = float(np.sqrt(level.tau))
    draws = target.sample(256, level, np.random.default_rng(0))[:, 0]
    reach = 5.0 * deviation + max(float(np.ptp(draws)), deviation)
    low, high = min(float(y[0]), draws.min() - reach), max(float(y[-1]), draws.max() + reach)
    if target.multiplicity[0] > 1:
        low = max(low, 0.0)
    x = np.arange(low + 1e-9 * deviation, high, RESOLUTION * deviation)
    density = CubicSpline(x, np.exp(target.log_density(x[:, None], level)))
    mass = density.antiderivative()
    table = np.maximum.accumulate(mass(x) / mass(x[-1]))
    found = np.interp(below, table, x)
    for _ in range(2):
        slope = np.maximum(density(found), 1e-30)
        found = found - np.clip((mass(found) / mass(x[-1]) - below) / slope, -RESOLUTION * deviation,
                                RESOLUTION * deviation)
    return np.clip(found, low, high)

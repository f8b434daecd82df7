"""Sizes of the score and of its Jacobian where the process is (2506.24042, lemma 3)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from heroism.distances.estimate import Estimate
from heroism.errors import require, whole_number
from heroism.lemmas.spread import Copies, grouped, spread_over
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.targets.base import Target

PARTICLES = 256
LEVELS = 24


def score_bound(target: Target, schedule: NoiseSchedule, seed: int | np.random.SeedSequence = 0,
                quantile: float = 0.99, particles: int = PARTICLES, levels: int = LEVELS) -> Estimate:
    """``|s| sqrt(tau)`` along exact trajectories: a high quantile over particles, the largest over the noise levels.

    Lemma 3 of 2506.24042 bounds it by a multiple of ``sqrt(d log T)`` where the process typically is.

    Parameters
    ----------
    target, schedule, seed : as in a run; points are drawn from the law of X_tau at each level.
    quantile : over particles in R^d (joint ones, if the target has independent copies).
    particles, levels : points, and the number of noise levels that are looked at, spread over the schedule.

    Raises
    ------
    InputError : a quantile outside (0, 1).
    """
    return _largest(_score_norms, 0.5, target, schedule, seed, quantile, particles, levels)


def jacobian_bound(target: Target, schedule: NoiseSchedule, seed: int | np.random.SeedSequence = 0,
                   quantile: float = 0.99, particles: int = PARTICLES, levels: int = LEVELS) -> Estimate:
    """``|grad s| tau`` in spectral norm: a high quantile over particles, the largest over the noise levels.

    Lemma 3 of 2506.24042 bounds it by a multiple of ``d log T``. The Jacobian is that in R^d: a radius has, beside its
    own entry, the transversal eigenvalue ``s_r / r``; independent copies make it block diagonal, and the largest block
    counts. Parameters as in :func:`score_bound`.
    """
    return _largest(_jacobian_norms, 1.0, target, schedule, seed, quantile, particles, levels)


Norms = Callable[[Target, NoiseLevel, int, np.random.Generator], Array]


def _largest(norms: Norms, power: float, target: Target, schedule: NoiseSchedule, seed: int | np.random.SeedSequence,
             quantile: float, particles: int, levels: int) -> Estimate:
    require(0.0 < quantile < 1.0, "quantile", quantile, "give a number between 0 and 1")
    particles = whole_number("particles", particles, 1)
    rng = np.random.default_rng(seed)
    sizes = np.array([level.tau**power * norms(target, level, particles, rng)
                      for level in spread_over(schedule, whole_number("levels", levels, 1))])
    value, stderr = grouped(lambda chosen: float(np.max(np.quantile(sizes[:, chosen], quantile, axis=1))), particles)
    return Estimate(value, stderr, 0.0, particles)


def _score_norms(target: Target, level: NoiseLevel, n: int, rng: np.random.Generator) -> Array:
    if target.copies == 1:
        return np.linalg.norm(target.score(target.sample(n, level, rng)[None], level)[0], axis=1)
    line = Copies(target, level)
    return np.sqrt(line.sums(target.score(line.x[None], level)[0, :, 0] ** 2, n, rng))


def _jacobian_norms(target: Target, level: NoiseLevel, n: int, rng: np.random.Generator) -> Array:
    if target.copies == 1:
        return spectral_norms(target, target.sample(n, level, rng), level)
    line = Copies(target, level)
    return line.largest(spectral_norms(target, line.x, level), n, rng)


def spectral_norms(target: Target, x: Array, level: NoiseLevel) -> Array:
    """(n,) spectral norm in R^d of the score's Jacobian at x (n, dim); of one copy, if the target has several."""
    tangents = 1 if target.jacobian == "diagonal" else target.dim
    bundle = np.empty((1 + tangents, *x.shape))
    bundle[0] = x
    bundle[1:] = 1.0 if target.jacobian == "diagonal" else np.eye(target.dim)[:, None, :]
    score, *products = target.score(bundle, level)
    if target.jacobian == "diagonal":
        norm = np.max(np.abs(products[0]), axis=1)
    else:
        norm = np.linalg.norm(np.moveaxis(np.array(products), 1, 0), ord=2, axis=(1, 2))
    radial = np.asarray(target.multiplicity) > 1
    if np.any(radial):
        norm = np.maximum(norm, np.max(np.abs(score[:, radial] / x[:, radial]), axis=1))
    return norm

"""Exact total variation by change of variables, down to round-off."""

from __future__ import annotations

import numpy as np

from heroism.distances.estimate import Estimate
from heroism.errors import InputError
from heroism.noise import Array, NoiseLevel
from heroism.targets.base import Target
from heroism.transport import Endpoints, Ensemble

DRAWS = 2**26  # most one-copy log ratios that are summed up for the joint ones
LARGEST_GATHER = 2**22


def total_variation(ensemble: Ensemble, target: Target, seed: int | np.random.SeedSequence = 0) -> Estimate:
    """Joint total variation between the sampler's output and the target at the same noise level.

    ``TV = E_{y~q} (1 - p(y) / q(y))_+`` with both densities known exactly; the relative standard error does not
    depend on how small TV is. A particle that diverged, or that lands where p vanishes, counts 1.

    Parameters
    ----------
    ensemble : positions in the target's reduced coordinates and the sampler's log density there.
    target : whose ``log_density`` at ``ensemble.level`` is compared.
    seed : of the joint draws; only used when the target has independent copies.

    Returns
    -------
    Estimate : ``floor`` is the total variation that round-off in the log densities amounts to, measured by the echo.

    Raises
    ------
    InputError : the sampler was stochastic.
    """
    if ensemble.stochastic:
        raise InputError("distance", "total_variation", "a stochastic sampler has no exact density, "
                         "take distance=histogram")
    ratio = log_ratio(ensemble, target, ensemble.level)
    if target.copies > 1:
        ratio = _joint(ratio, target.copies, np.random.default_rng(seed))
    excess = -np.expm1(np.minimum(ratio, 0.0))
    n = len(excess)
    stderr = float(np.std(excess, ddof=1) / np.sqrt(n)) if n > 1 else float("inf")
    return Estimate(float(np.mean(excess)), stderr, round_off_floor(ensemble, target), n)


def log_ratio(ends: Ensemble | Endpoints, target: Target, level: NoiseLevel) -> Array:
    """(n,) ``log p(y) / q(y)`` at the end of each path; minus infinity for a path that diverged."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        ratio = target.log_density(ends.positions, level) - ends.log_density
    return np.where(np.isnan(ratio), -np.inf, ratio)


def round_off_floor(ensemble: Ensemble, target: Target) -> float:
    """Total variation between two laws whose log densities differ by nothing but round-off.

    The echo's particles took the same paths with other rounding errors; the log ratio of the two runs differs by
    round-off. Noise of standard deviation s in a log ratio adds ``s / sqrt(2 pi)`` to an estimate that should be
    zero; each of the two runs carries its own, so the difference has twice the variance. Copies add independently.
    """
    few = len(ensemble.echo.log_density)
    first = Endpoints(ensemble.positions[:few], ensemble.log_density[:few])
    with np.errstate(invalid="ignore"):
        difference = log_ratio(first, target, ensemble.level) - log_ratio(ensemble.echo, target, ensemble.level)
    difference = difference[np.isfinite(difference)]
    noise = np.sqrt(np.mean(difference**2) / 2.0) if len(difference) else 0.0
    resolution = np.finfo(float).eps  # of exp and of the mean
    return float(np.sqrt(target.copies) * max(noise, resolution) / np.sqrt(2.0 * np.pi))


def _joint(ratio: Array, copies: int, rng: np.random.Generator) -> Array:
    """Log ratios of joint particles: sums of ``copies`` independent draws from the one-copy log ratios.

    The pool is a scrambled Sobol sample, so drawing from it instead of from q costs O(pool^-1.5) (see Target.copies).
    For many copies the draws are counted instead of gathered.
    """
    pool = len(ratio)
    n = int(np.clip(DRAWS // copies, 256, pool))
    joint = np.empty(n)
    if copies > 4 * pool:
        even = np.full(pool, 1.0 / pool)
        with np.errstate(invalid="ignore"):
            for i in range(n):
                joint[i] = rng.multinomial(copies, even) @ ratio
        return np.where(np.isnan(joint), -np.inf, joint)
    step = max(1, LARGEST_GATHER // copies)
    for first in range(0, n, step):
        size = min(step, n - first)
        joint[first : first + size] = ratio[rng.integers(pool, size=(size, copies))].sum(axis=1)
    return joint

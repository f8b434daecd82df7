"""Statistics shared by the measures: norms in R^d from reduced coordinates, and uncertainties from groups."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.targets.base import Target

GROUPS = 10


def grouped(statistic: Callable[[np.ndarray], float], n: int) -> tuple[float, float]:
    """``statistic(indices)`` of all n particles, and its standard error by leaving out one of ten groups at a time.

    The statistic may be anything smooth in the empirical law (a maximum over levels, a ratio of norms).
    """
    everybody = np.arange(n)
    if n < 2:
        return statistic(everybody), float("inf")
    groups = min(GROUPS, n)
    left = np.array([statistic(everybody[everybody % groups != g]) for g in range(groups)])
    spread = float(np.sqrt((groups - 1) * np.mean((left - left.mean()) ** 2)))
    return statistic(everybody), spread


def copy_counts(n: int, copies: int, rng: np.random.Generator) -> Array:
    """(n, n) how often each of n one-copy particles occurs among the ``copies`` coordinates of n joint particles."""
    return rng.multinomial(copies, np.full(n, 1.0 / n), size=n).astype(float)


def spread_over(schedule: NoiseSchedule, count: int) -> list[NoiseLevel]:
    """At most ``count`` of the schedule's levels, evenly chosen, both ends among them."""
    chosen = np.unique(np.linspace(0, schedule.steps - 1, count).round().astype(int))
    return [schedule.levels[i] for i in chosen]


def transitions_over(schedule: NoiseSchedule, count: int) -> list[tuple[NoiseLevel, NoiseLevel]]:
    """At most ``count`` of the schedule's transitions, evenly chosen, first and last among them."""
    every = list(schedule.transitions())
    return [every[i] for i in np.unique(np.linspace(0, len(every) - 1, count).round().astype(int))]


def squared_norms(vectors: Array, target: Target) -> Array:
    """(n,) squared l2 norms in R^d of vectors (n, dim) in reduced coordinates, *on average over copies*.

    A radial vector is as long as its radial coordinate; a joint vector of ``copies`` independent ones has the sum of
    their squares, whose mean is ``copies`` times that of one.
    """
    return target.copies * np.sum(vectors**2, axis=1)

"""What the lemmas' measures share: checked counts, norms in R^d from reduced coordinates, uncertainties from groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

import numpy as np

from heroism.errors import require, whole_number
from heroism.measures.base import Single
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.base import Sampler
from heroism.targets.base import Target

COUNTS = ("particles", "levels", "transitions")  # settings that are numbers of what is looked at, at least 1 each
GROUPS = 10
GRID = 2**14  # points of one coordinate
LARGEST_DRAW = 2**21


class Lemma(Single):
    """A quantity of the theory, measured at points of its own; ``particles`` of a run mean nothing to it."""

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        super().check(target, sampler, particles)
        for field in fields(self):  # type: ignore[arg-type]
            if field.name in COUNTS:
                whole_number(field.name, getattr(self, field.name), 1)


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


class Copies:
    """The law of one of a target's independent copies on a fine grid, and what sums and maxima over all of them are.

    (A pool of draws would not do: all joint particles would share its deviation, and the rarest of 10^6 coordinates is
    not in it.)
    """

    def __init__(self, target: Target, level: NoiseLevel):
        self.copies = target.copies
        self.x: Array = np.linspace(*target.reach(level), GRID)[:, None]
        density = np.exp(target.log_density(self.x, level))
        self.mass = density / density.sum()

    def sums(self, values: Array, n: int, rng: np.random.Generator) -> Array:
        """(n,) draws of the sum over the copies of a function with these values (GRID,) on the grid."""
        if n * self.copies <= LARGEST_DRAW:
            below = np.cumsum(self.mass)
            return values[np.searchsorted(below, rng.random((n, self.copies)) * below[-1])].sum(axis=1)
        mean = self.mass @ values
        spread = np.sqrt(self.copies * (self.mass @ (values - mean) ** 2))
        return self.copies * mean + spread * rng.standard_normal(n)  # central limit

    def largest(self, values: Array, n: int, rng: np.random.Generator) -> Array:
        """(n,) draws of its maximum over the copies, whose distribution function is a power of that of one."""
        order = np.argsort(values)
        below = np.cumsum(self.mass[order])
        place = np.searchsorted(below, rng.random(n) ** (1.0 / self.copies) * below[-1])
        return values[order[np.minimum(place, len(order) - 1)]]


def spread_over(schedule: NoiseSchedule, count: int, largest_tau: float = 1.0) -> list[NoiseLevel]:
    """At most ``count`` of the schedule's levels up to that noise, evenly chosen, the two ends among them."""
    within = [level for level in schedule.levels if level.tau <= largest_tau]
    require(bool(within), "largest_tau", largest_tau, f"give at least the smallest noise level, {schedule.end.tau:.2g}")
    return [within[i] for i in np.unique(np.linspace(0, len(within) - 1, count).round().astype(int))]


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

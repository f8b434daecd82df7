"""Where the steps of a composed sampler lie: evenly on a clock, or denser where their errors would be large."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from heroism.integrals.clocks import Clock
from heroism.noise import Array, NoiseLevel, NoiseSchedule

Warp = Callable[[Array], Array]


@dataclass(frozen=True)
class Refined:
    """Levels between the same ends as those of a schedule, and more of them; the same up to the one where transition
    number ``first``, counted from the largest noise level, begins.
    """

    schedule: NoiseSchedule
    first: int


def even(units: Array) -> Array:
    """The warp that leaves even steps even."""
    return units


def place(clock: Clock, start: NoiseLevel, end: NoiseLevel, count: int, warp: Warp) -> NoiseSchedule:
    """``count`` levels from ``start`` down to ``end``, both included, on ``clock`` at the unit coordinates that
    ``warp`` (an increasing map of [0, 1] to itself) makes of even ones.
    """
    return placed(clock, start, end, warp(np.linspace(0.0, 1.0, count)))


def placed(clock: Clock, start: NoiseLevel, end: NoiseLevel, units: Array) -> NoiseSchedule:
    """The levels at increasing unit coordinates ``units`` of the way from ``start`` down to ``end``."""
    levels = [clock.level(start, end, float(u)) for u in units[::-1]]
    return NoiseSchedule(np.array([x.alpha_bar for x in levels]), np.array([x.tau for x in levels]), "placed")


def even_errors(errors: Array, order: int) -> Warp:
    """Step sizes from the local errors (k,) of k even steps: those whose errors would all be the same.

    A local error of order p = ``order`` is the p-th power of the step, so the steps should be as dense as its p-th
    root. Half of them stay even, as the errors are known at few places; the density in between is monotone.
    """
    density = errors ** (1.0 / order)
    density = 0.5 * (1.0 + density / np.mean(density)) if np.mean(density) > 0.0 else np.ones_like(errors)
    passed = np.concatenate(([0.0], np.cumsum(density)))
    place_of = PchipInterpolator(passed / passed[-1], np.linspace(0.0, 1.0, len(passed)))
    return lambda even: np.clip(place_of(even), 0.0, 1.0)

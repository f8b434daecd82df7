"""Where the steps of a composed sampler lie: evenly on a clock, or denser where their errors would be large."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.interpolate import PchipInterpolator

from heroism.integrals.clocks import Clock
from heroism.noise import Array, NoiseLevel, NoiseSchedule

Warp = Callable[[Array], Array]


def even(units: Array) -> Array:
    """The warp that leaves even steps even."""
    return units


def place(clock: Clock, start: NoiseLevel, end: NoiseLevel, count: int, warp: Warp) -> NoiseSchedule:
    """``count`` levels from ``start`` down to ``end``, both included, on ``clock`` at the unit coordinates that
    ``warp`` (an increasing map of [0, 1] to itself) makes of even ones.
    """
    levels = [clock.level(start, end, float(u)) for u in warp(np.linspace(1.0, 0.0, count))]
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

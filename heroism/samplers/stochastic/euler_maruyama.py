"""Euler-Maruyama on the reverse SDE."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from heroism.errors import nonnegative
from heroism.integrals.clocks import TimeClock
from heroism.noise import NoiseLevel
from heroism.samplers.stochastic.recursion import STATE, Combine, Evaluate, Memoryless, Operation


class EulerMaruyama(Memoryless):
    """``Y' = Y + h (Y + (1 + strength) s(Y)) + sqrt(2 strength h) Z``, h in the time of the Ornstein-Uhlenbeck process,
    ``alpha_bar = exp(-2 t)`` (2011.13456, eq. 6 at strength 1; 2306.02063 for other strengths of the diffusion).

    Strength 0 is Euler's method on the probability-flow ODE in that time.
    """

    order = 1

    def __init__(self, strength: float = 1.0):
        nonnegative("strength", strength)
        self.strength, self.stochastic = float(strength), strength > 0

    def step(self, start: NoiseLevel, end: NoiseLevel) -> Iterator[Operation]:
        h = TimeClock().length(start, end)
        yield Evaluate("score", STATE, start)
        yield Combine(STATE, {STATE: 1.0 + h, "score": h * (1.0 + self.strength)},
                      float(np.sqrt(2.0 * self.strength * h)))

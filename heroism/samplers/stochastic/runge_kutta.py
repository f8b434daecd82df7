"""A stochastic Runge-Kutta method."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from heroism.noise import NoiseLevel
from heroism.samplers.stochastic.recursion import STATE, Combine, Evaluate, Memoryless, Operation

NODE = 0.75  # where the second stage is, a share of the step


class StochasticRungeKutta(Memoryless):
    """Two stages for additive noise, on the reverse SDE in the clock kappa = alpha_bar / tau, where with
    ``u = x sqrt(alpha_bar) / tau`` it reads ``du = E[X_0 | u] dkappa + dW``:

        ``v = u + 3/4 h D(u) + W(3/4 h)``, ``u' = u + h (1/3 D(u) + 2/3 D(v)) + W(h)``,

    D the data prediction, W one Brownian path: SRA1 of Roessler (SIAM J. Numer. Anal. 48, 2010, p. 922), of strong
    order 1.5. It stands for the stochastic Runge-Kutta sampler of 2410.04760, as its abstract words it (its formulas
    were not seen). The noise is drawn inside the step; its linear part, and so a point mass, is exact.
    """

    order = 2
    step_evaluations = 2

    def step(self, start: NoiseLevel, end: NoiseLevel) -> Iterator[Operation]:
        h = start.tau_above(end) / (start.tau * end.tau)
        snr = start.alpha_bar / start.tau + NODE * h
        middle = NoiseLevel.from_half_log_snr(0.5 * float(np.log(snr)))
        into_u, (to_v, to_x) = _unit(start), (1.0 / _unit(level) for level in (middle, end))
        yield Evaluate("first", STATE, start, "data")
        yield Combine("w", {}, float(np.sqrt(NODE * h)))
        yield Combine("ahead", {STATE: to_v * into_u, "first": to_v * NODE * h, "w": to_v})
        yield Evaluate("second", "ahead", middle, "data")
        yield Combine(STATE, {STATE: to_x * into_u, "first": to_x * h / 3.0, "second": to_x * 2.0 * h / 3.0, "w": to_x},
                      to_x * float(np.sqrt((1.0 - NODE) * h)))


def _unit(level: NoiseLevel) -> float:
    """u over x."""
    return float(np.sqrt(level.alpha_bar)) / level.tau

"""DDIM: the first-order exponential integrator in the noise prediction."""

from __future__ import annotations

from heroism.flow import Flow
from heroism.integrals.clocks import SigmaClock
from heroism.noise import Array, NoiseLevel
from heroism.samplers.base import OneStepSampler


class Ddim(OneStepSampler):
    """Deterministic DDIM (2010.02502, eq. 12 with sigma_t = 0): exact when the noise prediction is constant along
    the path.

    With ``noise = -sqrt(tau) s``: ``x' = sqrt(abar'/abar) x + (sqrt(tau') - sqrt(abar'/abar) sqrt(tau)) noise``, which
    is the explicit Euler step of ``x / sqrt(abar)`` in the clock sigma.
    """

    order = 1

    def step(self, flow: Flow, bundle: Array, start: NoiseLevel, end: NoiseLevel) -> Array:
        clock = SigmaClock()
        out = clock.length(start, end) * clock.slope(bundle, flow(bundle, start), start)
        out += bundle / clock.scale(start)
        return clock.scale(end) * out

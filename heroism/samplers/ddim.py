"""DDIM: the first-order exponential integrator in the noise prediction."""

from __future__ import annotations

import numpy as np

from heroism.flow import Flow
from heroism.noise import Array, NoiseLevel
from heroism.samplers.base import OneStepSampler


class Ddim(OneStepSampler):
    """Deterministic DDIM (2010.02502, eq. 12 with sigma_t = 0): exact when the noise prediction is constant along
    the path.

    With ``noise = -sqrt(tau) s``: ``x' = sqrt(abar'/abar) x + (sqrt(tau') - sqrt(abar'/abar) sqrt(tau)) noise``.
    """

    order = 1

    def step(self, flow: Flow, bundle: Array, start: NoiseLevel, end: NoiseLevel) -> Array:
        scale = np.sqrt(end.alpha_bar / start.alpha_bar)
        # sqrt(tau') - scale sqrt(tau) without cancellation: its two terms are nearly equal in every short step.
        change = -start.tau_above(end) / (start.alpha_bar * (np.sqrt(end.tau) + scale * np.sqrt(start.tau)))
        return scale * bundle - np.sqrt(start.tau) * change * flow(bundle, start)

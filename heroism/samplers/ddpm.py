"""DDPM with its original coefficients: the stochastic sampler that needs no Jacobian to be right."""

from __future__ import annotations

import numpy as np

from heroism.flow import Flow
from heroism.noise import Array, NoiseLevel
from heroism.samplers.base import OneStepSampler


class Ddpm(OneStepSampler):
    """``Y_{t-1} = (Y_t + (1 - alpha_t) s_t(Y_t)) / sqrt(alpha_t) + sigma_t Z``,
    ``sigma_t^2 = (1 - alpha_t)(1 - alpha_bar_{t-1}) / (1 - alpha_bar_t)`` (2006.11239, eq. 7; 2409.18959).

    Stochastic: its output has no change-of-variables density, so it is measured by histograms.
    """

    order = 1
    stochastic = True

    def step(self, flow: Flow, bundle: Array, start: NoiseLevel, end: NoiseLevel) -> Array:
        return flow.diffuse(self.mean(flow, bundle, start, end), self.deviation(start, end))

    def mean(self, flow: Flow, bundle: Array, start: NoiseLevel, end: NoiseLevel) -> Array:
        """The deterministic part of the step."""
        beta = start.tau_above(end) / end.alpha_bar
        return (bundle + beta * flow(bundle, start)) * np.sqrt(end.alpha_bar / start.alpha_bar)

    @staticmethod
    def deviation(start: NoiseLevel, end: NoiseLevel) -> float:
        """sigma_t, the standard deviation of the step's noise."""
        return float(np.sqrt(start.tau_above(end) / end.alpha_bar * end.tau / start.tau))

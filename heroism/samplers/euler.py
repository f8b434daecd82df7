"""PF-ODE Euler: the first-order sampler that the sharp theory of probability-flow ODEs is about."""

from __future__ import annotations

import numpy as np

from heroism.flow import Flow
from heroism.noise import Array, NoiseLevel
from heroism.samplers.base import OneStepSampler


class Euler(OneStepSampler):
    """``Y_{t-1} = (Y_t + (1 - alpha_t) / 2 s_t(Y_t)) / sqrt(alpha_t)`` (2408.02320, eq. 9)."""

    order = 1

    def step(self, flow: Flow, bundle: Array, start: NoiseLevel, end: NoiseLevel) -> Array:
        alpha = start.alpha_bar / end.alpha_bar
        beta = start.tau_above(end) / end.alpha_bar  # 1 - alpha_t, without cancellation
        return (bundle + 0.5 * beta * flow(bundle, start)) / np.sqrt(alpha)

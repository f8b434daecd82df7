"""The accelerated stochastic sampler."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from heroism.noise import NoiseLevel
from heroism.samplers.stochastic.recursion import STATE, Combine, Evaluate, Memoryless, Operation


class AcceleratedSde(Memoryless):
    """With ``beta = 1 - alpha_t``: ``Y_t^- = Y_t + sqrt(beta / 2) Z``, then ``Y_{t-1} = (Y_t^- + beta s_t(Y_t^-) +
    sqrt(beta / 2) Z') / sqrt(alpha_t)`` (the accelerated DDPM-type sampler of 2403.03852).

    Half of a step's noise comes before its evaluation; one evaluation a step. That makes covariances of second order,
    but not the mean of a curved score: on Gaussian targets the law is of second order, on others of first.
    """

    order = 1

    def step(self, start: NoiseLevel, end: NoiseLevel) -> Iterator[Operation]:
        beta = start.tau_above(end) / end.alpha_bar
        scale, half = float(np.sqrt(end.alpha_bar / start.alpha_bar)), float(np.sqrt(0.5 * beta))
        yield Combine(STATE, {STATE: 1.0}, half)
        yield Evaluate("score", STATE, start)
        yield Combine(STATE, {STATE: scale, "score": scale * beta}, scale * half)

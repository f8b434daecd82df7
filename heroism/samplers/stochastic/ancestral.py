"""DDIM with noise, which is Euler's ancestral sampler, and its relatives of two stages."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from heroism.errors import fraction, require
from heroism.integrals.clocks import LogSnrClock
from heroism.noise import NoiseLevel
from heroism.samplers.stochastic.coefficients import Coefficients
from heroism.samplers.stochastic.recursion import STATE, Combine, Evaluate, Memoryless, Operation, Output


class DdimEta(Coefficients):
    """DDIM with ``sigma_t^2 = eta^2 beta_t tau_{t-1} / tau_t`` (2010.02502, eq. 12 and 16).

    Euler's ancestral sampler with the same eta is the same map in other units; eta = 1 is DDPM, and the first-order
    SDE-DPM-Solver++; eta = 0 is DDIM.
    """

    def __init__(self, eta: float = 1.0):
        fraction("eta", eta)
        super().__init__("adapted", "posterior", eta * eta)
        self.eta = float(eta)


class TwoStageAncestral(Memoryless):
    """A second-order ODE step down to less noise than the step leads to, then the noise that is missing.

    With ``sigma = sqrt(tau / alpha_bar)``, ``up^2 = eta^2 sigma'^2 (sigma^2 - sigma'^2) / sigma^2`` and ``down^2 =
    sigma'^2 - up^2``: "dpmpp_2s" takes the step from sigma to down by the exponential midpoint rule in log-SNR with the
    data prediction (2211.01095, algorithm 1), "dpm_2" by the midpoint rule on ``dy = noise d sigma`` with the geometric
    mean as middle (2206.00364); both as in the k-diffusion library. Adding noise is exact, so the order is the ODE
    step's.

    Raises
    ------
    InputError : an unknown variant, eta outside [0, 1].
    """

    order = 2
    step_evaluations = 2

    def __init__(self, variant: str = "dpmpp_2s", eta: float = 1.0):
        require(variant in ("dpmpp_2s", "dpm_2"), "variant", variant, "choose dpmpp_2s or dpm_2")
        fraction("eta", eta)
        self.variant, self.eta, self.stochastic = variant, float(eta), eta > 0

    def step(self, start: NoiseLevel, end: NoiseLevel) -> Iterator[Operation]:
        down, up = ancestral_split(start, end, self.eta)
        middle = LogSnrClock().level(start, down, 0.5)
        scale = float(np.sqrt(end.alpha_bar))
        output: Output = "data" if self.variant == "dpmpp_2s" else "noise"
        yield Evaluate("first", STATE, start, output)
        yield Combine("middle", self._weights(start, middle, "first"))
        yield Evaluate("second", "middle", middle, output)
        weights = self._weights(start, down, "second")
        ratio = scale / float(np.sqrt(down.alpha_bar))
        yield Combine(STATE, {name: ratio * weight for name, weight in weights.items()}, scale * up)

    def _weights(self, start: NoiseLevel, end: NoiseLevel, slot: str) -> dict[str, float]:
        """A first-order step with the prediction in ``slot``, of the data or of the noise."""
        if self.variant == "dpmpp_2s":
            shrink = end.sigma / start.sigma
            return {STATE: float(np.sqrt(end.tau / start.tau)), slot: float(np.sqrt(end.alpha_bar)) * (1.0 - shrink)}
        scale = float(np.sqrt(end.alpha_bar))
        return {STATE: scale / float(np.sqrt(start.alpha_bar)), slot: scale * (end.sigma - start.sigma)}


def ancestral_split(start: NoiseLevel, end: NoiseLevel, eta: float) -> tuple[NoiseLevel, float]:
    """The level to step down to, and the deviation of the noise that leads back up to ``end``, in units of y."""
    square = end.sigma**2 * start.tau_above(end) / (end.alpha_bar * start.tau)
    up = eta * float(np.sqrt(square))
    return level_of_sigma(float(np.sqrt(end.sigma**2 - up * up))), up


def level_of_sigma(sigma: float) -> NoiseLevel:
    """The noise level with ``sqrt(tau / alpha_bar) = sigma``."""
    square = sigma * sigma
    return NoiseLevel(1.0 / (1.0 + square), square / (1.0 + square))

"""One-step methods with noise inside the step: SEEDS-2 and 3, and dpmpp_sde."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from heroism.errors import fraction, nonnegative, require
from heroism.integrals.clocks import LogSnrClock, half_log_snr_gain
from heroism.noise import NoiseLevel
from heroism.samplers.stochastic.ancestral import ancestral_split
from heroism.samplers.stochastic.recursion import STATE, Combine, Evaluate, Memoryless, Operation


class Seeds(Memoryless):
    """SEEDS-2 and SEEDS-3 (2305.14267) with the data prediction: exponential Runge-Kutta stages on the reverse SDE,
    whose noise is one Brownian path seen at all stages.

    Stages at the shares 1/2, or 1/3 and 2/3, of the step in half-log-SNR; ``eta`` is the square of the noise's
    strength. The noise is drawn inside the step, so there is no transition kernel in closed form. At eta = 0 SEEDS-2 is
    of order 2, SEEDS-3 of order 3.

    Raises
    ------
    InputError : stages other than 2 or 3, a negative eta.
    """

    def __init__(self, stages: int = 2, eta: float = 1.0):
        require(stages in (2, 3), "stages", stages, "choose 2 or 3")
        nonnegative("eta", eta)
        self.stages = self.step_evaluations = stages
        self.eta, self.stochastic = float(eta), eta > 0

    @property
    def order(self) -> int:  # type: ignore[override]
        return 2 if self.stochastic else self.stages

    def step(self, start: NoiseLevel, end: NoiseLevel) -> Iterator[Operation]:
        h = half_log_snr_gain(start, end)
        shares = (0.5,) if self.stages == 2 else (1.0 / 3.0, 2.0 / 3.0)
        rate = 1.0 + self.eta
        yield Evaluate("data 0", STATE, start, "data")
        done = 0.0
        for stage, share in enumerate((*shares, 1.0)):
            level = LogSnrClock().level(start, end, share)
            yield from self._noise(h * (share - done), first=stage == 0)
            root, z = float(np.sqrt(level.alpha_bar)), -rate * share * h
            tilt = _slope_weight(z) * share / shares[stage - 1] if stage else 0.0
            weights = {STATE: float(np.sqrt(level.tau / start.tau) * np.exp(-self.eta * share * h)),
                       "data 0": root * (-float(np.expm1(z)) - tilt)}
            if stage:
                weights[f"data {stage}"] = root * tilt
            if self.stochastic:
                weights["w"] = float(np.sqrt(level.tau))
            done = share
            last = share == 1.0
            yield Combine(STATE if last else "ahead", weights)
            if not last:
                yield Evaluate(f"data {stage + 1}", "ahead", level, "data")

    def _noise(self, h: float, first: bool) -> Iterator[Operation]:
        """The noise so far, in units of the noise level: it fades and is topped up over a stretch h."""
        if self.stochastic:
            fresh = float(np.sqrt(-np.expm1(-2.0 * self.eta * h)))
            yield Combine("w", {} if first else {"w": float(np.exp(-self.eta * h))}, fresh)


def _slope_weight(z: float) -> float:
    """``1 - (e^z - 1) / z`` for z < 0: the integral of ``-z e^{z (1 - t)} t`` over 0 < t < 1."""
    if abs(z) < 1e-2:
        return -z * (0.5 + z * (1.0 / 6.0 + z * (1.0 / 24.0 + z * (1.0 / 120.0 + z / 720.0))))
    return 1.0 - float(np.expm1(z)) / z


class DpmSde(Memoryless):
    """dpmpp_sde of the k-diffusion library with eta = 1 or less: two ancestral exponential steps from the same point,
    the first to the middle in half-log-SNR, the second with the data prediction there (its r = 1/2).

    Both noises are increments of one Brownian motion in sigma. The noise is drawn inside the step, so there is no
    transition kernel in closed form.

    Raises
    ------
    InputError : eta outside [0, 1].
    """

    order = 2
    step_evaluations = 2

    def __init__(self, eta: float = 1.0):
        fraction("eta", eta)
        self.eta, self.stochastic = float(eta), eta > 0

    def step(self, start: NoiseLevel, end: NoiseLevel) -> Iterator[Operation]:
        middle = LogSnrClock().level(start, end, 0.5)
        shared = float(np.sqrt((start.sigma - middle.sigma) / (start.sigma - end.sigma)))
        yield Evaluate("first", STATE, start, "data")
        if self.stochastic:
            yield Combine("early", {}, 1.0)
        yield self._ancestral("ahead", start, middle, "first", "early")
        yield Evaluate("second", "ahead", middle, "data")  # weights 1 - 1/(2r) and 1/(2r): the second alone
        if self.stochastic:
            yield Combine("both", {"early": shared}, float(np.sqrt(1.0 - shared**2)))
        yield self._ancestral(STATE, start, end, "second", "both")

    def _ancestral(self, into: str, start: NoiseLevel, end: NoiseLevel, data: str, noise: str) -> Combine:
        down, up = ancestral_split(start, end, self.eta)
        root, shrink = float(np.sqrt(end.alpha_bar)), down.sigma / start.sigma
        weights = {STATE: root / float(np.sqrt(start.alpha_bar)) * shrink, data: root * (1.0 - shrink)}
        return Combine(into, weights | ({noise: root * up} if self.stochastic else {}))

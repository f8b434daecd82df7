"""Predictor and Langevin corrector, over- or underdamped."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from heroism.errors import positive, require, whole_number
from heroism.integrals.clocks import half_log_snr_gain
from heroism.noise import NoiseLevel
from heroism.samplers.stochastic.coefficients import Coefficients
from heroism.samplers.stochastic.recursion import STATE, Combine, Evaluate, Memoryless, Operation

FRICTION = 2.0


class PredictorCorrector(Memoryless):
    """After each step of a ``predictor``, ``corrections`` Langevin steps at the level reached (2011.13456,
    algorithm 1; 2305.11798).

    "overdamped": ``x + delta tau s + sqrt(2 delta tau) Z``. "underdamped": position and velocity, the latter fresh
    N(0, I), by the exponential integrator with the score frozen over a time delta (in units of ``sqrt(tau)``) and
    friction 2; its velocity is a memory, so it has no transition kernel. Either way ``delta = size h``, h the
    transition's length in half-log-SNR: a size that did not shrink would leave a bias that no T removes.

    Parameters
    ----------
    predictor : a one-stage memoryless sampler, DDIM by default. corrections : at least 1. size : positive.

    Raises
    ------
    InputError : numbers out of range, an unknown damping.
    """

    order = 1

    def __init__(self, corrections: int = 1, size: float = 0.5, damping: str = "overdamped",
                 predictor: Memoryless | None = None):
        self.corrections = whole_number("corrections", corrections, 1)
        positive("size", size)
        require(damping in ("overdamped", "underdamped"), "damping", damping, "choose overdamped or underdamped")
        self.size, self.damping = float(size), damping
        self.predictor = Coefficients("adapted", strength=0.0) if predictor is None else predictor
        self.step_evaluations = self.predictor.step_evaluations + self.corrections

    def step(self, start: NoiseLevel, end: NoiseLevel) -> Iterator[Operation]:
        yield from self.predictor.step(start, end)
        delta = self.size * half_log_snr_gain(start, end)
        if self.damping == "underdamped":
            yield Combine("v", {}, 1.0)
        for _ in range(self.corrections):
            yield Evaluate("score", STATE, end)
            if self.damping == "overdamped":
                yield Combine(STATE, {STATE: 1.0, "score": delta * end.tau}, float(np.sqrt(2.0 * delta * end.tau)))
            else:
                yield from _underdamped(delta, float(np.sqrt(end.tau)))


def _underdamped(delta: float, unit: float) -> Iterator[Operation]:
    """One step of ``dx = unit v dt, dv = (unit s - g v) dt + sqrt(2 g) dW`` with s frozen, exact otherwise."""
    g = FRICTION
    decay, fall = float(np.exp(-g * delta)), -float(np.expm1(-g * delta)) / g
    variance_v = -float(np.expm1(-2.0 * g * delta))
    variance_x = _position_variance(g, delta)
    covariance = g * fall * fall  # (1 - e^{-g delta})^2 / g
    yield Combine("kick", {}, 1.0)
    yield Combine("drift", {"kick": covariance / np.sqrt(variance_v)},
                  float(np.sqrt(max(variance_x - covariance**2 / variance_v, 0.0))))
    yield Combine(STATE, {STATE: 1.0, "v": unit * fall, "score": unit * unit * (delta - fall) / g, "drift": unit})
    yield Combine("v", {"v": decay, "score": unit * fall, "kick": float(np.sqrt(variance_v))})


def _position_variance(g: float, delta: float) -> float:
    """``2/g int_0^delta (1 - e^{-g u})^2 du`` by Gauss-Legendre: nothing cancels."""
    points, weights = np.polynomial.legendre.leggauss(20)
    u = 0.5 * delta * (1.0 + points)
    return float(2.0 / g * 0.5 * delta * (weights @ np.expm1(-g * u) ** 2))

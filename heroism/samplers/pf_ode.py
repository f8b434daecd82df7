"""The probability-flow ODE in a clock of choice: what is stepped evenly, and the unit of the state.

In a clock c the state ``x / unit`` obeys ``d(x / unit)/dc = slope``. Lengths are taken from ``tau_above``, so that a
short step near either end of the schedule keeps all its digits: with ``gap = tau_0 - tau_1``,
``exp(2 (lambda_1 - lambda_0)) = 1 + gap / (alpha_bar_0 tau_1)``, ``sigma_0^2 - sigma_1^2 = gap / (alpha_bar_0
alpha_bar_1)``.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from heroism.noise import Array, NoiseLevel


class Clock(Protocol):
    """How a Runge-Kutta method sees the probability-flow ODE."""

    def length(self, start: NoiseLevel, end: NoiseLevel) -> float:
        """Signed length of the step from ``start`` to ``end``."""

    def level(self, start: NoiseLevel, length: float, share: float) -> NoiseLevel:
        """The noise level at ``share`` in (0, 1) of a step."""

    def unit(self, level: NoiseLevel) -> float:
        """What the state is measured in."""

    def slope(self, bundle: Array, score: Array, level: NoiseLevel) -> Array:
        """Derivative of ``bundle / unit`` in this clock."""


class HalfLogSnr:
    """``lambda = log sqrt(alpha_bar / tau)``, ``dx/dlambda = tau (x + s)``.

    Rates stay of order one at both ends, and N(0, I) stands still.
    """

    def length(self, start: NoiseLevel, end: NoiseLevel) -> float:
        return half_log_snr_gain(start, end)

    def level(self, start: NoiseLevel, length: float, share: float) -> NoiseLevel:
        return NoiseLevel.from_half_log_snr(start.half_log_snr + share * length)

    def unit(self, level: NoiseLevel) -> float:
        return 1.0

    def slope(self, bundle: Array, score: Array, level: NoiseLevel) -> Array:
        out = bundle + score
        out *= level.tau
        return out


class Sigma:
    """``sigma = sqrt(tau / alpha_bar)``, the variance-exploding clock of EDM (2206.00364, eq. 1 and 3 with s(t) = 1).

    ``d(x / sqrt(alpha_bar))/dsigma = -sqrt(tau) s``: the noise prediction, constant for a point mass.
    """

    def length(self, start: NoiseLevel, end: NoiseLevel) -> float:
        return -start.tau_above(end) / (start.alpha_bar * end.alpha_bar * (start.sigma + end.sigma))

    def level(self, start: NoiseLevel, length: float, share: float) -> NoiseLevel:
        variance = (start.sigma + share * length) ** 2
        return NoiseLevel(1.0 / (1.0 + variance), variance / (1.0 + variance))

    def unit(self, level: NoiseLevel) -> float:
        return float(np.sqrt(level.alpha_bar))

    def slope(self, bundle: Array, score: Array, level: NoiseLevel) -> Array:
        return -np.sqrt(level.tau) * score


class Time:
    """Time of the Ornstein-Uhlenbeck process run backwards, ``alpha_bar = exp(-2 t)``, ``-dx/dt = x + s`` (2404.09730).

    N(0, I) stands still.
    """

    def length(self, start: NoiseLevel, end: NoiseLevel) -> float:
        return 0.5 * float(np.log1p(start.tau_above(end) / start.alpha_bar))

    def level(self, start: NoiseLevel, length: float, share: float) -> NoiseLevel:
        gained = share * length  # alpha_bar = exp(2 gained) alpha_bar_start, and its complement without cancellation
        return NoiseLevel(float(start.alpha_bar * np.exp(2.0 * gained)),
                          float(start.tau - start.alpha_bar * np.expm1(2.0 * gained)))

    def unit(self, level: NoiseLevel) -> float:
        return 1.0

    def slope(self, bundle: Array, score: Array, level: NoiseLevel) -> Array:
        return bundle + score


CLOCKS: dict[str, Clock] = {"half_log_snr": HalfLogSnr(), "sigma": Sigma(), "time": Time()}


def half_log_snr_gain(start: NoiseLevel, end: NoiseLevel) -> float:
    """``lambda_end - lambda_start > 0``, to full relative accuracy."""
    return 0.5 * float(np.log1p(start.tau_above(end) / (start.alpha_bar * end.tau)))

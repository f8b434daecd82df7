"""The probability-flow ODE in a clock of choice: what is stepped evenly, and what the state is measured in.

In such a clock c the state ``x / scale`` obeys ``d(x / scale)/dc = slope``.
"""

from __future__ import annotations

import numpy as np

from heroism.noise import Array, NoiseLevel
from heroism.samplers.parts.clocks import LogSnrClock, SigmaClock, TimeClock


class HalfLogSnr(LogSnrClock):
    """``lambda = log sqrt(alpha_bar / tau)``, ``dx/dlambda = tau (x + s)``.

    Rates stay of order one at both ends, and N(0, I) stands still.
    """

    def scale(self, level: NoiseLevel) -> float:
        """What the state is measured in."""
        return 1.0

    def slope(self, bundle: Array, score: Array, level: NoiseLevel) -> Array:
        """Derivative of ``bundle / scale`` in this clock."""
        out = bundle + score
        out *= level.tau
        return out


class Sigma(SigmaClock):
    """``sigma = sqrt(tau / alpha_bar)``, the variance-exploding clock of EDM (2206.00364, eq. 1 and 3 with s(t) = 1).

    ``d(x / sqrt(alpha_bar))/dsigma = -sqrt(tau) s``: the noise prediction, constant for a point mass.
    """

    def scale(self, level: NoiseLevel) -> float:
        """What the state is measured in."""
        return float(np.sqrt(level.alpha_bar))

    def slope(self, bundle: Array, score: Array, level: NoiseLevel) -> Array:
        """Derivative of ``bundle / scale`` in this clock."""
        return -np.sqrt(level.tau) * score


class Time(TimeClock):
    """Time of the Ornstein-Uhlenbeck process run backwards, ``alpha_bar = exp(-2 t)``, ``-dx/dt = x + s`` (2404.09730).

    N(0, I) stands still.
    """

    def scale(self, level: NoiseLevel) -> float:
        """What the state is measured in."""
        return 1.0

    def slope(self, bundle: Array, score: Array, level: NoiseLevel) -> Array:
        """Derivative of ``bundle / scale`` in this clock."""
        return bundle + score


CLOCKS: dict[str, HalfLogSnr | Sigma | Time] = {"half_log_snr": HalfLogSnr(), "sigma": Sigma(), "time": Time()}

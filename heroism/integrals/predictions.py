"""What is interpolated along a step, and the linear part of the probability-flow ODE that is then solved exactly.

With ``lambda`` the half-log-SNR, every prediction f turns the ODE (2506.24042, eq. 9) into ``d(x / kappa) / d lambda =
rate f``, ``f = on_state x + on_score s``; kappa, rate and the two coefficients depend on the noise level alone. Below
alpha and sigma are ``sqrt(alpha_bar)`` and ``sqrt(tau)``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np

from heroism.errors import require
from heroism.noise import Array, NoiseLevel


class Prediction(ABC):
    """Arrays alpha_bar and tau in, arrays of the same shape out."""

    @abstractmethod
    def kappa(self, alpha_bar: Array, tau: Array) -> Array:
        """The scale that the linear part of the ODE keeps: x / kappa is constant where f = 0."""

    @abstractmethod
    def rate(self, alpha_bar: Array, tau: Array) -> Array:
        """``d(x / kappa) / d lambda`` for f = 1."""

    @abstractmethod
    def on_state(self, alpha_bar: Array, tau: Array) -> Array:
        """Coefficient of x in f."""

    @abstractmethod
    def on_score(self, alpha_bar: Array, tau: Array) -> Array:
        """Coefficient of the score in f."""

    def of(self, bundle: Array, score: Array, level: NoiseLevel) -> Array:
        """f along a bundle (1+p, n, d), from the score there."""
        alpha_bar, tau = np.array(level.alpha_bar), np.array(level.tau)
        return self.on_state(alpha_bar, tau) * bundle + self.on_score(alpha_bar, tau) * score

    def stiffness(self, level: NoiseLevel) -> float:
        """``d log(kappa / sigma) / d lambda``: the rate at which, for a point mass, x / kappa decays."""
        alpha_bar, tau = np.array(level.alpha_bar), np.array(level.tau)
        return float(1.0 - self.kappa(alpha_bar, tau) * self.rate(alpha_bar, tau) * self.on_state(alpha_bar, tau))


class ScaledScore(Prediction):
    """``(1 - tau)^(-3/2) s``, the paper's (2506.24042, eq. 14): x / alpha is kept."""

    def kappa(self, alpha_bar: Array, tau: Array) -> Array:
        return np.sqrt(alpha_bar)

    def rate(self, alpha_bar: Array, tau: Array) -> Array:
        return alpha_bar * tau

    def on_state(self, alpha_bar: Array, tau: Array) -> Array:
        return np.zeros_like(tau)

    def on_score(self, alpha_bar: Array, tau: Array) -> Array:
        return alpha_bar**-1.5


class Noise(ScaledScore):
    """``-sigma s``, the noise in x: x / alpha is kept, with weight ``-e^-lambda`` (2206.00927, eq. 3.4; DEIS)."""

    def rate(self, alpha_bar: Array, tau: Array) -> Array:
        return -np.sqrt(tau / alpha_bar)

    def on_score(self, alpha_bar: Array, tau: Array) -> Array:
        return -np.sqrt(tau)


class Velocity(Prediction):
    """``(sigma / alpha) (x / kappa + kappa s)``, ``kappa^2 = v alpha^2 + tau``: zero along the flow of data N(0, v I),
    v = ``data_std^2``.

    v = 0 is data prediction, large v tends to noise prediction (times ``-data_std``), v = 1 is the v-prediction of
    2202.00512 and, up to a constant, every v the network output of 2206.00364 (Table 1). With v near the variance of a
    mode it removes the linear part of the ODE at both ends of noise, and with it what makes multistep methods unstable
    and Picard iteration slow.
    """

    def __init__(self, data_std: float = 1.0):
        require(bool(np.isfinite(data_std) and data_std >= 0), "data_std", data_std, "give zero or a positive number")
        self.variance = data_std**2

    def scaled(self, scale: float) -> Velocity:
        """The prediction for modes ``scale`` times as wide."""
        return Velocity(scale * float(np.sqrt(self.variance)))

    def kappa(self, alpha_bar: Array, tau: Array) -> Array:
        return np.sqrt(self.variance * alpha_bar + tau)

    def rate(self, alpha_bar: Array, tau: Array) -> Array:
        return np.sqrt(alpha_bar * tau) / (self.variance * alpha_bar + tau)

    def on_state(self, alpha_bar: Array, tau: Array) -> Array:
        return np.sqrt(tau / alpha_bar) / self.kappa(alpha_bar, tau)

    def on_score(self, alpha_bar: Array, tau: Array) -> Array:
        return np.sqrt(tau / alpha_bar) * self.kappa(alpha_bar, tau)


class Data(Velocity):
    """``(x + tau s) / alpha = E[X_0 | X_tau = x]``: x / sigma is kept, with weight ``e^lambda`` (2211.01095, eq. 8)."""

    def __init__(self) -> None:
        super().__init__(0.0)


PREDICTIONS: dict[str, Callable[[float], Prediction]] = {
    "scaled_score": lambda data_std: ScaledScore(), "noise": lambda data_std: Noise(),
    "data": lambda data_std: Data(), "velocity": Velocity}


def prediction(name: str, data_std: float = 1.0) -> Prediction:
    """The prediction of that name; InputError for an unknown one. ``data_std`` matters to the velocity only."""
    require(name in PREDICTIONS, "prediction", name, f"choose one of {', '.join(PREDICTIONS)}")
    return PREDICTIONS[name](data_std)

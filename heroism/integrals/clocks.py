"""The variable in which steps are placed, points lie within a step, and an interpolant is a polynomial.

A clock also knows the probability-flow ODE in its own time c: ``d(x / scale)/dc = slope``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
from scipy.special import expit

from heroism.errors import require
from heroism.noise import Array, NoiseLevel


class Clock(ABC):
    """A unit coordinate u on the step from ``start`` (u = 0) to ``end`` (u = 1); earlier levels have u < 0."""

    @abstractmethod
    def length(self, start: NoiseLevel, end: NoiseLevel) -> float:
        """Signed time from ``start`` to ``end``, either way, to full relative accuracy."""

    @abstractmethod
    def moments(self, start: NoiseLevel, end: NoiseLevel, units: Array) -> tuple[Array, Array, Array]:
        """(alpha_bar, tau, d lambda / d u) at ``units`` in [0, 1], lambda the half-log-SNR; all accurate at both ends
        of noise.
        """

    @abstractmethod
    def slope(self, bundle: Array, score: Array, level: NoiseLevel) -> Array:
        """Derivative of ``bundle / scale`` in the time of this clock, along the probability flow."""

    def scale(self, level: NoiseLevel) -> float:
        """What the state is measured in: 1, or ``sqrt(alpha_bar)`` where x / scale is moved by the score alone."""
        return 1.0

    def level(self, start: NoiseLevel, end: NoiseLevel, unit: float) -> NoiseLevel:
        """The level at u in [0, 1]; exactly ``start`` and ``end`` at 0 and 1."""
        if unit in (0.0, 1.0):
            return end if unit else start
        alpha_bar, tau, _ = self.moments(start, end, np.array(unit))
        return NoiseLevel(float(alpha_bar), float(tau))

    def unit(self, start: NoiseLevel, end: NoiseLevel, level: NoiseLevel) -> float:
        """u of any level; exactly 0 at ``start``."""
        return self.length(start, level) / self.length(start, end)


class TauClock(Clock):
    """Linear in the noise variance tau: the paper's choice (2506.24042, eq. 11)."""

    def length(self, start: NoiseLevel, end: NoiseLevel) -> float:
        return -start.tau_above(end)

    def moments(self, start: NoiseLevel, end: NoiseLevel, units: Array) -> tuple[Array, Array, Array]:
        alpha_bar = (1.0 - units) * start.alpha_bar + units * end.alpha_bar
        tau = (1.0 - units) * start.tau + units * end.tau
        return alpha_bar, tau, start.tau_above(end) / (2.0 * alpha_bar * tau)

    def scale(self, level: NoiseLevel) -> float:
        return float(np.sqrt(level.alpha_bar))

    def slope(self, bundle: Array, score: Array, level: NoiseLevel) -> Array:
        return -0.5 * level.alpha_bar**-1.5 * score


class SigmaClock(Clock):
    """Linear in ``sigma = sqrt(tau / alpha_bar)``, the variance-exploding clock of EDM (2206.00364, eq. 1 and 3 with
    s(t) = 1).

    ``d(x / sqrt(alpha_bar))/dsigma = -sqrt(tau) s``: the noise prediction, constant for a point mass.
    """

    def length(self, start: NoiseLevel, end: NoiseLevel) -> float:
        return -start.tau_above(end) / (start.alpha_bar * end.alpha_bar * (start.sigma + end.sigma))

    def moments(self, start: NoiseLevel, end: NoiseLevel, units: Array) -> tuple[Array, Array, Array]:
        length = self.length(start, end)
        sigma = start.sigma + length * units
        return 1.0 / (1.0 + sigma**2), sigma**2 / (1.0 + sigma**2), -length / sigma

    def scale(self, level: NoiseLevel) -> float:
        return float(np.sqrt(level.alpha_bar))

    def slope(self, bundle: Array, score: Array, level: NoiseLevel) -> Array:
        return -np.sqrt(level.tau) * score


class FlowClock(Clock):
    """Linear in s of flow matching, ``x / scale = (1 - s) X_0 + s Z`` (2210.02747): s = sigma / (1 + sigma).

    ``d(x / scale)/ds = Z - X_0``, in expectation: the velocity, constant for a point mass.
    """

    def length(self, start: NoiseLevel, end: NoiseLevel) -> float:
        return SigmaClock().length(start, end) / ((1.0 + start.sigma) * (1.0 + end.sigma))

    def moments(self, start: NoiseLevel, end: NoiseLevel, units: Array) -> tuple[Array, Array, Array]:
        noise, data = (((1.0 - units) * first + units * last) for first, last in
                       zip(self._shares(start), self._shares(end), strict=True))
        square = noise**2 + data**2
        return data**2 / square, noise**2 / square, -self.length(start, end) / (data * noise)

    def scale(self, level: NoiseLevel) -> float:
        return float(np.sqrt(level.alpha_bar) + np.sqrt(level.tau))

    def slope(self, bundle: Array, score: Array, level: NoiseLevel) -> Array:
        return -np.sqrt(level.tau) * score - (bundle + level.tau * score) / np.sqrt(level.alpha_bar)

    def _shares(self, level: NoiseLevel) -> tuple[float, float]:
        """s and 1 - s."""
        return float(np.sqrt(level.tau)) / self.scale(level), float(np.sqrt(level.alpha_bar)) / self.scale(level)


class VpClock(Clock):
    """Linear in the time t of the variance-preserving SDE with linear beta, ``-log alpha_bar = beta_min t + beta_d t^2
    / 2`` (2011.13456, eq. 33), where DEIS interpolates the noise prediction (2204.13902).

    ``d(x / sqrt(alpha_bar))/dt`` is the noise prediction times ``dsigma/dt``.
    """

    def __init__(self, beta_d: float = 19.9, beta_min: float = 0.1):
        self.beta_d, self.beta_min = beta_d, beta_min

    def length(self, start: NoiseLevel, end: NoiseLevel) -> float:
        gain = 2.0 * TimeClock().length(start, end)  # of log alpha_bar
        return -gain / (self.beta_min + 0.5 * self.beta_d * (self._read(start) + self._read(end)))

    def moments(self, start: NoiseLevel, end: NoiseLevel, units: Array) -> tuple[Array, Array, Array]:
        t = (1.0 - units) * self._read(start) + units * self._read(end)
        spent = t * (self.beta_min + 0.5 * self.beta_d * t)
        tau = -np.expm1(-spent)
        return np.exp(-spent), tau, -0.5 * self.length(start, end) * (self.beta_min + self.beta_d * t) / tau

    def scale(self, level: NoiseLevel) -> float:
        return float(np.sqrt(level.alpha_bar))

    def slope(self, bundle: Array, score: Array, level: NoiseLevel) -> Array:
        rate = self.beta_min + self.beta_d * self._read(level)
        return -0.5 * rate / np.sqrt(level.alpha_bar) * score

    def _read(self, level: NoiseLevel) -> float:
        """t at a level."""
        spent = float(np.log1p(level.tau / level.alpha_bar))
        return 2.0 * spent / (self.beta_min + float(np.sqrt(self.beta_min**2 + 2.0 * self.beta_d * spent)))


class TimeClock(Clock):
    """Linear in the time of the Ornstein-Uhlenbeck process run backwards, ``alpha_bar = exp(-2 t)`` (2404.09730).

    ``-dx/dt = x + s``: N(0, I) stands still.
    """

    def length(self, start: NoiseLevel, end: NoiseLevel) -> float:
        above = start.tau_above(end)
        return 0.5 * float(np.log1p(above / start.alpha_bar)) if above >= 0.0 else -self.length(end, start)

    def moments(self, start: NoiseLevel, end: NoiseLevel, units: Array) -> tuple[Array, Array, Array]:
        length = self.length(start, end)
        alpha_bar = start.alpha_bar * np.exp(2.0 * length * units)
        tau = end.tau - end.alpha_bar * np.expm1(-2.0 * length * (1.0 - units))  # two positive terms
        return alpha_bar, tau, length / tau

    def slope(self, bundle: Array, score: Array, level: NoiseLevel) -> Array:
        return bundle + score


class LogSnrClock(Clock):
    """Linear in the half-log-SNR ``lambda = log sqrt(alpha_bar / tau)``: the clock of the exponential integrators
    (2206.00927).

    ``dx/dlambda = tau (x + s)``: rates stay of order one at both ends of noise, and N(0, I) stands still.
    """

    def length(self, start: NoiseLevel, end: NoiseLevel) -> float:
        return half_log_snr_gain(start, end)

    def moments(self, start: NoiseLevel, end: NoiseLevel, units: Array) -> tuple[Array, Array, Array]:
        length = self.length(start, end)
        half_log_snr, speed = self._show(self._read(start) + length * units)
        return expit(2.0 * half_log_snr), expit(-2.0 * half_log_snr), length * speed

    def slope(self, bundle: Array, score: Array, level: NoiseLevel) -> Array:
        out = bundle + score
        out *= level.tau * float(self._show(np.array(self._read(level)))[1])
        return out

    def _read(self, level: NoiseLevel) -> float:
        """What the clock shows at a level."""
        return level.half_log_snr

    def _show(self, reading: Array) -> tuple[Array, Array]:
        """(lambda, d lambda / d reading)."""
        return reading, np.ones_like(reading)


class FocusedClock(LogSnrClock):
    """``theta`` with ``lambda = centre + width sinh(theta)``: even steps are short where modes separate, long at both
    ends of noise.

    Along a path the predictions vary at a rate close to ``1 / sqrt(1 + ((lambda - centre) / width)^2)``: with little
    noise the data are known, with much noise only their mean matters. In theta they vary evenly, which makes even steps
    the right ones *and* polynomials in theta better interpolants than polynomials in lambda.
    """

    def __init__(self, centre: float = 0.0, width: float = 0.6):
        require(bool(np.isfinite(centre)), "centre", centre, "give a half-log-SNR")
        require(bool(np.isfinite(width) and width > 0), "width", width, "give a positive number")
        self.centre, self.width = centre, width

    def length(self, start: NoiseLevel, end: NoiseLevel) -> float:
        gain = half_log_snr_gain(start, end) / self.width
        if gain < 0.0:
            return -self.length(end, start)
        a = (start.half_log_snr - self.centre) / self.width
        b = a + gain
        if a + b < 0.0:  # arcsinh is odd: mirrored, nothing below cancels
            a, b = -b, -a
        return float(np.log1p(gain * (1.0 + (a + b) / (np.hypot(1.0, a) + np.hypot(1.0, b))) * np.exp(-np.arcsinh(a))))

    def _read(self, level: NoiseLevel) -> float:
        return float(np.arcsinh((level.half_log_snr - self.centre) / self.width))

    def _show(self, reading: Array) -> tuple[Array, Array]:
        return self.centre + self.width * np.sinh(reading), self.width * np.cosh(reading)

    def scaled(self, scale: float) -> FocusedClock:
        """The clock that shows for data ``scale`` times as large what this one shows for the data themselves."""
        return FocusedClock(self.centre - float(np.log(scale)), self.width)


def half_log_snr_gain(start: NoiseLevel, end: NoiseLevel) -> float:
    """``lambda_end - lambda_start`` to full relative accuracy, however near the two levels are.

    ``exp(2 (lambda_1 - lambda_0)) = 1 + (tau_0 - tau_1) / (alpha_bar_0 tau_1)``, and ``tau_above`` keeps all digits of
    the difference.
    """
    above = start.tau_above(end)
    if above < 0.0:
        return -half_log_snr_gain(end, start)
    return 0.5 * float(np.log1p(above / (start.alpha_bar * end.tau)))


CLOCKS: dict[str, Callable[[float, float], Clock]] = {
    "tau": lambda centre, width: TauClock(), "sigma": lambda centre, width: SigmaClock(),
    "time": lambda centre, width: TimeClock(), "flow": lambda centre, width: FlowClock(),
    "vp": lambda centre, width: VpClock(), "log_snr": lambda centre, width: LogSnrClock(), "focused": FocusedClock}


def clock(name: str, centre: float = 0.0, width: float = 0.6) -> Clock:
    """The clock of that name; ``centre`` and ``width`` matter to the focused one only. InputError for an unknown
    name.
    """
    require(name in CLOCKS, "clock", name, f"choose one of {', '.join(CLOCKS)}")
    return CLOCKS[name](centre, width)

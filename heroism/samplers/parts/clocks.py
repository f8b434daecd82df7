"""The variable in which a step's points are placed and its interpolant is a polynomial."""

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
    def level(self, start: NoiseLevel, end: NoiseLevel, unit: float) -> NoiseLevel:
        """The level at u in [0, 1]; exactly ``start`` and ``end`` at 0 and 1."""

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

    def level(self, start: NoiseLevel, end: NoiseLevel, unit: float) -> NoiseLevel:
        return start.toward(end, unit)


class SigmaClock(Clock):
    """Linear in ``sigma = sqrt(tau / alpha_bar)``: the clock of EDM (2206.00364)."""

    def length(self, start: NoiseLevel, end: NoiseLevel) -> float:
        return -start.tau_above(end) / (start.alpha_bar * end.alpha_bar * (start.sigma + end.sigma))

    def moments(self, start: NoiseLevel, end: NoiseLevel, units: Array) -> tuple[Array, Array, Array]:
        length = self.length(start, end)
        sigma = start.sigma + length * units
        return 1.0 / (1.0 + sigma**2), sigma**2 / (1.0 + sigma**2), -length / sigma

    def level(self, start: NoiseLevel, end: NoiseLevel, unit: float) -> NoiseLevel:
        if unit in (0.0, 1.0):
            return end if unit else start
        variance = (start.sigma + unit * self.length(start, end)) ** 2
        return NoiseLevel(1.0 / (1.0 + variance), variance / (1.0 + variance))


class TimeClock(Clock):
    """Linear in the time of the Ornstein-Uhlenbeck process run backwards, ``alpha_bar = exp(-2 t)`` (2404.09730)."""

    def length(self, start: NoiseLevel, end: NoiseLevel) -> float:
        above = start.tau_above(end)
        return 0.5 * float(np.log1p(above / start.alpha_bar)) if above >= 0.0 else -self.length(end, start)

    def moments(self, start: NoiseLevel, end: NoiseLevel, units: Array) -> tuple[Array, Array, Array]:
        length = self.length(start, end)
        alpha_bar = start.alpha_bar * np.exp(2.0 * length * units)
        tau = end.tau - end.alpha_bar * np.expm1(-2.0 * length * (1.0 - units))  # two positive terms
        return alpha_bar, tau, length / tau

    def level(self, start: NoiseLevel, end: NoiseLevel, unit: float) -> NoiseLevel:
        if unit in (0.0, 1.0):
            return end if unit else start
        alpha_bar, tau, _ = self.moments(start, end, np.array(unit))
        return NoiseLevel(float(alpha_bar), float(tau))


class LogSnrClock(Clock):
    """Linear in the half-log-SNR ``lambda = log sqrt(alpha_bar / tau)``: the clock of the exponential integrators
    (2206.00927).
    """

    def length(self, start: NoiseLevel, end: NoiseLevel) -> float:
        return half_log_snr_gain(start, end)

    def moments(self, start: NoiseLevel, end: NoiseLevel, units: Array) -> tuple[Array, Array, Array]:
        length = self.length(start, end)
        half_log_snr, speed = self._show(self._read(start) + length * units)
        return expit(2.0 * half_log_snr), expit(-2.0 * half_log_snr), length * speed

    def level(self, start: NoiseLevel, end: NoiseLevel, unit: float) -> NoiseLevel:
        if unit in (0.0, 1.0):
            return end if unit else start
        half_log_snr, _ = self._show(np.array(self._read(start) + self.length(start, end) * unit))
        return NoiseLevel.from_half_log_snr(float(half_log_snr))

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


CLOCKS = ("tau", "sigma", "time", "log_snr", "focused")


def clock(name: str, centre: float = 0.0, width: float = 0.6) -> Clock:
    """The clock of that name; ``centre`` and ``width`` matter to the focused one only. InputError for an unknown
    name.
    """
    require(name in CLOCKS, "clock", name, f"choose one of {', '.join(CLOCKS)}")
    choices: dict[str, Callable[[], Clock]] = {"tau": TauClock, "sigma": SigmaClock, "time": TimeClock,
                                               "log_snr": LogSnrClock, "focused": lambda: FocusedClock(centre, width)}
    return choices[name]()

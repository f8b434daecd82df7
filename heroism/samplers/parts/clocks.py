"""The variable in which a step's points are placed and its interpolant is a polynomial."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from scipy.special import expit

from heroism.errors import require
from heroism.noise import Array, NoiseLevel


class Clock(ABC):
    """A unit coordinate u on the step from ``start`` (u = 0) to ``end`` (u = 1); earlier levels have u < 0."""

    @abstractmethod
    def unit(self, start: NoiseLevel, end: NoiseLevel, level: NoiseLevel) -> float:
        """u of any level; exactly 0 at ``start``."""

    @abstractmethod
    def moments(self, start: NoiseLevel, end: NoiseLevel, units: Array) -> tuple[Array, Array, Array]:
        """(alpha_bar, tau, d lambda / d u) at ``units`` in [0, 1], lambda the half-log-SNR; all accurate at both ends
        of noise.
        """

    @abstractmethod
    def level(self, start: NoiseLevel, end: NoiseLevel, unit: float) -> NoiseLevel:
        """The level at u in [0, 1]; exactly ``start`` and ``end`` at 0 and 1."""


class TauClock(Clock):
    """Linear in the noise variance tau: the paper's choice (2506.24042, eq. 11)."""

    def unit(self, start: NoiseLevel, end: NoiseLevel, level: NoiseLevel) -> float:
        return start.tau_above(level) / start.tau_above(end)

    def moments(self, start: NoiseLevel, end: NoiseLevel, units: Array) -> tuple[Array, Array, Array]:
        alpha_bar = (1.0 - units) * start.alpha_bar + units * end.alpha_bar
        tau = (1.0 - units) * start.tau + units * end.tau
        return alpha_bar, tau, start.tau_above(end) / (2.0 * alpha_bar * tau)

    def level(self, start: NoiseLevel, end: NoiseLevel, unit: float) -> NoiseLevel:
        return start.toward(end, unit)


class LogSnrClock(Clock):
    """Linear in the half-log-SNR ``lambda = log sqrt(alpha_bar / tau)``: the clock of the exponential integrators
    (2206.00927).
    """

    def unit(self, start: NoiseLevel, end: NoiseLevel, level: NoiseLevel) -> float:
        first = self._read(start)
        return (self._read(level) - first) / (self._read(end) - first)

    def moments(self, start: NoiseLevel, end: NoiseLevel, units: Array) -> tuple[Array, Array, Array]:
        first, length = self._read(start), self._read(end) - self._read(start)
        half_log_snr, speed = self._show(first + length * units)
        return expit(2.0 * half_log_snr), expit(-2.0 * half_log_snr), length * speed

    def level(self, start: NoiseLevel, end: NoiseLevel, unit: float) -> NoiseLevel:
        if unit in (0.0, 1.0):
            return end if unit else start
        first = self._read(start)
        half_log_snr, _ = self._show(np.array(first + (self._read(end) - first) * unit))
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

    def _read(self, level: NoiseLevel) -> float:
        return float(np.arcsinh((level.half_log_snr - self.centre) / self.width))

    def _show(self, reading: Array) -> tuple[Array, Array]:
        return self.centre + self.width * np.sinh(reading), self.width * np.cosh(reading)

    def length(self, start: NoiseLevel, end: NoiseLevel) -> float:
        """theta at ``end`` minus theta at ``start``."""
        return self._read(end) - self._read(start)

    def readings(self, levels: Sequence[NoiseLevel]) -> tuple[Array, Array]:
        """(theta, d lambda / d theta) at many levels."""
        theta = np.array([self._read(level) for level in levels])
        return theta, self._show(theta)[1]


CLOCKS = ("tau", "log_snr", "focused")


def clock(name: str, centre: float = 0.0, width: float = 0.6) -> Clock:
    """The clock of that name; ``centre`` and ``width`` matter to the focused one only. InputError for an unknown
    name.
    """
    require(name in CLOCKS, "clock", name, f"choose one of {', '.join(CLOCKS)}")
    if name == "focused":
        return FocusedClock(centre, width)
    return TauClock() if name == "tau" else LogSnrClock()

"""Noise levels and schedules of the forward process ``X_tau = sqrt(alpha_bar) X_0 + sqrt(tau) Z``.

A noise level is carried as *two* accurate numbers, ``alpha_bar`` and ``tau = 1 - alpha_bar``: forming one from the
other in float64 loses all digits of the small one, which puts a floor near 1e-6 under every measured error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from heroism.errors import positive, require, whole_number

Array = NDArray[np.float64]
MOST_LEVELS = 2**24  # more would fill the memory before anything ran


@dataclass(frozen=True, slots=True)
class NoiseLevel:
    """One noise level: ``alpha_bar`` (share of signal variance) and ``tau = 1 - alpha_bar`` (share of noise variance).

    Raises InputError if either is outside (0, 1] or if they do not sum to one within round-off.
    """

    alpha_bar: float
    tau: float

    def __post_init__(self) -> None:
        for name, value in (("alpha_bar", self.alpha_bar), ("tau", self.tau)):
            require(positive(name, value, "give a number in (0, 1]") <= 1.0, name, value, "give a number in (0, 1]")
        require(abs(self.alpha_bar + self.tau - 1.0) < 1e-9, "alpha_bar + tau", self.alpha_bar + self.tau,
                "give two numbers that sum to one")

    @classmethod
    def from_tau(cls, tau: float) -> NoiseLevel:
        """The level of noise variance ``tau`` in (0, 1)."""
        tau = _inside("tau", tau)
        return cls(float(1.0 - tau), float(tau))

    @classmethod
    def from_half_log_snr(cls, half_log_snr: float) -> NoiseLevel:
        """The level with ``lambda = log(sqrt(alpha_bar / tau))``, accurate at both ends."""
        return cls(float(expit(2.0 * half_log_snr)), float(expit(-2.0 * half_log_snr)))

    @property
    def half_log_snr(self) -> float:
        """``lambda = log(sqrt(alpha_bar / tau))``, the clock of the exponential integrators."""
        return 0.5 * float(np.log(self.alpha_bar) - np.log(self.tau))

    @property
    def sigma(self) -> float:
        """``sqrt(tau / alpha_bar)``, the noise standard deviation in units of the signal."""
        return float(np.sqrt(self.tau / self.alpha_bar))

    def toward(self, other: NoiseLevel, unit: float) -> NoiseLevel:
        """The level at ``unit`` in [0, 1] of the way to ``other``: linear in tau *and* in alpha_bar, exact at 0 and
        1.
        """
        keep = 1.0 - unit
        return NoiseLevel(keep * self.alpha_bar + unit * other.alpha_bar, keep * self.tau + unit * other.tau)

    def tau_above(self, other: NoiseLevel) -> float:
        """``self.tau - other.tau`` without cancellation, taken from whichever of the two numbers is the small one."""
        if self.alpha_bar < self.tau:
            return other.alpha_bar - self.alpha_bar
        return self.tau - other.tau


@dataclass(frozen=True)
class NoiseSchedule:
    """Noise levels ``t = 1..T`` in increasing noise, as in the paper; a sampler runs from ``start`` to ``end``.

    ``len(schedule)`` is T, the number of noise levels; there are T - 1 transitions.

    Attributes
    ----------
    alpha_bar, tau : (T,) arrays, tau strictly increasing.
    name : how the schedule was made, for records and messages.
    step : the step size h in which orders are stated: a sampler of order p errs by O(h^p) as the schedule is refined.
        log T / T for the paper's schedule; otherwise 1 / (T - 1), the step of a grid that is uniform in a clock of its
        own, which is what a schedule made by hand is taken for unless it says better.

    Raises
    ------
    InputError : fewer than two levels, levels that do not increase, or a step that is not positive.
    """

    alpha_bar: Array
    tau: Array
    name: str = "custom"
    step: float = float("nan")  # NaN: not said

    def __post_init__(self) -> None:
        require(np.ndim(self.tau) == np.ndim(self.alpha_bar) == 1, "tau", self.tau, "give two arrays (T,)")
        require(len(self.tau) >= 2 and len(self.tau) == len(self.alpha_bar), "T", len(self.tau),
                "a schedule needs at least two noise levels")
        rising = np.all(np.diff(self.tau) >= 0) and np.all(np.diff(self.alpha_bar) <= 0)
        moving = np.all((np.diff(self.tau) > 0) | (np.diff(self.alpha_bar) < 0))
        require(bool(rising and moving), "tau", "not increasing",
                "give noise levels that strictly increase from t = 1 to t = T")

        object.__setattr__(self, "step", 1.0 / (len(self) - 1) if np.isnan(self.step) else positive("step", self.step))

    def __repr__(self) -> str:
        return (f"NoiseSchedule({self.name}, T={len(self)}, sigma {self.start.sigma:.4g} to {self.end.sigma:.4g}, "
                f"step {self.step:.4g})")

    def __len__(self) -> int:
        return len(self.tau)

    @property
    def steps(self) -> int:
        """T, the number of noise *levels*, under the name by which the constructors take it; ``len(schedule)``."""
        return len(self)

    @cached_property
    def levels(self) -> tuple[NoiseLevel, ...]:
        """The noise levels t = 1..T."""
        return tuple(NoiseLevel(float(a), float(t)) for a, t in zip(self.alpha_bar, self.tau, strict=True))

    @property
    def start(self) -> NoiseLevel:
        """The largest noise level, t = T, where a sampler starts."""
        return self.levels[-1]

    @property
    def end(self) -> NoiseLevel:
        """The smallest noise level, t = 1, where its output is compared with the target."""
        return self.levels[0]

    @property
    def key(self) -> bytes:
        """Equal for two schedules of the same noise levels: what is worked out for one serves the other."""
        return self.alpha_bar.tobytes() + self.tau.tobytes()

    def transitions(self) -> Iterator[tuple[NoiseLevel, NoiseLevel]]:
        """The T - 1 steps (from level t, to level t - 1), from the largest noise level down."""
        return zip(self.levels[:0:-1], self.levels[-2::-1], strict=True)


def a_count(steps: int) -> int:
    """T, if it may be a number of noise levels: whole, at least 3, and at most 2^24. All else is an InputError."""
    return whole_number("T", steps, 3, MOST_LEVELS)


def paper_schedule(steps: int, c0: float = 2.0, c1: float = 5.0) -> NoiseSchedule:
    """The schedule of the paper (2506.24042, eq. 16): an exponential phase, then a flat one.

    ``beta_1 = T^-c0`` and ``beta_t = (c1 log T / T) min(beta_1 (1 + c1 log T / T)^t, 1)`` for t >= 2.

    Parameters
    ----------
    steps : T >= 3, the number of noise levels; ``step`` is ``h = log T / T``.
    c0, c1 : constants of the schedule; the paper fixes no values.

    Raises
    ------
    InputError : T < 3 or above 2^24, a constant that is not positive, or ``c1 log T / T >= 1`` or ``T^-c0 = 1`` (then
        beta_t would reach 1).
    """
    steps = a_count(steps)
    c0, c1 = positive("c0", c0), positive("c1", c1)
    rate = c1 * np.log(steps) / steps
    require(rate < 1.0, "T", steps, f"c1 log T / T = {rate:.3g} must stay below 1: take more steps or a smaller c1 "
                                    f"(c1 = {c1:g})")
    t = np.arange(2, steps + 1)
    log_first = -c0 * np.log(steps)
    require(np.exp(log_first) < 1.0, "c0", c0, "beta_1 = T^-c0 must stay below 1: take a larger c0")
    growth = np.exp(np.minimum(log_first + t * np.log1p(rate), 0.0))  # in logs: (1 + rate)^T overflows for long ladders
    beta = np.concatenate(([np.exp(log_first)], rate * growth))
    log_alpha_bar = np.cumsum(np.log1p(-beta))
    return NoiseSchedule(np.exp(log_alpha_bar), -np.expm1(log_alpha_bar), f"paper(c0={c0:g}, c1={c1:g})",
                         float(np.log(steps) / steps))


def log_snr_schedule(steps: int, tau_min: float, tau_max: float) -> NoiseSchedule:
    """T noise levels with uniform log-SNR between noise variances ``tau_min`` and ``tau_max`` (both included).

    Its ``step`` is 1 / (T - 1), a step of log-SNR in units of the whole range. Raises InputError for T < 3 or unless
    ``0 < tau_min < tau_max < 1``.
    """
    low, high = _ends(steps, tau_min, tau_max)
    half_log_snr = np.linspace(low.half_log_snr, high.half_log_snr, steps)
    return _from_half_log_snr(half_log_snr, f"log_snr({tau_min:g}, {tau_max:g})")


def rho_schedule(steps: int, tau_min: float, tau_max: float, rho: float = 7.0) -> NoiseSchedule:
    """T noise levels uniform in ``sigma^(1/rho)``, ``sigma = sqrt(tau / alpha_bar)`` (2206.00364, eq. 5; rho = 7
    there), from noise variance ``tau_min`` to ``tau_max``, both included.

    Its ``step`` is 1 / (T - 1), in units of the whole range. Raises InputError for T < 3, rho <= 0, or unless
    ``0 < tau_min < tau_max < 1``.
    """
    rho = positive("rho", rho, "give a positive number (7 is the usual choice)")
    low, high = _ends(steps, tau_min, tau_max)
    sigma = np.linspace(low.sigma ** (1 / rho), high.sigma ** (1 / rho), steps) ** rho
    return _from_half_log_snr(-np.log(sigma), f"rho({tau_min:g}, {tau_max:g}, rho={rho:g})")


def uniform_time_schedule(steps: int, duration: float = 8.0, tau_min: float = 1e-8) -> NoiseSchedule:
    """T noise levels uniform in the time t of the Ornstein-Uhlenbeck process, ``alpha_bar = exp(-2 t)``, from
    ``duration`` down to where tau is ``tau_min`` (2404.09730, section 2, which ends at t = 0 itself).

    Its ``step`` is 1 / (T - 1), in units of the whole range. Raises InputError for T < 3, a duration that is not
    positive and finite, or ``tau_min`` not below its noise level.
    """
    a_count(steps)
    duration, tau_min = positive("duration", duration), positive("tau_min", tau_min)
    highest = float(-np.expm1(-2.0 * duration))
    require(tau_min < highest, "tau_min", tau_min, f"give a noise level above 0 and below {highest:g}")
    doubled = np.linspace(-np.log1p(-tau_min), 2.0 * duration, steps)
    return NoiseSchedule(np.exp(-doubled), -np.expm1(-doubled), f"uniform_time({duration:g})")


def substeps(start: NoiseLevel, end: NoiseLevel, reach: float) -> NoiseSchedule:
    """Levels from ``start`` to less noisy ``end``, equidistant in half-log-SNR and no farther apart than ``reach``."""
    count = max(1, int(np.ceil(abs(end.half_log_snr - start.half_log_snr) / reach)))
    inner = [NoiseLevel.from_half_log_snr(float(value)) for value in
             np.linspace(end.half_log_snr, start.half_log_snr, count + 1)[1:-1]]
    levels = [end, *inner, start]
    return NoiseSchedule(np.array([level.alpha_bar for level in levels]), np.array([level.tau for level in levels]))


def _ends(steps: int, tau_min: float, tau_max: float) -> tuple[NoiseLevel, NoiseLevel]:
    a_count(steps)
    tau_min, tau_max = _inside("tau_min", tau_min), _inside("tau_max", tau_max)
    require(tau_min < tau_max, "tau_min", tau_min, f"must be below tau_max = {tau_max}")
    return NoiseLevel.from_tau(tau_min), NoiseLevel.from_tau(tau_max)


def _inside(name: str, tau: float) -> float:
    remedy = "give a noise level strictly between 0 and 1"
    require(positive(name, tau, remedy) < 1.0, name, tau, remedy)
    return float(tau)


def _from_half_log_snr(half_log_snr: Array, name: str) -> NoiseSchedule:
    return NoiseSchedule(expit(2.0 * half_log_snr), expit(-2.0 * half_log_snr), name)

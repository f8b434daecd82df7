"""Multistep methods on the reverse SDE with the data prediction: SDE-DPM-Solver++ and SA-Solver.

The reverse SDE whose noise has the square ``eta`` relative to the usual one has the exact solution (2309.05019,
proposition 4.2 with tau^2 = eta; 2211.01095, eq. 12 at eta = 1), h the step in half-log-SNR lambda,

    ``x' = sqrt(tau'/tau) e^{-eta h} x + sqrt(alpha_bar') (1 + eta) int e^{-(1 + eta)(lambda' - l)} D(l) dl
    + sqrt(tau' (1 - e^{-2 eta h})) Z``;

methods differ in what they put for the data prediction D between its known values. At eta = 0 they are the exponential
Adams methods of the probability-flow ODE.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from heroism.errors import nonnegative, require, whole_number
from heroism.integrals.clocks import half_log_snr_gain
from heroism.integrals.weights import basis_integrals
from heroism.noise import NoiseLevel, NoiseSchedule
from heroism.samplers.stochastic.recursion import STATE, Combine, Evaluate, Operation, Recursion, Step

VARIANTS = ("midpoint", "heun")
HIGHEST = 6


class SdeDpmSolver(Recursion):
    """SDE-DPM-Solver++ as people run it (dpmpp_sde's multistep relatives: 1, 2M and 3M of 2211.01095 and k-diffusion).

    Order 2 extrapolates D linearly through the last two values; "heun" integrates that exactly, "midpoint" takes half
    of the difference. Order 3 extrapolates through three, as the libraries do: with half the curvature of the parabola
    (their D_2 stands for the second derivative but is half of it), where SA-Solver's predictor of 3 integrates the
    parabola itself. ``eta`` is the square of the noise's strength, 1 the reverse SDE, where order 1 is DDPM.

    The law is of second order at most, noise or none: without, because the start-up grows; with, because beyond the
    covariance of D with the noise, which two values do get right, an extrapolation mistakes noise for a trend.

    Raises
    ------
    InputError : an order outside 1..3, an unknown variant, a negative eta.
    """

    def __init__(self, order: int = 2, variant: str = "midpoint", eta: float = 1.0):
        self.points = whole_number("order", order, 1)
        require(self.points <= 3, "order", order, "give an order of at most 3")
        require(variant in VARIANTS, "variant", variant, f"choose one of {', '.join(VARIANTS)}")
        nonnegative("eta", eta)
        self.variant, self.eta, self.stochastic = variant, float(eta), eta > 0

    @property
    def order(self) -> int:  # type: ignore[override]
        return min(self.points, 2)

    def steps(self, schedule: NoiseSchedule) -> Iterator[Step]:
        for i, (start, end) in enumerate(schedule.transitions()):
            known = min(i + 1, self.points)
            gaps = [half_log_snr_gain(*pair) for pair in _last(schedule, i, known - 1)]
            operations: list[Operation] = [Evaluate(_name(i, self.points), STATE, start, "data")]
            weights = self._weights(half_log_snr_gain(start, end), gaps)
            yield Step(start, end, (*operations, _move(start, end, self.eta, {
                _name(i - j, self.points): weight for j, weight in enumerate(weights)})))

    def _weights(self, h: float, gaps: list[float]) -> list[float]:
        """Of D at the last points, newest first, up to sqrt(alpha_bar'); gaps are the steps before, newest first."""
        rate = 1.0 + self.eta
        whole = -float(np.expm1(-rate * h))
        if len(gaps) == 1 and self.variant == "midpoint":
            half = 0.5 * whole * h / gaps[0]
            return [whole + half, -half]
        if len(gaps) == 2:
            return _parabola(whole, rate * h, gaps[0] / h, gaps[1] / h)
        nodes = (0.0, *(-sum(gaps[: j + 1]) for j in range(len(gaps))))
        return _adams_weights(h, nodes, rate)


@lru_cache(maxsize=2**12)  # even schedules ask for the same ones
def _adams_weights(h: float, nodes: tuple[float, ...], rate: float) -> list[float]:
    """Integrals of ``rate exp(-rate (h - t)) L_j(t)`` over 0 < t < h, L_j the Lagrange basis on ``nodes``."""
    weights = basis_integrals(np.array(nodes), np.array([h]), lambda t: rate * np.exp(-rate * (h - t)))[0]
    return [float(weight) for weight in weights]


def _parabola(whole: float, g: float, r0: float, r1: float) -> list[float]:
    """Weights of the last three values, r0 and r1 their distances in steps, with half the curvature."""
    slope = 1.0 - whole / g
    curvature = (0.5 - slope / g) / (r0 + r1)
    last, before = (slope * (1.0 + r0 / (r0 + r1)) + curvature) / r0, (slope * r0 / (r0 + r1) + curvature) / r1
    return [whole + last, -last - before, before]


class SaSolver(Recursion):
    """Stochastic Adams method (2309.05019): a predictor through the last ``predictor`` values of D, and, if
    ``corrector`` is not 0, a corrector through the new value and the last ``corrector``, with the same noise; one
    evaluation a step.

    ``tau`` is the paper's noise level (its square is eta); tau = 0 is an ODE method: exponential Adams, or UniPC's
    predictor and corrector, with the growing start-up. With noise the law is of second order at most.

    Raises
    ------
    InputError : a number of points out of range, a negative tau.
    """

    def __init__(self, predictor: int = 3, corrector: int = 0, tau: float = 1.0):
        self.predictor = whole_number("predictor", predictor, 1)
        self.corrector = whole_number("corrector", corrector, 0)
        for name, value in (("predictor", self.predictor), ("corrector", self.corrector)):
            require(value <= HIGHEST, name, value, f"give at most {HIGHEST} points")
        nonnegative("tau", tau)
        self.eta, self.stochastic = float(tau) ** 2, tau > 0
        self.memory = max(self.predictor, self.corrector)

    @property
    def order(self) -> int:  # type: ignore[override]
        if not self.corrector:
            return min(self.predictor, 2)
        return min(self.predictor + 1, self.corrector + 1, 2 if self.stochastic else 3)

    def steps(self, schedule: NoiseSchedule) -> Iterator[Step]:
        last = schedule.steps - 2
        for i, (start, end) in enumerate(schedule.transitions()):
            operations: list[Operation] = []
            if i == 0 or not self.corrector:
                operations.append(Evaluate(_name(i, self.memory), STATE, start, "data"))
            predicted = self._through(schedule, i, min(i + 1, self.predictor), new=False)
            if not self.corrector or i == last:  # correcting the last step would cost another evaluation
                yield Step(start, end, (*operations, _move(start, end, self.eta, predicted)))
                continue
            if self.stochastic:
                operations.append(Combine("z", {}, 1.0))
            corrected = self._through(schedule, i, min(i + 1, self.corrector), new=True)
            yield Step(start, end, (*operations, _move(start, end, self.eta, predicted, "ahead", "z"),
                                    Evaluate(_name(i + 1, self.memory), "ahead", end, "data"),
                                    _move(start, end, self.eta, corrected, STATE, "z")))

    def _through(self, schedule: NoiseSchedule, i: int, known: int, new: bool) -> dict[str, float]:
        """Weights of the slots of D, up to sqrt(alpha_bar'), of the interpolant through ``known`` old values."""
        pairs = list(_last(schedule, i, known - 1))
        start, end = schedule.levels[-1 - i], schedule.levels[-2 - i]
        h, back = half_log_snr_gain(start, end), [half_log_snr_gain(*pair) for pair in pairs]
        nodes = tuple(-sum(back[:j]) for j in range(known))
        names = [_name(i - j, self.memory) for j in range(known)]
        if new:
            nodes, names = (h, *nodes), [_name(i + 1, self.memory), *names]
        rate = 1.0 + self.eta
        return dict(zip(names, _adams_weights(h, nodes, rate), strict=True))


def _name(i: int, memory: int) -> str:
    """Slot of the data prediction at point i: a ring with room for a new one."""
    return f"data {i % (memory + 1)}"


def _last(schedule: NoiseSchedule, i: int, count: int) -> Iterator[tuple[NoiseLevel, NoiseLevel]]:
    """The ``count`` transitions before transition i, the newest first."""
    levels = schedule.levels[::-1]
    return ((levels[i - j - 1], levels[i - j]) for j in range(count))


def _move(start: NoiseLevel, end: NoiseLevel, eta: float, data: dict[str, float], into: str = STATE,
          drawn: str = "") -> Combine:
    """The exact solution with these weights of data predictions; the noise is fresh, or the one in slot ``drawn``."""
    h = half_log_snr_gain(start, end)
    root = float(np.sqrt(end.alpha_bar))
    weights = {STATE: float(np.sqrt(end.tau / start.tau) * np.exp(-eta * h))}
    weights |= {name: root * weight for name, weight in data.items()}
    deviation = float(np.sqrt(-end.tau * np.expm1(-2.0 * eta * h)))
    if drawn and deviation > 0.0:
        return Combine(into, weights | {drawn: deviation})
    return Combine(into, weights, deviation)

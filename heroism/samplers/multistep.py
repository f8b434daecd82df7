"""Exponential multistep methods: the linear part of the ODE exactly, a prediction interpolated in half-log-SNR.

With ``lambda = log sqrt(alpha_bar / tau)`` the probability flow from level 0 to level 1 is

    x_1 = sqrt(tau_1/tau_0) x_0 + sqrt(alpha_bar_1) int exp(-(lambda_1 - l)) D(l) dl
    x_1 = sqrt(alpha_bar_1/alpha_bar_0) x_0 - sqrt(tau_1) int exp(lambda_1 - l) E(l) dl

for the data prediction ``D = (x + tau s) / sqrt(alpha_bar)`` (2211.01095, Proposition 4.1) and the noise prediction
``E = -sqrt(tau) s`` (2206.00927, Proposition 3.1; 2204.13902). Either is replaced by its Lagrange interpolant in lambda
through known points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from heroism.errors import require, whole_number
from heroism.integrals.clocks import LogSnrClock
from heroism.integrals.clocks import clock as clock_named
from heroism.integrals.predictions import Data, Noise, Prediction
from heroism.integrals.stages import Method, Plan, Point, Stage
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.base import PlannedSampler

HIGHEST = 12
PREDICTIONS: dict[str, type[Prediction]] = {"data": Data, "noise": Noise}
STARTUPS = ("order_keeping", "growing")
VARIANTS = ("exact", "bh1", "bh2")


class ExponentialMultistep(PlannedSampler):
    """Predict with the last p points; if ``corrects``, correct with the new one besides (its evaluation is used again).

    One evaluation per transition, none at the last level. The first points need care, because a method of order k that
    starts with a first-order step stays at order 2 or 3 for good. ``startup``:

    "growing" : the customary way, orders 1, 2, 3, ... as points become available.
    "order_keeping" : as point m comes in (m <= k - 2), the states at points 1..m are integrated again from the start
        through all m + 1 points, and predictions 1..m are evaluated again there (m <= k - 3): that raises the order of
        all of them by one. Costs (k - 2)(k - 3) / 2 more evaluations in k - 3 more rounds, once per path, at no other
        noise levels.
    """

    def __init__(self, points: int, corrects: bool, method: Method, startup: str):
        super().__init__()
        require(startup in STARTUPS, "startup", startup, f"choose one of {', '.join(STARTUPS)}")
        self.points, self.corrects, self.method, self.startup = points, corrects, method, startup

    @property
    def order(self) -> int:  # type: ignore[override]
        """Every step after the start-up is of order p, or p + 1 with a corrector; a growing start-up allows 2, or 3."""
        full = self.points + self.corrects
        return full if self.startup == "order_keeping" else min(full, 2 + self.corrects)

    @property
    def _careful(self) -> int:
        """The last point at which the start-up integrates again."""
        return max(0, self.points + self.corrects - 2) if self.startup == "order_keeping" else 0

    def _raises(self, steps: int) -> int:
        """How many rounds of the start-up evaluate again."""
        return max(0, min(self._careful - 1, steps - 2))

    def evaluations(self, steps: int) -> int:
        again = self._raises(steps)
        return steps - 1 + again * (again + 1) // 2

    def rounds(self, steps: int) -> int:
        return steps - 1 + self._raises(steps)

    def plan(self, schedule: NoiseSchedule) -> Plan:
        slots = self.points + 1  # a ring
        points = [self.method.point(level, i % slots) for i, level in enumerate(schedule.levels[::-1])]
        begin = Stage(np.ones(1), np.empty((1, 0)), (), points[:1])
        return Plan(((begin,), *(tuple(self._step(points, i)) for i in range(1, len(points)))))

    def _step(self, points: Sequence[Point], i: int) -> Iterator[Stage]:
        """Of the transition that ends at point i."""
        last, known, new = i == len(points) - 1, points[max(0, i - self.points) : i], points[i : i + 1]
        careful, again = i <= self._careful and not last, i < self._careful
        settled = not careful and (last or not self.corrects)
        predicted = self._integrated(points[i - 1], new, known)
        yield replace(predicted, points=() if last else new, carries=settled)
        if careful:
            improved = points[1 : i + 1] if again else new
            yield replace(self._integrated(points[0], improved, points[: i + 1]), points=improved if again else (),
                          from_first=True, carries=True)
        elif not settled:
            yield replace(self._integrated(points[i - 1], new, [*known, *new]), carries=True)

    def _integrated(self, start: Point, rows: Sequence[Point], through: Sequence[Point]) -> Stage:
        """The states at ``rows``, from that at ``start`` and the interpolant ``through`` some points."""
        first, last = start.level, rows[-1].level
        nodes, at = (self.method.units(first, last, points) for points in (through, rows))
        return Stage(*self.method.weights(first, last, nodes, at), through)


class ExponentialAdams(ExponentialMultistep):
    """Explicit exponential Adams method through the last k points; order k, one evaluation per transition.

    ``prediction="data"`` is DPM-Solver++(kM) (2211.01095; there k <= 3, with differences that agree with the exact
    integral of the interpolant up to its order), ``"noise"`` is DEIS in half-log-SNR (2204.13902). k = 1 is DDIM for
    both. A point mass is preserved exactly; N(0, I) is not.

    Parameters
    ----------
    order : k in 1..12. Beyond 6 the step must be short: the region of stability shrinks.
    prediction : "data" or "noise".
    startup : "order_keeping" costs (k - 2)(k - 3) / 2 more evaluations in k - 3 more rounds, once per path; "growing"
        is the customary start with orders 1, 2, 3, ..., which leaves the method at order 2.
    clock : in which the interpolant is a polynomial: "log_snr", or, usual for the noise prediction, "sigma" (linear
        multistep on dx = noise dsigma, ``lms``), "vp" (DEIS as its authors tabulate it) or "flow".

    Raises
    ------
    InputError : an order outside 1..12, an unknown prediction, start-up or clock.
    """

    def __init__(self, order: int = 3, prediction: str = "data", startup: str = "order_keeping",
                 clock: str = "log_snr"):
        points = whole_number("order", order, 1)
        require(points <= HIGHEST, "order", order, f"give an order of at most {HIGHEST}")
        super().__init__(points, False, Method(clock_named(clock), _prediction(prediction)), startup)


class UniPC(ExponentialMultistep):
    """UniPC-p (2302.04867): predict through the last p points, evaluate there, correct through these and the new point.

    The evaluation at the predicted state serves the corrector and the following steps, so a transition costs one. Order
    p + 1. Nothing is evaluated at the last level, so the last step is the predictor's. A point mass is preserved
    exactly.

    Parameters
    ----------
    points : p in 1..11.
    prediction : "data" or "noise".
    variant : "exact" integrates the interpolant exactly, and so do UniPC's coefficients for any B(h), which cancels.
        "bh1" (B(h) = h) and "bh2" (B(h) = e^h - 1) differ only where the authors set the single coefficient of a
        two-point rule to 1/2: the corrector of p = 1 and the predictor of p = 2.
    startup : "order_keeping", or "growing", the customary one, which leaves the method at order 3.

    Raises
    ------
    InputError : p outside 1..11, an unknown prediction, variant or start-up.
    """

    def __init__(self, points: int = 3, prediction: str = "data", variant: str = "exact",
                 startup: str = "order_keeping"):
        points = whole_number("points", points, 1)
        require(points < HIGHEST, "points", points, f"give at most {HIGHEST - 1} points")
        require(variant in VARIANTS, "variant", variant, f"choose one of {', '.join(VARIANTS)}")
        interpolated = LogSnrClock(), _prediction(prediction)
        method = Method(*interpolated) if variant == "exact" else HalvedMethod(*interpolated, variant)
        super().__init__(points, True, method, startup)


def _prediction(name: str) -> Prediction:
    require(name in PREDICTIONS, "prediction", name, f"choose one of {', '.join(PREDICTIONS)}")
    return PREDICTIONS[name]()


@dataclass(frozen=True)
class HalvedMethod(Method):
    """Two points with the coefficient 1/2 of UniPC's authors: the step's end gets ``B(h) / 2`` times the change of the
    prediction over it, B(h) = h ("bh1") or the integral ``e^h - 1`` of a constant ("bh2").
    """

    variant: str

    def weights(self, start: NoiseLevel, end: NoiseLevel, nodes: Array, rows: Array) -> tuple[Array, Array]:
        if len(nodes) != 2:
            return super().weights(start, end, nodes, rows)
        scale, constant = super().weights(start, end, np.zeros(1), rows)
        whole = constant
        if self.variant == "bh1":
            alpha_bar, tau = np.array(end.alpha_bar), np.array(end.tau)
            gain = self.prediction.kappa(alpha_bar, tau) * self.prediction.rate(alpha_bar, tau)
            whole = self.clock.length(start, end) * gain * np.ones_like(constant)
        return scale, constant * (nodes == 0.0) + 0.5 * whole / (nodes[1] - nodes[0]) * np.array([-1.0, 1.0])

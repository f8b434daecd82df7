"""Exponential multistep methods: the linear part of the ODE exactly, a prediction interpolated in half-log-SNR.

With ``lambda = log sqrt(alpha_bar / tau)`` the probability flow from level 0 to level 1 is

    x_1 = sqrt(tau_1/tau_0) x_0 + sqrt(alpha_bar_1) int exp(-(lambda_1 - l)) D(l) dl,    D = (x + tau s) /
    sqrt(alpha_bar) x_1 = sqrt(alpha_bar_1/alpha_bar_0) x_0 - sqrt(tau_1) int exp(lambda_1 - l) E(l) dl,    E =
    -sqrt(tau) s

for the data prediction D (2211.01095, Proposition 4.1) and the noise prediction E (2206.00927, Proposition 3.1;
2204.13902). Either is replaced by its Lagrange interpolant in lambda through known points.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from heroism.errors import require
from heroism.flow import Flow
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.base import Sampler
from heroism.samplers.parts.clocks import half_log_snr_gain
from heroism.samplers.parts.weights import basis_integrals

STARTUPS = ("order_keeping", "growing")


@lru_cache(maxsize=2**14)  # every block of particles asks for the same ones
def exponential_weights(length: float, nodes: tuple[float, ...], rate: float) -> Array:
    """(k,) integrals of ``exp(rate (length - t)) L_j(t)`` over 0 < t < length, L_j the Lagrange basis on ``nodes``."""
    return basis_integrals(np.array(nodes), np.array([length]), lambda t: np.exp(rate * (length - t)))[0]


@dataclass(frozen=True)
class Prediction:
    """One of the two predictions: how it comes from a score, and what surrounds its integral."""

    rate: float

    def of(self, bundle: Array, score: Array, level: NoiseLevel) -> Array:
        if self.rate > 0:
            return -np.sqrt(level.tau) * score
        return (bundle + level.tau * score) / np.sqrt(level.alpha_bar)

    def carry(self, start: NoiseLevel, end: NoiseLevel) -> float:
        """Factor of the state when the prediction is zero."""
        ratio = end.alpha_bar / start.alpha_bar if self.rate > 0 else end.tau / start.tau
        return float(np.sqrt(ratio))

    def gain(self, end: NoiseLevel) -> float:
        """Factor of the integral."""
        return -float(np.sqrt(end.tau)) if self.rate > 0 else float(np.sqrt(end.alpha_bar))


PREDICTIONS = {"data": Prediction(-1.0), "noise": Prediction(1.0)}


class ExponentialMultistep(Sampler):
    """Predict with the last p points; if ``corrects``, correct with the new one besides (its evaluation is used again).

    One evaluation per transition, none at the last level. The first points need care, because a method of order k that
    starts with a first-order step stays at order 2 or 3 for good. ``startup``:

    "growing" : the customary way, orders 1, 2, 3, ... as points become available.
    "order_keeping" : as point m comes in (m <= k - 2), the states at points 1..m are integrated again from the start
        through all m + 1 points, and predictions 1..m are evaluated again there (m <= k - 3): that raises the order of
        all of them by one. Costs (k - 2)(k - 3) / 2 more evaluations in k - 3 more rounds, once per path, at no other
        noise levels.
    """

    points: int
    corrects: bool

    def __init__(self, prediction: str, startup: str):
        require(prediction in PREDICTIONS, "prediction", prediction, f"choose one of {', '.join(PREDICTIONS)}")
        require(startup in STARTUPS, "startup", startup, f"choose one of {', '.join(STARTUPS)}")
        self.prediction, self.startup = PREDICTIONS[prediction], startup

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

    def weights(self, length: float, nodes: tuple[float, ...], rate: float) -> Array:
        """Weights of the points at ``nodes`` (relative to the start of the step)."""
        return exponential_weights(length, nodes, rate)

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        path = _Path(self, schedule, bundle)
        path.evaluate(flow, 0, bundle)
        for i in range(path.last):
            oldest = max(0, i + 1 - self.points)
            state, bundle = bundle, path.move(bundle, i, i + 1, range(oldest, i + 1))
            if i + 1 == path.last:
                break
            path.evaluate(flow, i + 1, bundle)
            if i + 1 <= self._careful:
                bundle = path.start_again(flow, i + 1, again=i + 1 < self._careful)
            elif self.corrects:
                bundle = path.move(state, i, i + 1, range(oldest, i + 2))
        return bundle


class _Path:
    """Predictions along one path, the states they lead to. Points are numbered from 0, the largest noise level."""

    def __init__(self, method: ExponentialMultistep, schedule: NoiseSchedule, bundle: Array):
        self.method, self.prediction, self.first = method, method.prediction, bundle
        self.levels = schedule.levels[::-1]
        self.last = len(self.levels) - 1
        self.gaps = [half_log_snr_gain(start, end) for start, end in schedule.transitions()]
        self.slots = method.points + 1  # a ring: point i lives in row i modulo this
        self.known = np.zeros((self.slots, bundle.size))

    def evaluate(self, flow: Flow, i: int, bundle: Array) -> None:
        self._keep(i, bundle, flow(bundle, self.levels[i]))

    def _keep(self, i: int, bundle: Array, score: Array) -> None:
        self.known[i % self.slots] = self.prediction.of(bundle, score, self.levels[i]).ravel()

    def move(self, state: Array, i: int, j: int, points: range) -> Array:
        """The state at point j from that at point i and the interpolant through ``points``."""
        nodes = tuple(self._between(i, m) for m in points)
        weights = self.method.weights(self._between(i, j), nodes, self.prediction.rate)
        row = np.zeros(self.slots)
        row[[m % self.slots for m in points]] = self.prediction.gain(self.levels[j]) * weights
        out = (row @ self.known).reshape(state.shape)
        out += self.prediction.carry(self.levels[i], self.levels[j]) * state
        return out

    def start_again(self, flow: Flow, m: int, again: bool) -> Array:
        """The state at point m, integrated from 0 through points 0..m; if ``again``, better predictions at 1..m."""
        states = [self.move(self.first, 0, j, range(m + 1)) for j in range(1 if again else m, m + 1)]
        if again:
            scores = flow.together(states, self.levels[1 : m + 1])
            for j, (state, score) in enumerate(zip(states, scores, strict=True), start=1):
                self._keep(j, state, score)
        return states[-1]

    def _between(self, i: int, j: int) -> float:
        """``lambda_j - lambda_i``; a sum of short gaps, each of which has all its digits."""
        return sum(self.gaps[i:j]) if j > i else -sum(self.gaps[j:i])

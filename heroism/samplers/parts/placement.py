"""Where the steps lie: a pilot run reads off the size of the data, or finds the clock whose even steps have equal local
errors, and the linear part that makes them small.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heroism.flow import Flow, Score
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.parts.clocks import Clock, FocusedClock
from heroism.samplers.parts.predictions import Velocity

WIDTHS = (0.4, 0.6, 1.0, 1.6, 2.5, 4.0)
DATA_STDS = (0.0, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
SPACING = 0.5  # between the centres tried
MUCH_NOISE = 100.0  # sigma; of larger noise all data look alike, and errors of the score hide them


@dataclass(frozen=True)
class Focus:
    """Parameters of a focused clock and of a velocity prediction."""

    centre: float
    width: float
    data_std: float


@dataclass(frozen=True)
class Trace:
    """What a pilot run saw: (k,) levels, positions and scores (k, n, d) there."""

    levels: tuple[NoiseLevel, ...]
    positions: Array
    scores: Array


class Watch(Flow):
    """A flow that remembers where it was asked for scores, and what they were."""

    def __init__(self, score: Score):
        super().__init__(score)
        self._seen: list[tuple[NoiseLevel, Array, Array]] = []

    def together(self, bundles: Sequence[Array], levels: Sequence[NoiseLevel]) -> list[Array]:
        scores = super().together(bundles, levels)
        self._seen += [(level, x[0].copy(), s[0].copy()) for level, x, s in zip(levels, bundles, scores, strict=True)]
        return scores

    def trace(self) -> Trace:
        """What was seen, in the order it was asked for."""
        levels, positions, scores = zip(*self._seen, strict=True)
        return Trace(levels, np.array(positions), np.array(scores))


def place(clock: Clock, start: NoiseLevel, end: NoiseLevel, count: int) -> NoiseSchedule:
    """``count`` levels from ``start`` down to ``end``, both included, evenly spaced on ``clock``."""
    levels = [clock.level(start, end, float(u)) for u in np.linspace(1.0, 0.0, count)]
    return NoiseSchedule(np.array([x.alpha_bar for x in levels]), np.array([x.tau for x in levels]), "placed")


def size_of_data(flow: Flow, schedule: NoiseSchedule, starts: Array) -> float:
    """Standard deviation of the data along a typical coordinate, from one evaluation at ``starts`` (n, d).

    With much noise the posterior mean ``E[X_0 | x] = (x + tau s) / alpha`` is linear in x, with slope ``alpha v /
    (alpha^2 v + tau)`` for data of variance v. Kept within the noises of the schedule. Beyond a noise of sigma = 100 it
    is evaluated there: such starts are as good as pure noise, which may stand for a state at any large noise.
    """
    level = max(schedule.start, NoiseLevel.from_half_log_snr(-float(np.log(MUCH_NOISE))), key=lambda x: x.half_log_snr)
    means = starts + level.tau * flow(starts[None], level)[0]  # times alpha
    apart = starts - starts.mean(axis=0)
    share = float(np.sum(apart * means) / np.sum(apart**2))  # alpha^2 v / (alpha^2 v + tau)
    variance = share / (1.0 - share) * level.tau / level.alpha_bar if 0.0 < share < 1.0 else 1.0
    return float(np.clip(np.sqrt(variance), schedule.end.sigma, schedule.start.sigma))


def best_focus(trace: Trace, schedule: NoiseSchedule) -> Focus:
    """The focus with the least estimated error for a given number of even steps.

    A step of length h on a clock theta leaves a local error ``delta ~ h^3 kappa rate f''``; the total variation that it
    makes is ``E|div delta + s . delta| / 2`` and is invariant under the rest of the flow, so ``g = E|s . kappa rate
    f''|`` measures it (without the divergence, which would need tangents). T even steps make ``(range / T)^2 int g d
    theta``; over all clocks the least has equal local errors. f'' are divided differences along the pilot's paths.
    """
    low, high = schedule.start.half_log_snr, schedule.end.half_log_snr
    centres = np.arange(low, high, SPACING)
    candidates = []
    for data_std in DATA_STDS:
        curvature = _Curvature(trace, Velocity(data_std))
        for centre in centres:
            for width in WIDTHS:
                clock = FocusedClock(float(centre), width)
                span = clock.length(schedule.start, schedule.end)
                candidates.append((span**2 * curvature.integral(clock), Focus(float(centre), width, data_std)))
    return min(candidates, key=lambda candidate: candidate[0])[1]


class _Curvature:
    """Second divided differences of a prediction along the pilot's paths, projected on the score, on any clock."""

    def __init__(self, trace: Trace, prediction: Velocity):
        alpha_bar = np.array([level.alpha_bar for level in trace.levels])
        tau = np.array([level.tau for level in trace.levels])
        on_state = prediction.on_state(alpha_bar, tau)[:, None, None]
        values = on_state * trace.positions + prediction.on_score(alpha_bar, tau)[:, None, None] * trace.scores
        inner = trace.scores[1:-1]
        self.projected = np.stack([np.einsum("knd,knd->kn", part, inner)
                                   for part in (values[:-2], values[1:-1], values[2:])])
        self.rate = (prediction.kappa(alpha_bar, tau) * prediction.rate(alpha_bar, tau))[1:-1]
        self.levels = trace.levels

    def integral(self, clock: FocusedClock) -> float:
        """``int E|s . kappa rate f''| d theta`` over the pilot's levels."""
        theta, speed = clock.readings(self.levels)
        a, b, c = theta[:-2], theta[1:-1], theta[2:]
        factors = np.stack([1.0 / ((a - b) * (a - c)), 1.0 / ((b - a) * (b - c)), 1.0 / ((c - a) * (c - b))])
        size = np.mean(np.abs(np.einsum("ak,akn->kn", factors, self.projected)), axis=1)
        return float(np.sum(size * np.abs(self.rate) * speed[1:-1] * 0.5 * (c - a)))

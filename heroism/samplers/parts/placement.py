"""Where the steps lie: a pilot run reads off the size of the data, and finds where the local errors are large."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from heroism.flow import Flow, Score
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.parts.clocks import Clock

MUCH_NOISE = 100.0  # sigma; of larger noise all data look alike, and errors of the score hide them


@dataclass(frozen=True)
class Trace:
    """What a pilot run saw: (k,) levels, positions and scores (k, n, d) there."""

    levels: tuple[NoiseLevel, ...]
    positions: Array
    scores: Array

    def errors(self, corrected: Array, memory: int) -> Array:
        """(k,) local errors of the k steps after which the states were ``corrected`` (k, n, d) to: half of
        ``E|s . (corrected - predicted)|``, the total variation they make, up to a divergence.

        The first ``memory`` steps, which are of lower orders, are taken to be no worse than the one after them.
        """
        errors = 0.5 * np.mean(np.abs(np.sum(self.scores * (corrected - self.positions), axis=2)), axis=1)
        errors[:memory] = errors[memory]
        return errors


class Watch(Flow):
    """A flow that remembers where it was asked for scores, and what they were."""

    def __init__(self, score: Score):
        super().__init__(score)
        self.seen: list[tuple[NoiseLevel, Array, Array]] = []

    def together(self, bundles: Sequence[Array], levels: Sequence[NoiseLevel]) -> list[Array]:
        scores = super().together(bundles, levels)
        self.seen += [(level, x[0].copy(), s[0].copy()) for level, x, s in zip(levels, bundles, scores, strict=True)]
        return scores

    def trace(self, first: int) -> Trace:
        """What was seen, in the order it was asked for, from number ``first`` on."""
        levels, positions, scores = zip(*self.seen[first:], strict=True)
        return Trace(levels, np.array(positions), np.array(scores))


Warp = Callable[[Array], Array]


def place(clock: Clock, start: NoiseLevel, end: NoiseLevel, count: int, warp: Warp | None = None) -> NoiseSchedule:
    """``count`` levels from ``start`` down to ``end``, both included, evenly spaced on ``clock``, or with ``warp`` (an
    increasing map of [0, 1] to itself) at the unit coordinates it makes of even ones.
    """
    units = np.linspace(1.0, 0.0, count)
    levels = [clock.level(start, end, float(u)) for u in (units if warp is None else warp(units))]
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


def even_errors(errors: Array, order: int) -> Warp:
    """Step sizes from the local errors (k,) of k even steps: those whose errors would all be the same.

    A local error of order p = ``order`` is the p-th power of the step, so the steps should be as dense as its p-th
    root. Half of them stay even, as the errors are known at few places; the density in between is monotone.
    """
    density = errors ** (1.0 / order)
    density = 0.5 * (1.0 + density / np.mean(density)) if np.mean(density) > 0.0 else np.ones_like(errors)
    passed = np.concatenate(([0.0], np.cumsum(density)))
    place_of = PchipInterpolator(passed / passed[-1], np.linspace(0.0, 1.0, len(passed)))
    return lambda even: np.clip(place_of(even), 0.0, 1.0)

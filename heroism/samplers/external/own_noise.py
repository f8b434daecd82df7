"""A stochastic sampler of one's own, unmodified: its noise is handed in, and its law is known where a recursion's is.

A function ``sample(model, x, sigmas, noise_sampler)``, as k-diffusion has them, is linear in its state, in what the
model answers and in what ``noise_sampler`` draws. So one run on unit vectors, one for each of these, reads off the
weights of everything that it does: every point at which it asks the model is a multiple of the one before, plus
answers and draws.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from heroism.errors import require
from heroism.flow import Flow
from heroism.noise import Array, NoiseLevel, NoiseSchedule, log_snr_schedule
from heroism.samplers.external.own import OwnDenoiser
from heroism.samplers.stochastic.recursion import STATE, Combine, Evaluate, Operation, Recursion, Step

NOISE = "noise_sampler"
MOST = 16  # answers and draws a step
CANCELLED = 1e-10  # of two equal numbers
SAME = 1e-9  # of two noise levels, relatively
PLAIN = 3  # coordinates of the run that tells whether the weights are all there is


@dataclass
class Trace:
    """What a function did in one run: ``points`` are those at which it asked the model, with the number of the answer,
    and last where it ended (level None). Answers and draws are numbered together, from 1 on; 0 is the start.
    """

    symbol: Callable[[int], Array]
    points: list[tuple[int, NoiseLevel | None, Array]] = field(default_factory=list)
    drawn: list[int] = field(default_factory=list)
    count: int = 0

    def next(self) -> Array:
        self.count += 1
        return self.symbol(self.count)


@dataclass(frozen=True)
class Point:
    """A point as ``factor`` times the one before, plus weights of numbered answers and draws."""

    answer: int
    level: NoiseLevel | None
    factor: float
    weights: dict[int, float]


class OwnNoise(Recursion, OwnDenoiser):
    """``sample(model, x, sigmas, noise_sampler=...)`` as k-diffusion and ComfyUI have it; ``noise_sampler(sigma,
    sigma_next)`` returns a fresh standard normal array of the shape of x, from a generator of ours.

    Raises
    ------
    InputError : as for :class:`OwnDenoiser`; while it runs, for what is not linear in state, model outputs and noise,
        and for noise from elsewhere.
    """

    stochastic = True

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        nothing = np.zeros(bundle.shape)

        def draw(*_: Any) -> Any:
            return self._arrays.make(flow.diffuse(nothing, 1.0).reshape(-1, bundle.shape[-1]))

        return self._run(flow, bundle, schedule, **{NOISE: draw})

    def evaluations(self, steps: int) -> int:
        if steps not in self._counts:
            self._counts[steps] = len(self._points(log_snr_schedule(steps, 1e-2, 0.99))[0]) - 1
        return self._counts[steps]

    def adds_noise(self) -> bool:
        """Whether any draw has a weight."""
        points, drawn = self._points(log_snr_schedule(4, 1e-2, 0.99))
        return any(number in drawn for point in points for number in point.weights)

    def steps(self, schedule: NoiseSchedule) -> Iterator[Step]:
        points, drawn = self._points(schedule)
        uses = [(number, place) for place, point in enumerate(points) for number in point.weights]
        first, last = dict(reversed(uses)), dict(uses)
        lag = max((point.answer - number for point in points for number in point.weights), default=0) + 1
        level, unit, operations = schedule.start, float(np.sqrt(schedule.start.alpha_bar)), list[Operation]()
        ends = _ends(points, schedule)
        for place, point in enumerate(points):
            here = float(np.sqrt((point.level or schedule.end).alpha_bar))
            fresh = [number for number in point.weights if number in drawn and first[number] == place]
            once = [number for number in fresh if last[number] == place]
            operations += [Combine(_slot(number, lag), {}, 1.0) for number in fresh if number not in once]
            weights = {STATE: here * point.factor / unit, **{
                _slot(number, lag): here * weight for number, weight in point.weights.items() if number not in once}}
            operations.append(Combine(STATE, weights, here * float(np.linalg.norm([point.weights[k] for k in once]))))
            if place in ends:
                yield Step(level, ends[place], tuple(operations))
                level, operations = ends[place], []
            if point.level is not None:
                operations.append(Evaluate(_slot(point.answer, lag), STATE, point.level, "data"))
            unit = here

    def _points(self, schedule: NoiseSchedule) -> tuple[list[Point], frozenset[int]]:
        """What the function does on these levels, and which numbers are draws."""
        size = 1 + MOST * schedule.steps

        def unit_vector(number: int) -> Array:
            require(number < size, "sampler", self.name, f"asks for more than {MOST} answers and draws a step")
            return np.eye(1, size, number)

        trace, points = self._traced(schedule, unit_vector), list[Point]()
        before = unit_vector(0)
        for answer, level, point in trace.points:
            require(bool(before[0, 0] != 0.0), "sampler", self.name, "forgets its state altogether in one of its steps")
            factor = float(point[0, 0] / before[0, 0])
            left = point - factor * before
            left[np.abs(left) <= CANCELLED * (np.abs(point) + np.abs(factor * before))] = 0.0
            points.append(Point(answer, level, factor, {int(j): float(left[0, j]) for j in np.flatnonzero(left[0])}))
            before = point
        self._check(schedule, points)
        return points, frozenset(trace.drawn)

    def _check(self, schedule: NoiseSchedule, points: Sequence[Point]) -> None:
        """Whether these weights are all that it does, in a run on numbers."""
        numbers = np.random.default_rng(0).normal(size=(1 + MOST * schedule.steps, 1, PLAIN))
        trace, expected = self._traced(schedule, numbers.__getitem__), numbers[0]
        told = "is not linear in its state, in what the model answers and in what noise_sampler draws: turn clipping " \
               "and thresholding off, take steps that do not depend on the state, and all noise from noise_sampler"
        require(len(trace.points) == len(points), "sampler", self.name, told)
        for point, (answer, _, found) in zip(points, trace.points, strict=True):
            terms = [weight * numbers[number] for number, weight in point.weights.items()]
            expected = point.factor * expected + sum(terms)
            size = max(float(np.abs(found).max()), *(float(np.abs(term).max()) for term in terms), 1.0)
            require(answer == point.answer and float(np.abs(found - expected).max()) <= self._explained * size,
                    "sampler", self.name, told)

    def _traced(self, schedule: NoiseSchedule, symbol: Callable[[int], Array]) -> Trace:
        trace, start = Trace(symbol), symbol(0)

        def model(x: Any, sigma: Any) -> Any:
            level, state, answer = self._level(sigma), self._given(start, x, "x of the model"), trace.next()
            trace.points.append((trace.count, level, state))
            return self._arrays.give(answer, like=x)

        def draw(*_: Any) -> Any:
            values = trace.next()
            trace.drawn.append(trace.count)
            return self._arrays.make(values)

        out = self.function(model, self._arrays.make(start), self._sigmas(schedule), **{NOISE: draw})
        trace.points.append((trace.count + 1, None, self._given(start, out, f"what {self.name} returns")))
        return trace


def takes_noise(function: Callable[..., Any]) -> bool:
    """Whether a function can be handed its noise, and has not been yet."""
    bound = function.keywords if isinstance(function, partial) else {}
    return NOISE in inspect.signature(function).parameters and NOISE not in bound


def without_noise(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same, for one whose settings give its noise no weight."""
    return partial(function, **{NOISE: lambda *_: 0.0})


def _ends(points: Sequence[Point], schedule: NoiseSchedule) -> dict[int, NoiseLevel]:
    """Where the steps end, by place: at the first point of a level of the schedule from which on nothing that came
    before is used, or else at the first of that level.
    """
    oldest = [min(point.weights, default=point.answer) for point in points]  # that a point, or a later one, looks at
    for place in range(len(points) - 2, -1, -1):
        oldest[place] = min(oldest[place], oldest[place + 1])
    ends, place = {len(points) - 1: schedule.end}, 1
    for level in schedule.levels[-2:0:-1]:
        same = [k for k in range(place, len(points) - 1) if _same(points[k].level, level)]
        if same:
            chosen = next((k for k in same if oldest[k + 1] >= points[k].answer), same[0])
            ends[chosen], place = level, chosen + 1
    return ends


def _same(one: NoiseLevel | None, other: NoiseLevel) -> bool:
    return one is not None and abs(one.sigma - other.sigma) <= SAME * other.sigma


def _slot(number: int, lag: int) -> str:
    return f"number {number % lag}"

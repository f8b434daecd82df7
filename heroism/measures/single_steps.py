"""The steps of a sampler one by one, each from an exact state and, where it remembers, with an exact memory."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np

from heroism.errors import require
from heroism.flow import Flow, Score, flat
from heroism.integrals.paths import in_turn
from heroism.measures.lemmas.steps import refined
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.base import OneStepSampler, PlannedSampler, Sampler
from heroism.samplers.composed import Composed, ComposedHeroism
from heroism.samplers.heroism import Heroism
from heroism.samplers.runge_kutta import RungeKutta

DEEPEST = 24  # halvings of a stretch of the exact flow

Travel = Callable[[Array, NoiseLevel, NoiseLevel], Array]


class SingleSteps(ABC):
    """Transitions of a sampler over a schedule, to be taken in turn; ``levels`` are those that it passes."""

    levels: NoiseSchedule

    @abstractmethod
    def step(self, number: int, flow: Flow, exact: Array) -> Array:
        """Where transition ``number`` takes an exact bundle (1+p, n, d) of the level where it begins."""

    def learn(self, number: int, flow: Flow, exact: Array, travel: Travel) -> None:  # noqa: B027  most remember nothing
        """Remember, after that transition, what would have been evaluated along the exact path of ``exact``."""


def check_single_steps(sampler: Sampler) -> None:
    """InputError unless the steps of the sampler stand alone: it has no memory, or it plans its steps beforehand and
    these do not overlap.
    """
    sampler = sampler.undecided if isinstance(sampler, ComposedHeroism) else sampler
    alone = isinstance(sampler, OneStepSampler | Heroism | PlannedSampler)
    require(alone and not (isinstance(sampler, Composed) and sampler.overlap), "sampler", type(sampler).__name__,
            "no step of it stands alone: take one without memory (Ddim, RungeKutta ...), Heroism, an exponential "
            "multistep method, or a composed one without overlap")


def single_steps(sampler: Sampler, schedule: NoiseSchedule) -> SingleSteps:
    """Of a sampler of which its pilot run, if any, has been made. Raises InputError as :func:`check_single_steps`."""
    check_single_steps(sampler)
    if isinstance(sampler, OneStepSampler):
        return _Memoryless(schedule, sampler.step)
    if isinstance(sampler, Heroism):
        alone = refined(sampler, sampler.refinements_for(schedule.steps))  # on two levels, as it does it on T
        return _Memoryless(schedule, lambda flow, bundle, start, end: alone.transport(flow, bundle, _pair(start, end)))
    planned = sampler.undecided if isinstance(sampler, ComposedHeroism) else sampler
    assert isinstance(planned, PlannedSampler)
    return _Planned(planned, schedule)


class _Memoryless(SingleSteps):
    def __init__(self, levels: NoiseSchedule, step: Callable[[Flow, Array, NoiseLevel, NoiseLevel], Array]):
        self.levels, self._step, self._transitions = levels, step, list(levels.transitions())

    def step(self, number: int, flow: Flow, exact: Array) -> Array:
        return self._step(flow, exact, *self._transitions[number])


class _Planned(SingleSteps):
    """Predictions are stored where the plan stores them, but as they are on the exact path."""

    def __init__(self, sampler: PlannedSampler, schedule: NoiseSchedule):
        self.levels = sampler.levels(schedule) if isinstance(sampler, Composed) else schedule
        self._plan, self._transitions = sampler.plan(schedule), list(self.levels.transitions())
        self._begun = len(self._plan.steps) - len(self._transitions)  # steps of the first transition beyond one
        self._first, self._values = np.empty(0), np.empty(0)

    def step(self, number: int, flow: Flow, exact: Array) -> Array:
        if not number:
            self._first, self._values = exact, np.empty((self._plan.slots, exact.size))
        steps = self._steps(number)
        path = in_turn(flow, exact, self._plan, begin=steps.start, values=self._values.copy(), first=self._first)
        for _ in steps:
            end, _ = next(path)
        return end

    def learn(self, number: int, flow: Flow, exact: Array, travel: Travel) -> None:
        stages = (stage for i in self._steps(number) for stage in self._plan.steps[i])
        made = {point.slot: point for stage in stages for point in stage.points}
        level = self._transitions[number][0]
        for point in sorted(made.values(), key=lambda point: point.level.half_log_snr):
            if point.level.half_log_snr < level.half_log_snr:
                continue  # of an earlier transition, evaluated again: known exactly already
            exact, level = travel(exact, level, point.level), point.level
            score = flow(exact, level)
            self._values[point.slot] = flat(point.on_state * exact + point.on_score * score, exact)

    def _steps(self, number: int) -> range:
        return range(number + self._begun if number else 0, number + self._begun + 1)


def exact_travel(score: Score, accuracy: float) -> Travel:
    """The exact flow of bundles (1+p, n, d) from one noise level to a less noisy one.

    Runge-Kutta steps of order 8 in half-log-SNR, halved until two halves take no position elsewhere than the whole, up
    to ``accuracy`` times the width of the noise.
    """
    sampler = RungeKutta("dop853")

    def travel(bundle: Array, start: NoiseLevel, end: NoiseLevel, depth: int = 0) -> Array:
        if start == end:
            return bundle
        flow, middle = Flow(score), NoiseLevel.from_half_log_snr(0.5 * (start.half_log_snr + end.half_log_snr))
        halves = sampler.step(flow, sampler.step(flow, bundle[:1], start, middle), middle, end)
        whole = sampler.step(flow, bundle, start, end)
        apart = np.abs(whole[0] - halves[0]).max()
        if apart <= accuracy * np.sqrt(end.tau) or depth >= DEEPEST:
            return whole
        return travel(travel(bundle, start, middle, depth + 1), middle, end, depth + 1)

    return travel


def _pair(start: NoiseLevel, end: NoiseLevel) -> NoiseSchedule:
    return NoiseSchedule(np.array([end.alpha_bar, start.alpha_bar]), np.array([end.tau, start.tau]))

"""Samplers with a planted defect, which a check of samplers must notice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from heroism.errors import nonnegative
from heroism.flow import Flow
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.base import Sampler
from heroism.samplers.stochastic.recursion import Combine, Evaluate, Recursion, Step


class Spoiled(Sampler):
    """Any deterministic sampler that needs no pilot run, with its scores ``1 + error h^order`` times too large.

    h is the step of the schedule. A term of the wrong size (order 0) leaves an error that no T removes; one of an order
    below the sampler's own takes its order away. Cost and declared order are those of the sampler, which is not told.

    Raises
    ------
    InputError : an error or an order that is negative or not finite.
    """

    def __init__(self, sampler: Sampler, error: float = 0.1, order: float = 0.0):
        self.sampler, self.error, self.power = sampler, nonnegative("error", error), nonnegative("order", order)
        self.order, self.resolution = sampler.order, sampler.resolution

    def evaluations(self, steps: int) -> int:
        return self.sampler.evaluations(steps)

    def rounds(self, steps: int) -> int:
        return self.sampler.rounds(steps)

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        return self.sampler.transport(_Off(flow, 1.0 + self.error * schedule.step**self.power), bundle, schedule)


class SpoiledRecursion(Recursion):
    """The same for a stochastic sampler: whatever it is answered (scores, noise or data) is too large. Its exact laws
    are those of the spoiled sampler.

    Raises
    ------
    InputError : an error or an order that is negative or not finite.
    """

    def __init__(self, sampler: Recursion, error: float = 0.1, order: float = 0.0):
        self.sampler, self.error, self.power = sampler, nonnegative("error", error), nonnegative("order", order)
        self.order, self.step_evaluations = sampler.order, sampler.step_evaluations

    def steps(self, schedule: NoiseSchedule) -> Iterator[Step]:
        factor = 1.0 + self.error * schedule.step**self.power
        for step in self.sampler.steps(schedule):
            yield Step(step.start, step.end, tuple(
                one for operation in step.operations for one in (
                    (operation, Combine(operation.into, {operation.into: factor}))
                    if isinstance(operation, Evaluate) else (operation,))))


class _Off(Flow):
    """Another flow, whose scores come back too large by a factor."""

    def __init__(self, flow: Flow, factor: float):
        super().__init__(flow.score)
        self.flow, self.factor = flow, factor

    def together(self, bundles: Sequence[Array], levels: Sequence[NoiseLevel]) -> list[Array]:
        return [self.factor * score for score in self.flow.together(bundles, levels)]

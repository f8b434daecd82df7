"""The contract of a sampler: a deterministic map of bundles from the start of a schedule to its end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from heroism.described import Described
from heroism.flow import Flow, Score
from heroism.integrals.paths import in_turn
from heroism.integrals.stages import Plan
from heroism.noise import Array, NoiseLevel, NoiseSchedule

DOUBLE = float(np.finfo(np.float64).eps)


class Sampler(Described, ABC):
    """A map ``Y_T -> Y_1``, linear in its state and in the scores it evaluates.

    Attributes
    ----------
    order : classical order of the output's error in the step size, for exact scores and smooth targets.
    stochastic : whether it adds noise on the way (then there is no map, no Jacobian and no exact density).
    step_evaluations : per transition, where all transitions take as many.
    resolution : the spacing near 1 of the floating-point numbers that its state is made of.
    """

    order: int
    stochastic: bool = False
    step_evaluations: int = 1
    resolution: float = DOUBLE

    def evaluations(self, steps: int) -> int:
        """Score evaluations per sample path on T = ``steps`` noise levels; equals what the flow counts."""
        return (steps - 1) * self.step_evaluations

    def rounds(self, steps: int) -> int:
        """Sequential depth on T = ``steps`` noise levels: rounds of evaluations that wait for the one before; by
        default every one does."""
        return self.evaluations(steps)

    def check(self, schedule: NoiseSchedule) -> None:
        """Raise InputError, before anything runs, where it cannot follow these levels; nothing to say by default."""
        return None

    @abstractmethod
    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        """Carry a bundle (1+p, n, d) from the largest noise level to the smallest; the input is left unchanged."""


@dataclass(frozen=True)
class Decided:
    """What a pilot run made of a sampler.

    Attributes
    ----------
    sampler : needs no pilot run, and depends on no particle that it will carry: the result does not depend on blocks.
    evaluations, rounds : of the pilot run, to be counted for every sample path and against its budget, as if each one
        had made it.
    """

    sampler: Sampler
    evaluations: int
    rounds: int


class Piloted(Sampler):
    """A sampler that looks at the score along a few paths before it runs.

    ``evaluations`` and ``rounds`` include the pilot run, once for every path; where it decides how many there are, they
    are the most that may be spent.
    """

    @property
    @abstractmethod
    def pilots(self) -> int:
        """How many paths a pilot run wants; 0 if, with these parameters, it can do without."""

    @abstractmethod
    def decide(self, score: Score, schedule: NoiseSchedule, starts: Array) -> Decided:
        """The sampler that a pilot run from ``starts`` (pilots, d), at ``schedule.start``, makes of this one."""


class PilotedSchedule(NoiseSchedule, ABC):
    """Noise levels that say where the noise begins and ends, until a pilot run along ``pilots`` paths places them."""

    @property
    @abstractmethod
    def pilots(self) -> int:
        """How many paths the pilot run wants."""

    @abstractmethod
    def decide(self, score: Score, starts: Array) -> tuple[NoiseSchedule, int]:
        """The levels that a pilot run from ``starts`` (pilots, d) finds, and the evaluations it takes, one a round."""


class OneStepSampler(Sampler):
    """A sampler without memory: it only writes :meth:`step`."""

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        for start, end in schedule.transitions():
            bundle = self.step(flow, bundle, start, end)
        return bundle

    @abstractmethod
    def step(self, flow: Flow, bundle: Array, start: NoiseLevel, end: NoiseLevel) -> Array:
        """One transition from noise level ``start`` down to ``end``."""


class PlannedSampler(Sampler):
    """A sampler that only writes :meth:`plan`: its steps depend on the schedule and on nothing else."""

    def __init__(self) -> None:
        self._cache: dict[bytes, Plan] = {}  # the plan of the schedule seen last: every block of particles asks for it

    @abstractmethod
    def plan(self, schedule: NoiseSchedule) -> Plan:
        """All steps from the largest noise level of the schedule to the smallest."""

    def planned(self, schedule: NoiseSchedule) -> Plan:
        """The plan, made once a schedule."""
        if schedule.key not in self._cache:
            self._cache = {schedule.key: self.plan(schedule)}
        return self._cache[schedule.key]

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        *_, (end, _) = in_turn(flow, bundle, self.planned(schedule))
        return end

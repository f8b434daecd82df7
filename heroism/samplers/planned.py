"""Samplers whose every step is planned before the path starts: the plan depends on the schedule and on nothing else."""

from __future__ import annotations

from abc import abstractmethod

from heroism.flow import Flow
from heroism.integrals.paths import in_turn
from heroism.integrals.stages import Plan
from heroism.noise import Array, NoiseSchedule
from heroism.samplers.base import Sampler


class PlannedSampler(Sampler):
    """A sampler that writes :meth:`plan` and says what it costs."""

    def __init__(self) -> None:
        self._cache: dict[bytes, Plan] = {}  # the plan of the schedule seen last: every block of particles asks for it

    @abstractmethod
    def plan(self, schedule: NoiseSchedule) -> Plan:
        """All steps from the largest noise level of the schedule to the smallest."""

    def planned(self, schedule: NoiseSchedule) -> Plan:
        """The plan, made once a schedule."""
        key = schedule.alpha_bar.tobytes() + schedule.tau.tobytes()
        if key not in self._cache:
            self._cache = {key: self.plan(schedule)}
        return self._cache[key]

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        *_, (end, _) = in_turn(flow, bundle, self.planned(schedule))
        return end

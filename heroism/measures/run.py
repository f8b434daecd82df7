"""One run as a measure sees it: what it is made of, and, made once and only where a measure asks, what came of it."""

from __future__ import annotations

from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np

from heroism.flow import TargetScore
from heroism.map import Map
from heroism.noise import NoiseSchedule
from heroism.samplers.base import PilotedSchedule, Sampler
from heroism.starts import Start
from heroism.targets.base import Target
from heroism.transport import Ensemble, populate

if TYPE_CHECKING:
    from heroism.measures.stochastic.laws import OutputLaw


def engines() -> ModuleType:
    """:mod:`heroism.measures.stochastic.laws`, which follows the laws of samplers: imported where one is asked for, so
    that the results of others do not depend on its sources.
    """
    from heroism.measures.stochastic import laws

    return laws


class Run:
    """A sampler on a score and a schedule, from a start law, with a number of particles.

    Two independent streams of random numbers come from the seed: one for the starting points of the ensemble, the same
    for every sampler, and one that every measure begins afresh, for what it draws itself (exact clouds, joint
    particles, points and paths of its own). A measure thus says the same whether or not it is asked alone.

    Attributes
    ----------
    sampler, score, schedule, start : as in :func:`heroism.transport.transport`; ``target`` is that of the score.
    particles : sample paths of the ensemble. seed : the stream of the measures.
    """

    def __init__(self, sampler: Sampler, score: TargetScore, schedule: NoiseSchedule, start: Start = "exact",
                 particles: int = 1000, seed: int = 0):
        self.sampler, self.score, self._schedule, self.start = sampler, score, schedule, start
        self.particles = particles
        self._starts, self.seed = np.random.SeedSequence(seed).spawn(2)

    @property
    def target(self) -> Target:
        """The law that the output is compared with."""
        return self.score.target

    @property
    def schedule(self) -> NoiseSchedule:
        """The noise levels; if a pilot run places them, where it did."""
        return self.map.schedule if isinstance(self._schedule, PilotedSchedule) else self._schedule

    @cached_property
    def map(self) -> Map:
        """The sampler, prepared."""
        return Map(self.sampler, self.score, self._schedule, self.start)

    @cached_property
    def law(self) -> OutputLaw:
        """The exact law of the output, without particles, where an engine for it is known."""
        law: OutputLaw = engines().output_law(self.map.sampler, self.score, self.schedule, self.start)
        return law

    @cached_property
    def ensemble(self) -> Ensemble:
        """Where the sampler takes ``particles`` starting points."""
        return populate(self.map, self.particles, self._starts)

    @property
    def population(self) -> Ensemble | None:
        """The ensemble, if a measure has asked for it."""
        return self.__dict__.get("ensemble")

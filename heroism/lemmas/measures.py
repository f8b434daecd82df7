"""The checks of the theory's lemmas as an experiment runs them: settings, and one call on the parts of a run.

Like the distances: ``measure.check(target, particles)`` raises the InputError that settings or target deserve, before
anything runs; the call takes what its parameters name and returns an Estimate. None of them looks at the ensemble: they
follow points of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from heroism.distances.estimate import Estimate
from heroism.distances.kernel import check_plain, kernel_total_variation
from heroism.errors import require, whole_number
from heroism.lemmas.bounds import jacobian_bound, score_bound
from heroism.lemmas.budget import Kind, Part, budget, check_part
from heroism.lemmas.derivatives import check_order, derivative_growth
from heroism.lemmas.steps import iterate_error, refinement_contraction, refinement_distance, refinements_needed
from heroism.noise import NoiseSchedule
from heroism.samplers.base import Sampler
from heroism.samplers.ddpm import Ddpm
from heroism.samplers.heroism import Heroism
from heroism.targets.base import Target
from heroism.transport import Start, TargetScore

Seed = int | np.random.SeedSequence
COUNTS = ("particles", "levels", "transitions")


@dataclass(frozen=True)
class _Measure:
    """Numbers of points, of noise levels or of transitions that are looked at, at least 1 each."""

    particles: int = 128

    def check(self, target: Target, particles: int) -> None:
        """Any target; the settings are checked. ``particles`` is that of the run, which a measure has no use for."""
        for field in fields(self):
            if field.name in COUNTS:
                whole_number(field.name, getattr(self, field.name), 1)


@dataclass(frozen=True)
class DerivativeGrowth(_Measure):
    """``(|g^(k)| / |g|)^(1/k) tau (1 - tau)``, g the scaled score along exact trajectories (2506.24042, eq. 64a)."""

    order: int = 1
    particles: int = 256
    levels: int = 16
    largest_tau: float = 1.0

    def check(self, target: Target, particles: int) -> None:
        super().check(target, particles)
        check_order(self.order)
        require(0.0 < self.largest_tau <= 1.0, "largest_tau", self.largest_tau, "give a noise level in (0, 1]")

    def __call__(self, target: Target, schedule: NoiseSchedule, seed: Seed) -> Estimate:
        return derivative_growth(target, schedule, seed, self.order, self.particles, self.levels, self.largest_tau)


@dataclass(frozen=True)
class ScoreBound(_Measure):
    """``|s| sqrt(tau)`` along exact trajectories (2506.24042, lemma 3)."""

    quantile: float = 0.99
    particles: int = 256
    levels: int = 24

    def check(self, target: Target, particles: int) -> None:
        super().check(target, particles)
        require(0.0 < self.quantile < 1.0, "quantile", self.quantile, "give a number between 0 and 1")

    def __call__(self, target: Target, schedule: NoiseSchedule, seed: Seed) -> Estimate:
        return score_bound(target, schedule, seed, self.quantile, self.particles, self.levels)


@dataclass(frozen=True)
class JacobianBound(ScoreBound):
    """``|grad s| tau`` along exact trajectories (2506.24042, lemma 3)."""

    def __call__(self, target: Target, schedule: NoiseSchedule, seed: Seed) -> Estimate:
        return jacobian_bound(target, schedule, seed, self.quantile, self.particles, self.levels)


@dataclass(frozen=True)
class IterateError(_Measure):
    """Error that a single step adds, ``|x^(N) - x*| / sqrt(tau)`` (2506.24042, lemma 7)."""

    particles: int = 128
    transitions: int = 24

    def __call__(self, sampler: Sampler, target: Target, schedule: NoiseSchedule, seed: Seed) -> Estimate:
        return iterate_error(sampler, target, schedule, seed, self.particles, self.transitions)


@dataclass(frozen=True)
class RefinementContraction(_Measure):
    """Factor between the changes of two successive refinements within a step."""

    round: int = 2
    particles: int = 128
    transitions: int = 24

    def check(self, target: Target, particles: int) -> None:
        super().check(target, particles)
        whole_number("round", self.round, 2)

    def __call__(self, sampler: Heroism, target: Target, schedule: NoiseSchedule, seed: Seed) -> Estimate:
        return refinement_contraction(sampler, target, schedule, seed, self.round, self.particles, self.transitions)


@dataclass(frozen=True)
class RefinementDistance(_Measure):
    """Distance of a step's end after N refinements to the converged solution, relative to sqrt(tau)."""

    particles: int = 128
    transitions: int = 24

    def __call__(self, sampler: Heroism, target: Target, schedule: NoiseSchedule, seed: Seed) -> Estimate:
        return refinement_distance(sampler, target, schedule, seed, self.particles, self.transitions)


@dataclass(frozen=True)
class RefinementsNeeded(_Measure):
    """The N at which unfinished refinement is ``share`` of the discretisation error of a step."""

    share: float = 0.1
    particles: int = 128
    transitions: int = 24

    def check(self, target: Target, particles: int) -> None:
        super().check(target, particles)
        require(0.0 < self.share < 1.0, "share", self.share, "give a number between 0 and 1")

    def __call__(self, sampler: Heroism, target: Target, schedule: NoiseSchedule, seed: Seed) -> Estimate:
        return refinements_needed(sampler, target, schedule, seed, self.share, self.particles, self.transitions)


@dataclass(frozen=True)
class Budget(_Measure):
    """One part of the end-to-end total variation: a share (they add up) or a distance (they bound)."""

    part: Part = "total"
    kind: Kind = "share"
    particles: int = 1000

    def check(self, target: Target, particles: int) -> None:
        super().check(target, particles)
        check_part(self.part, self.kind)

    def __call__(self, sampler: Sampler, score: TargetScore, schedule: NoiseSchedule, start: Start,
                 seed: Seed) -> Estimate:
        return budget(sampler, score, schedule, start, seed, self.part, self.kind, self.particles)


@dataclass(frozen=True)
class KernelTotalVariation:
    """Exact total variation of DDPM in d = 1."""

    nodes: float = 2.5

    def check(self, target: Target, particles: int) -> None:
        """Targets on a line."""
        check_plain(target)

    def __call__(self, sampler: Ddpm, score: TargetScore, schedule: NoiseSchedule, start: Start) -> Estimate:
        return kernel_total_variation(sampler, score, schedule, start, self.nodes)

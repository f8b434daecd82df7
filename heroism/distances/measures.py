"""Distances as an experiment runs them: a name, a few settings, and one call on an ensemble and its target.

``measure(ensemble, target, seed)`` returns an Estimate; ``measure.check(target, particles)`` raises the InputError that
the call would end in, before anything has run. Those that compare samples lift them to R^d and draw two exact clouds of
the same size: one to compare with, one for the floor. The quadrature follows paths of its own and is called with the
sampler, score, schedule and start instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from heroism.distances.clouds import check_size, draw
from heroism.distances.estimate import Estimate
from heroism.distances.histogram import check_dim, histogram_total_variation
from heroism.distances.optimal_transport import check_plan, sinkhorn, sliced_wasserstein, wasserstein, wasserstein_1d
from heroism.distances.quadrature import check_line, quadrature_total_variation
from heroism.distances.total_variation import total_variation
from heroism.errors import whole_number
from heroism.noise import Array, NoiseSchedule
from heroism.samplers.base import Sampler
from heroism.targets.base import Target
from heroism.transport import Ensemble, Start, TargetScore

Seed = int | np.random.SeedSequence


@dataclass(frozen=True)
class TotalVariation:
    """Exact total variation, by change of variables."""

    def check(self, target: Target, particles: int) -> None:
        """Any target."""

    def __call__(self, ensemble: Ensemble, target: Target, seed: Seed = 0) -> Estimate:
        return total_variation(ensemble, target, seed)


@dataclass(frozen=True)
class Histogram:
    """Histogram total variation of the marginal in at most three coordinates of R^d."""

    coordinates: Sequence[int] = (0,)
    bins: int | None = None

    def check(self, target: Target, particles: int) -> None:
        check_dim(len(self.coordinates))
        check_size("histogram", target, particles, self.coordinates)

    def __call__(self, ensemble: Ensemble, target: Target, seed: Seed = 0) -> Estimate:
        n = len(ensemble.positions)
        self.check(target, n)
        x, y, fresh = draw(ensemble, target, seed, n, list(self.coordinates))
        return histogram_total_variation(x, y, self.bins, fresh, lost=n - len(x))


@dataclass(frozen=True)
class Wasserstein:
    """Exact W2 in R^d between at most ``points`` particles and as many exact ones."""

    points: int = 1000

    def check(self, target: Target, particles: int) -> None:
        n = min(whole_number("points", self.points, 2), particles)
        check_plan(n)
        check_size("wasserstein", target, n)

    def __call__(self, ensemble: Ensemble, target: Target, seed: Seed = 0) -> Estimate:
        self.check(target, len(ensemble.positions))
        return _between(draw(ensemble, target, seed, self.points), ensemble, wasserstein)


@dataclass(frozen=True)
class Wasserstein1d:
    """W2 of the marginal in one coordinate of R^d."""

    coordinate: int = 0

    def check(self, target: Target, particles: int) -> None:
        check_size("wasserstein_1d", target, particles, [self.coordinate])

    def __call__(self, ensemble: Ensemble, target: Target, seed: Seed = 0) -> Estimate:
        n = len(ensemble.positions)
        self.check(target, n)
        return _between(draw(ensemble, target, seed, n, [self.coordinate]), ensemble, wasserstein_1d)


@dataclass(frozen=True)
class SlicedWasserstein:
    """Sliced W2 in R^d over random directions."""

    directions: int = 128
    points: int = 10_000

    def check(self, target: Target, particles: int) -> None:
        n = min(whole_number("points", self.points, 2), particles)
        whole_number("directions", self.directions, 2)
        check_size("sliced_wasserstein", target, n)

    def __call__(self, ensemble: Ensemble, target: Target, seed: Seed = 0) -> Estimate:
        self.check(target, len(ensemble.positions))

        def sliced(x: Array, y: Array, fresh: Array) -> Estimate:
            return sliced_wasserstein(x, y, self.directions, 0, fresh)  # the same directions for every ensemble

        return _between(draw(ensemble, target, seed, self.points), ensemble, sliced)


@dataclass(frozen=True)
class Sinkhorn:
    """Root of the Sinkhorn divergence in R^d between at most ``points`` particles and as many exact ones."""

    regularisation: float = 0.1
    points: int = 500

    def check(self, target: Target, particles: int) -> None:
        n = min(whole_number("points", self.points, 2), particles)
        check_plan(n)
        check_size("sinkhorn", target, n)

    def __call__(self, ensemble: Ensemble, target: Target, seed: Seed = 0) -> Estimate:
        self.check(target, len(ensemble.positions))

        def divergence(x: Array, y: Array, fresh: Array) -> Estimate:
            return sinkhorn(x, y, self.regularisation, fresh)

        return _between(draw(ensemble, target, seed, self.points), ensemble, divergence)


@dataclass(frozen=True)
class Quadrature:
    """Exact total variation of a one-dimensional law, by quadrature over ``nodes`` paths."""

    nodes: int = 1024

    def check(self, target: Target, particles: int) -> None:
        check_line(target)
        whole_number("nodes", self.nodes, 64)

    def __call__(self, sampler: Sampler, score: TargetScore, schedule: NoiseSchedule,
                 start: Start = "exact") -> Estimate:
        return quadrature_total_variation(sampler, score, schedule, start, self.nodes)


def _between(clouds: tuple[Array, Array, Array], ensemble: Ensemble,
             distance: Callable[[Array, Array, Array], Estimate]) -> Estimate:
    """A transport distance between clouds; it is infinite for an ensemble with particles that diverged."""
    x, y, fresh = clouds
    if ensemble.diverged > 0:
        floor = distance(fresh, y, fresh).floor
        return Estimate(float("inf"), 0.0, floor, len(y))
    return distance(x, y, fresh)

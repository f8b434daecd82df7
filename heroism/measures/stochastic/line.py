"""The output density of a sampler on one coordinate, propagated through its transition kernels.

A kernel moves a density to ``q'(y) = int q(x) N(y; m(x), sigma^2) dx``. Every integral is a trapezoidal rule over x
(spectrally accurate for what decays on both sides), and a sum of Gaussians centred at the m(x_i), taken for all y at
once by a fast Gauss transform. The grid of y follows ``sigma``: the density that it carries is a convolution with that
very kernel, so it is band-limited there, and the next step may shift and refine it by its Fourier series. Nothing asks
m to be monotone or slow: two grids of sources, shifted by an irrational share of their spacing, must agree, and are
refined until they do. A kernel that is a mixture over noise inside the step is summed over Gauss-Hermite points of that
noise, of two orders for the two grids. The output of a deterministic sampler is the image of the start's density.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import NDArray

from heroism.errors import require
from heroism.flow import TargetScore
from heroism.measures.scores import unmetered
from heroism.measures.stochastic.densities import REACH, Density, gauss_transform
from heroism.measures.stochastic.transitions import Transition, transitions
from heroism.noise import Array, NoiseSchedule
from heroism.samplers.base import Sampler
from heroism.starts import Start, start_law
from heroism.targets.base import Target

TOLERANCE = 1e-13  # largest total variation between the two grids of sources of one step
STAGGER = 0.381966  # of the sources' spacing, between the two grids: no frequency is in step with both
FINEST = 64  # most sources per node and grid
LARGEST = 2**22  # nodes
HERMITE = {1: (20, 23), 2: (12, 15)}  # by how many noises a step has inside: points for each, with the two grids
FEW = (8, 10)  # if it has more
UNLIKELY = 1e-18  # weights of them that are left out
MOST_SOURCES = 2**23  # nodes times such points
STALLED = 0.3  # of the disagreement before: more nodes no longer help
FINE = 20_000  # nodes, at least, of the density that is handed out
UNSEEN = 1e-11  # mass that round-off and ends of grids may hide
RESOLVED = 0.2  # of the noise in the target: how far apart a last map may take neighbouring nodes
SOUND = 1e-14  # share of the peak below which a density's relative error no longer allows a logarithm


@dataclass(frozen=True)
class LineLaw:
    """The law q of a sampler's output on one coordinate, beside the target's law p there.

    Attributes
    ----------
    spacing : of the grid x. density : (k,) q on x, before a last deterministic map y = m(x). image : (k,) y, ascending
        if nothing folds. image_density : (k,) ``p(y) |m'(x)|``, to be compared with ``density``.
    error : total variation that the quadrature may be off by. nodes : the largest grid on the way.
    """

    spacing: float
    density: Array
    image: Array
    image_density: Array
    error: float
    nodes: int

    @cached_property
    def sound(self) -> NDArray[np.intp]:
        """(k,) indices of the points where q is known well enough for its logarithm."""
        return np.flatnonzero(self.density > SOUND * self.density.max())

    @cached_property
    def lost(self) -> float:
        """Mass of p where q has none; 0 if it is no more than round-off."""
        lost = 1.0 - self.spacing * float(np.sum(self.image_density[self.sound]))
        return lost if lost > UNSEEN else 0.0


def check_line(target: Target) -> None:
    """InputError unless the target's coordinates are identical and independent."""
    require(target.dim == 1 and int(target.multiplicity[0]) == 1, "target", type(target).__name__, "densities are "
            "propagated on one plain coordinate: take a law on a line or a product of identical ones")


def line_law(sampler: Sampler, score: TargetScore, schedule: NoiseSchedule, start: Start = "exact",
             nodes: float = 2.5) -> LineLaw:
    """Propagate the density of one coordinate from the start of the schedule to its end.

    Parameters
    ----------
    sampler : deterministic, or without memory. score : on a target with one plain coordinate, or independent copies of
        one. start : the target's own law, or N(0, 1).
    nodes : grid points per standard deviation of a step's noise; 2.5 leaves an error of about 1e-13 a step.

    Raises
    ------
    InputError : a sampler with memory, a target of several coordinates, or steps so small that a grid as fine as their
        noise has more than 2^22 nodes.
    """
    check_line(score.target)
    require(bool(np.isfinite(nodes)) and nodes >= 1.5, "nodes", nodes, "give at least 1.5 per standard deviation")
    *_, (_, propagation) = line_densities(sampler, score, schedule, start, nodes)
    return propagation.finished()


def line_densities(sampler: Sampler, score: TargetScore, schedule: NoiseSchedule, start: Start = "exact",
                   nodes: float = 2.5) -> Iterator[tuple[Transition | None, Propagation]]:
    """The propagation before every transition, and at last (None) after all that add noise."""
    kernels = transitions(sampler, schedule)
    rest = kernels.pop() if kernels and kernels[-1].deviation == 0.0 else None
    propagation = Propagation(unmetered(score), schedule, nodes, rest)
    propagation.begin(start, kernels[0].deviation if kernels else np.inf)
    for kernel in kernels:
        yield kernel, propagation
        propagation.step(kernel)
    yield None, propagation


class Propagation:
    """A density on its way through the kernels; adds up the error and remembers the largest grid."""

    density: Density

    def __init__(self, score: TargetScore, schedule: NoiseSchedule, nodes: float, rest: Transition | None):
        self.score, self.schedule, self.nodes, self.rest = score, schedule, nodes, rest
        self.error, self.most = 0.0, 0

    def begin(self, start: Start, deviation: float) -> None:
        """The density at the largest noise level, on a grid that resolves the first step's noise."""
        target, level = self.score.target, self.schedule.start
        spacing = float(min(deviation, np.sqrt(level.tau) / 2.0) / self.nodes)
        self._keep(start_density(target, self.schedule, start, spacing))

    def step(self, kernel: Transition) -> None:
        """One transition, with as many sources as it takes for two grids of them to agree."""
        sigma = kernel.deviation
        spacing = sigma / self.nodes
        factor = max(1, round(self.density.spacing / (0.8 * sigma)))
        rules = [_inner_rule(kernel.inner, points) for points in HERMITE.get(kernel.inner, FEW)]
        disagreement = np.inf
        while True:
            one, other = (self._sources(kernel, factor, *how) for how in zip((0.0, STAGGER), rules, strict=True))
            low = min(one[0].min(), other[0].min()) - REACH * sigma
            count = int((max(one[0].max(), other[0].max()) + REACH * sigma - low) / spacing) + 2
            check_affordable(count, spacing, self.schedule)
            first, second = (gauss_transform(*each, low, spacing, count, sigma) for each in (one, other))
            before, disagreement = disagreement, 0.5 * spacing * float(np.sum(np.abs(first - second)))
            if disagreement <= TOLERANCE or factor >= FINEST or _at_round_off(before, disagreement):
                break
            if kernel.inner and disagreement > STALLED * before:  # it comes from the noise inside the step
                break
            factor += 1 + factor // 2
        self.error += disagreement
        self._keep(Density(low, spacing, 0.5 * (first + second)))

    def finished(self) -> LineLaw:
        """The law after the last kernel, and after the deterministic map that may follow it."""
        return compared(self.density, self.score, self.schedule, self.rest, self.error, self.most)

    def _sources(self, kernel: Transition, factor: int, shift: float,
                 rule: tuple[Array, Array]) -> tuple[Array, Array]:
        """Centres (k,) and weights (k,) of the Gaussians that make up the next density."""
        fine, (inner, shares) = self.density.resampled(factor, shift), rule
        require(len(fine.values) * len(shares) <= MOST_SOURCES, "T", self.schedule.steps, f"the noise of a step is "
                f"{kernel.deviation:.1g}, and {kernel.inner} more are drawn inside it, which takes too many nodes: "
                "take fewer steps, or more noise")
        x = np.tile(fine.x, len(shares))
        drawn = [np.repeat(values, len(fine.values))[:, None] for values in inner]
        weights = np.multiply.outer(shares, fine.spacing * fine.values).ravel()
        return kernel.mean(self.score, x[None, :, None], drawn)[0, :, 0], weights

    def _keep(self, density: Density) -> None:
        self.density = density.trimmed()
        self.most = max(self.most, len(self.density.values))


def _inner_rule(count: int, points: int) -> tuple[Array, Array]:
    """Points (count, k) and weights (k,) for the mean over so many standard normal variables."""
    nodes, weights = hermegauss(points)
    grid = np.stack([each.ravel() for each in np.meshgrid(*[nodes] * count)]) if count else np.zeros((0, 1))
    shares = np.ones(1)
    for _ in range(count):
        shares = np.multiply.outer(shares, weights / weights.sum()).ravel()
    kept = shares > UNLIKELY
    return grid[:, kept], shares[kept] / shares[kept].sum()


def _at_round_off(before: float, now: float) -> bool:
    return now < 1e-11 and now > STALLED * before


def start_density(target: Target, schedule: NoiseSchedule, start: Start, spacing: float,
                  largest: int = LARGEST) -> Density:
    """The density of one coordinate at the largest noise level."""
    law = start_law(start).on(target, schedule)
    low, high = law.reach()
    check_affordable((high - low) / spacing, spacing, schedule, largest)
    x = np.arange(low, high, spacing)[:, None]
    log_density = law.log_density(x)
    return Density(float(x[0, 0]), spacing, np.exp(log_density)).trimmed()


def check_affordable(count: float, spacing: float, schedule: NoiseSchedule, largest: int = LARGEST) -> None:
    """InputError for a grid of too many nodes."""
    require(count <= largest, "T", schedule.steps, f"the noise of a step takes a grid of spacing {spacing:.1g}, which "
            "has too many nodes: take fewer steps, or more noise")


def compared(density: Density, score: TargetScore, schedule: NoiseSchedule, rest: Transition | None, error: float,
             nodes: int) -> LineLaw:
    """The law with this density, or its image under the deterministic map ``rest``, beside the target's law."""
    factor = 8 + FINE // len(density.values)
    fine = density.resampled(factor, 0.0)
    y, slope = fine.x, np.ones(len(fine.values))
    if rest is not None:
        y, slope = rest.mean(score, np.stack([y, slope])[:, :, None])[:, :, 0]
        steepest = float(np.max(np.abs(slope[fine.values > SOUND * fine.values.max()])))
        coarser = steepest * fine.spacing / (RESOLVED * float(np.sqrt(schedule.end.tau)))
        if coarser > 1.0:  # between two modes, say: neighbours must not end far apart
            check_affordable(coarser * len(fine.values), fine.spacing / coarser, schedule)
            fine = density.resampled(int(np.ceil(coarser * factor)), 0.0)
            y, slope = rest.mean(score, np.stack([fine.x, np.ones(len(fine.values))])[:, :, None])[:, :, 0]
    image_density = np.exp(score.target.log_density(y[:, None], schedule.end)) * np.abs(slope)
    return LineLaw(fine.spacing, fine.values, y, image_density, error + abs(fine.mass - 1.0), nodes)

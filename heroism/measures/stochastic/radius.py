"""The output density of a sampler's radius on a rotationally symmetric target in R^d, propagated kernel by kernel.

A sampler without memory keeps the symmetry: given the radius r, the next state is ``m(r) e + sigma Z`` with a unit
vector e, so its radius is a Markov chain whose kernel is noncentral chi,

    ``K(r' | b) = (r' / sigma^2) (r' / b)^nu exp(-(r'^2 + b^2) / (2 sigma^2)) I_nu(r' b / sigma^2)``,
    ``nu = d/2 - 1``, ``b = |m(r)|``,

about sigma wide around ``sqrt(b^2 + (d - 1) sigma^2)``. Densities are carried as logarithms at Gauss-Legendre points
of panels four sigma long and summed over a band of 11 sigma: all terms are positive, so densities have their full
relative accuracy far into the tails.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.polynomial.legendre import leggauss
from scipy.interpolate import CubicSpline

from heroism.errors import require
from heroism.flow import TargetScore
from heroism.integrals.weights import lagrange_basis
from heroism.measures.scores import unmetered
from heroism.measures.stochastic.transitions import Transition, transitions
from heroism.noise import Array, NoiseSchedule
from heroism.samplers.base import Sampler
from heroism.special import log_shell_density
from heroism.starts import BoundLaw, Start, start_law
from heroism.targets.base import Target

PER_PANEL = 16
PANEL = 4.0  # standard deviations of the noise
BAND = 11.0  # standard deviations: beyond, the kernel is below 1e-26
DEPTH = 60.0  # of the log density below its peak: panels beneath are left out
TABLE = 12_000  # points of the Bessel function's logarithm, a cubic spline in the logarithm of its argument
TOGETHER = 2**21  # pairs of nodes at a time
LARGEST = 2**19  # nodes
MOST_PARTS = 2**10  # of a panel under a map, which may be steep without bound where there is no mass: at the origin


@dataclass(frozen=True)
class Panels:
    """Gauss-Legendre panels: left edges and lengths (k,), ascending."""

    left: Array
    length: Array

    @cached_property
    def nodes(self) -> Array:
        """(16 k,) points."""
        unit = 0.5 * (1.0 + leggauss(PER_PANEL)[0])
        return (self.left[:, None] + self.length[:, None] * unit).ravel()

    @cached_property
    def weights(self) -> Array:
        """(16 k,) weights."""
        return (0.5 * self.length[:, None] * leggauss(PER_PANEL)[1]).ravel()

    def choose(self, some: Array) -> Panels:
        return Panels(self.left[some], self.length[some])


@dataclass(frozen=True)
class RadialLaw:
    """The law q of a sampler's radius beside the target's law p.

    Attributes
    ----------
    panels : in the radius x. log_density : (n,) log q at their nodes, before a last deterministic map y = |m(x)|.
    image : (n,) y. image_log_density : (n,) ``log(p(y) |m'(x)|)``, to be compared with ``log_density``. error : what
        the masses of the densities on the way missed one by, added up. nodes : the most at a time.
    """

    panels: Panels
    log_density: Array
    image: Array
    image_log_density: Array
    error: float
    nodes: int


def check_radial(target: Target) -> None:
    """InputError unless the target is one radius."""
    require(target.dim == 1 and target.copies == 1 and int(target.multiplicity[0]) > 1, "target",
            type(target).__name__, "this engine follows a radius: take a rotationally symmetric law, a sphere or a "
            "scale mixture in d >= 2")


def check_radial_kernels(sampler: Sampler, kernels: list[Transition]) -> None:
    """InputError for a kernel that is no noncentral chi law in the radius."""
    require(all(kernel.inner == 0 for kernel in kernels), "sampler", type(sampler).__name__, "asks the model at points "
            "that have noise of the step, which turns them away from the state: on a radius its kernel is not known; "
            "measure it on a Gaussian or a product target")


def radial_law(sampler: Sampler, score: TargetScore, schedule: NoiseSchedule, start: Start = "exact") -> RadialLaw:
    """Propagate the density of the radius from the start of the schedule to its end.

    Parameters
    ----------
    sampler : deterministic, or without memory. score : on a rotationally symmetric target. start : the target's own
        law, or N(0, I).

    Raises
    ------
    InputError : a sampler with memory or noise inside its steps, another target, or steps so small that a grid as
        fine as their noise has more than 2^19 nodes.
    """
    check_radial(score.target)
    kernels = transitions(sampler, schedule)
    check_radial_kernels(sampler, kernels)
    rest = kernels.pop() if kernels and kernels[-1].deviation == 0.0 else None
    quiet = unmetered(score)
    widths = [kernel.deviation for kernel in kernels]
    law = start_law(start).on(quiet.target, schedule)
    panels = _first_panels(quiet, law, kernels[0] if kernels else rest)
    log_q = law.log_density(panels.nodes[:, None])
    error, most = 0.0, len(log_q)
    for i, kernel in enumerate(kernels):
        following = kernels[i + 1] if i + 1 < len(kernels) else rest
        panels, log_q = _moved(quiet, panels, log_q, kernel, following, widths[i])
        error += abs(float(panels.weights @ np.exp(log_q)) - 1.0)
        most = max(most, len(log_q))
    y, log_slope = panels.nodes, np.zeros(len(log_q))
    if rest is not None:
        y, slope = rest.mean(quiet, np.stack([y, np.ones_like(y)])[:, :, None])[:, :, 0]
        y, log_slope = np.abs(y), np.log(np.abs(slope))
    return RadialLaw(panels, log_q, y, quiet.target.log_density(y[:, None], schedule.end) + log_slope, error, most)


def _first_panels(score: TargetScore, law: BoundLaw, kernel: Transition | None) -> Panels:
    """Panels that cover the start law, found on a grid as fine as the noise there."""
    level = law.schedule.start
    draws = law.sample(256, np.random.default_rng(0))[:, 0]
    highest = 2.0 * max(draws.max(), float(np.sqrt(score.target.ambient_dim))) + 20.0
    width = float(np.sqrt(level.tau))
    left = np.arange(0.0, highest, width)
    log_q = law.log_density(left[:, None] + 0.5 * width)
    return _refined(Panels(left, np.full(len(left), width)).choose(log_q > log_q.max() - DEPTH), score, kernel)


def _refined(panels: Panels, score: TargetScore, kernel: Transition | None) -> Panels:
    """Panels cut into parts that the next kernel resolves: in its image they are at most four of its sigma long; of
    that of the noise in the target, if the kernel is a map.
    """
    if kernel is None:
        return panels
    sigma = kernel.deviation or 0.5 * float(np.sqrt(kernel.end.tau))
    ends = np.stack([panels.left, panels.left + 0.5 * panels.length, panels.left + panels.length])
    bundle = np.stack([ends.ravel(), np.ones(ends.size)])[:, :, None]
    slope = np.abs(kernel.mean(score, bundle)[1, :, 0]).reshape(ends.shape).max(axis=0)
    parts = np.maximum(1.0, np.ceil(panels.length * slope / (PANEL * sigma)))
    if kernel.deviation == 0.0:
        parts = np.minimum(parts, MOST_PARTS)
    parts = parts.astype(np.intp)
    require(int(parts.sum()) * PER_PANEL <= LARGEST, "T", "this schedule", f"the noise of a step is "
            f"{sigma:.1g}, which takes too many nodes: take fewer steps")
    length = np.repeat(panels.length / parts, parts)
    place = np.arange(len(length)) - np.repeat(np.cumsum(parts) - parts, parts)
    return Panels(np.repeat(panels.left, parts) + place * length, length)


def _moved(score: TargetScore, panels: Panels, log_q: Array, kernel: Transition, following: Transition | None,
           sigma: float) -> tuple[Panels, Array]:
    """The next density and the panels that carry it."""
    d = score.target.ambient_dim
    b = np.maximum(np.abs(kernel.mean(score, panels.nodes[None, :, None])[0, :, 0]), 1e-8 * sigma)
    centre = np.sqrt(b * b + (d - 1) * sigma * sigma)
    order = np.argsort(centre)
    order = order[log_q[order] > log_q.max() - 2.0 * DEPTH]
    b, centre, log_mass = b[order], centre[order], (np.log(panels.weights) + log_q)[order]
    left = _cells(centre, sigma)
    require(len(left) * PER_PANEL <= LARGEST, "T", "this schedule", f"the noise of a step is {sigma:.1g}, which takes "
            "too many nodes: take fewer steps")
    after = Panels(left, np.full(len(left), PANEL * sigma))
    middle = log_kernel_sum(left + 0.5 * PANEL * sigma, b, centre, log_mass, sigma, d)
    after = _refined(after.choose(middle > middle.max() - DEPTH), score, following)
    return after, log_kernel_sum(after.nodes, b, centre, log_mass, sigma, d)


def _cells(centre: Array, sigma: float) -> Array:
    """Left ends of the cells, four sigma long, that lie within the band of some centre; none below zero."""
    width = PANEL * sigma
    origin = max(0.0, float(centre[0]) - BAND * sigma)
    count = int((centre[-1] + BAND * sigma - origin) / width) + 1
    edges = np.zeros(count + 1)
    first = np.maximum(0, np.floor((centre - BAND * sigma - origin) / width)).astype(np.intp)
    last = np.minimum(count, np.ceil((centre + BAND * sigma - origin) / width)).astype(np.intp)
    np.add.at(edges, first, 1.0)
    np.add.at(edges, last, -1.0)
    return np.asarray(origin + width * np.flatnonzero(np.cumsum(edges[:-1]) > 0.5), dtype=float)


def log_kernel_sum(r: Array, b: Array, centre: Array, log_mass: Array, sigma: float, d: int) -> Array:
    """``log sum_j mass_j K(r_i | b_j)`` over the sources in the band of every r (n,); centres (m,) ascending."""
    first = np.searchsorted(centre, r - BAND * sigma)
    count = np.searchsorted(centre, r + BAND * sigma) - first
    out = np.full(len(r), -np.inf)
    log_bessel = _log_bessel(r, b, sigma, d)
    nu, log_b, log_r = 0.5 * d - 1.0, np.log(b / sigma), np.log(r / sigma)
    constant = log_mass - nu * log_b
    ends = np.cumsum(count)
    begin = 0
    while begin < len(r):
        taken = max(1, int(np.searchsorted(ends, (ends[begin - 1] if begin else 0) + TOGETHER, side="right")) - begin)
        rows = begin + np.flatnonzero(count[begin : begin + taken])
        begin += taken
        if not len(rows):
            continue
        n, starts = count[rows], np.cumsum(count[rows]) - count[rows]
        j = np.arange(n.sum()) - np.repeat(starts - first[rows], n)
        i = np.repeat(rows, n)
        gap = (r[i] - b[j]) / sigma
        terms = constant[j] - 0.5 * gap * gap + log_bessel(log_r[i] + log_b[j])
        peak = np.maximum.reduceat(terms, starts)
        out[rows] = peak + np.log(np.add.reduceat(np.exp(terms - np.repeat(peak, n)), starts))
    return np.asarray(out + (nu + 1.0) * log_r - np.log(sigma))


def _log_bessel(r: Array, b: Array, sigma: float, d: int) -> CubicSpline:
    """``log I_nu(z) - z`` as a function of log z, on all arguments of a step."""
    ends = np.log(np.array([r.min() * b.min(), r.max() * b.max()]) / sigma**2)
    log_z = np.linspace(ends[0] - 1e-3, ends[1] + 1e-3, TABLE)
    root = np.exp(0.5 * log_z)
    return CubicSpline(log_z, log_shell_density(root, root, 1.0, d) - 0.5 * log_z)


def lagrange_refinement(points: Array) -> Array:
    """(len(points), 16) matrix from a panel's nodes to other points in [-1, 1]."""
    return lagrange_basis(leggauss(PER_PANEL)[0], points)

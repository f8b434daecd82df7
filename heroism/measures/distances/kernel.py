"""Exact total variation of a stochastic sampler in one dimension: its density is propagated step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.fft import next_fast_len
from scipy.special import eval_hermitenorm, factorial

from heroism.errors import InputError, require
from heroism.flow import Flow, TargetScore
from heroism.measures.base import Need, Single
from heroism.measures.estimate import Estimate
from heroism.measures.run import Run
from heroism.measures.scores import unmetered
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.base import Sampler
from heroism.samplers.ddpm import Ddpm
from heroism.starts import Start, start_law
from heroism.targets.base import Target

REACH = 9.0  # standard deviations: a Gaussian has less than 1e-18 of its mass beyond
TAIL = 1e-15  # share of a density's peak below which the grid ends
TERMS = 15  # of the Taylor series of the kernel within a cell, at most a fifth of sigma_t from its centre
TOLERANCE = 1e-13  # largest total variation between the two grids of sources of one step
STAGGER = 0.381966  # of the sources' spacing, between the two grids: no frequency is in step with both
FINEST = 64  # most sources per node and grid
LARGEST = 2**22  # nodes
FINE = 20_000  # nodes, at least, where the absolute value of a difference is integrated


@dataclass(frozen=True)
class KernelTotalVariation(Single):
    """Exact total variation of DDPM in d = 1, with ``nodes`` grid points per standard deviation of a step's noise."""

    needs: ClassVar[Need] = "kernel"
    nodes: float = 2.5

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        super().check(target, sampler, particles)
        _check(sampler, target, self.nodes)

    def estimate(self, run: Run) -> Estimate:
        return kernel_total_variation(run.sampler, run.score, run.schedule, run.start, self.nodes)


def kernel_total_variation(sampler: Sampler, score: TargetScore, schedule: NoiseSchedule, start: Start = "exact",
                           nodes: float = 2.5) -> Estimate:
    """Total variation between the output law of DDPM and the target, by quadrature alone.

    A step moves a density to ``q'(y) = int q(x) N(y; m(x), sigma^2) dx``, m the mean of the step. Every integral is a
    trapezoidal rule over x (spectrally accurate for what decays on both sides), and a sum of Gaussians centred at the
    m(x_i), taken for all y at once by a fast Gauss transform. The grid of y follows ``sigma``: the density that
    it carries is a convolution with that very kernel, so it is band-limited there, and the next step may shift and
    refine it by its Fourier series. Nothing asks m to be monotone or slow: two grids of sources, shifted by an
    irrational share of their spacing, must agree, and are refined until they do.

    Parameters
    ----------
    sampler : DDPM. score : on a target with one plain coordinate. schedule, start : as in ``transport``.
    nodes : grid points per standard deviation of a step's noise; 2.5 leaves an error of about 1e-13 a step.

    Returns
    -------
    Estimate : no standard error; ``floor`` adds up the disagreements of the two grids and the mass that was lost, ``n``
    is the largest number of nodes.

    Raises
    ------
    InputError : another sampler, a target that is not one plain coordinate, or steps so small that a grid as fine as
        their noise has more than 2^22 nodes.
    """
    target, ddpm = score.target, _check(sampler, score.target, nodes)
    propagation = _Propagation(ddpm, unmetered(score), schedule, nodes)
    density = propagation.first(start)
    for one, other in schedule.transitions():
        density = propagation.step(density, one, other)
    fine = density.resampled(8 + FINE // len(density.values), 0.0)
    gap = fine.values - np.exp(target.log_density(fine.x[:, None], schedule.end))
    outside = max(0.0, 1.0 - _mass_between(target, fine.x[[0, -1]], schedule.end))
    value = 0.5 * _integral_of_absolute(gap, fine.spacing) + 0.5 * outside
    floor = min(1.0, float(propagation.error + abs(fine.mass - 1.0)))
    return Estimate(float(value), 0.0, floor, propagation.most)


def _check(sampler: Sampler, target: Target, nodes: float) -> Ddpm:
    if not isinstance(sampler, Ddpm):
        raise InputError("sampler", type(sampler).__name__, "the density of Ddpm is propagated step by step; "
                         "deterministic samplers have total_variation")
    require(target.ambient_dim == 1, "d", target.ambient_dim, "the density of a stochastic sampler is propagated on a "
            "line: take d = 1")
    require(np.isfinite(nodes) and nodes >= 1.5, "nodes", nodes, "give at least 1.5 per standard deviation")
    return sampler


@dataclass(frozen=True)
class Density:
    """A density on equidistant points: values (k,) from ``first`` on, small at both ends."""

    first: float
    spacing: float
    values: Array

    @property
    def x(self) -> Array:
        return np.asarray(self.first + self.spacing * np.arange(len(self.values)), dtype=float)

    @property
    def mass(self) -> float:
        return float(self.spacing * np.sum(self.values))

    def resampled(self, factor: int, shift: float) -> Density:
        """The same band-limited function on a grid ``factor`` times as fine, moved by ``shift`` of its spacing."""
        n = 2 * ((len(self.values) + 1) // 2) + 64  # even; the zeros keep the two ends apart
        spectrum = np.fft.rfft(self.values, n)
        spectrum[-1] = 0.0
        spacing = self.spacing / factor
        spectrum *= np.exp(2j * np.pi * np.arange(len(spectrum)) * (shift / (n * factor)))
        values = np.fft.irfft(spectrum, n * factor)[: len(self.values) * factor] * factor
        return Density(self.first + shift * spacing, spacing, values)

    def trimmed(self) -> Density:
        """Without the ends that hold no mass."""
        inside = np.flatnonzero(self.values > TAIL * self.values.max())
        first, last = max(inside[0] - 1, 0), inside[-1] + 2
        return Density(self.first + self.spacing * first, self.spacing, self.values[first:last])


class _Propagation:
    """Densities through the steps of a stochastic sampler; adds up the error and the largest grid."""

    def __init__(self, sampler: Ddpm, score: TargetScore, schedule: NoiseSchedule, nodes: float):
        self.sampler, self.score, self.schedule, self.nodes = sampler, score, schedule, nodes
        self.error, self.most = 0.0, 0

    def first(self, start: Start) -> Density:
        """The density at the largest noise level, on a grid that resolves the first step's noise."""
        law = start_law(start).on(self.score.target, self.schedule)
        deviation = self.sampler.deviation(*next(self.schedule.transitions()))
        spacing = float(min(deviation, np.sqrt(self.schedule.start.tau) / 2.0) / self.nodes)
        x = np.arange(*law.reach(), spacing)
        return self._note(Density(float(x[0]), spacing, np.exp(law.log_density(x[:, None]))).trimmed())

    def step(self, density: Density, start: NoiseLevel, end: NoiseLevel) -> Density:
        """One transition, with as many sources as it takes for two grids of them to agree."""
        sigma = self.sampler.deviation(start, end)
        spacing = sigma / self.nodes
        factor = max(1, round(density.spacing / (0.8 * sigma)))
        disagreement = np.inf
        while True:
            one, other = (self._sources(density, factor, shift, start, end) for shift in (0.0, STAGGER))
            low = min(one[0].min(), other[0].min()) - REACH * sigma
            count = int((max(one[0].max(), other[0].max()) + REACH * sigma - low) / spacing) + 2
            require(count <= LARGEST, "T", self.schedule.steps, f"the noise of a step is {sigma:.1g}, which takes a "
                    "grid of too many nodes: take fewer steps")
            first, second = (_gauss_transform(*each, low, spacing, count, sigma) for each in (one, other))
            before, disagreement = disagreement, 0.5 * spacing * float(np.sum(np.abs(first - second)))
            if disagreement <= TOLERANCE or factor >= FINEST or _at_round_off(before, disagreement):
                break
            factor += 1 + factor // 2
        self.error += disagreement
        return self._note(Density(low, spacing, 0.5 * (first + second)).trimmed())

    def _sources(self, density: Density, factor: int, shift: float, start: NoiseLevel,
                 end: NoiseLevel) -> tuple[Array, Array]:
        """Centres (k,) and weights (k,) of the Gaussians that make up the next density."""
        fine = density.resampled(factor, shift)
        centres = self.sampler.mean(Flow(self.score), fine.x[None, :, None], start, end)[0, :, 0]
        return centres, fine.spacing * fine.values

    def _note(self, density: Density) -> Density:
        self.most = max(self.most, len(density.values))
        return density


def _at_round_off(before: float, now: float) -> bool:
    return now < 1e-11 and now > 0.3 * before


def _gauss_transform(centres: Array, weights: Array, low: float, spacing: float, count: int, sigma: float) -> Array:
    """``sum_i w_i N(y; c_i, sigma^2)`` at ``y = low + spacing * k``, k < count; relative to the peak about 1e-15.

    Sources are collected in the cell of their nearest node, with TERMS moments of their offsets d (in sigma), by
    ``phi(u - d) = phi(u) sum_p He_p(u) d^p / p!``; every moment is then convolved with ``phi He_p`` on the grid.
    """
    place = (centres - low) / spacing
    cell = np.rint(place).astype(np.intp)
    offset = (place - cell) * (spacing / sigma)
    taps = int(np.ceil(REACH * sigma / spacing))
    u, order = np.linspace(-taps, taps, 2 * taps + 1) * (spacing / sigma), np.arange(TERMS)[:, None]
    kernels = np.exp(-0.5 * u * u) / np.sqrt(2.0 * np.pi) * (eval_hermitenorm(order, u) / factorial(order))
    n = next_fast_len(count + 2 * taps, real=True)
    spectrum = np.zeros(n // 2 + 1, dtype=complex)
    moment = weights.copy()
    for kernel in kernels:
        spectrum += np.fft.rfft(np.bincount(cell, moment, count), n) * np.fft.rfft(kernel, n)
        moment *= offset
    return np.fft.irfft(spectrum, n)[taps : taps + count] / sigma


def _integral_of_absolute(values: Array, spacing: float) -> float:
    """Of the piecewise linear function through the values: exact where it changes sign."""
    left, right = values[:-1], values[1:]
    ends = np.abs(left) + np.abs(right)
    crossing = left * right < 0
    areas = 0.5 * ends
    areas[crossing] = 0.5 * (left[crossing] ** 2 + right[crossing] ** 2) / ends[crossing]
    return float(spacing * np.sum(areas))


def _mass_between(target: Target, ends: Array, level: NoiseLevel) -> float:
    """The target's mass on an interval, by a trapezoidal rule a tenth of the noise's deviation wide."""
    spacing = 0.1 * np.sqrt(level.tau)
    count = min(int(np.ptp(ends) / spacing) + 2, LARGEST)
    x, width = np.linspace(ends[0], ends[1], count, retstep=True)
    values = np.exp(target.log_density(x[:, None], level))
    return float(width * (np.sum(values) - 0.5 * (values[0] + values[-1])))

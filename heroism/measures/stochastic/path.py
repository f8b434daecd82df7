"""KL between path measures: what a sampler's whole path, not its end alone, is off by; step by step.

By the chain rule, with q the sampler and p the exact reverse process,

    ``KL(q || p) = KL(q_T || p_T) + sum_t E_{x_t ~ q} KL(q(x_{t-1} | past) || p(x_{t-1} | x_t))``.

The exact reverse kernel is known for every target whose density is, at all levels (Bayes):
``p(y | x) = p_{t-1}(y) N(x; sqrt(alpha_t) y, (1 - alpha_t) I) / p_t(x)``. With ``L = log p(y|x) / q(y|x)``, a term is
the mean of ``e^L - 1 - L`` (both kernels have mass one), of the same expectation as -L but positive and as small as the
divergence itself: its *relative* error does not grow when the steps get finer. On a mixture p(y | x) is the mixture
with the posterior weights of the components given x and Gaussian components; on a Gaussian everything is closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from heroism.errors import require, whole_number
from heroism.flow import Flow, TargetScore
from heroism.measures.estimate import Estimate
from heroism.measures.scores import unmetered
from heroism.measures.stochastic.gaussian import first_slots, minus_log1p, spectrum
from heroism.measures.stochastic.line import check_line, line_densities
from heroism.measures.stochastic.overlap import exp_minus_linear
from heroism.measures.stochastic.transitions import Transition, memoryless, transitions
from heroism.measures.stochastic.unfolded import UnfoldedScore
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.stochastic.recursion import STATE, Combine, Recursion, Step, carry
from heroism.starts import Exact, Start, start_law
from heroism.targets.base import Target

Direction = Literal["forward", "reverse"]
HERMITE = 24  # points of the noise of a step
LARGE = 0.1  # divergence of a step from which on -L is the better estimate of it
BEFORE = "before the step"  # a slot
LARGEST_PATHS = 2**25  # numbers in the states of all paths
COARSE = 0.35  # of the level's deviation: nodes of each of the two sets over which a step's divergence is averaged


@dataclass(frozen=True)
class PathKl:
    """A divergence between path measures and where it comes from.

    Attributes
    ----------
    initial : what the start contributes. steps : (T - 1,) what every step does, from the largest noise level down.
    stderr : standard error of the sum. floor : its numerical error. n : paths, or nodes.
    """

    initial: float
    steps: Array
    stderr: float
    floor: float
    n: int

    @property
    def estimate(self) -> Estimate:
        """The divergence of the whole path."""
        return Estimate(self.initial + float(np.sum(self.steps)), self.stderr, self.floor, self.n)


def sampled_path_kl(sampler: Recursion, score: TargetScore, schedule: NoiseSchedule, paths: int,
                    seed: int | np.random.SeedSequence, start: Start = "exact",
                    direction: Direction = "forward") -> PathKl:
    """Path KL by Monte Carlo, in any dimension; "forward" is KL(q || p), "reverse" KL(p || q), which Girsanov bounds.

    Independent copies multiply the divergence of one of them. Of a law that is described by one of its many parts, all
    alike (``Target.partial``), exact paths are drawn that end at that part: the reverse direction alone is known, and
    as the parts are alike it is that of the whole law. In the forward direction a sampler may have a memory;
    its paths on a rotationally symmetric block then run in all coordinates.

    Raises
    ------
    InputError : a sampler that does not add its noise at the end of every step, a memory in the reverse direction, a
        part of a law in the forward one.
    """
    paths, rng = whole_number("paths", paths, 2), np.random.default_rng(seed)
    require(direction in ("forward", "reverse"), "direction", direction, "choose forward or reverse")
    require(direction == "reverse" or not score.target.partial, "direction", direction, "of a law that is described by "
            "a part, only exact paths are known to end there: take reverse")
    if direction == "reverse":
        transitions(sampler, schedule)  # refuses a memory
    elif bool(np.any(score.target.multiplicity > 1)) and not memoryless(sampler, schedule):
        score = UnfoldedScore(unmetered(score))
        require(paths * score.target.dim <= LARGEST_PATHS, "paths", paths, f"this sampler's paths run in all "
                f"{score.target.dim} coordinates: take at most {LARGEST_PATHS // score.target.dim}")
    steps = [_checked(sampler, step) for step in sampler.steps(schedule)]
    run = _Paths(unmetered(score), schedule, start, paths, rng)
    initial, terms = run.forward(steps) if direction == "forward" else run.reverse(steps)
    copies = score.target.copies
    total = initial + sum(terms)
    noise = float(np.std(total, ddof=1) / np.sqrt(paths))
    return PathKl(copies * float(np.mean(initial)), copies * np.array([np.mean(term) for term in terms]),
                  copies * noise, copies * float(np.finfo(float).eps), paths)


def line_path_kl(sampler: Recursion, score: TargetScore, schedule: NoiseSchedule, start: Start = "exact") -> PathKl:
    """Path KL(q || p) of independent identical coordinates by quadrature: over the propagated density of one
    coordinate, and over the noise of a step. ``floor`` is what two sets of nodes disagree by.

    Raises InputError for a target of several different coordinates, or a sampler with a memory.
    """
    check_line(score.target)
    check_noise_ends_steps(sampler, schedule)
    target, quiet = score.target, unmetered(score)
    points, hermite = np.polynomial.hermite_e.hermegauss(HERMITE)
    hermite = hermite / hermite.sum()
    steps: list[float] = []
    floor, most, initial = 0.0, 0, 0.0
    for kernel, propagation in line_densities(sampler, score, schedule, start):
        if kernel is None:
            break
        q = propagation.density
        if not steps and not isinstance(start_law(start), Exact):
            begun = start_law(start).on(target, schedule)
            ratio = target.log_density(q.x[:, None], schedule.start) - begun.log_density(q.x[:, None])
            initial = q.spacing * float(q.values @ exp_minus_linear(ratio))
        stride = 2 * max(1, int(0.5 * COARSE * np.sqrt(kernel.start.tau) / q.spacing))
        x, weights = q.x[:: stride // 2], q.values[:: stride // 2]
        mean = kernel.mean(quiet, x[None, :, None])[0, :, 0]
        y = mean[:, None] + kernel.deviation * points
        ratio = log_kernel_ratio(target, np.repeat(x, HERMITE)[:, None], y.reshape(-1, 1), np.zeros((y.size, 1)),
                           np.repeat(mean, HERMITE)[:, None], kernel)
        inner = -ratio.reshape(y.shape) @ hermite
        if weights @ inner < LARGE * weights.sum():
            inner = exp_minus_linear(ratio.reshape(y.shape)) @ hermite
        halves = [float(weights[i::2] @ inner[i::2] / weights[i::2].sum()) for i in (0, 1)]
        steps.append(0.5 * sum(halves))
        floor, most = floor + abs(halves[0] - halves[1]), max(most, y.size)
    copies = target.copies
    return PathKl(copies * initial, copies * np.array(steps), 0.0, copies * floor, most)


def gaussian_path_kl(sampler: Recursion, target: Target, schedule: NoiseSchedule, start: Start = "exact") -> PathKl:
    """Path KL(q || p) on a Gaussian target in closed form, memory or not.

    Raises InputError for another target, or a sampler that does not add its noise at the end of every step.
    """
    law = spectrum(target)
    slots = first_slots(law, schedule, start)
    initial, terms = slots.marginal().kl(law.at(schedule.start)), []
    for step in sampler.steps(schedule):
        noisy = _checked(sampler, step)
        slots.apply(Combine(BEFORE, {STATE: 1.0}))
        for operation in step.operations[:-1]:
            slots.apply(operation)
        mean, variance, covariance, before = slots.combined(noisy.last, BEFORE)
        here, there = law.at(step.start), law.at(step.end)
        beta, root = step.start.tau_above(step.end) / step.end.alpha_bar, _root_alpha(step)
        gain = root * there.variance / here.variance  # exact kernel: N(there + gain (x - here), exact)
        exact = beta * there.variance / here.variance
        bias = mean - there.mean - gain * (slots.marginal(BEFORE).mean - here.mean)
        spread = np.maximum(variance - 2.0 * gain * covariance + gain**2 * before, 0.0) + bias**2
        excess = (noisy.last.deviation**2 - exact) / exact
        terms.append(0.5 * float(law.multiplicity @ (minus_log1p(excess) + spread / exact)))
        slots.apply(noisy.last)
    return PathKl(initial, np.array(terms), 0.0, float(np.finfo(float).eps), 1)


def added(parts: Sequence[tuple[PathKl, int]]) -> PathKl:
    """The divergence of independent parts, each so many times."""
    initial, floor = (float(sum(times * getattr(part, name) for part, times in parts)) for name in ("initial", "floor"))
    steps = np.sum([times * part.steps for part, times in parts], axis=0)
    stderr = float(np.linalg.norm([times * part.stderr for part, times in parts]))
    return PathKl(initial, steps, stderr, floor, max(part.n for part, _ in parts))


@dataclass(frozen=True)
class StepKernel:
    start: NoiseLevel
    end: NoiseLevel
    deviation: float


_Kernel = Transition | StepKernel


def check_noise_ends_steps(sampler: Recursion, schedule: NoiseSchedule) -> None:
    """InputError unless each step has its noise at its end, and only there."""
    for step in sampler.steps(schedule):
        _checked(sampler, step)


@dataclass(frozen=True)
class _NoisyStep:
    step: Step
    last: Combine


def _checked(sampler: Recursion, step: Step) -> _NoisyStep:
    """The step, if its noise is added to the state, at its end and nowhere else."""
    noisy = [operation for operation in step.operations if isinstance(operation, Combine) and operation.deviation > 0.0]
    right = len(noisy) == 1 and step.operations[-1] is noisy[0] and noisy[0].into == STATE
    require(right, "sampler", type(sampler).__name__, "does not add noise once, at the end of every step, so it has "
            "no Gaussian kernel from each noise level to the next that could be compared with the exact one: measure "
            "its output by kl, total_variation or wasserstein")
    return _NoisyStep(step, noisy[0])


def _divergence(ratio: Array) -> Array:
    """(n,) numbers whose mean is the divergence, from log ratios (second law over the one that was drawn from)."""
    if np.mean(ratio) < -LARGE:  # rare draws would carry the mean of e^L, which is one
        return -ratio
    return exp_minus_linear(ratio)


def _root_alpha(step: Step | _Kernel) -> float:
    return float(np.sqrt(step.start.alpha_bar / step.end.alpha_bar))


def log_kernel_ratio(target: Target, x: Array, along: Array, across: Array, mean: Array, kernel: _Kernel) -> Array:
    """(n,) ``log p(y | x) / q(y | x)``, q = N(mean, deviation^2 I).

    For a radius x of a symmetric block, ``along`` is the component of y in the direction of x and ``across`` the length
    of the rest; a plain coordinate of y is ``along``, with ``across`` zero.
    """
    beta, root = kernel.start.tau_above(kernel.end) / kernel.end.alpha_bar, _root_alpha(kernel)
    y = np.where(target.multiplicity > 1, np.hypot(along, across), along)
    back = np.sum((x - root * along) ** 2 + (root * across) ** 2, axis=1) / beta
    forth = np.sum((along - mean) ** 2 + across**2, axis=1) / kernel.deviation**2
    dim = float(np.sum(target.multiplicity))
    there = target.log_density(y, kernel.end) - target.log_shell(y)
    here = target.log_density(x, kernel.start) - target.log_shell(x)
    return there - here - 0.5 * (back - forth) - 0.5 * dim * np.log(beta / kernel.deviation**2)


class _Paths:
    """n paths in reduced coordinates, and the terms of the chain rule along them."""

    def __init__(self, score: TargetScore, schedule: NoiseSchedule, start: Start, n: int, rng: np.random.Generator):
        self.score, self.target, self.schedule = score, score.target, schedule
        self.exact, self.n, self.rng = isinstance(start_law(start), Exact), n, rng
        self.start = start_law(start).on(score.target, schedule)

    def forward(self, steps: list[_NoisyStep]) -> tuple[Array, list[Array]]:
        """Along paths of the sampler."""
        level = self.schedule.start
        x, initial = self.start.sample(self.n, self.rng), np.zeros(self.n)
        if not self.exact:
            initial = _divergence(self.target.log_density(x, level) - self.start.log_density(x))
        slots, terms = {STATE: x[None]}, []
        for noisy in steps:
            x = slots[STATE][0]
            mean = self._mean(noisy, slots)
            deviation = noisy.last.deviation
            along, across = self._noise(mean, deviation)
            kernel = StepKernel(noisy.step.start, noisy.step.end, deviation)
            terms.append(_divergence(log_kernel_ratio(self.target, x, along, across, mean, kernel)))
            slots[STATE] = np.where(self.target.multiplicity > 1, np.hypot(along, across), along)[None]
        return initial, terms

    def reverse(self, steps: list[_NoisyStep]) -> tuple[Array, list[Array]]:
        """Along exact paths, which are drawn forwards in noise."""
        part = self.target.partial
        y = (self.target.sample_part if part else self.target.sample)(self.n, self.schedule.end, self.rng)
        terms: list[Array] = []
        for noisy in steps[::-1]:
            root, beta = _root_alpha(noisy.step), noisy.step.start.tau_above(noisy.step.end) / noisy.step.end.alpha_bar
            ahead, aside = self._noise(root * y, float(np.sqrt(beta)))
            radial = self.target.multiplicity > 1
            x = np.where(radial, np.hypot(ahead, aside), ahead)
            along = np.where(radial, y * ahead / np.where(radial, x, 1.0), y)
            across = np.where(radial, y * aside / np.where(radial, x, 1.0), 0.0)
            mean = self._mean(noisy, {STATE: x[None]})
            kernel = StepKernel(noisy.step.start, noisy.step.end, noisy.last.deviation)
            ratio = log_kernel_ratio(self.target, x, along, across, mean, kernel)
            terms.append(ratio if part else _divergence(-ratio))  # e^-ratio has a mean of one over all parts only
            y = x
        level, initial = self.schedule.start, np.zeros(self.n)
        if not self.exact:
            initial = _divergence(self.start.log_density(y) - self.target.log_density(y, level))
        return initial, terms[::-1]

    def _mean(self, noisy: _NoisyStep, slots: dict[str, Array]) -> Array:
        """The mean of the step's kernel; slots are moved on, up to the noise."""
        flow = Flow(self.score)
        carry(noisy.step.operations[:-1], slots, flow)
        carry([replace(noisy.last, into=BEFORE, deviation=0.0)], slots, flow)
        return slots[BEFORE][0]

    def _noise(self, mean: Array, deviation: float) -> tuple[Array, Array]:
        """``mean + deviation Z`` as components along the mean's direction and lengths across."""
        along, across = mean + deviation * self.rng.standard_normal(mean.shape), np.zeros_like(mean)
        for axis in np.flatnonzero(self.target.multiplicity > 1):
            across[:, axis] = deviation * np.sqrt(self.rng.chisquare(self.target.multiplicity[axis] - 1, len(mean)))
        return along, across

"""The output law of a stochastic sampler as a product of independent factors, each followed by the engine that fits it.

A target with independent parts (a product of identical coordinates, a law embedded in a larger space, a torus) makes a
sampler's output a product too, because model, state and noise all act part by part. A factor is Gaussian (exact, any
linear sampler), a coordinate on a line (for deterministic samplers, and those that remember up to three states), or a
radius (for those without a memory). Divergences add up, squared W2 distances add up, and affinities multiply, so that
the joint total variation is one integral.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from heroism.errors import InputError, require
from heroism.flow import TargetScore
from heroism.measures.estimate import Estimate
from heroism.measures.stochastic.gaussian import Spectrum, gaussian_output, is_gaussian, spectrum
from heroism.measures.stochastic.line import LineLaw, line_law
from heroism.measures.stochastic.multistep import check_memory, multistep_law
from heroism.measures.stochastic.overlap import Complex, LogAffinity, joint_total_variation
from heroism.measures.stochastic.path import (
    Direction,
    PathKl,
    added,
    check_noise_ends_steps,
    gaussian_path_kl,
    line_path_kl,
    sampled_path_kl,
)
from heroism.measures.stochastic.probe import probed_output
from heroism.measures.stochastic.product import (
    product_affinity,
    product_kl,
    product_total_variation,
    product_wasserstein,
)
from heroism.measures.stochastic.radius import RadialLaw, radial_law
from heroism.measures.stochastic.spherical import radial_affinity, radial_kl, radial_total_variation, radial_wasserstein
from heroism.measures.stochastic.transitions import memoryless, transitions
from heroism.noise import Array, NoiseLevel, NoiseSchedule, log_snr_schedule
from heroism.samplers.base import Sampler
from heroism.samplers.stochastic.recursion import Recursion
from heroism.scores.exact import ExactScore
from heroism.starts import Start
from heroism.targets.base import Target
from heroism.targets.embedded import Embedded
from heroism.targets.mixtures import Mixture
from heroism.targets.sphere import Circle
from heroism.targets.torus import Torus

EPS = float(np.finfo(float).eps)
TRIAL = log_snr_schedule(5, 0.1, 0.9)  # on which it shows what a sampler remembers, before anything runs


class Factor(ABC):
    """One independent part of the output law q beside that of the target p, with all its copies."""

    @abstractmethod
    def total_variation(self) -> Estimate: ...

    @abstractmethod
    def kl(self) -> Estimate: ...

    @abstractmethod
    def wasserstein(self) -> Estimate: ...

    @abstractmethod
    def log_affinity(self) -> LogAffinity: ...


@dataclass(frozen=True)
class GaussianFactor(Factor):
    """Both laws are Gaussian with the same axes."""

    q: Spectrum
    p: Spectrum

    def total_variation(self) -> Estimate:
        return self._exact(self.q.total_variation(self.p), EPS * float(np.sqrt(self.q.multiplicity.sum())))

    def kl(self) -> Estimate:
        return self._exact(self.q.kl(self.p), EPS**2 * float(self.q.multiplicity.sum()))

    def wasserstein(self) -> Estimate:
        scale = np.sqrt(self.p.multiplicity @ (self.p.variance + self.p.mean**2))
        return self._exact(self.q.wasserstein(self.p), EPS * float(scale))

    def log_affinity(self) -> LogAffinity:
        return self.q.log_affinity(self.p)

    def _exact(self, value: float, floor: float) -> Estimate:
        return Estimate(value, 0.0, floor, len(self.q.variance))


@dataclass(frozen=True)
class LineFactor(Factor):
    """Independent copies of one coordinate."""

    law: LineLaw
    target: Target
    level: NoiseLevel

    def total_variation(self) -> Estimate:
        return product_total_variation(self.law, self.target.copies)

    def kl(self) -> Estimate:
        return product_kl(self.law, self.target.copies)

    def wasserstein(self) -> Estimate:
        return product_wasserstein(self.law, self.target.copies, self.target, self.level)

    def log_affinity(self) -> LogAffinity:
        return product_affinity(self.law, self.target.copies)


@dataclass(frozen=True)
class RadialFactor(Factor):
    """A rotationally symmetric block."""

    law: RadialLaw
    target: Target
    level: NoiseLevel

    def total_variation(self) -> Estimate:
        return radial_total_variation(self.law)

    def kl(self) -> Estimate:
        return radial_kl(self.law)

    def wasserstein(self) -> Estimate:
        return radial_wasserstein(self.law, self.target, self.level)

    def log_affinity(self) -> LogAffinity:
        return radial_affinity(self.law)


@dataclass(frozen=True)
class OutputLaw:
    """The law of a sampler's output: independent factors, each so many times."""

    factors: tuple[tuple[Factor, int], ...]

    def total_variation(self) -> Estimate:
        """Joint total variation in R^d; no standard error."""
        parts = [factor.total_variation() for factor, _ in self.factors]
        if len(parts) == 1 and self.factors[0][1] == 1:
            return parts[0]
        affinities = [(factor.log_affinity(), times) for factor, times in self.factors]

        def log_affinity(left: Array, offset: Array) -> Complex:
            return np.asarray(sum(times * affinity(left, offset) for affinity, times in affinities))

        floor = sum(times * part.floor for part, (_, times) in zip(parts, self.factors, strict=True))
        return Estimate(joint_total_variation(log_affinity), 0.0, min(1.0, floor), max(part.n for part in parts))

    def kl(self) -> Estimate:
        """Kullback-Leibler divergence of the output from the target; no standard error."""
        return self._added([factor.kl() for factor, _ in self.factors], 1.0)

    def wasserstein(self) -> Estimate:
        """W2 distance in R^d; no standard error."""
        return self._added([factor.wasserstein() for factor, _ in self.factors], 2.0)

    def _added(self, parts: list[Estimate], power: float) -> Estimate:
        times = np.array([times for _, times in self.factors], dtype=float)
        value, floor = (float((times @ np.array(each) ** power) ** (1.0 / power))
                        for each in ([part.value for part in parts], [part.floor for part in parts]))
        return Estimate(value, 0.0, floor, max(part.n for part in parts))


def recursion_of(sampler: Sampler) -> Recursion:
    """The sampler as a recursion on slots. InputError if it is not known as one."""
    require(isinstance(sampler, Recursion), "sampler", type(sampler).__name__, "is not described by its steps: it has "
            "an exact law on Gaussian targets only")
    assert isinstance(sampler, Recursion)
    return sampler


def output_law(sampler: Sampler, score: TargetScore, schedule: NoiseSchedule, start: Start = "exact") -> OutputLaw:
    """The exact law of a stochastic sampler's output, by whatever engine each independent part allows.

    Parameters
    ----------
    sampler : deterministic, or without a memory; of up to three steps on one coordinate; any linear one on a Gaussian
        target with its exact score.
    score : any, on a target with one part; the exact one if there are several.

    Raises
    ------
    InputError : one sentence that says what stands in the way and what would work.
    """
    parts, exact = independent_parts(score.target), isinstance(score, ExactScore)
    require(exact or len(parts) == 1, "perturbation", type(score).__name__, "a target of several independent parts is "
            "followed with its exact score only")
    factors = []
    for target, times in parts:
        given: TargetScore = score if len(parts) == 1 and times == 1 else ExactScore(target)
        factors.append((_factor(sampler, given, schedule, start, exact), times))
    return OutputLaw(tuple(factors))


def output_path_kl(sampler: Sampler, score: TargetScore, schedule: NoiseSchedule, start: Start = "exact",
                   paths: int = 1000, seed: int | np.random.SeedSequence = 0) -> PathKl:
    """KL(q || p) between path measures: in closed form (independent Gaussian parts, which add up) or by quadrature
    where the target allows, else by ``paths`` paths; KL(p || q) of a law that is described by one of its many parts.
    """
    sampler, target = recursion_of(sampler), score.target
    parts = independent_parts(target)
    if isinstance(score, ExactScore) and all(is_gaussian(part) for part, _ in parts):
        return added([(gaussian_path_kl(sampler, part, schedule, start), times) for part, times in parts])
    if target.dim == 1 and int(target.multiplicity[0]) == 1 and memoryless(sampler, schedule):
        return line_path_kl(sampler, score, schedule, start)
    direction: Direction = "reverse" if target.partial else "forward"
    return sampled_path_kl(sampler, score, schedule, paths, seed, start, direction)


def independent_parts(target: Target) -> list[tuple[Target, int]]:
    """The parts of a target that know nothing of each other, and how often each occurs (copies not counted)."""
    if isinstance(target, Embedded):
        rest = target.rest
        own = [] if rest is None else [(Mixture(rest, shell=rest.shell), 1)]
        return [*independent_parts(target.target), *own]
    if isinstance(target, Torus):
        radii, counts = np.unique(target.radii, return_counts=True)
        return [(Circle(float(radius)), int(count)) for radius, count in zip(radii, counts, strict=True)]
    return [(target, 1)]


def check_output_law(sampler: Sampler, target: Target) -> None:
    """InputError, before anything runs, where :func:`output_law` would find no engine (with the exact score)."""
    for part, _ in independent_parts(target):
        if is_gaussian(part):
            continue
        _check_reduced(part)
        if sampler.stochastic:
            known = recursion_of(sampler)
            if part.multiplicity[0] > 1:
                _check_radius(known)
            elif not memoryless(known, TRIAL):
                check_memory(known, TRIAL)


def knows_output_law(sampler: Sampler, target: Target) -> bool:
    """Whether :func:`output_law` finds an engine for them (with the exact score)."""
    return _passes(lambda: check_output_law(sampler, target))


def check_path(sampler: Sampler, target: Target) -> None:
    """InputError, before anything runs, where :func:`output_path_kl` would refuse."""
    check_noise_ends_steps(recursion_of(sampler), TRIAL)


def _check_reduced(target: Target) -> None:
    require(target.dim == 1, "target", type(target).__name__, "the exact law of an output is known for a Gaussian, a "
            "product of identical laws, a rotationally symmetric law, or one of these embedded: take one, or measure "
            "path_kl or histogram")


def _check_radius(sampler: Recursion) -> None:
    """InputError for what a radius alone does not tell: the angle to an earlier state, or to the noise of a step."""
    remembers = not memoryless(sampler, TRIAL)
    turned = remembers or any(kernel.inner for kernel in transitions(sampler, TRIAL))
    beside = [("a product of identical laws", lambda: remembers and check_memory(sampler, TRIAL)),
              ("measure path_kl", lambda: check_noise_ends_steps(sampler, TRIAL))]
    remedies = ["take a Gaussian target", *(remedy for remedy, refuses in beside if _passes(refuses))]
    why = "remembers an earlier state" if remembers else "asks the model at points that have noise of the step"
    require(not turned, "sampler", type(sampler).__name__, f"{why}, so that on a radius a density of two lengths and "
            f"an angle would have to be followed, which no engine does: {', or '.join(remedies)}")


def _passes(check: Callable[[], object]) -> bool:
    try:
        check()
    except InputError:
        return False
    return True


def _factor(sampler: Sampler, score: TargetScore, schedule: NoiseSchedule, start: Start, exact: bool) -> Factor:
    target = score.target
    if exact and is_gaussian(target):
        out = gaussian_output(sampler, target, schedule, start) if isinstance(sampler, Recursion) \
            else probed_output(sampler, target, schedule, start)
        return GaussianFactor(out, spectrum(target).at(schedule.end))
    _check_reduced(target)
    if int(target.multiplicity[0]) > 1:
        return RadialFactor(radial_law(sampler, score, schedule, start), target, schedule.end)
    if not sampler.stochastic or memoryless(recursion_of(sampler), schedule):
        return LineFactor(line_law(sampler, score, schedule, start), target, schedule.end)
    return LineFactor(multistep_law(recursion_of(sampler), score, schedule, start), target, schedule.end)

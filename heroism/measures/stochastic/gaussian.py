"""Any sampler that is a linear recursion, on a Gaussian target: exact means and covariances of its whole path.

On N(mu, Sigma) every output of the model is affine in the state, so the slots of a recursion stay jointly Gaussian, and
in the eigenbasis of Sigma the coordinates do not mix: per eigenvalue there is one small linear system over the slots.
Multistep samplers are no exception, their history is in the slots.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from heroism.errors import require
from heroism.measures.stochastic.overlap import LogAffinity, affinity_of_gaussians, joint_total_variation
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.stochastic.recursion import STATE, Combine, Evaluate, Recursion
from heroism.starts import Exact, Gaussian, Start, start_law
from heroism.targets.base import Target
from heroism.targets.mixtures import DiagonalComponents, FullComponents, Mixture


@dataclass(frozen=True)
class Spectrum:
    """A Gaussian law in the eigenbasis of its covariance.

    Attributes
    ----------
    mean, variance : (m,) along the axes. multiplicity : (m,) how many equal axes each stands for.
    """

    mean: Array
    variance: Array
    multiplicity: Array

    def at(self, level: NoiseLevel) -> Spectrum:
        """The law of X_tau if this is that of X_0."""
        return Spectrum(np.sqrt(level.alpha_bar) * self.mean, level.alpha_bar * self.variance + level.tau,
                        self.multiplicity)

    def kl(self, other: Spectrum) -> float:
        """Kullback-Leibler divergence of this law from ``other``, which has the same axes."""
        excess = (self.variance - other.variance) / other.variance
        shift = (self.mean - other.mean) ** 2 / other.variance
        return float(0.5 * self.multiplicity @ (minus_log1p(excess) + shift))

    def wasserstein(self, other: Spectrum) -> float:
        """W2 distance of two laws with the same axes."""
        gap = (self.variance - other.variance) / (np.sqrt(self.variance) + np.sqrt(other.variance))
        return float(np.sqrt(self.multiplicity @ (gap**2 + (self.mean - other.mean) ** 2)))

    def total_variation(self, other: Spectrum) -> float:
        """Total variation between two laws with the same axes, by one integral in any dimension."""
        return joint_total_variation(self.log_affinity(other))

    def log_affinity(self, other: Spectrum) -> LogAffinity:
        """Log affinity of this law and ``other``, which has the same axes."""
        excess = (self.variance - other.variance) / other.variance
        return affinity_of_gaussians(self.mean - other.mean, other.variance, excess, self.multiplicity)


def minus_log1p(x: Array) -> Array:
    """``x - log(1 + x)``, whose leading term is ``x^2 / 2``."""
    small = np.abs(x) < 0.02
    near, total = np.where(small, x, 0.0), np.zeros_like(x)
    for j in range(12, 1, -1):
        total = total * near + (-1.0) ** j / j
    return np.where(small, total * near * near, x - np.log1p(x))


def is_gaussian(target: Target) -> bool:
    """Whether the target is one Gaussian."""
    return isinstance(target, Mixture) and target.components.count == 1


def spectrum(target: Target) -> Spectrum:
    """Means and variances of a Gaussian target along its axes. InputError for any other target."""
    require(is_gaussian(target), "target", type(target).__name__, "this engine needs a Gaussian one: a mixture of one "
            "component")
    assert isinstance(target, Mixture)
    parts = target.components
    multiplicity = np.asarray(target.multiplicity, dtype=float) * target.copies
    if isinstance(parts, FullComponents):
        return Spectrum(parts.means[0] @ parts.basis[0], parts.variances[0], multiplicity)
    assert isinstance(parts, DiagonalComponents)
    return Spectrum(parts.means[0], np.broadcast_to(parts.variances[0], parts.means[0].shape), multiplicity)


class Slots:
    """Joint law of the slots along every axis: means (k, m) and covariances (k, k, m) for k slots and m axes."""

    def __init__(self, law: Spectrum, mean: Array, variance: Array):
        self.law, self.names = law, [STATE]
        self.mean, self.covariance = mean[None].copy(), variance[None, None].copy()

    def apply(self, operation: Evaluate | Combine) -> None:
        """Carry out one operation of a recursion."""
        if isinstance(operation, Combine):
            row = self._row(operation)
            noise = operation.deviation**2
            self._set(operation.into, row @ self.mean, np.tensordot(row, self.covariance, 1), noise, row)
            return
        constant, gain = self.model(operation)
        at = self.names.index(operation.at)
        row = np.zeros((len(self.names), len(gain)))
        row[at] = gain
        self._set(operation.into, constant + gain * self.mean[at], gain * self.covariance[at], 0.0, row)

    def model(self, operation: Evaluate) -> tuple[Array, Array]:
        """Output of the model as ``constant + gain x`` along every axis (m,)."""
        level = operation.level
        at = self.law.at(level)
        if operation.output == "data":
            gain = np.sqrt(level.alpha_bar) * self.law.variance / at.variance
            return self.law.mean - gain * at.mean, gain
        gain = (np.sqrt(level.tau) if operation.output == "noise" else -1.0) / at.variance
        return -gain * at.mean, gain

    def marginal(self, name: str = STATE) -> Spectrum:
        """The law of one slot."""
        i = self.names.index(name)
        return Spectrum(self.mean[i], self.covariance[i, i], self.law.multiplicity)

    def combined(self, operation: Combine, other: str) -> tuple[Array, Array, Array, Array]:
        """(mean, variance, covariance with the slot ``other``, variance of that) of a combination before its noise."""
        row, i = self._row(operation), self.names.index(other)
        along = np.tensordot(row, self.covariance, 1)
        return row @ self.mean, np.tensordot(row, along, 1), along[i], self.covariance[i, i]

    def _row(self, operation: Combine) -> Array:
        row = np.zeros(len(self.names))
        for name, weight in operation.weights.items():
            row[self.names.index(name)] += weight
        return row

    def _set(self, into: str, mean: Array, along: Array, noise: float, row: Array) -> None:
        """Overwrite or append a slot: its mean (m,), its covariances with the slots (k, m), its own noise."""
        weights = row if row.ndim == 2 else row[:, None]
        own = np.einsum("km,km->m", np.broadcast_to(weights, along.shape), along) + noise
        if into not in self.names:
            self.names.append(into)
            k, m = len(self.names), len(own)
            self.mean = np.concatenate([self.mean, np.zeros((1, m))])
            grown = np.zeros((k, k, m))
            grown[:-1, :-1] = self.covariance
            self.covariance = grown
            along = np.concatenate([along, np.zeros((1, m))])
        i = self.names.index(into)
        self.mean[i] = mean
        self.covariance[i], self.covariance[:, i] = along, along
        self.covariance[i, i] = own


def first_slots(law: Spectrum, schedule: NoiseSchedule, start: Start) -> Slots:
    """The state at the largest noise level."""
    first = start_spectrum(law, schedule, start)
    return Slots(law, first.mean, first.variance)


def start_spectrum(law: Spectrum, schedule: NoiseSchedule, start: Start) -> Spectrum:
    """The law of the start: the target's own law there, or N(0, I). InputError for another one."""
    named = start_law(start)
    require(isinstance(named, Exact | Gaussian), "start", type(named).__name__, "a Gaussian target is measured from "
            "the exact or the Gaussian start")
    at = law.at(schedule.start)
    if isinstance(named, Exact):
        return at
    return Spectrum(np.zeros_like(at.mean), np.ones_like(at.variance), at.multiplicity)


def gaussian_path(sampler: Recursion, target: Target, schedule: NoiseSchedule,
                  start: Start = "exact") -> Iterator[tuple[NoiseLevel, Spectrum]]:
    """The level and the exact law of the state, at the start and after every step, on a Gaussian target."""
    slots = first_slots(spectrum(target), schedule, start)
    yield schedule.start, slots.marginal()
    for step in sampler.steps(schedule):
        for operation in step.operations:
            slots.apply(operation)
        yield step.end, slots.marginal()


def gaussian_output(sampler: Recursion, target: Target, schedule: NoiseSchedule, start: Start = "exact") -> Spectrum:
    """The exact law of the sampler's output on a Gaussian target."""
    *_, (_, law) = gaussian_path(sampler, target, schedule, start)
    return law


@dataclass(frozen=True)
class WassersteinSplit:
    """W2 to the data law and where it comes from (the split of 2405.14250).

    Attributes
    ----------
    total : between the output of a run from N(0, I) and X_0 itself.
    initialisation : what the start N(0, I) leaves after an exact solution from there, ODE or SDE as the sampler is.
    truncation : between X_tau at the smallest noise level and X_0.
    discretisation : between the output of a run from the exact start and X_tau at the smallest noise level.
    """

    total: float
    initialisation: float
    truncation: float
    discretisation: float


def wasserstein_split(sampler: Recursion, target: Target, schedule: NoiseSchedule) -> WassersteinSplit:
    """W2 of a sampler on a Gaussian target, and its three sources."""
    law = spectrum(target)
    first, last = law.at(schedule.start), law.at(schedule.end)
    gain = _exact_gain(law, schedule, sampler.stochastic)
    # an exact solution is affine: what the start lacks or has too much is carried along
    started = Spectrum(last.mean - gain * first.mean, last.variance + gain**2 * (1.0 - first.variance),
                       law.multiplicity)
    exact, gaussian = (gaussian_output(sampler, target, schedule, start) for start in ("exact", "gaussian"))
    return WassersteinSplit(gaussian.wasserstein(law), started.wasserstein(last), last.wasserstein(law),
                            exact.wasserstein(last))


def _exact_gain(law: Spectrum, schedule: NoiseSchedule, stochastic: bool) -> Array:
    """(m,) of the exact solution ``x_end = gain x_start + ...``: of the reverse SDE, or of the probability flow."""
    first, last = law.at(schedule.start).variance, law.at(schedule.end).variance
    if not stochastic:
        return np.sqrt(last / first)
    return np.sqrt(schedule.start.alpha_bar / schedule.end.alpha_bar) * last / first

"""Sizes of the score and of its Jacobian where the process is (2506.24042, lemma 3)."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from heroism.errors import require
from heroism.flow import with_tangents
from heroism.measures.base import Need
from heroism.measures.estimate import Estimate
from heroism.measures.lemmas.spread import Copies, Lemma, grouped, spread_over
from heroism.measures.run import Run
from heroism.noise import Array, NoiseLevel
from heroism.samplers.base import Sampler
from heroism.targets.base import Target


@dataclass(frozen=True)
class _Bound(Lemma):
    """A high quantile over particles in R^d (joint ones, if the target has independent copies), the largest over the
    noise levels: ``particles`` points of the law of X_tau at each of ``levels`` levels, spread over the schedule.
    """

    needs: ClassVar[Need] = "law"
    power: ClassVar[float]  # of tau, by which the norm is scaled
    quantile: float = 0.99
    particles: int = 256
    levels: int = 24

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        super().check(target, sampler, particles)
        require(0.0 < self.quantile < 1.0, "quantile", self.quantile, "give a number between 0 and 1")

    def estimate(self, run: Run) -> Estimate:
        rng = np.random.default_rng(run.seed)
        sizes = np.array([level.tau**self.power * self._norms(run.target, level, rng)
                          for level in spread_over(run.schedule, self.levels)])

        def largest(chosen: np.ndarray) -> float:
            return float(np.max(np.quantile(sizes[:, chosen], self.quantile, axis=1)))

        return Estimate(*grouped(largest, self.particles), 0.0, self.particles)

    @abstractmethod
    def _norms(self, target: Target, level: NoiseLevel, rng: np.random.Generator) -> Array:
        """(particles,) norms in R^d at points of this noise level."""


class ScoreBound(_Bound):
    """``|s| sqrt(tau)`` along exact trajectories: a high quantile over particles, the largest over the noise levels.

    Lemma 3 of 2506.24042 bounds it by a multiple of ``sqrt(d log T)`` where the process typically is.
    """

    power = 0.5

    def _norms(self, target: Target, level: NoiseLevel, rng: np.random.Generator) -> Array:
        if target.copies == 1:
            return np.linalg.norm(target.score(target.sample(self.particles, level, rng)[None], level)[0], axis=1)
        line = Copies(target, level)
        return np.sqrt(line.sums(target.score(line.x[None], level)[0, :, 0] ** 2, self.particles, rng))


class JacobianBound(_Bound):
    """``|grad s| tau`` in spectral norm: a high quantile over particles, the largest over the noise levels.

    Lemma 3 of 2506.24042 bounds it by a multiple of ``d log T``. The Jacobian is that in R^d: a radius has, beside its
    own entry, the transversal eigenvalue ``s_r / r``; independent copies make it block diagonal, and the largest block
    counts.
    """

    power = 1.0

    def _norms(self, target: Target, level: NoiseLevel, rng: np.random.Generator) -> Array:
        if target.copies == 1:
            return spectral_norms(target, target.sample(self.particles, level, rng), level)
        line = Copies(target, level)
        return line.largest(spectral_norms(target, line.x, level), self.particles, rng)


def spectral_norms(target: Target, x: Array, level: NoiseLevel) -> Array:
    """(n,) spectral norm in R^d of the score's Jacobian at x (n, dim); of one copy, if the target has several."""
    score, *products = target.score(with_tangents(target, x), level)
    if target.jacobian == "diagonal":
        norm = np.max(np.abs(products[0]), axis=1)
    else:
        norm = np.linalg.norm(np.moveaxis(np.array(products), 1, 0), ord=2, axis=(1, 2))
    radial = np.asarray(target.multiplicity) > 1
    if np.any(radial):
        norm = np.maximum(norm, np.max(np.abs(score[:, radial] / x[:, radial]), axis=1))
    return norm

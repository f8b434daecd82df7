"""Targets of low intrinsic dimension: a law on the first coordinates of a larger space, zeros elsewhere."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from heroism.errors import instance, nonnegative, require, whole_number
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.targets.base import Target
from heroism.targets.mixtures import Mixture, centred
from heroism.targets.random_codebook import RandomCodebook

MOST_COPIES = 4096


class Embedded(Target):
    """``target`` in the first k of ``ambient_dim`` coordinates, zeros elsewhere, where k is the dimension it lives in.

    The reduced coordinates are those of ``target`` and, for the other ``ambient_dim - k``, which are N(0, tau I) and
    independent of it, one radius (one plain coordinate if there is one; none if there are none). A product of
    identical laws is written out, one reduced coordinate a copy, with a diagonal Jacobian. Of a law that is described
    by one of its parts, that part is followed here too.

    Parameters
    ----------
    target : the law inside, of any kind; independent copies are written out, so at most 4096 of them.
    ambient_dim : at least ``target.ambient_dim``.

    Raises
    ------
    InputError : a smaller ambient_dim, or too many copies.
    """

    def __init__(self, target: Target, ambient_dim: int):
        instance("target", target, Target, "give one of heroism.targets")
        self.target = target
        inner = target.ambient_dim
        extra = whole_number("ambient_dim", ambient_dim, inner) - inner
        require(target.copies <= MOST_COPIES, "target", f"{target.copies} independent copies",
                f"a product can be embedded with at most {MOST_COPIES} coordinates")
        self.inner_dim = target.dim * target.copies
        self.rest = centred(np.ones(1), np.zeros(1), extra) if extra else None
        self.dim = self.inner_dim + bool(extra)
        inside = np.tile(target.multiplicity, target.copies)
        self.multiplicity = np.append(inside, extra) if extra else inside
        alone = target.copies > 1 and target.dim == 1
        self.partial, self.rows = target.partial, target.rows
        self.jacobian: Literal["dense", "diagonal"] = "diagonal" if alone or target.jacobian == "diagonal" else "dense"

    @classmethod
    def subspace(cls, k: int, dim: int, variance: float = 0.25) -> Embedded:
        """N(0, variance I_k) on a k-dimensional subspace of R^d. InputError: k < 1, k > d, or a variance below 0."""
        k = whole_number("k", k, 1)
        require(k <= whole_number("d", dim, 1), "k", k, f"must not exceed d = {dim}")
        variances = np.array([nonnegative("variance", variance)])
        return cls(Mixture(centred(np.ones(1), variances, k), shell=k), dim)

    @classmethod
    def codebook(cls, k: int, dim: int, rate: float = 1.0, variance: float = 1e-6) -> Embedded:
        """The planted model of a random codebook of that rate in k of d coordinates. InputError: what it refuses."""
        return cls(RandomCodebook(k, rate, variance), dim)

    def sample(self, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        return self._beside(self.target.sample(n * self.target.copies, level, rng), n, level, rng)

    def sample_part(self, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        return self._beside(self.target.sample_part(n * self.target.copies, level, rng), n, level, rng)

    def in_part(self, x: Array, level: NoiseLevel) -> NDArray[np.bool_]:
        return self.target.in_part(x[:, : self.inner_dim], level)

    def part_levels(self, schedule: NoiseSchedule) -> NoiseSchedule:
        return self.target.part_levels(schedule)

    def _beside(self, inner: Array, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        """(n, dim) points whose first coordinates are given, one copy a row."""
        inner = inner.reshape(n, self.inner_dim)
        return inner if self.rest is None else np.concatenate([inner, self.rest.sample(n, level, rng)], axis=1)

    def log_density(self, x: Array, level: NoiseLevel) -> Array:
        inner = self.target.log_density(x[:, : self.inner_dim].reshape(-1, self.target.dim), level)
        total = inner.reshape(len(x), -1).sum(axis=1)
        if self.rest is not None:
            total += self.rest.log_density(x[:, self.inner_dim :], level)
        return total

    def score(self, bundle: Array, level: NoiseLevel) -> Array:
        out = np.empty_like(bundle)
        inner = bundle[:, :, : self.inner_dim]
        copies = inner.reshape(len(bundle), -1, self.target.dim)
        out[:, :, : self.inner_dim] = self.target.score(copies, level).reshape(inner.shape)
        if self.rest is not None:
            out[:, :, self.inner_dim :] = self.rest.score(bundle[:, :, self.inner_dim :], level)
        return out

    def lift(self, positions: Array, rng: np.random.Generator, weights: Array | None = None) -> Array:
        if self.target.copies > 1:
            return super().lift(positions, rng, weights)
        inner = self.target.lift(positions[:, : self.inner_dim], rng)
        if self.rest is None:
            return inner
        rest = Mixture(self.rest, shell=self.rest.shell).lift(positions[:, self.inner_dim :], rng)
        return np.concatenate([inner, rest], axis=1)

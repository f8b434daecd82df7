"""The contract of a target: everything at any noise level in closed form, in coordinates reduced by symmetry.

**Reduced coordinates.** A sampler is linear in state and score, so it never leaves a symmetry of the target: a
rotationally symmetric block of m coordinates moves along its radius only. Such a block is *one* reduced coordinate, a
radius, of multiplicity m; a plain coordinate has multiplicity 1. ``log_density`` is the density of the reduced
coordinates (the radius carries the shell factor ``(m - 1) log r + log area(S^{m-1})``), the score is the score in
R^d along them. Total variation in reduced coordinates equals total variation in R^d.

**Independent copies.** A product of d identical one-dimensional laws is described by one coordinate and ``copies =
d``: a sampler treats the coordinates independently, so one coordinate's map says everything. It is followed from
weighted nodes (``heroism.nodes``), and ``total_variation`` composes d copies. A random pool would not do: at d = 10^6
an error of 1/d in its mean matters.

**One of many parts.** A law whose parts are all alike, but too many to be written out, may be described by one of them
and what the others amount to (``partial``). A run then follows the paths that the exact flow takes to that part, and
means of them stand for means over the law.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from heroism.described import Described
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.special.radial import log_area, log_radius_density

REACH = 9.0  # standard deviations: beyond lies 2e-19 of a Gaussian


class Target(Described, ABC):
    """A probability law of X_0 and of every ``X_tau = sqrt(alpha_bar) X_0 + sqrt(tau) Z``.

    Attributes
    ----------
    dim : number of reduced coordinates, what a sampler sees.
    multiplicity : (dim,) ints; 1 for a plain coordinate, m > 1 for the radius of a rotationally symmetric block in R^m.
    copies : number of independent identical copies (1 unless the target is a product of identical laws).
    jacobian : "dense", or "diagonal" when every reduced coordinate evolves on its own.
    rows : whether the score prefers bundles whose particles lie side by side in memory, a row for each coordinate.
    partial : whether the law is described by one of its many parts; then ``sample_part``, ``in_part`` and
        ``part_levels`` have to be said.
    """

    dim: int
    jacobian: Literal["dense", "diagonal"] = "dense"
    copies: int = 1
    rows: bool = False
    partial: bool = False
    multiplicity: np.ndarray

    @property
    def ambient_dim(self) -> int:
        """d of the theorems: the dimension of the space that the law lives in."""
        return self.copies * int(np.sum(self.multiplicity))

    @abstractmethod
    def sample(self, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        """(n, dim) draws of X_tau in reduced coordinates."""

    @abstractmethod
    def log_density(self, x: Array, level: NoiseLevel) -> Array:
        """(n,) log density of the reduced coordinates of X_tau at x (n, dim); accurate far into the tails."""

    @abstractmethod
    def score(self, bundle: Array, level: NoiseLevel) -> Array:
        """(1+p, n, dim): the score s at ``bundle[0]`` and the products H v of its derivative with ``bundle[1:]``.

        For a "diagonal" target the product with the all-ones tangent is the diagonal of H.
        """

    def reach(self, level: NoiseLevel) -> tuple[float, float]:
        """(low, high) between which all but 1e-18 of one copy of X_tau lies: where its quadrature nodes are laid.

        Targets with independent copies have to say; raises NotImplementedError for one without.
        """
        raise NotImplementedError(f"{type(self).__name__} has no independent copies")

    def sample_part(self, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        """(n, dim) draws of X_tau whose X_0 lies in the part that is followed; of the whole law, if it has no parts."""
        return self.sample(n, level, rng)

    def in_part(self, x: Array, level: NoiseLevel) -> NDArray[np.bool_]:
        """(n,) whether x (n, dim), a path's end at this level, lies in the part that is followed; elsewhere the path is
        lost.
        """
        return np.ones(len(x), dtype=bool)

    def part_levels(self, schedule: NoiseSchedule) -> NoiseSchedule:
        """Levels between the ends of a schedule by which Runge-Kutta steps of order 4 follow the exact flow from the
        part up.

        Raises NotImplementedError for a law that has no parts.
        """
        raise NotImplementedError(f"{type(self).__name__} has no parts")

    def log_shell(self, x: Array) -> Array:
        """(n,) log volume factor of the radii; ``log_density - log_shell`` is the log density in R^d, whose gradient
        is the score.
        """
        total = np.zeros(len(x))
        for axis, m in enumerate(self.multiplicity):
            if m > 1:
                total += (m - 1) * np.log(np.abs(x[:, axis])) + log_area(int(m))
        return total

    def sample_gaussian(self, n: int, rng: np.random.Generator) -> Array:
        """(n, dim) draws of N(0, I_d) in this target's reduced coordinates: the start of an end-to-end run."""
        x = rng.standard_normal((n, self.dim))
        for axis, m in enumerate(self.multiplicity):
            if m > 1:
                x[:, axis] = np.sqrt(rng.chisquare(m, n))
        return x

    def log_density_gaussian(self, x: Array) -> Array:
        """(n,) log density of N(0, I_d) in this target's reduced coordinates."""
        total = np.zeros(len(x))
        for axis, m in enumerate(self.multiplicity):
            if m > 1:
                total += log_radius_density(x[:, axis], 1.0, int(m))
            else:
                total += -0.5 * x[:, axis] ** 2 - 0.5 * np.log(2.0 * np.pi)
        return total

    def diffuse(self, x: Array, deviation: float, rng: np.random.Generator) -> Array:
        """(n, dim) reduced coordinates of ``X + deviation Z``, Z ~ N(0, I_d), given those of X (n, dim)."""
        noisy = x + deviation * rng.standard_normal(x.shape)
        for axis, m in enumerate(self.multiplicity):
            if m > 1:
                noisy[:, axis] = np.hypot(noisy[:, axis], deviation * np.sqrt(rng.chisquare(m - 1, len(x))))
        return noisy

    def lift(self, positions: Array, rng: np.random.Generator, weights: Array | None = None) -> Array:
        """(n, ambient_dim) points of R^d with these reduced coordinates (n, dim), the symmetric parts drawn at random.

        For independent copies ``positions`` (in the order of their starting nodes) with ``weights`` (n,) describe one
        coordinate, whose quantile function is interpolated. Meant for histograms, transport distances and pictures.
        """
        n = len(positions)
        if self.copies > 1:
            return draw_copies(positions, weights, (n, self.copies), rng)
        blocks = []
        for axis, m in enumerate(self.multiplicity):
            block = positions[:, axis : axis + 1]
            if m > 1:
                direction = rng.standard_normal((n, int(m)))
                block = block * (direction / np.linalg.norm(direction, axis=1, keepdims=True))
            blocks.append(block)
        return np.concatenate(blocks, axis=1)


def draw_copies(positions: Array, weights: Array | None, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Independent draws, of any shape, of the coordinate that positions (n, 1) with weights (n,) describe."""
    line = positions[:, 0]
    if weights is None:
        return line[rng.integers(len(line), size=shape)]
    return np.interp(rng.random(shape) * weights.sum(), np.cumsum(weights) - 0.5 * weights, line)

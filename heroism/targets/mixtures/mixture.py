"""What targets made of Gaussian components share: the contract, identical coordinates, and reduction by symmetry."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from heroism.errors import require, whole_number
from heroism.noise import Array, NoiseLevel
from heroism.targets.base import REACH, Target
from heroism.targets.mixtures.components import Components
from heroism.targets.mixtures.isotropic import IsotropicComponents

LARGEST_DENSE = 4096  # reduced coordinates of a target with a dense Jacobian: one particle's bundle is then 134 MB


class Mixture(Target):
    """A target made of Gaussian components; its reduced coordinates are plain, the last may be the radius of a shell.

    Attributes
    ----------
    components : weights, means and covariances in reduced coordinates.
    basis : (r, d) orthonormal rows, the directions in R^d of the plain reduced coordinates; None if they are its own.

    Raises
    ------
    InputError : more reduced coordinates than a dense Jacobian can have.
    """

    def __init__(self, components: Components[Any], shell: int = 1, basis: Array | None = None, copies: int = 1):
        self.components, self.basis, self.copies = components, basis, copies
        self.dim, self.rows = components.dim, components.rows
        self.multiplicity = np.array([1] * (self.dim - 1) + [shell])
        self.jacobian: Literal["dense", "diagonal"] = "diagonal" if components.independent else "dense"
        require(self.jacobian == "diagonal" or self.dim <= LARGEST_DENSE, "d", self.dim,
                f"this law has no symmetry to reduce it by; take d <= {LARGEST_DENSE}")

    def sample(self, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        return self.components.sample(n, level, rng)

    def log_density(self, x: Array, level: NoiseLevel) -> Array:
        return self.components.log_density(x, level)

    def score(self, bundle: Array, level: NoiseLevel) -> Array:
        return self.components.score(bundle, level)

    def lift(self, positions: Array, rng: np.random.Generator, weights: Array | None = None) -> Array:
        if self.basis is None:
            return super().lift(positions, rng, weights)
        direction = rng.standard_normal((len(positions), self.basis.shape[1]))
        direction -= (direction @ self.basis.T) @ self.basis  # uniform in the orthogonal complement of the basis
        direction *= (positions[:, -1] / np.linalg.norm(direction, axis=1))[:, None]
        return positions[:, :-1] @ self.basis + direction


class IdenticalCoordinates(Mixture):
    """d independent coordinates with the same one-dimensional mixture law: one reduced coordinate, ``copies = d``."""

    def __init__(self, means: Array, variances: Array, weights: Array, dim: int):
        self.law = IsotropicComponents(weights, means[:, None], variances)
        super().__init__(self.law, copies=whole_number("d", dim, 1))

    def reach(self, level: NoiseLevel) -> tuple[float, float]:
        centre = np.sqrt(level.alpha_bar) * self.law.means[:, 0]
        scale = REACH * np.sqrt(level.alpha_bar * self.law.variances[:, 0] + level.tau)
        return float(np.min(centre - scale)), float(np.max(centre + scale))


def span(means: Array) -> tuple[Array, Array]:
    """Coordinates (m, r) of the means (m, d) in an orthonormal basis (r, d) of their linear span, up to round-off."""
    live = np.flatnonzero(means.any(axis=0))  # means in few coordinates of a million cost next to nothing
    left, size, right = np.linalg.svd(means[:, live], full_matrices=False)
    rank = int(np.sum(size > size.max(initial=0.0) * max(means.shape) * np.finfo(float).eps))
    basis = np.zeros((rank, means.shape[1]))
    basis[:, live] = right[:rank]
    return left[:, :rank] * size[:rank], basis


def reduced_isotropic(means: Array, variances: Array, weights: Array) -> tuple[IsotropicComponents, int, Array | None]:
    """``sum_k w_k N(mu_k, v_k I_d)``, means (m, d), in reduced coordinates; the shell's dimension; the basis.

    If the means span r directions and r + 1 < d, the reduced coordinates are the r coordinates in an orthonormal
    basis of that span and the radius of the other d - r coordinates (the shell). Otherwise they are those of R^d and
    basis is None.
    """
    d = means.shape[1]
    if d > 1:
        inner, basis = span(means)
        shell = d - len(basis)
        if shell > 1:
            reduced = np.concatenate([inner, np.zeros((len(means), 1))], axis=1)
            return IsotropicComponents(weights, reduced, variances, shell), shell, basis
    return IsotropicComponents(weights, means, variances), 1, None


def centred(weights: Array, variances: Array, dim: int) -> IsotropicComponents:
    """Components of ``sum_k w_k N(0, v_k I_d)`` along the radius, or along the line if d = 1."""
    return IsotropicComponents(weights, np.zeros((len(weights), 1)), variances, shell=dim)

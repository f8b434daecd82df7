"""The uniform law on a sphere, reduced to the radius."""

from __future__ import annotations

import numpy as np

from heroism.errors import require, whole_number
from heroism.noise import Array, NoiseLevel
from heroism.targets.base import Target
from heroism.targets.bessel import BesselRatio, log_shell_density

LARGEST_DIM = 1_000_000


class Sphere(Target):
    """X_0 uniform on the sphere of radius R in R^dim; one reduced coordinate, the radius r.

    With ``b = sqrt(alpha_bar) R`` and the Bessel ratio ``A = I_{d/2} / I_{d/2-1}`` at ``k = b r / tau``, the score
    along the radius is ``-r / tau + (b / tau) A(k)``, odd in r; H along it is its derivative. A sampler that overshoots
    may return a negative radius: densities are those of ``|r|``.

    Parameters
    ----------
    dim : d, from 2 (the circle) to 10^6.
    radius : R > 0.

    Raises
    ------
    InputError : d or the radius out of range.
    """

    dim = 1
    jacobian = "diagonal"

    def __init__(self, dim: int, radius: float = 1.0):
        d = whole_number("d", dim, 1)
        require(d > 1, "d", dim, "the sphere in R^1 is two points: use HypercubeVertices, or d >= 2")
        require(d <= LARGEST_DIM, "d", dim, f"a sphere has at most {LARGEST_DIM} dimensions")
        require(np.isfinite(radius) and radius > 0, "radius", radius, "give a positive number")
        self.radius = float(radius)
        self.multiplicity = np.array([d])
        self._ratio = BesselRatio(d)

    def sample(self, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        return sample_radius(np.full((n, 1), self.radius), self.ambient_dim, level, rng)

    def log_density(self, x: Array, level: NoiseLevel) -> Array:
        return log_shell_density(x[:, 0], np.sqrt(level.alpha_bar) * self.radius, level.tau, self.ambient_dim)

    def score(self, bundle: Array, level: NoiseLevel) -> Array:
        return radial_score(bundle, self.radius, self._ratio, level)


class Circle(Sphere):
    """X_0 uniform on the circle of this radius in the plane."""

    def __init__(self, radius: float = 1.0):
        super().__init__(2, radius)


def sample_radius(shell: Array, d: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
    """Draws of ``|X_tau|`` for X_0 uniform on spheres of radius ``shell`` (any shape) in R^d."""
    along = np.sqrt(level.alpha_bar) * shell + np.sqrt(level.tau) * rng.standard_normal(shell.shape)
    return np.sqrt(along**2 + level.tau * rng.chisquare(d - 1, shell.shape))


def radial_score(bundle: Array, shell: float | Array, bessel: BesselRatio, level: NoiseLevel) -> Array:
    """Score and tangent products (1+p, n, k) of radii (n, k); ``shell`` is R, or one for every coordinate (k,)."""
    r = bundle[0]
    pull = np.sqrt(level.alpha_bar) * shell / level.tau  # b / tau
    ratio, slope = bessel(np.square(pull * r))
    out = np.empty_like(bundle)
    ratio *= np.square(pull)
    ratio -= 1.0 / level.tau
    np.multiply(r, ratio, out=out[0])
    slope *= np.square(pull)
    slope -= 1.0 / level.tau
    np.multiply(bundle[1:], slope, out=out[1:])
    return out

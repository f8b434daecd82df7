"""The uniform law on a sphere, and on a product of equal-dimensional spheres, reduced to the radii."""

from __future__ import annotations

import numpy as np

from heroism.errors import positive, require, whole_number
from heroism.noise import Array, NoiseLevel
from heroism.special import BesselRatio, log_shell_density
from heroism.targets.base import Target

LARGEST_DIM = 1_000_000


class Spheres(Target):
    """X_0 uniform on a product of spheres of radii R (k,) in R^m; the reduced coordinates are the k radii r.

    With ``b = sqrt(alpha_bar) R`` and the Bessel ratio ``A = I_{m/2} / I_{m/2-1}`` at ``k = b r / tau``, the score
    along a radius is ``-r / tau + (b / tau) A(k)``, odd in r; H along it is its derivative. A sampler that overshoots
    may return a negative radius: densities are those of ``|r|``.
    """

    jacobian = "diagonal"

    def __init__(self, radii: Array, m: int):
        self.radii, self.m = radii, m
        self.dim = len(radii)
        self.multiplicity = np.full(self.dim, m)
        self._ratio = BesselRatio(m)

    def sample(self, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        shell = np.broadcast_to(self.radii, (n, self.dim))
        along = np.sqrt(level.alpha_bar) * shell + np.sqrt(level.tau) * rng.standard_normal(shell.shape)
        return np.sqrt(along**2 + level.tau * rng.chisquare(self.m - 1, shell.shape))

    def log_density(self, x: Array, level: NoiseLevel) -> Array:
        return log_shell_density(x, np.sqrt(level.alpha_bar) * self.radii, level.tau, self.m).sum(axis=1)

    def score(self, bundle: Array, level: NoiseLevel) -> Array:
        r = bundle[0]
        pull = np.sqrt(level.alpha_bar) * self.radii / level.tau  # b / tau
        ratio, slope = self._ratio(np.square(pull * r))
        out = np.empty_like(bundle)
        for factor, given, result in ((ratio, r, out[0]), (slope, bundle[1:], out[1:])):
            factor *= np.square(pull)
            factor -= 1.0 / level.tau
            np.multiply(given, factor, out=result)
        return out


class Sphere(Spheres):
    """X_0 uniform on the sphere of radius R in R^dim; one reduced coordinate, the radius.

    Parameters
    ----------
    dim : d, from 2 (the circle) to 10^6.
    radius : R > 0.

    Raises
    ------
    InputError : d or the radius out of range.
    """

    def __init__(self, dim: int, radius: float = 1.0):
        d = whole_number("d", dim, 1)
        require(d > 1, "d", dim, "the sphere in R^1 is two points: use HypercubeVertices, or d >= 2")
        require(d <= LARGEST_DIM, "d", dim, f"a sphere has at most {LARGEST_DIM} dimensions")
        self.radius = positive("radius", radius)
        super().__init__(np.array([self.radius]), d)


class Circle(Sphere):
    """X_0 uniform on the circle of this radius in the plane."""

    def __init__(self, radius: float = 1.0):
        super().__init__(2, radius)

"""A flat torus: a product of circles, k-dimensional in R^{2k}."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from heroism.errors import InputError, require, whole_number
from heroism.noise import Array, NoiseLevel
from heroism.targets.base import Target
from heroism.targets.bessel import BesselRatio, log_shell_density
from heroism.targets.sphere import radial_score, sample_radius

LARGEST_CIRCLES = 4096


class Torus(Target):
    """X_0 uniform on a product of circles; the reduced coordinates are their radii, each evolves on its own.

    Parameters
    ----------
    radii : radii of the circles (k,), or one number for all ``circles`` of them.
    circles : k, the intrinsic dimension; the ambient one is 2 k. Not needed if the radii are a list.

    Raises
    ------
    InputError : radii that are not positive, too many circles, or two different numbers of circles.
    """

    jacobian = "diagonal"

    def __init__(self, radii: ArrayLike, circles: int | None = None):
        try:
            values = np.atleast_1d(np.asarray(radii, dtype=float))
        except (TypeError, ValueError):
            raise InputError("radii", radii, "give a number or a list of numbers") from None
        self.dim = values.size if circles is None else whole_number("circles", circles, 1)
        require(values.ndim == 1 and values.size in (1, self.dim), "radii", radii,
                f"give one number, or one for each of the {self.dim} circles")
        require(bool(np.all(np.isfinite(values) & (values > 0))), "radii", radii, "give positive numbers")
        require(self.dim <= LARGEST_CIRCLES, "circles", self.dim, f"a torus has at most {LARGEST_CIRCLES} circles")
        self.radii = np.broadcast_to(values, (self.dim,))
        self.multiplicity = np.full(self.dim, 2)
        self._ratio = BesselRatio(2)

    def sample(self, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        return sample_radius(np.broadcast_to(self.radii, (n, self.dim)), 2, level, rng)

    def log_density(self, x: Array, level: NoiseLevel) -> Array:
        return log_shell_density(x, np.sqrt(level.alpha_bar) * self.radii, level.tau, 2).sum(axis=1)

    def score(self, bundle: Array, level: NoiseLevel) -> Array:
        return radial_score(bundle, self.radii, self._ratio, level)

"""The uniform law on a hypercube."""

from __future__ import annotations

import numpy as np

from heroism.errors import positive
from heroism.noise import Array, NoiseLevel
from heroism.special import log_mass, moments
from heroism.targets.box import Box


class Hypercube(Box):
    """X_0 uniform on ``[-half_width, half_width]^dim``: one coordinate, ``dim`` independent copies of it.

    With ``a = sqrt(alpha_bar)``, ``s = sqrt(tau)`` a coordinate of X_tau has density
    ``(Phi((x + a h) / s) - Phi((x - a h) / s)) / (2 a h)``; its score and H follow from mean and variance of the
    noise that leads from the cube to x.

    Parameters
    ----------
    dim : d, from 1 to 10^6.
    half_width : h > 0; the variance of a coordinate is h^2 / 3.

    Raises
    ------
    InputError : d or the half-width out of range.
    """

    def __init__(self, dim: int, half_width: float = 1.0):
        self.half_width = positive("half_width", half_width)
        super().__init__(np.array([-self.half_width]), np.array([self.half_width]), dim)

    def place(self, n: int, rng: np.random.Generator) -> Array:
        return self.half_width * rng.uniform(-1.0, 1.0, (n, 1))

    def log_density(self, x: Array, level: NoiseLevel) -> Array:
        half, deviation = np.sqrt(level.alpha_bar) * self.half_width, np.sqrt(level.tau)
        return log_mass(x[:, 0] / deviation, half / deviation) - np.log(2.0 * half)

    def score(self, bundle: Array, level: NoiseLevel) -> Array:
        deviation = np.sqrt(level.tau)
        mean, defect = moments(bundle[0] / deviation, np.sqrt(level.alpha_bar) * self.half_width / deviation)
        out = np.empty_like(bundle)
        np.multiply(mean, -1.0 / deviation, out=out[0])
        np.multiply(bundle[1:], defect * (-1.0 / level.tau), out=out[1:])
        return out

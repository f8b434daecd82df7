"""The uniform law on a hypercube."""

from __future__ import annotations

import numpy as np

from heroism.errors import require, whole_number
from heroism.noise import Array, NoiseLevel
from heroism.targets.base import REACH, Target
from heroism.targets.truncated_normal import log_mass, moments

LARGEST_DIM = 1_000_000


class Hypercube(Target):
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

    dim = 1
    jacobian = "diagonal"
    multiplicity = np.ones(1, dtype=int)

    def __init__(self, dim: int, half_width: float = 1.0):
        self.copies = whole_number("d", dim, 1)
        require(self.copies <= LARGEST_DIM, "d", dim, f"a hypercube has at most {LARGEST_DIM} dimensions")
        require(np.isfinite(half_width) and half_width > 0, "half_width", half_width, "give a positive number")
        self.half_width = float(half_width)

    def sample(self, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        place = np.sqrt(level.alpha_bar) * self.half_width * rng.uniform(-1.0, 1.0, (n, 1))
        return place + np.sqrt(level.tau) * rng.standard_normal((n, 1))

    def reach(self, level: NoiseLevel) -> tuple[float, float]:
        half = np.sqrt(level.alpha_bar) * self.half_width + REACH * np.sqrt(level.tau)
        return -half, half

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

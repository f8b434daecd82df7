"""What laws on a box share: coordinates that are independent, some of them as identical copies of one."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from heroism.errors import require, whole_number
from heroism.noise import Array, NoiseLevel
from heroism.targets.base import REACH, Target

LARGEST_DIM = 1_000_000


class Box(Target):
    """A law of independent coordinates between the limits ``low`` and ``high``, both (dim,).

    Parameters
    ----------
    low, high : limits of the coordinates that a sampler sees, which are one if there are copies.
    copies : number of identical copies, 10^6 at most with all coordinates counted.

    Raises
    ------
    InputError : too many dimensions.
    """

    jacobian = "diagonal"

    def __init__(self, low: Array, high: Array, copies: int = 1):
        self.low, self.high, self.copies = low, high, whole_number("d", copies, 1)
        self.dim = len(low)
        self.multiplicity = np.ones(self.dim, dtype=int)
        require(self.ambient_dim <= LARGEST_DIM, "d", self.ambient_dim,
                f"a law on a box has at most {LARGEST_DIM} dimensions")

    @abstractmethod
    def place(self, n: int, rng: np.random.Generator) -> Array:
        """(n, dim) draws of X_0."""

    def heart(self) -> tuple[Array, Array]:
        """Limits (dim,) and (dim,) between which all but 1e-18 of X_0 lies."""
        return self.low, self.high

    def sample(self, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        signal = np.sqrt(level.alpha_bar) * self.place(n, rng)
        return signal + np.sqrt(level.tau) * rng.standard_normal((n, self.dim))

    def reach(self, level: NoiseLevel) -> tuple[float, float]:
        signal, noise = np.sqrt(level.alpha_bar), REACH * np.sqrt(level.tau)
        low, high = self.heart()
        return float(signal * low[0] - noise), float(signal * high[0] + noise)

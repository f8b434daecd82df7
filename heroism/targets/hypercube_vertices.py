"""The vertices of a cube."""

from __future__ import annotations

import numpy as np

from heroism.errors import nonnegative
from heroism.targets.mixtures import IdenticalCoordinates


class HypercubeVertices(IdenticalCoordinates):
    """Uniform on the 2^d points ``{-h, h}^d``: every coordinate is one of two point masses; ``copies`` = d.

    Parameters
    ----------
    dim : d >= 1. half_width : h, a finite number of at least 0.

    Raises
    ------
    InputError : d < 1 or a half width that is negative or not finite.
    """

    def __init__(self, dim: int, half_width: float = 1.0):
        self.half_width = nonnegative("half_width", half_width)
        super().__init__(np.array([-self.half_width, self.half_width]), np.zeros(2), np.full(2, 0.5), dim)

"""A flat torus: a product of circles, k-dimensional in R^{2k}."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from heroism.errors import require, whole_number
from heroism.targets.parameters import column
from heroism.targets.sphere import Spheres

LARGEST_CIRCLES = 4096


class Torus(Spheres):
    """X_0 uniform on a product of circles; the reduced coordinates are their radii, each evolves on its own.

    Parameters
    ----------
    radii : radii of the circles (k,), or one number for all ``circles`` of them.
    circles : k, the intrinsic dimension; the ambient one is 2 k. Not needed if the radii are a list.

    Raises
    ------
    InputError : radii that are not positive, too many circles, or two different numbers of circles.
    """

    def __init__(self, radii: ArrayLike, circles: int | None = None):
        values = np.atleast_1d(column("radii", radii, least=0.0))
        k = values.size if circles is None else whole_number("circles", circles, 1)
        require(values.size in (1, k), "radii", radii, f"give one number, or one for each of the {k} circles")
        require(k <= LARGEST_CIRCLES, "circles", k, f"a torus has at most {LARGEST_CIRCLES} circles")
        super().__init__(np.broadcast_to(values, (k,)), 2)

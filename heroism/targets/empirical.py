"""Data sets as targets: uniform on finitely many points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from heroism.errors import require, whole_number
from heroism.noise import Array
from heroism.targets.mixtures import Mixture, reduced_isotropic
from heroism.targets.parameters import floats, off_centre
from heroism.targets.points_file import REMEDY, check_points, read_points

FAR = 100.0


class Empirical(Mixture):
    """Uniform on m points of R^d: a mixture of point masses, whose score at any noise level is in closed form.

    Points that occur several times are merged and weigh as often as they occur. If the points span fewer than d - 1
    directions the law is reduced like a Gaussian mixture, to coordinates in their span and the radius of the rest.

    Parameters
    ----------
    points : (m, d) finite numbers, or the name of a .npy, .csv (header or not) or .parquet file of them.
    header : of a .csv file, as in ``read_points``.
    centre : whether the origin is moved to the mean of the points. Samplers are not all alike under shifts: HEROISM
        with N = auto needs more refinements the farther the data lie from the origin. None stands for no, and asks
        where the mean is more than a hundred times as far away as the points are apart.

    Raises
    ------
    InputError : anything else, naming row and column.
    """

    def __init__(self, points: ArrayLike | str | Path, header: bool | None = None, centre: bool | None = None):
        if isinstance(points, str | Path):
            given = read_points(points, header)
        else:
            given = check_points(floats("points", points, REMEDY))
        given = self._centred(given, centre)
        self.points, counts = np.unique(given + 0.0, axis=0, return_counts=True)  # + 0.0: -0.0 is the same coordinate
        self.weights = counts / counts.sum()
        super().__init__(*reduced_isotropic(self.points, np.zeros(len(counts)), self.weights))

    @staticmethod
    def _centred(points: Array, centre: bool | None) -> Array:
        away, apart = off_centre(points)
        require(centre is not None or away <= FAR * max(apart, 1.0), "points", f"{away:.3g} from the origin",
                f"but {apart:.3g} apart: say target.centre=true, which moves the origin to their mean, or "
                "target.centre=false")
        return points - points.mean(axis=0) if centre else points

    @classmethod
    def from_file(cls, path: str | Path, header: bool | None = None, centre: bool | None = None) -> Empirical:
        """The points of a .npy, .csv (header or not) or .parquet file. Raises InputError naming file, row and column.
        """
        return cls(read_points(path, header), centre=centre)

    @classmethod
    def digits(cls, dim: int, digit: int | None = None) -> Empirical:
        """Scikit-learn's handwritten digits, 8 x 8 pixels: all 1797, or the 174 to 183 of one ``digit``, in R^dim.

        The chosen images are centred by their own mean, projected to their own first ``dim`` principal directions
        (dim 64 is a rotation), and multiplied by one factor that makes the variance per kept coordinate one on
        average, ``E |X_0|^2 = dim``. Raises InputError unless 1 <= dim <= 64 and digit is 0..9 or None.
        """
        from sklearn.datasets import load_digits  # here: slow to import, and needed by nobody else

        require(whole_number("d", dim, 1) <= 64, "d", dim, "the digits have 64 pixels; take 1 to 64 directions")
        images, labels = load_digits(return_X_y=True)
        if digit is not None:
            require(whole_number("digit", digit, 0) <= 9, "digit", digit, "give 0 to 9, or null for all of them")
            images = images[labels == digit]
        centred = images - images.mean(axis=0)
        left, size, _ = np.linalg.svd(centred, full_matrices=False)
        projected = left[:, :dim] * size[:dim]
        return cls(projected * np.sqrt(dim / np.mean(np.sum(projected**2, axis=1))))

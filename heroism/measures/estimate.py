"""What every measure returns: a value with its standard error and its floor."""

from __future__ import annotations

import numpy as np

from heroism.measures.tail_index import tail_index
from heroism.noise import Array
from heroism.record import Measured


class Estimate(Measured):
    """A measured number, as it stands in a record.

    Attributes
    ----------
    value : the estimate.
    stderr : its standard error: 0 for a quadrature, infinite where a single particle cannot tell.
    floor : what the same procedure reports between identical laws; a value near it says nothing. At most 1 for a total
        variation.
    n : number of particles behind it.
    tail : index of the tail of what the particles contribute (:func:`heroism.measures.tail_index.tail_index`); None
        where there are no such contributions, or too few.
    parts : rows of numbers, of what the value is a sum of, as the measure says; None for most.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return f"{self.value:.4g} +- {self.stderr:.1g} (floor {self.floor:.1g}, n = {self.n})"

    @classmethod
    def of_mean(cls, shares: Array, floor: float) -> Estimate:
        """The mean of what n independent particles contribute (n,); the floor is that of a total variation."""
        n = len(shares)
        stderr = float(np.std(shares, ddof=1) / np.sqrt(n)) if n > 1 else float("inf")
        return cls(float(np.mean(shares)), stderr, min(1.0, floor), n, tail_index(shares))

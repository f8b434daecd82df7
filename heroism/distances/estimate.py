"""What every distance returns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measured distance.

    Attributes
    ----------
    value : the estimate.
    stderr : its standard error (0 for a quadrature).
    floor : what the same procedure reports between identical laws; a value near it says nothing.
    n : number of particles behind it.
    """

    value: float
    stderr: float
    floor: float
    n: int

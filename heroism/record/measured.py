"""A measured number, and the range of a number: what a record and whatever computes one have in common."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

HEAVY = 0.7  # index of a tail above which averages of a practical size are not reliable (1507.02646, section 3)


@dataclass(frozen=True)
class Range:
    """Of a number in ``Annotated[int, Range(1)]``; both ends are in it."""

    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True, slots=True)
class Measured:
    """One estimate of a record: value, standard error, floor (NaN where they are not finite), number of particles,
    the index of the tail of what they contribute (None: none known), and rows of numbers that tell what it is a sum of
    (None: it is none, or they are not kept).
    """

    value: Annotated[float, Range()]
    stderr: float
    floor: float
    n: int
    tail: Annotated[float | None, Range()] = None
    parts: Sequence[Sequence[Annotated[float | None, Range()]]] | None = None

    @property
    def heavy(self) -> bool:
        """Whether a few particles carry so much that the standard error says nothing."""
        return self.tail is not None and self.tail > HEAVY

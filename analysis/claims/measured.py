"""What a claim's statistic comes to: a number for every group of a row, its interval, and the points behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from analysis.curves import is_spoiled
from heroism.rates import Crossing, RateFit

LEVEL = 0.95  # at which all intervals of a row hold together
NORMAL = float(norm.ppf(0.5 + LEVEL / 2))


@dataclass(frozen=True)
class Curve:
    """What a fit saw: points (x, y, stderr, floor: each (n,)), and the fit.

    ``names`` are the values that tell it from the others of its group. ``doubtful`` (n,) marks points from maps that
    fold or paths that diverge (None: there are none). ``at`` are the crossings of a curve of crossings, point by point.
    """

    x: np.ndarray
    y: np.ndarray
    stderr: np.ndarray
    fit: RateFit
    floor: np.ndarray
    names: dict[str, Any] = field(default_factory=dict)
    doubtful: np.ndarray | None = None
    at: tuple[Crossing, ...] = ()


Bounds = Callable[[float], tuple[float, float]]  # confidence level -> interval


@dataclass(frozen=True)
class Measured:
    """One group's number: ``value`` with its interval, or the reason why there is none.

    The intervals of all groups of a row hold together (Bonferroni): each is what ``bounds`` gives at a level of
    ``1 - (1 - LEVEL) / groups``. Without a value they may still hold what is known for sure: a ladder that never leaves
    saturation falls with no order, and steps that never suffice bound an exponent from below. ``beside`` is the same
    in the statistic's second variable. ``points`` and ``fits`` are behind it; ``doubtful`` of the points decide
    nothing: maps fold, paths diverge, or the tail is heavy.
    """

    label: str
    value: float
    low: float
    high: float
    points: int = 0
    reason: str | None = None
    curves: tuple[Curve, ...] = ()
    names: dict[str, Any] = field(default_factory=dict)
    fits: int = 0
    doubtful: int = 0
    beside: Measured | None = None
    bounds: Bounds | None = None


@dataclass(frozen=True)
class Row:
    """A row of the table of claims: the values of ``each`` and what was measured in every group."""

    names: dict[str, Any]
    groups: tuple[Measured, ...]
    runs: int
    failed: int
    spent: float

    @property
    def doubtful(self) -> int:
        """Points of the row that decide nothing because maps fold, paths diverge or tails are heavy."""
        return sum(group.doubtful for group in self.groups)


@dataclass(frozen=True)
class Group:
    """Points of one group, and what a kind of statistic needs to know beside them."""

    table: pd.DataFrame
    label: str
    names: dict[str, Any]
    correlation: float  # of numbers from the same starting points

    def measured(self, value: float = np.nan, bounds: Bounds | None = None, **more: Any) -> Measured:
        """The group's number with what its interval is at a level, or none and the ``reason``."""
        return Measured(self.label, value, **{"low": np.nan, "high": np.nan} | more, names=self.names, bounds=bounds,
                        doubtful=int(is_spoiled(self.table).sum()))

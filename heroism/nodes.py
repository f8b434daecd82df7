"""Weighted nodes that stand for one coordinate of a product of identical laws."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from heroism.noise import Array

ORDER = 5  # Gauss-Legendre nodes a panel
GRID = 2**15
DEPTH = 32.0  # of the log density below its peak: deeper there is no mass, even 10^6 times over

LogDensity = Callable[[Array], Array]
Interval = tuple[float, float]


def line_nodes(start: LogDensity, start_reach: Interval, end: LogDensity, end_reach: Interval,
               n: int) -> tuple[Array, Array]:
    """At most n (at least 10) starting points, ascending, and their shares of the starting law, (n,) each.

    A flow squeezes the gap between two modes of its end into a sliver of its start, and towards it the log ratio
    grows like a power of a logarithm: equally spaced starting points alone miss that. So the Gauss-Legendre panels
    are bounded by points that are equally spaced at the start, and by the starting points (of the exact flow, which
    on a line matches the quantiles) of points between which the log density of the end changes by equal amounts.

    Parameters
    ----------
    start, end : log densities, (m,) -> (m,), at the largest and the smallest noise level.
    start_reach, end_reach : intervals that hold all of their mass that matters.
    """
    panels = max(2, n // ORDER)
    even = np.linspace(*start_reach, panels // 3 + 2)
    z, log_start = _on_grid(start, start_reach)
    _, log_end = _on_grid(end, end_reach)
    travelled = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(np.maximum(log_end, -DEPTH))))])
    quantiles = np.interp(np.linspace(0.0, travelled[-1], panels - panels // 3)[1:-1], travelled, _mass_below(log_end))
    mapped = np.interp(quantiles, _mass_below(log_start), z)
    edges = np.unique(np.concatenate([even, mapped]))
    place, weight = np.polynomial.legendre.leggauss(ORDER)
    half = 0.5 * np.diff(edges)[:, None]
    nodes = (edges[:-1, None] + half * (1.0 + place)).ravel()
    mass = (half * weight).ravel() * np.exp(start(nodes))
    return nodes, mass / mass.sum()


def _on_grid(log_density: LogDensity, reach: Interval) -> tuple[Array, Array]:
    """A grid over the interval and the log density there, relative to its peak."""
    x = np.linspace(*reach, GRID)
    log_p = log_density(x)
    return x, log_p - log_p.max()


def _mass_below(log_p: Array) -> Array:
    """The share of mass below each point of the grid (trapezoidal rule)."""
    p = np.exp(log_p)
    below = np.concatenate([[0.0], np.cumsum(p[1:] + p[:-1])])
    return below / below[-1]

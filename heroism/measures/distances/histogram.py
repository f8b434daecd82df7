"""Total variation between histograms: what is left when densities are unknown; stops at the noise of its cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from heroism.errors import require, whole_number
from heroism.measures.base import Need, Single
from heroism.measures.distances.clouds import check_size, checked, draw
from heroism.measures.estimate import Estimate
from heroism.measures.run import Run
from heroism.noise import Array
from heroism.samplers.base import Sampler
from heroism.targets.base import Target

LARGEST_DIM = 3
LARGEST_CELLS = 2**20
SPLITS = 32


@dataclass(frozen=True)
class Histogram(Single):
    """Histogram total variation of the marginal in at most three ``coordinates`` of R^d, with ``bins`` for each."""

    needs: ClassVar[Need] = "samples"
    coordinates: Sequence[int] = (0,)
    bins: int | None = None

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        super().check(target, sampler, particles)
        _check_dim(len(self.coordinates))
        check_size("histogram", target, particles, self.coordinates)
        _cells(self.bins, particles, len(self.coordinates))

    def estimate(self, run: Run) -> Estimate:
        n = len(run.ensemble.positions)
        x, y, fresh = draw(run.ensemble, run.seed, n, list(self.coordinates))
        return histogram_total_variation(x, y, self.bins, fresh, lost=n - len(x))


def _check_dim(d: int) -> None:
    require(d <= LARGEST_DIM, "d", d, f"a histogram takes at most {LARGEST_DIM} dimensions: choose a marginal "
                                      "(distance.histogram.coordinates=[0,1]), or take total_variation")


def histogram_total_variation(samples: ArrayLike, reference: ArrayLike, bins: int | None = None,
                              fresh: ArrayLike | None = None, lost: int = 0) -> Estimate:
    """Half the sum of ``|p - q|`` over the cells of a histogram; a lower bound, plus noise, of the total variation.

    The grid is chosen on the exact points: ``bins`` intervals per coordinate of equal mass in the reference, the outer
    ones reaching to infinity; by default ``ceil(n^(1/(d+2)))`` of them, the rate at which the loss inside the cells and
    the noise of their counts shrink together.

    Parameters
    ----------
    samples, reference : points (n, d) and exact points (m, d), d <= 3.
    bins : intervals per coordinate, at least 2.
    fresh : exact points that the reference does not contain, as many as samples, for the floor.
    lost : particles without a finite position, to be counted as mass outside of every cell.

    Returns
    -------
    Estimate : ``stderr`` from the counts, infinite for a single point; ``floor`` is the mean over random splits of all
        exact points in two parts, of the sizes of samples and reference (without ``fresh``: two halves of the
        reference, which overstates it).

    Raises
    ------
    InputError : d > 3, points that are not finite or of different dimensions, too many bins.
    """
    y = checked("reference", reference)
    x = np.empty((0, y.shape[1])) if lost and not np.size(samples) else checked("samples", samples, like=y)
    _check_dim(y.shape[1])
    n, m = len(x) + lost, len(y)
    edges = _edges(y, bins, min(n, m))
    p, q = _counts(x, edges), _counts(y, edges)
    floor = _floor(q, m // 2) if fresh is None else _floor(q + _counts(checked("fresh", fresh, like=y), edges), m)
    return Estimate(_distance(p / n, q / m) + 0.5 * lost / n, _stderr(p, n, q, m), floor, n)


def _edges(reference: Array, bins: int | None, n: int) -> Array:
    """(d, bins - 1) inner edges."""
    count = _cells(bins, n, reference.shape[1])
    return np.quantile(reference, np.arange(1, count) / count, axis=0).T


def _cells(bins: int | None, n: int, d: int) -> int:
    """Cells per coordinate for n points in d of them."""
    count = max(2, int(np.ceil(n ** (1.0 / (d + 2))))) if bins is None else whole_number("bins", bins, 2)
    require(count**d <= LARGEST_CELLS, "bins", bins, f"{count}^{d} cells are too many; give a smaller number")
    return count


def _counts(points: Array, edges: Array) -> NDArray[np.int64]:
    shape = (edges.shape[1] + 1,) * len(edges)
    cell = np.stack([np.searchsorted(inner, column) for inner, column in zip(edges, points.T, strict=True)])
    return np.bincount(np.ravel_multi_index(tuple(cell), shape), minlength=int(np.prod(shape))).astype(np.int64)


def _distance(p: Array, q: Array) -> float:
    return float(0.5 * np.sum(np.abs(p - q), axis=-1).mean())


def _stderr(p: NDArray[np.int64], n: int, q: NDArray[np.int64], m: int) -> float:
    """The estimate is ``P(S) - Q(S)`` for the set S of cells where p exceeds q; S is taken as given."""
    if min(n, m) < 2:
        return float("inf")
    more = p * m > q * n
    a, b = float(np.sum(p[more])) / n, float(np.sum(q[more])) / m
    return float(np.sqrt(a * (1.0 - a) / n + b * (1.0 - b) / m))


def _floor(counts: NDArray[np.int64], first: int) -> float:
    """Mean distance between two random parts of the exact points, the first of which has ``first``."""
    total = int(counts.sum())
    if not 0 < first < total:
        return 1.0
    part = np.random.default_rng(0).multivariate_hypergeometric(counts, first, size=SPLITS, method="marginals")
    return _distance(part / first, (counts - part) / (total - first))

"""Posteriors over many points that have one variance, with little noise: only near points count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from heroism.noise import Array
from heroism.targets.mixtures.components import NEGLIGIBLE, Indices, windows

SHARE = 0.02  # of the points near a particle, beyond which sums over all of them are as fast
PROBES = 8  # particles that tell which is the case
HUGE = 1e100  # coordinates of a particle that diverged
WORKSPACE = 2**22  # bytes of the products of pairs


@dataclass(frozen=True)
class Pairs:
    """Particles, in increasing order, with the points near them; each particle has at least one, its own from
    ``starts`` (n,) on.
    """

    particle: Indices
    point: Indices
    starts: Indices


class Neighbours:
    """Points (m, d) with logs of weights (m,).

    With r_0 the distance from x to the nearest point and w the least weight, the points farther away than
    ``sqrt(r_0^2 + 2 v (64 - log w))`` have less than e^-64 = 2e-28 of the posterior between them all: each has less
    than its own weight times e^-64 of what the nearest has, and weights sum to one.
    """

    def __init__(self, points: Array, log_weights: Array):
        self.count = len(points)
        self._tree = cKDTree(points)
        self._margin = -NEGLIGIBLE - float(log_weights.min())
        self._spread = float(points.var(axis=0).sum())

    def near(self, x: Array, variance: float) -> Pairs | None:
        """Of particles x (n, d), where the variance of the noise is that around the points; None if too many count."""
        reach = 2.0 * variance * self._margin
        if not reach < self._spread:
            return None
        with np.errstate(invalid="ignore"):
            inside = np.where(np.all(np.abs(x) < HUGE, axis=1)[:, None], x, 0.0)
        probes = inside[:: max(1, len(x) // PROBES)]
        if np.mean(self._lists(probes, reach, True)) > SHARE * self.count:
            return None
        points = self._lists(inside, reach, False)
        lengths = np.fromiter(map(len, points), np.intp, len(x))
        return Pairs(np.repeat(np.arange(len(x)), lengths), np.concatenate(points).astype(np.intp),
                     np.cumsum(lengths) - lengths)

    def _lists(self, x: Array, reach: float, lengths: bool) -> Array:
        nearest, _ = self._tree.query(x)
        radius = np.sqrt(nearest**2 + reach) * (1.0 + 1e-12)
        return self._tree.query_ball_point(x, radius, return_length=lengths, return_sorted=not lengths)


def score_of_pairs(bundle: Array, pairs: Pairs, means: Array, log_weights: Array, precision: float) -> Array:
    """Score and tangent products (1+p, n, c) from the means (m, c) near each particle, all of one precision."""
    x, tangents, out = bundle[0], bundle[1:], np.empty_like(bundle)
    gap = means[pairs.point]
    gap -= x[pairs.particle]
    logits = np.einsum("nc,nc->n", gap, gap)
    logits *= -0.5 * precision
    logits += log_weights[pairs.point]
    logits -= np.maximum.reduceat(logits, pairs.starts)[pairs.particle]
    w = np.exp(logits)
    w /= np.add.reduceat(w, pairs.starts)[pairs.particle]
    mean = np.add.reduceat(w[:, None] * gap, pairs.starts)
    np.multiply(mean, precision, out=out[0])
    if len(tangents):
        np.multiply(tangents, -precision, out=out[1:])
        gap -= mean[pairs.particle]
        gap *= (precision * np.sqrt(w))[:, None]
        _add_spread(tangents, out[1:], pairs, gap)
    return out


def _add_spread(tangents: Array, out: Array, pairs: Pairs, gap: Array) -> None:
    """``out += gap^T gap tangents``, of the particles with more than one point."""
    c = gap.shape[1]
    ends = np.append(pairs.starts[1:], len(pairs.point))
    several = np.flatnonzero(ends - pairs.starts > 1)
    typical = -(-len(pairs.point) // len(pairs.starts))
    for window in windows(len(several), typical * c * c, WORKSPACE):
        some = several[window]
        which = np.concatenate([np.arange(pairs.starts[i], ends[i]) for i in some])
        lengths = (ends - pairs.starts)[some]
        products = gap[which, :, None] * gap[which, None, :]
        curvature = np.add.reduceat(products, np.cumsum(lengths) - lengths)
        part = np.ascontiguousarray(tangents[:, some].transpose(1, 0, 2)) @ curvature
        out[:, some] += part.transpose(1, 0, 2)

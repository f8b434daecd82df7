"""Posteriors over many points, a million of them if need be, that have one variance: streamed in blocks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from heroism.noise import Array, NoiseLevel
from heroism.targets.mixtures.components import NEGLIGIBLE, Indices, windows

BLOCK = 1024  # points
WORKSPACE = 64 * BLOCK * 8  # bytes of the weights of a window of particles
SPARSE = 0.05  # share of a block's weights, not negligible, below which they are followed one by one


@dataclass
class Posterior:
    """What n particles make of the points: ``log_mass`` (n,) of ``sum_k w_k exp(-|x - m_k|^2 / 2 s)``, the means (n, d)
    and, if asked for, covariances (n, d, d) of the points.
    """

    log_mass: Array
    mean: Array
    covariance: Array | None


@dataclass
class _Sums:
    """Running sums of a window: weights relative to ``largest``, the largest log weight so far.

    Blocks of which much counts add to ``mass`` (n,), ``first`` (n, d) and ``second`` (n, d (d + 1) / 2); of the others
    what counts is kept as pairs of a particle and a point.
    """

    largest: Array
    mass: Array
    first: Array
    second: Array
    particles: list[Indices] = field(default_factory=list)
    points: list[Indices] = field(default_factory=list)

    def rescale(self, largest: Array) -> None:
        """A new reference of the weights, at least as large as the old one."""
        with np.errstate(invalid="ignore"):  # of a particle that diverged
            factor = np.exp(self.largest - largest)
        self.mass *= factor
        self.first *= factor[:, None]
        self.second *= factor[:, None]
        self.largest = largest


class Words:
    """Points (m, d) with logs of weights (m,), the same Gaussian around each.

    Every block of points is one matrix product for the log weights, in the expanded form of the square, and one for
    the sums; few weights that are not negligible are summed one by one, around the mean and from differences, so
    nothing cancels where there is little noise.
    """

    def __init__(self, points: Array, log_weights: Array):
        self.points, self.log_weights = np.ascontiguousarray(points), log_weights
        self.count, self.dim = points.shape
        self._squares = 0.5 * np.einsum("md,md->m", points, points)
        self._row, self._column = np.triu_indices(self.dim)

    def posterior(self, x: Array, level: NoiseLevel, spread: float, second: bool) -> Posterior:
        """Of particles x (n, d) at this level, where the points are ``sqrt(alpha_bar)`` of themselves and ``spread`` is
        the variance around them.
        """
        log_mass, mean = np.empty(len(x)), np.empty(x.shape)
        covariance = np.empty((*x.shape, self.dim)) if second else None
        for window in windows(len(x), BLOCK, WORKSPACE):
            sums = self._swept(x[window], level, spread, second)
            found = self._gathered(x[window], sums, level, spread, second)
            log_mass[window], mean[window] = found.log_mass, found.mean
            if covariance is not None:
                covariance[window] = found.covariance
        return Posterior(log_mass, mean, covariance)

    def score(self, bundle: Array, level: NoiseLevel, spread: float) -> Array:
        """(1+p, n, d): the score at ``bundle[0]`` and the products of its derivative with ``bundle[1:]``."""
        found = self.posterior(bundle[0], level, spread, second=len(bundle) > 1)
        out = bundle * (-1.0 / spread)
        out[0] += (np.sqrt(level.alpha_bar) / spread) * found.mean
        if found.covariance is not None:
            found.covariance *= level.alpha_bar / spread**2
            out[1:] += (bundle[1:].transpose(1, 0, 2) @ found.covariance).transpose(1, 0, 2)
        return out

    def _swept(self, x: Array, level: NoiseLevel, spread: float, second: bool) -> _Sums:
        n, pairs = len(x), len(self._row) if second else 0
        sums = _Sums(np.full(n, -np.inf), np.zeros(n), np.zeros(x.shape), np.zeros((n, pairs)))
        pull = x * (np.sqrt(level.alpha_bar) / spread)
        for start in range(0, self.count, BLOCK):
            block = slice(start, start + BLOCK)
            points = self.points[block]
            logits = pull @ points.T
            logits += self.log_weights[block] - (level.alpha_bar / spread) * self._squares[block]
            largest = np.maximum(sums.largest, logits.max(axis=1))
            logits -= largest[:, None]
            counted = logits > NEGLIGIBLE
            sums.rescale(largest)
            if np.count_nonzero(counted) < SPARSE * counted.size:
                particle, point = np.nonzero(counted)
                sums.particles.append(particle)
                sums.points.append(point + start)
            else:
                weights = np.exp(logits, out=logits)
                sums.mass += weights.sum(axis=1)
                sums.first += weights @ points
                if second:
                    sums.second += weights @ (points[:, self._row] * points[:, self._column])
        return sums

    def _gathered(self, x: Array, sums: _Sums, level: NoiseLevel, spread: float, second: bool) -> Posterior:
        signal, base = np.sqrt(level.alpha_bar), sums.largest - 0.5 * np.sum(x * x, axis=1) / spread
        with np.errstate(divide="ignore", invalid="ignore"):  # of particles that only pairs count for
            log_mass, mean = base + np.log(sums.mass), sums.first / sums.mass[:, None]
            covariance = self._spread_out(sums.second / sums.mass[:, None]) if second else None
        if covariance is not None:
            covariance -= mean[:, :, None] * mean[:, None, :]
        for i, near in _by_particle(sums):
            points = self.points[near]
            logits = self.log_weights[near] - 0.5 * np.sum((x[i] - signal * points) ** 2, axis=1) / spread
            reference = base[i] if sums.mass[i] > 0.0 else logits.max()
            weights = np.exp(logits - reference)
            mass = sums.mass[i] + weights.sum()
            weights /= mass
            log_mass[i] = reference + np.log(mass)
            mean[i] = weights @ points + sums.first[i] / mass
            if covariance is not None:
                points -= mean[i]
                covariance[i] = (points.T * weights) @ points
                if sums.mass[i] > 0.0:
                    across = np.outer(sums.first[i] / mass, mean[i])
                    covariance[i] += self._spread_out(sums.second[i] / mass) - across - across.T
                    covariance[i] += sums.mass[i] / mass * np.outer(mean[i], mean[i])
        return Posterior(log_mass, mean, covariance)

    def _spread_out(self, entries: Array) -> Array:
        """(..., d, d) symmetric matrices of their upper triangles (..., d (d + 1) / 2)."""
        out = np.empty((*entries.shape[:-1], self.dim, self.dim))
        out[..., self._row, self._column] = out[..., self._column, self._row] = entries
        return out


def _by_particle(sums: _Sums) -> Iterator[tuple[int, Indices]]:
    """The points that are followed one by one, of every particle that has any."""
    if not sums.particles:
        return
    particle, point = np.concatenate(sums.particles), np.concatenate(sums.points)
    order = np.argsort(particle, kind="stable")
    bounds = np.searchsorted(particle[order], np.arange(len(sums.mass) + 1))
    for i in np.flatnonzero(np.diff(bounds)):
        yield int(i), point[order[bounds[i] : bounds[i + 1]]]

"""Laws from which the ends of sample paths are drawn, wider than the target but in closed form like it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from scipy.special import logsumexp

from heroism.noise import Array, NoiseLevel
from heroism.targets.base import Target
from heroism.targets.mixtures.components import Components, Indices
from heroism.targets.mixtures.diagonal import DiagonalComponents
from heroism.targets.mixtures.full import FullComponents
from heroism.targets.mixtures.isotropic import IsotropicComponents
from heroism.targets.mixtures.mixture import Mixture

NOISIER = (0.25, 0.4, 0.6, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5)  # half-log-SNR above the end's
NOISIEST = -1.0  # half-log-SNR from which on the target is all but one Gaussian
NEGLIGIBLE = 0.02  # share of a mixture that a part is not worth its price for
NEIGHBOURS = 5
SHIFTS = (2.5, 4.0)  # standard deviations
MOST_PAIRS = 20_000


class Part(Protocol):
    """A law of ends in the target's reduced coordinates."""

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        """(n, dim) draws."""

    def log_density(self, y: Array) -> Array:
        """(n,) log density at y (n, dim)."""


@dataclass(frozen=True)
class Noisier:
    """The target at noise level ``level``, shrunk to the signal of level ``end``: the law of ``X_level / c``, ``c =
    sqrt(alpha_bar_level / alpha_bar_end)``.
    """

    target: Target
    level: NoiseLevel
    end: NoiseLevel

    @property
    def _factor(self) -> float:
        return float(np.sqrt(self.level.alpha_bar / self.end.alpha_bar))

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        return self.target.sample(n, self.level, rng) / self._factor

    def log_density(self, y: Array) -> Array:
        return self.target.log_density(y * self._factor, self.level) + self.target.dim * np.log(self._factor)


@dataclass(frozen=True)
class Shifted:
    """The components of a mixture at level ``end``, each moved by ``shift`` of its standard deviations towards each of
    its nearest neighbours, but at most half way; all equally likely.

    What parts in the tail of one mode, on its way to another, ends there: in d dimensions a noisier target has little
    mass in these few directions.
    """

    components: Components[Any]
    end: NoiseLevel
    shift: float

    @cached_property
    def moved(self) -> Components[Any]:
        """A component for every pair of neighbours."""
        own = self.components
        means, spread = own.means, own.variances + self.end.tau / self.end.alpha_bar  # in the coordinates of X_0
        count = min(NEIGHBOURS, len(means) - 1)
        first, second, apart = [], [], []
        for k, mean in enumerate(means):
            away = means - mean
            away = away @ own.basis[k] if isinstance(own, FullComponents) else away
            distance = np.sqrt((away**2 / spread[k]).sum(axis=1))  # in standard deviations of this component
            distance[k] = np.inf
            near = np.argsort(distance)[:count]
            first += [k] * count
            second += near.tolist()
            apart += distance[near].tolist()
        share = np.minimum(self.shift / np.maximum(apart, 2.0 * self.shift), 0.5)[:, None]
        moved = means[first] + share * (means[second] - means[first])
        return _like(own, np.array(first), own.weights[first] / count, moved)

    def sample(self, n: int, rng: np.random.Generator) -> Array:
        return self.moved.sample(n, self.end, rng)

    def log_density(self, y: Array) -> Array:
        return self.moved.log_density(y, self.end)


def _like(own: Components[Any], which: Indices, weights: Array, means: Array) -> Components[Any]:
    """Components with the covariances of those in ``which`` and other weights and means."""
    if isinstance(own, FullComponents):
        return FullComponents(weights, means, own.variances[which], own.basis[which])
    if isinstance(own, IsotropicComponents):
        return IsotropicComponents(weights, means, own.variances[which, 0], own.shell)
    return DiagonalComponents(weights, means, own.variances[which])


def parts_for(target: Target, end: NoiseLevel) -> list[Part]:
    """The target itself at level ``end``, and what may widen it."""
    offsets = [offset for offset in NOISIER if end.half_log_snr - offset > NOISIEST]
    parts: list[Part] = [Noisier(target, end, end)]
    parts += [Noisier(target, NoiseLevel.from_half_log_snr(end.half_log_snr - offset), end) for offset in offsets]
    components = target.components if isinstance(target, Mixture) else None
    several = components is not None and 1 < components.count <= MOST_PAIRS // NEIGHBOURS
    if components is not None and several and np.ptp(components.means, axis=0).any():
        parts += [Shifted(components, end, shift) for shift in SHIFTS]
    return parts


@dataclass(frozen=True)
class Proposal:
    """A mixture of parts with shares that sum to one; the first part is the target itself."""

    parts: list[Part]
    shares: Array

    def groups(self, n: int, size: int, rng: np.random.Generator) -> Array:
        """(n * size, dim) draws in n independent groups of ``size``, one group after the other.

        Within a group the parts take turns (systematic sampling): the expected number of draws from a part is its share
        of the group, which is all that importance weights over the whole mixture ask for.
        """
        place = (np.arange(size) + rng.random((n, 1))) / size
        label = np.minimum(np.searchsorted(np.cumsum(self.shares), place.ravel(), side="right"), len(self.parts) - 1)
        drawn = [(np.flatnonzero(label == k), part) for k, part in enumerate(self.parts)]
        blocks = [(where, part.sample(len(where), rng)) for where, part in drawn if len(where)]
        y = np.empty((n * size, blocks[0][1].shape[1]))
        for where, block in blocks:
            y[where] = block
        return y

    def log_parts(self, y: Array) -> Array:
        """(parts, n) log densities of the parts."""
        return np.array([part.log_density(y) for part in self.parts])

    def log_density(self, log_parts: Array) -> Array:
        """(n,) log density of the mixture."""
        with np.errstate(divide="ignore"):
            return np.asarray(logsumexp(log_parts + np.log(self.shares)[:, None], axis=0))

    def reshared(self, log_parts: Array, worth: Array, least: float, rounds: int = 40) -> Proposal:
        """The mixture of the same parts that is closest in Kullback-Leibler divergence to ``worth`` times this one.

        Cross-entropy method: expectation maximisation on draws of this mixture at which the parts have ``log_parts``
        and which are worth ``worth`` (n,). The first part keeps at least ``least``; parts of next to no share are
        dropped.
        """
        shares, worth_share = self.shares, worth / worth.sum()
        for _ in range(rounds):
            member = np.exp(log_parts + np.log(shares)[:, None] - Proposal(self.parts, shares).log_density(log_parts))
            shares = np.maximum(member @ worth_share, np.finfo(float).tiny)
            shares = shares / shares.sum()
        kept = shares > NEGLIGIBLE
        kept[0] = True
        others = np.where(kept, shares, 0.0)
        others[0] = 0.0
        first = max(least, float(shares[0])) if others.sum() > 0.0 else 1.0
        if first < 1.0:
            others *= (1.0 - first) / others.sum()
        others[0] = first
        return Proposal([part for part, keep in zip(self.parts, kept, strict=True) if keep], others[kept])


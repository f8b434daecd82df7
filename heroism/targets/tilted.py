"""What classifier-free guidance is meant to sample: the law of a label, tilted towards where the label is sure.

No target like the others: noising it does not lead to the law that is tilted at the larger noise, and that is the
point. Its score at every noise level is the guided score, so a sampler that is given the exact score of this target is
a guided one, and its total variation is what guidance misses.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from heroism.errors import nonnegative, require
from heroism.noise import Array, NoiseLevel
from heroism.targets.base import Target
from heroism.targets.labelled import LabelledMixture

DRAWS, SEED = 2**17, 2207_12598


class TiltedMixture(Target):
    """``p(x | label)^w p(x)^(1 - w)`` up to its total mass, at every noise level of a labelled mixture (2207.12598, eq.
    6, with w = 1 + its weight): w = 1 is the law of the label, and larger w goes where the label is sure.

    The total mass is a mean over 131072 draws of the label's law, the same ones every time: its relative error, at most
    a few 1e-3, is one of the density. (The label's probability is at most one, so the mean exists for w >= 1.)

    Parameters
    ----------
    means, covariances, labels, label, weights : as in :class:`LabelledMixture`.
    strength : w >= 1.

    Raises
    ------
    InputError : as LabelledMixture; w below one.
    """

    def __init__(self, means: ArrayLike, covariances: ArrayLike, labels: Sequence[int], label: int = 0,
                 strength: float = 2.0, weights: ArrayLike | None = None):
        self.law = LabelledMixture(means, covariances, labels, label, weights)
        self.strength = nonnegative("strength", strength)
        require(self.strength >= 1.0, "strength", strength, "give a number of at least 1, the law of the label")
        self.dim, self.multiplicity, self.jacobian = self.law.dim, self.law.multiplicity, "dense"
        require(self.law.jacobian == "dense" or self.dim == 1, "means", "one component", "give several")
        self._log_mass = lru_cache(maxsize=8)(self._drawn_log_mass)

    def sample(self, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        """By rejection from the law of the label."""
        found: list[Array] = []
        while sum(map(len, found)) < n:
            x = self.law.sample(max(n, 64), level, rng)
            accept = np.log(rng.random(len(x))) < (self.strength - 1.0) * self._log_sure(x, level)
            found.append(x[accept])
        return np.concatenate(found)[:n]

    def log_density(self, x: Array, level: NoiseLevel) -> Array:
        tilt = (self.strength - 1.0) * self._log_sure(x, level)
        return np.asarray(self.law.log_density(x, level) + tilt - self._log_mass(level))

    def score(self, bundle: Array, level: NoiseLevel) -> Array:
        whole = self.law.whole.score(bundle, level)
        return np.asarray(whole + self.strength * (self.law.score(bundle, level) - whole))

    def lift(self, positions: Array, rng: np.random.Generator, weights: Array | None = None) -> Array:
        return self.law.lift(positions, rng, weights)

    def _log_sure(self, x: Array, level: NoiseLevel) -> Array:
        """Log probability of the label, given x (n, dim)."""
        apart = self.law.log_density(x, level) - self.law.whole.log_density(x, level)
        return np.asarray(np.minimum(apart + np.log(self.law.share), 0.0))

    def _drawn_log_mass(self, level: NoiseLevel) -> float:
        """Log of the mean of the label's probability to the power w - 1."""
        x = self.law.sample(DRAWS, level, np.random.default_rng(SEED))
        return float(logsumexp((self.strength - 1.0) * self._log_sure(x, level)) - np.log(DRAWS))

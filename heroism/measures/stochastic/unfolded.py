"""A law with rotationally symmetric blocks in all coordinates of R^d, for what a radius alone cannot follow."""

from __future__ import annotations

import numpy as np

from heroism.flow import TargetScore
from heroism.noise import Array, NoiseLevel
from heroism.targets.base import Target


class Unfolded(Target):
    """The same law, every radius replaced by the coordinates of its block.

    A sampler that remembers two states of a block has more to it than radii: the angle between them. ``score`` takes
    positions alone, no tangents.
    """

    def __init__(self, target: Target):
        self.folded, self.copies = target, target.copies
        self.dim = int(np.sum(target.multiplicity))
        self.multiplicity = np.ones(self.dim, dtype=int)
        self.starts = np.concatenate([[0], np.cumsum(target.multiplicity)[:-1]]).astype(np.intp)
        self.radial = target.multiplicity > 1

    def reduced(self, x: Array) -> Array:
        """(n, k) reduced coordinates of points x (n, d)."""
        lengths = np.sqrt(np.add.reduceat(x * x, self.starts, axis=1))
        return np.where(self.radial, lengths, x[:, self.starts])

    def along(self, x: Array, reduced: Array, values: Array) -> Array:
        """(n, d) vectors whose components along the blocks of x are ``values`` (n, k)."""
        share = np.where(self.radial, values / np.where(self.radial, reduced, 1.0), values)
        spread = np.repeat(share, self.folded.multiplicity, axis=1)
        return np.where(np.repeat(self.radial, self.folded.multiplicity), spread * x, spread)

    def sample(self, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        one_copy = self.folded.sample(n, level, rng)
        return one_copy if self.copies > 1 else self.folded.lift(one_copy, rng)

    def log_density(self, x: Array, level: NoiseLevel) -> Array:
        reduced = self.reduced(x)
        return self.folded.log_density(reduced, level) - self.folded.log_shell(reduced)

    def score(self, bundle: Array, level: NoiseLevel) -> Array:
        reduced = self.reduced(bundle[0])
        return self.along(bundle[0], reduced, self.folded.score(reduced[None], level)[0])[None]


class UnfoldedScore(TargetScore):
    """A score of the reduced coordinates, at points in all of them."""

    def __init__(self, score: TargetScore):
        self.folded, self.target = score, Unfolded(score.target)

    def __call__(self, bundle: Array, level: NoiseLevel) -> Array:
        assert isinstance(self.target, Unfolded)
        reduced = self.target.reduced(bundle[0])
        return self.target.along(bundle[0], reduced, self.folded(reduced[None], level)[0])[None]

"""The exact score of a target."""

from __future__ import annotations

from heroism.described import Described
from heroism.errors import instance
from heroism.noise import Array, NoiseLevel
from heroism.targets.base import Target


class ExactScore(Described):
    """The target's own score: of a bundle (1+p, n, dim) the score at row 0 and ``H v`` for the tangents below it.

    ``target`` is the law that the sampler's output is compared with.
    """

    def __init__(self, target: Target):
        instance("target", target, Target, "give one of heroism.targets")
        self.target = target

    def __call__(self, bundle: Array, level: NoiseLevel) -> Array:
        return self.target.score(bundle, level)

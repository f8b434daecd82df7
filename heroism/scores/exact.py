"""The exact score of a target."""

from __future__ import annotations

from heroism.noise import Array, NoiseLevel
from heroism.targets.base import Target


class ExactScore:
    """The target's own score; ``.target`` is what the sampler's output is compared with."""

    def __init__(self, target: Target):
        self.target = target

    def __call__(self, bundle: Array, level: NoiseLevel) -> Array:
        return self.target.score(bundle, level)

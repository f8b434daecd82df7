"""Samplers: one short file each; whatever is exported here is held to its declared order and cost by the tests."""

from heroism.samplers.base import OneStepSampler, Sampler
from heroism.samplers.ddim import Ddim
from heroism.samplers.euler import Euler
from heroism.samplers.heroism import Heroism

__all__ = ["Ddim", "Euler", "Heroism", "OneStepSampler", "Sampler"]

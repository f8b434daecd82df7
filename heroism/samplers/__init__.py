"""Samplers: one short file each; whatever is exported here is held to its declared order and cost by the tests."""

from heroism.samplers.accelerated import AcceleratedOde
from heroism.samplers.adams import ExponentialAdams
from heroism.samplers.base import Decided, OneStepSampler, Piloted, Sampler
from heroism.samplers.composed import ComposedHeroism
from heroism.samplers.ddim import Ddim
from heroism.samplers.ddpm import Ddpm
from heroism.samplers.euler import Euler
from heroism.samplers.heroism import Heroism
from heroism.samplers.picard import Picard
from heroism.samplers.randomised_midpoint import RandomisedMidpoint
from heroism.samplers.runge_kutta import RungeKutta
from heroism.samplers.unipc import UniPC

__all__ = ["AcceleratedOde", "ComposedHeroism", "Ddim", "Ddpm", "Decided", "Euler", "ExponentialAdams", "Heroism",
           "OneStepSampler", "Picard", "Piloted", "RandomisedMidpoint", "RungeKutta", "Sampler", "UniPC"]

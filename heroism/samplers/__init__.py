"""Samplers: one short file each; whatever is exported here is held to its declared order and cost by the tests."""

from heroism.samplers.accelerated import AcceleratedOde
from heroism.samplers.base import Decided, OneStepSampler, Piloted, Sampler
from heroism.samplers.composed import ComposedHeroism, focused_schedule, transition_schedule
from heroism.samplers.ddim import Ddim
from heroism.samplers.ddpm import Ddpm
from heroism.samplers.dpm_fast import DpmFast
from heroism.samplers.euler import Euler
from heroism.samplers.exponential_runge_kutta import ExponentialRungeKutta
from heroism.samplers.fixed_adams import GradientEstimation, Ipndm
from heroism.samplers.heroism import Heroism
from heroism.samplers.heun_plus import HeunPlus
from heroism.samplers.multistep import ExponentialAdams, UniPC
from heroism.samplers.picard import Picard
from heroism.samplers.randomised_midpoint import RandomisedMidpoint
from heroism.samplers.runge_kutta import RungeKutta

__all__ = ["AcceleratedOde", "ComposedHeroism", "Ddim", "Ddpm", "Decided", "DpmFast", "Euler", "ExponentialAdams",
           "ExponentialRungeKutta", "GradientEstimation", "Heroism", "HeunPlus", "Ipndm", "OneStepSampler", "Picard",
           "Piloted", "RandomisedMidpoint", "RungeKutta", "Sampler", "UniPC", "focused_schedule",
           "transition_schedule"]

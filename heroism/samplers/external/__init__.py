"""Other people's solvers, unmodified, as samplers of this suite.

Most need packages that nothing else needs, so none is exported by ``heroism.samplers``, and those packages are imported
when a sampler is made.
"""

from heroism.samplers.external.diffrax_solvers import Diffrax
from heroism.samplers.external.diffusers_noise import DiffusersNoise
from heroism.samplers.external.diffusers_schedulers import Diffusers, trained_schedule
from heroism.samplers.external.own import OwnDenoiser, OwnSampler, OwnStep
from heroism.samplers.external.own_noise import OwnNoise
from heroism.samplers.external.recognise import as_sampler, named
from heroism.samplers.external.solve_ivp import SolveIvp

__all__ = ["Diffrax", "Diffusers", "DiffusersNoise", "OwnDenoiser", "OwnNoise", "OwnSampler", "OwnStep", "SolveIvp",
           "as_sampler", "named", "trained_schedule"]

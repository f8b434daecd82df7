"""Other people's solvers, unmodified, as samplers of this suite.

They need packages that nothing else needs, so they are not exported by ``heroism.samplers``, and their packages are
imported when a sampler is made.
"""

from heroism.samplers.external.diffusers_schedulers import Diffusers

__all__ = ["Diffusers"]

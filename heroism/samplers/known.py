"""Samplers under the names that people know them by (k-diffusion, ComfyUI, diffusers), as parameters of classes here.

``conf/sampler`` has a file of each name; a test holds the two to each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from heroism.errors import InputError
from heroism.samplers.base import Sampler
from heroism.samplers.ddim import Ddim
from heroism.samplers.dpm_fast import DpmFast
from heroism.samplers.exponential_runge_kutta import ExponentialRungeKutta
from heroism.samplers.fixed_adams import GradientEstimation, Ipndm
from heroism.samplers.heun_plus import HeunPlus
from heroism.samplers.multistep import ExponentialAdams, UniPC
from heroism.samplers.runge_kutta import RungeKutta
from heroism.samplers.stochastic import DdimEta, DpmSde, ErSde, SaSolver, SdeDpmSolver, Seeds, TwoStageAncestral

growing = partial(ExponentialAdams, startup="growing")
KNOWN: Mapping[str, Callable[[], Sampler]] = {
    "ddim": Ddim,
    "flow_euler": Ddim,
    "heun": partial(RungeKutta, "heun", "sigma"),
    "flow_heun": partial(RungeKutta, "heun", "flow"),
    "heunpp2": HeunPlus,
    "dpm_2": partial(TwoStageAncestral, "dpm_2", 0.0),
    "dpm_fast": DpmFast,
    "dpm_solver_2": partial(ExponentialRungeKutta, "dpm_2", "noise"),
    "dpm_solver_3": partial(ExponentialRungeKutta, "dpm_3", "noise"),
    "dpmpp_2s": partial(TwoStageAncestral, "dpmpp_2s", 0.0),
    "dpmpp_3s": partial(ExponentialRungeKutta, "dpm_3"),
    "dpmpp_2m": partial(SdeDpmSolver, 2, "midpoint", 0.0),
    "dpmpp_3m": partial(SdeDpmSolver, 3, "heun", 0.0),
    "res_multistep": partial(growing, 2),
    "res_2s": partial(ExponentialRungeKutta, "res_2s"),
    "res_3s": partial(ExponentialRungeKutta, "res_3s"),
    "etdrk2": partial(ExponentialRungeKutta, "etdrk2"),
    "etdrk3": partial(ExponentialRungeKutta, "etdrk3"),
    "etdrk4": partial(ExponentialRungeKutta, "etdrk4"),
    "lawson4": partial(ExponentialRungeKutta, "lawson4"),
    "lms": partial(growing, 4, "noise", clock="sigma"),
    "deis_tab": partial(growing, 3, "noise", clock="vp"),
    "ipndm": Ipndm,
    "ipndm_v": partial(growing, 4, "noise", clock="sigma"),
    "gradient_estimation": GradientEstimation,
    "uni_pc": partial(UniPC, 3, "data", "bh1", "growing"),
    "uni_pc_bh2": partial(UniPC, 3, "data", "bh2", "growing"),
    "euler_ancestral": partial(DdimEta, 1.0),
    "dpm_2_ancestral": partial(TwoStageAncestral, "dpm_2", 1.0),
    "dpmpp_2s_ancestral": partial(TwoStageAncestral, "dpmpp_2s", 1.0),
    "dpmpp_sde": partial(DpmSde, 1.0),
    "dpmpp_2m_sde": partial(SdeDpmSolver, 2, "midpoint", 1.0),
    "dpmpp_2m_sde_heun": partial(SdeDpmSolver, 2, "heun", 1.0),
    "dpmpp_3m_sde": partial(SdeDpmSolver, 3, "heun", 1.0),
    "er_sde": partial(ErSde, 3, "default"),
    "sa_solver": partial(SaSolver, 3, 0, 1.0),
    "seeds_2": partial(Seeds, 2, 1.0),
    "seeds_3": partial(Seeds, 3, 1.0),
}


def known(name: str) -> Sampler:
    """The sampler that people call by this name. Raises InputError for one that nobody does.

    >>> known("dpmpp_2m")
    SdeDpmSolver(order=2, variant='midpoint', eta=0.0)
    """
    if name not in KNOWN:
        raise InputError("sampler", name, f"choose one of {', '.join(KNOWN)}")
    return KNOWN[name]()

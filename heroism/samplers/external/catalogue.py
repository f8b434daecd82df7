"""What is known of each scheduler of ``diffusers`` (0.42): what it claims, how it is asked for a number of steps.

Data only: nothing here imports ``diffusers``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Options = Mapping[str, Any]


@dataclass(frozen=True)
class Method:
    """One scheduler.

    Attributes
    ----------
    order : claimed order; None for the option ``solver_order``.
    corrects : whether a corrector raises it by one (2302.04867, Corollary 3.2).
    exploding : whether its sample is ``x / sqrt(alpha_bar)`` (variance exploding, the space of EDM) instead of x.
    own_levels : options that make its timesteps exactly the levels of a schedule whose table it was given.
    last_step : whether, asked for those levels, it would go on to zero noise; that step is then not made.
    flow : whether its sigmas are s of flow matching, ``x = (1 - s) X_0 + s Z``; takes_sigmas : as a list of others.
    starts_with_runge_kutta : unless told to skip it (``skip_prk_steps``); such steps want the model half-way between
        two levels besides (whole timesteps: the table doubles).
    step_options : of its ``step``, about noise; the first one sets how much, and without it there is none.
    """

    order: int | None = None
    corrects: bool = False
    exploding: bool = False
    own_levels: Options = field(default_factory=dict)
    last_step: bool = False
    starts_with_runge_kutta: bool = False
    flow: bool = False
    takes_sigmas: bool = False
    step_options: tuple[str, ...] = ()

    def claimed_order(self, options: Options) -> int:
        """With the scheduler's resolved options."""
        return (int(options["solver_order"]) if self.order is None else self.order) + self.corrects

    def midpoints(self, options: Options) -> bool:
        """Whether it wants the model between the levels."""
        return self.starts_with_runge_kutta and not options["skip_prk_steps"]

    def least(self, options: Options) -> int:
        """Fewest steps it can make."""
        return 4 if self.midpoints(options) else 1 + self.starts_with_runge_kutta


_TO_FIRST: Options = {"final_sigmas_type": "sigma_min", "timestep_spacing": "linspace"}
_LEADING: Options = {"timestep_spacing": "leading"}
_LINSPACE: Options = {"timestep_spacing": "linspace"}

METHODS: Mapping[str, Method] = {
    "DDIMScheduler": Method(1, own_levels=_LEADING),
    "EulerDiscreteScheduler": Method(1, exploding=True, own_levels=_LINSPACE, last_step=True),
    "HeunDiscreteScheduler": Method(2, exploding=True, own_levels=_LINSPACE, last_step=True),
    "KDPM2DiscreteScheduler": Method(2, exploding=True, own_levels=_LINSPACE, last_step=True),
    "LMSDiscreteScheduler": Method(4, exploding=True, own_levels=_LINSPACE, last_step=True),
    "PNDMScheduler": Method(4, own_levels=_LEADING, starts_with_runge_kutta=True),
    "DPMSolverMultistepScheduler": Method(own_levels=_TO_FIRST),
    "DPMSolverSinglestepScheduler": Method(own_levels={"final_sigmas_type": "sigma_min"}),
    "UniPCMultistepScheduler": Method(corrects=True, own_levels=_TO_FIRST),
    "DEISMultistepScheduler": Method(own_levels=_LINSPACE),
    "FlowMatchEulerDiscreteScheduler": Method(1, flow=True, takes_sigmas=True),
    "FlowMatchHeunDiscreteScheduler": Method(2, flow=True),
}

# Those that draw noise, or can.
NOISY: Mapping[str, Method] = {
    "DDPMScheduler": Method(1, own_levels=_LINSPACE, last_step=True),
    "DDIMScheduler": Method(1, own_levels=_LEADING, step_options=("eta",)),
    "EulerAncestralDiscreteScheduler": Method(1, exploding=True, own_levels=_LINSPACE, last_step=True),
    "EulerDiscreteScheduler": Method(1, exploding=True, own_levels=_LINSPACE, last_step=True,
                                     step_options=("s_churn", "s_tmin", "s_tmax", "s_noise")),
    "KDPM2AncestralDiscreteScheduler": Method(2, exploding=True, own_levels=_LINSPACE, last_step=True),
    "DPMSolverMultistepScheduler": Method(own_levels=_TO_FIRST),
    "DPMSolverSinglestepScheduler": Method(own_levels={"final_sigmas_type": "sigma_min"}),
}
# Why others cannot have noise handed in, or levels.
NOISY_REFUSED: Mapping[str, str] = {
    "DPMSolverSDEScheduler": "draws its noise from a Brownian tree of torchsde, not from a generator: its method is "
                             "sampler=dpmpp_sde",
    "CosineDPMSolverMultistepScheduler": "draws its noise from a Brownian tree of torchsde, not from a generator",
    "EDMEulerScheduler": "makes its own noise levels: EulerDiscreteScheduler with step_options.s_churn is its method",
    "SASolverScheduler": "sets its noise by a function of the timestep, which no file can hold: sampler=sa_solver is "
                         "its method",
}

# Options that say what its table of noise levels is.
TABLE = ("num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "trained_betas")
# Options that would make a step anything but linear in sample and model output, with the only value that is accepted.
LINEAR_ONLY: Options = {"clip_sample": False, "thresholding": False, "stochastic_sampling": False}

# Those of EDM, deterministic, and our name of the same method.
EDM: Mapping[str, str] = {"EDMEulerScheduler": "ddim", "EDMDPMSolverMultistepScheduler": "dpmpp_2m"}

# Why the others have no exact density here. Each reason is put to the test.
_NOISE = "adds noise in every step, so its output has no density in closed form: take sampler=diffusers_noise"
REFUSED: Mapping[str, str] = {
    "DDPMScheduler": _NOISE,
    "EulerAncestralDiscreteScheduler": _NOISE,
    "KDPM2AncestralDiscreteScheduler": _NOISE,
    "LCMScheduler": "adds noise in every step, and is made for distilled models",
    **{name: f"makes its own noise levels, those of grid=karras, and its own network's units: sampler={ours} is its "
             "method" for name, ours in EDM.items()},
}

"""What is known of each scheduler of ``diffusers`` (0.42): what it claims, how it is asked for a number of steps.

Data only: nothing here imports ``diffusers``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Options = Mapping[str, Any]


@dataclass(frozen=True)
class Method:
    """One scheduler.

    Attributes
    ----------
    order : claimed order, from the scheduler's resolved options.
    exploding : whether its sample is ``x / sqrt(alpha_bar)`` (variance exploding, the space of EDM) instead of x.
    model : what its ``step`` takes for ``prediction_type="epsilon"``: "noise", or "velocity" where it knows no other.
    own_levels : options that make its timesteps exactly the levels of a schedule whose table it was given.
    last_step : whether, asked for those levels, it would go on to zero noise; that step is then not made.
    midpoints : whether it also wants the model half-way between two levels (whole timesteps: the table doubles).
    least : fewest steps it can make.
    """

    order: Callable[[Options], int]
    exploding: bool = False
    model: str = "noise"
    own_levels: Options = field(default_factory=dict)
    last_step: bool = False
    midpoints: Callable[[Options], bool] = lambda options: False
    least: Callable[[Options], int] = lambda options: 1


def _constant(value: int) -> Callable[[Options], int]:
    return lambda options: value


def _solver_order(options: Options) -> int:
    return int(options["solver_order"])


def _corrected(options: Options) -> int:
    """UniC raises the order by one (2302.04867, Corollary 3.2)."""
    return _solver_order(options) + 1


def _runge_kutta_start(options: Options) -> bool:
    return not options["skip_prk_steps"]


_TO_FIRST: Options = {"final_sigmas_type": "sigma_min", "timestep_spacing": "linspace"}
_LEADING: Options = {"timestep_spacing": "leading"}
_LINSPACE: Options = {"timestep_spacing": "linspace"}

METHODS: Mapping[str, Method] = {
    "DDIMScheduler": Method(_constant(1), own_levels=_LEADING),
    "EulerDiscreteScheduler": Method(_constant(1), exploding=True, own_levels=_LINSPACE, last_step=True),
    "HeunDiscreteScheduler": Method(_constant(2), exploding=True, own_levels=_LINSPACE, last_step=True),
    "KDPM2DiscreteScheduler": Method(_constant(2), exploding=True, own_levels=_LINSPACE, last_step=True),
    "LMSDiscreteScheduler": Method(_constant(4), exploding=True, own_levels=_LINSPACE, last_step=True),
    "PNDMScheduler": Method(_constant(4), own_levels=_LEADING, midpoints=_runge_kutta_start,
                            least=lambda options: 4 if _runge_kutta_start(options) else 2),
    "DPMSolverMultistepScheduler": Method(_solver_order, own_levels=_TO_FIRST),
    "DPMSolverSinglestepScheduler": Method(_solver_order, own_levels={"final_sigmas_type": "sigma_min"}),
    "UniPCMultistepScheduler": Method(_corrected, own_levels=_TO_FIRST),
    "DEISMultistepScheduler": Method(_solver_order, own_levels=_LINSPACE),
}

# Options that would make a step anything but linear in sample and model output, with the only value that is accepted.
LINEAR_ONLY: Options = {"clip_sample": False, "thresholding": False}

# Why the others have no exact density here. Each reason is put to the test.
REFUSED: Mapping[str, str] = {
    "DDPMScheduler": "adds noise in every step, so its output has no density in closed form",
    "EulerAncestralDiscreteScheduler": "adds noise in every step, so its output has no density in closed form",
    "KDPM2AncestralDiscreteScheduler": "adds noise in every step, so its output has no density in closed form",
    "LCMScheduler": "adds noise in every step, and is made for distilled models",
}

"""The schedulers of the ``diffusers`` package, unmodified (extra ``heroism[diffusers]``).

Their ``step`` is linear in sample and model output, so positions and tangents pass through it as one batch, and the
exact total variation of the shipped code comes out. What they know of the noise is a table of betas, by timestep, in
single precision; the score is evaluated in double precision at the level of the timestep that the scheduler names.
"""

from __future__ import annotations

import inspect
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import pairwise
from typing import Any

import numpy as np

from heroism.errors import InputError, require, whole_number
from heroism.flow import Flow
from heroism.integrals.clocks import LogSnrClock, SigmaClock
from heroism.integrals.predictions import Data, Noise, Prediction, Velocity
from heroism.noise import Array, NoiseLevel, NoiseSchedule, log_snr_schedule
from heroism.samplers.base import Sampler
from heroism.samplers.external.catalogue import LINEAR_ONLY, METHODS, REFUSED
from heroism.samplers.external.double import double_precision
from heroism.samplers.external.extras import needed

EXTRA = "diffusers"
TABLES = ("schedule", "trained")
PRECISIONS = ("shipped", "double")
ASKED_AT = ("timestep", "sigma")
ENDS = ("sigma_min", "zero")
# Of Stable Diffusion 1 and 2, as the configurations published with the weights have them.
TRAINED: Mapping[str, Any] = {"num_train_timesteps": 1000, "beta_schedule": "scaled_linear", "beta_start": 0.00085,
                              "beta_end": 0.012}
# What a network is trained to answer, as a prediction and a sign; v is that of 2202.00512.
MODELS: Mapping[str, tuple[Prediction, float]] = {"epsilon": (Noise(), 1.0), "sample": (Data(), 1.0),
                                                  "v_prediction": (Velocity(1.0), -1.0)}
KNOWN_WARNINGS: Mapping[str, type[Warning]] = {
    r"__array__ implementation doesn't accept a copy keyword": DeprecationWarning,  # numpy, of a torch scalar
    r"__array_wrap__ must accept context and return_scalar": DeprecationWarning,  # the same
    r"`algorithm_types?.dpmsolver": FutureWarning,  # the noise prediction of DPM-Solver is to go in a later version
}


class Diffusers(Sampler):
    """One scheduler of ``diffusers``, driven as its pipelines drive it.

    Parameters
    ----------
    scheduler : its class, such as ``DPMSolverMultistepScheduler`` (``Scheduler`` may be left out).
    options : passed to its constructor as they are, such as ``{"solver_order": 3}``; None stands for its own default.
        Clipping is switched off; to ask for it is refused, as it is not linear.
    table : "schedule" gives it the levels of our schedule, as ``trained_betas``, and asks for a step between each two
        of them, so that it can be compared with every other sampler. "trained" is how it is used: the table of 1000
        betas of a trained model (``trained_schedule``), T - 1 of its timesteps placed by the scheduler itself, and its
        own last step. Only the ends of the schedule count then.
    precision : "shipped", or "double": the same code with every 32 replaced by 64 bits, which is not what is shipped
        but tells rounding from method.
    asked_at : at which noise level the score is evaluated: that of the "timestep" which the scheduler names, as a
        network would be, or that of the "sigma" with which it steps. They differ where timesteps are rounded.

    Raises
    ------
    InputError : the extra is not installed; a scheduler or option that it does not have; one that is stochastic or not
        linear, with the reason.
    """

    def __init__(self, scheduler: str, options: Mapping[str, Any] | None = None, table: str = "schedule",
                 precision: str = "shipped", asked_at: str = "timestep"):
        name = scheduler if scheduler.endswith("Scheduler") else f"{scheduler}Scheduler"
        require(name not in REFUSED, "scheduler", name, REFUSED.get(name, ""))
        require(name in METHODS, "scheduler", scheduler, f"choose one of {', '.join(METHODS)}")
        require(table in TABLES, "table", table, f"choose one of {', '.join(TABLES)}")
        require(precision in PRECISIONS, "precision", precision, f"choose one of {', '.join(PRECISIONS)}")
        require(asked_at in ASKED_AT, "asked_at", asked_at, f"choose one of {', '.join(ASKED_AT)}")
        self.asked_at = asked_at
        self.kind: Callable[..., Any] = getattr(needed("diffusers", EXTRA), name)
        logging.getLogger("diffusers").setLevel(logging.ERROR)  # it announces in every run what its options mean
        self.name, self.method, self.table, self.precision = name, METHODS[name], table, precision
        self.known = {key: value.default for key, value in inspect.signature(self.kind).parameters.items()}
        self.options = self._checked({key: value for key, value in (options or {}).items() if value is not None})

    @property
    def order(self) -> int:  # type: ignore[override]
        """As its authors claim it."""
        return self.method.claimed_order(self.known | self.options)

    def evaluations(self, steps: int) -> int:
        with known_warnings():
            schedule = log_snr_schedule(steps, 0.1, 0.9)
            drive = self._asked(schedule.steps - 1) if self.table == "trained" else self._drive(schedule)
            return len(drive.timesteps)

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        torch = needed("torch", EXTRA)
        with self._precision(), known_warnings():
            drive = self._trained(schedule) if self.table == "trained" else self._drive(schedule)
            unit = np.sqrt(1.0 + drive.first_sigma**2) if self.method.exploding else 1.0
            sample = torch.from_numpy(unit * bundle)
            for timestep in drive.timesteps:
                seen = drive.scheduler.scale_model_input(sample, timestep)
                level = drive.level(timestep) if self.asked_at == "timestep" else drive.level_of_step()
                output = self._model(flow, seen.numpy(), level)
                sample = drive.scheduler.step(torch.from_numpy(output), timestep, sample, return_dict=False)[0]
        return sample.numpy() * (np.sqrt(schedule.end.alpha_bar) if self.method.exploding else 1.0)

    def _checked(self, options: dict[str, Any]) -> dict[str, Any]:
        for key, value in options.items():
            require(key in self.known, f"options.{key}", value,
                    f"{self.name} has no such option; choose from {', '.join(self.known)}")
        linear = {key: value for key, value in LINEAR_ONLY.items() if key in self.known}
        for key, value in linear.items():
            require(options.get(key, value) == value, f"options.{key}", options.get(key),
                    "a clipped step is not linear and carries no Jacobian; leave it out")
        stochastic = str(options.get("algorithm_type", "")).startswith("sde")
        require(not stochastic, "options.algorithm_type", options.get("algorithm_type"),
                "it adds noise in every step, so its output has no density in closed form; choose dpmsolver++")
        return options | linear

    def _precision(self) -> AbstractContextManager[None]:
        return nullcontext() if self.precision == "shipped" else double_precision(self.kind)  # type: ignore[arg-type]

    def _drive(self, schedule: NoiseSchedule) -> _Drive:
        """A fresh scheduler, told its levels: schedulers remember their last steps."""
        midpoints = self.method.midpoints(self.known | self.options)
        levels = _with_midpoints(schedule.levels) if midpoints else schedule.levels
        steps, ratio = schedule.steps - 1, 2 if midpoints else 1
        least = self.method.least(self.known | self.options)
        require(steps >= least, "T", schedule.steps, f"{self.name} needs at least {least + 1} noise levels")
        own = dict(self.method.own_levels)
        if own.get("timestep_spacing") == "leading":
            own["steps_offset"] = ratio
        scheduler = self._made(own | self.options, trained_betas=_betas(levels), num_train_timesteps=len(levels))
        scheduler.set_timesteps(steps + self.method.last_step)
        calls = scheduler.order * steps if self.method.last_step else len(scheduler.timesteps)
        return _Drive(scheduler, levels, scheduler.timesteps[:calls], schedule.start.sigma)

    def _asked(self, steps: int) -> _Drive:
        """A fresh scheduler of a trained model, asked for a number of steps."""
        scheduler = self._made({**TRAINED, **self.options})
        try:
            scheduler.set_timesteps(steps)
        except ValueError as error:
            raise InputError("T", steps + 1, f"{self.name} refuses so many levels: {error}") from error
        first = float(scheduler.sigmas[0]) if self.method.exploding else np.nan
        return _Drive(scheduler, table_levels(scheduler), scheduler.timesteps, first)

    def _trained(self, schedule: NoiseSchedule) -> _Drive:
        drive = self._asked(schedule.steps - 1)
        start, end = drive.levels[-1].sigma, drive.last_sigma
        for name, ours, theirs in (("start", schedule.start.sigma, start), ("end", schedule.end.sigma, end)):
            require(abs(ours - theirs) <= 1e-4 * theirs + 1e-9, f"schedule.{name}.sigma", f"{ours:.4g}",
                    f"{self.name} with these options has {theirs:.4g} there: take schedule=trained, and its end "
                    "sigma_min or zero as the scheduler has it")
        return drive

    def _made(self, options: Mapping[str, Any], **more: Any) -> Any:
        try:
            return self.kind(**options, **more)
        except (ValueError, NotImplementedError) as error:
            raise InputError("options", dict(options), f"{self.name} refuses them: {error}") from error

    def _model(self, flow: Flow, bundle: Array, level: NoiseLevel) -> Array:
        """What a perfect network would answer, and its derivatives along the tangents."""
        kind = (self.known | self.options)["prediction_type"]
        require(kind in MODELS, "options.prediction_type", kind, "choose epsilon, sample or v_prediction")
        prediction, sign = MODELS[kind]
        return sign * prediction.of(bundle, flow(bundle, level), level)


class _Drive:
    """A scheduler that knows its levels: the timesteps at which it will ask, and the level that each one stands for."""

    def __init__(self, scheduler: Any, levels: tuple[NoiseLevel, ...], timesteps: Any, first_sigma: float):
        self.scheduler, self.levels, self.timesteps, self.first_sigma = scheduler, levels, timesteps, first_sigma

    def level_of_step(self) -> NoiseLevel:
        """Of the sigma with which it is going to step."""
        if not hasattr(self.scheduler, "sigmas"):
            raise InputError("asked_at", "sigma", "this scheduler has no sigmas of its own; choose timestep")
        return NoiseLevel.from_half_log_snr(-np.log(float(self.scheduler.sigmas[self.scheduler.step_index or 0])))

    @property
    def last_sigma(self) -> float:
        """Where its last step leads: to the first level of its table, or to zero."""
        if hasattr(self.scheduler, "final_alpha_cumprod"):
            alpha_bar = float(self.scheduler.final_alpha_cumprod)
            return float(np.sqrt((1.0 - alpha_bar) / alpha_bar))
        return float(self.scheduler.sigmas[-1])

    def level(self, timestep: Any) -> NoiseLevel:
        """Of a whole timestep the table's; between two of them linear in log sigma, as schedulers invert it."""
        at = float(timestep)
        below = min(int(at), len(self.levels) - 2)
        return LogSnrClock().level(self.levels[below], self.levels[below + 1], at - below)


@contextmanager
def known_warnings() -> Iterator[None]:
    """Without three warnings that say nothing about the result."""
    with warnings.catch_warnings():
        for message, category in KNOWN_WARNINGS.items():
            warnings.filterwarnings("ignore", message=message, category=category)
        yield


def table_levels(scheduler: Any) -> tuple[NoiseLevel, ...]:
    """The levels of its own table, as it has them: a network was trained with these very numbers."""
    return tuple(NoiseLevel(float(alpha_bar), 1.0 - float(alpha_bar)) for alpha_bar in scheduler.alphas_cumprod)


def trained_schedule(steps: int, end: str = "sigma_min") -> NoiseSchedule:
    """T of the 1000 noise levels of Stable Diffusion (sigma from 14.6 to 0.029), at even timesteps; its first and last
    are where a scheduler with ``table="trained"`` starts and ends.

    ``end`` : "sigma_min", or "zero" for schedulers that go on to zero noise (in floating point tau = 1e-30).

    Raises InputError for T < 3 or more than there are, or another end.
    """
    require(end in ENDS, "end", end, f"choose one of {', '.join(ENDS)}")
    with known_warnings():
        levels = table_levels(needed("diffusers", EXTRA).DDIMScheduler(**TRAINED))
    kept = whole_number("T", steps, 3) - (end == "zero")
    require(kept <= len(levels), "T", steps, f"the table has {len(levels)} levels; take fewer")
    chosen = [levels[i] for i in np.linspace(0, len(levels) - 1, kept).round().astype(int)]
    if end == "zero":
        chosen.insert(0, NoiseLevel(1.0, 1e-30))
    return NoiseSchedule(np.array([level.alpha_bar for level in chosen]), np.array([level.tau for level in chosen]),
                         f"trained({end})")


def _with_midpoints(levels: tuple[NoiseLevel, ...]) -> tuple[NoiseLevel, ...]:
    """With the level half-way between each two, in sigma: there PNDM's Runge-Kutta steps are of order 4."""
    out = [levels[0]]
    for low, high in pairwise(levels):
        out += [SigmaClock().level(low, high, 0.5), high]
    return tuple(out)


def _betas(levels: tuple[NoiseLevel, ...]) -> list[float]:
    """``beta_t = 1 - alpha_bar_t / alpha_bar_{t-1}``, accurate where alpha_bar is nearly one."""
    return [levels[0].tau, *(high.tau_above(low) / low.alpha_bar for low, high in pairwise(levels))]

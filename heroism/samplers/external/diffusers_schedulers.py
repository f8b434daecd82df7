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
from copy import copy
from functools import partial
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from heroism.errors import InputError, require
from heroism.flow import Flow, Score
from heroism.grids import PURE_NOISE
from heroism.integrals.clocks import FlowClock, SigmaClock
from heroism.integrals.predictions import Data, Noise, Prediction, Velocity
from heroism.noise import Array, NoiseLevel, NoiseSchedule, a_count, log_snr_schedule
from heroism.samplers.base import Sampler
from heroism.samplers.external.catalogue import LINEAR_ONLY, METHODS, REFUSED, TABLE, Method
from heroism.samplers.external.double import double_precision
from heroism.samplers.external.drive import Drive, FlowDrive
from heroism.samplers.external.extras import needed
from heroism.samplers.external.options import check_effects, check_levels, check_table

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

    methods: ClassVar[Mapping[str, Method]] = METHODS
    refused: ClassVar[Mapping[str, str]] = REFUSED

    def __init__(self, scheduler: str, options: Mapping[str, Any] | None = None, table: str = "schedule",
                 precision: str = "shipped", asked_at: str = "timestep"):
        name = scheduler if scheduler.endswith("Scheduler") else f"{scheduler}Scheduler"
        require(name not in self.refused, "scheduler", name, self.refused.get(name, ""))
        require(name in self.methods, "scheduler", scheduler, f"choose one of {', '.join(self.methods)}")
        require(table in TABLES, "table", table, f"choose one of {', '.join(TABLES)}")
        require(precision in PRECISIONS, "precision", precision, f"choose one of {', '.join(PRECISIONS)}")
        require(asked_at in ASKED_AT, "asked_at", asked_at, f"choose one of {', '.join(ASKED_AT)}")
        self.asked_at = asked_at
        self.kind: Callable[..., Any] = getattr(needed("diffusers", EXTRA), name)
        logging.getLogger("diffusers").setLevel(logging.ERROR)  # it announces in every run what its options mean
        self.name, self.method, self.table, self.precision = name, self.methods[name], table, precision
        self.known = {key: value.default for key, value in inspect.signature(self.kind).parameters.items()}
        self.options = self._checked({key: value for key, value in (options or {}).items() if value is not None})
        usual = self.known | (self._placed() if table == "schedule" else {})
        changed = {key: value for key, value in self.options.items() if value != usual[key] and key not in LINEAR_ONLY}
        with known_warnings():
            check_effects(self.options, changed, self._ends)
            if table == "schedule" and not self.stochastic:
                check_levels(self.options, changed, self._ends, partial(log_snr_schedule, tau_min=1e-4, tau_max=0.9999),
                             float(np.finfo(np.float32 if precision == "shipped" else np.float64).eps))

    @property
    def order(self) -> int:  # type: ignore[override]
        """As its authors claim it."""
        return self.method.claimed_order(self.known | self.options)

    def evaluations(self, steps: int) -> int:
        with known_warnings():
            schedule = log_snr_schedule(steps, 0.1, 0.9)
            drive = self._asked(schedule.steps - 1) if self.table == "trained" else self._drive(schedule)
            return len(drive.timesteps)

    def check(self, schedule: NoiseSchedule) -> None:
        if self.table == "trained":
            with self._precision(), known_warnings():
                self._trained(schedule)

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        with self._precision(), known_warnings():
            return self._carried(self._trained(schedule) if self.table == "trained" else self._drive(schedule), flow,
                                 bundle)

    def _carried(self, drive: Drive, flow: Flow, bundle: Array) -> Array:
        torch = needed("torch", EXTRA)
        sample = torch.from_numpy(drive.enter * bundle)
        for timestep in drive.timesteps:
            level = drive.level(timestep) if self.asked_at == "timestep" else drive.level_of_step()
            output = self._model(flow, drive.seen(sample, timestep, level), level)
            sample = self._stepped(drive, output, timestep, sample)
        return np.asarray(drive.leave * sample.numpy())

    def _stepped(self, drive: Drive, output: Array, timestep: Any, sample: Any) -> Any:
        torch = needed("torch", EXTRA)
        return drive.scheduler.step(torch.from_numpy(output), timestep, sample, return_dict=False)[0]

    def _ends(self, options: Mapping[str, Any], score: Score, starts: Array, steps: int) -> Array:
        """Where other options lead, in a few steps."""
        other = copy(self)
        other.options = dict(options)
        with self._precision():
            drive = other._asked(steps) if self.table == "trained" else other._drive(
                log_snr_schedule(steps + 1, 1e-4, 0.9999))
            return other._carried(drive, Flow(score, diffusion=lambda x, by: x + by), starts)

    def _checked(self, options: dict[str, Any]) -> dict[str, Any]:
        for key, value in options.items():
            require(key in self.known, f"options.{key}", value,
                    f"{self.name} has no such option; choose from {', '.join(self.known)}")
            require(self.table == "trained" or key not in TABLE, f"options.{key}", value,
                    "the table is made of the levels of the schedule here; take table=trained, with the same in "
                    "schedule=trained")
        check_table("options", options, TRAINED["num_train_timesteps"])
        linear = {key: value for key, value in LINEAR_ONLY.items() if key in self.known}
        for key, value in linear.items():
            require(options.get(key, value) == value, f"options.{key}", options.get(key),
                    "a clipped or noisy step is not linear and carries no Jacobian; leave it out")
        stochastic = str(options.get("algorithm_type", "")).startswith("sde")
        require(self.stochastic or not stochastic, "options.algorithm_type", options.get("algorithm_type"),
                "it adds noise in every step, so its output has no density in closed form; choose dpmsolver++, or "
                "take sampler=diffusers_noise")
        return options | linear

    def _precision(self) -> AbstractContextManager[None]:
        return nullcontext() if self.precision == "shipped" else double_precision(self.kind)  # type: ignore[arg-type]

    def _placed(self) -> dict[str, Any]:
        """Options that make its timesteps those of the table that it is given."""
        placed = dict(self.method.own_levels)
        if placed.get("timestep_spacing") == "leading":
            placed["steps_offset"] = 2 if self.method.midpoints(self.known | self.options) else 1
        return placed

    def _flows(self) -> bool:
        """Whether its sigmas are those of flow matching."""
        return self.method.flow or bool(self.options.get("use_flow_sigmas"))

    def _drive(self, schedule: NoiseSchedule) -> Drive:
        """A fresh scheduler, told its levels: schedulers remember their last steps."""
        if self.method.flow:
            return self._flow_drive(schedule)
        midpoints = self.method.midpoints(self.known | self.options)
        levels = _with_midpoints(schedule.levels) if midpoints else schedule.levels
        steps = schedule.steps - 1
        least = self.method.least(self.known | self.options)
        require(steps >= least, "T", schedule.steps, f"{self.name} needs at least {least + 1} noise levels")
        scheduler = self._made(self._placed() | self.options, trained_betas=_betas(levels),
                               num_train_timesteps=len(levels))
        scheduler.set_timesteps(steps + self.method.last_step)
        calls = scheduler.order * steps if self.method.last_step else len(scheduler.timesteps)
        enter, leave = self._units(schedule.start.sigma, schedule.end)
        return Drive(scheduler, levels, scheduler.timesteps[:calls], enter, leave)

    def _flow_drive(self, schedule: NoiseSchedule) -> Drive:
        """The same of a scheduler that takes s of flow matching as a list, and would go on to zero."""
        require(self.method.takes_sigmas, "table", "schedule", f"{self.name} takes no levels of others: take "
                "table=trained, with schedule=flow")
        clock, scheduler = FlowClock(), self._made(self.options)
        shares = [float(np.sqrt(level.tau)) / clock.scale(level) for level in schedule.levels[::-1]]
        self._told(scheduler, len(shares), sigmas=shares)
        return FlowDrive(scheduler, scheduler.timesteps[: len(shares) - 1], schedule.end)

    def _asked(self, steps: int, end: NoiseLevel | None = None) -> Drive:
        """A fresh scheduler of a trained model, asked for a number of steps."""
        scheduler = self._made(self.options if self.method.flow else {**TRAINED, **self.options})
        self._told(scheduler, steps, num_inference_steps=steps)
        if self._flows():
            return FlowDrive(scheduler, scheduler.timesteps, end)
        first = float(scheduler.sigmas[0]) if self.method.exploding else np.nan
        return Drive(scheduler, table_levels(scheduler), scheduler.timesteps, *self._units(first, end))

    def _told(self, scheduler: Any, steps: int, **how: Any) -> None:
        try:
            scheduler.set_timesteps(**how)
        except ValueError as error:
            raise InputError("T", steps + 1, f"{self.name} refuses so many levels: {error}") from error

    def _units(self, first_sigma: float, end: NoiseLevel | None) -> tuple[float, float]:
        """Factors to its sample at the start, and back at the end: some keep ``x / sqrt(alpha_bar)``."""
        if not self.method.exploding:
            return 1.0, 1.0
        return float(np.sqrt(1.0 + first_sigma**2)), 1.0 if end is None else float(np.sqrt(end.alpha_bar))

    def _trained(self, schedule: NoiseSchedule) -> Drive:
        drive = self._asked(schedule.steps - 1, schedule.end)
        remedy = "take schedule=flow with its shift" if self._flows() else "take schedule=trained, with its table"
        for name, ours, theirs in (("start", schedule.start.sigma, drive.first_sigma),
                                   ("end", schedule.end.sigma, drive.last_sigma)):
            require(abs(ours - theirs) <= 1e-4 * theirs + 1e-9, f"schedule.{name}.sigma", f"{ours:.4g}",
                    f"{self.name} with these options has {theirs:.4g} there: {remedy}, and its end sigma_min or zero "
                    "as the scheduler has it (or its levels in schedule=table)")
        return drive

    def _made(self, options: Mapping[str, Any], **more: Any) -> Any:
        try:
            return self.kind(**options, **more)
        except (ValueError, NotImplementedError) as error:
            raise InputError("options", dict(options), f"{self.name} refuses them: {error}") from error

    def _model(self, flow: Flow, bundle: Array, level: NoiseLevel) -> Array:
        """What a perfect network would answer, and its derivatives along the tangents."""
        if self._flows():
            return FlowClock().slope(bundle, flow(bundle, level), level)
        kind = (self.known | self.options)["prediction_type"]
        require(kind in MODELS, "options.prediction_type", kind, "choose epsilon, sample or v_prediction")
        prediction, sign = MODELS[kind]
        return sign * prediction.of(bundle, flow(bundle, level), level)


@contextmanager
def known_warnings() -> Iterator[None]:
    """Without three warnings that say nothing about the result."""
    with warnings.catch_warnings():
        for message, category in KNOWN_WARNINGS.items():
            warnings.filterwarnings("ignore", message=message, category=category)
        yield


def table_levels(scheduler: Any) -> tuple[NoiseLevel, ...]:
    """The levels of its own table, as it has them: a network was trained with these very numbers."""
    kept = (max(float(alpha_bar), PURE_NOISE) for alpha_bar in scheduler.alphas_cumprod)  # zero: pure noise
    return tuple(NoiseLevel(alpha_bar, 1.0 - alpha_bar) for alpha_bar in kept)


def trained_schedule(steps: int, end: str = "sigma_min", **table: Any) -> NoiseSchedule:
    """T of the 1000 noise levels of Stable Diffusion (sigma from 14.6 to 0.029), at even timesteps; its first and last
    are where a scheduler with ``table="trained"`` starts and ends.

    ``end`` : "sigma_min", or "zero" for schedulers that go on to zero noise (in floating point tau = 1e-30).
    ``table`` : of another model, in the words of diffusers: num_train_timesteps, beta_schedule, beta_start, beta_end,
    trained_betas, rescale_betas_zero_snr; None stands for Stable Diffusion's.

    Raises InputError for T < 3 or more than there are, another end, or a table that diffusers does not make.
    """
    require(end in ENDS, "end", end, f"choose one of {', '.join(ENDS)}")
    own = {key: value for key, value in table.items() if value is not None}
    unknown = sorted(own.keys() - {*TABLE, "rescale_betas_zero_snr"})
    require(not unknown, "schedule", ", ".join(unknown), f"choose from {', '.join(TABLE)}, rescale_betas_zero_snr")
    check_table("schedule", own, TRAINED["num_train_timesteps"])
    kind = needed("diffusers", EXTRA).DDIMScheduler
    with known_warnings():
        try:
            levels = table_levels(kind(**{**TRAINED, **own}))
        except (ValueError, TypeError, RuntimeError, NotImplementedError) as error:
            raise InputError("schedule", own, f"diffusers makes no table of it: {error}") from error
    kept = a_count(steps) - (end == "zero")
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

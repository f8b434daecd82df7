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

from heroism.errors import InputError, require
from heroism.flow import Flow
from heroism.noise import Array, NoiseLevel, NoiseSchedule, log_snr_schedule
from heroism.samplers.base import Sampler
from heroism.samplers.external.catalogue import LINEAR_ONLY, METHODS, REFUSED
from heroism.samplers.external.double import double_precision
from heroism.samplers.external.extras import needed

EXTRA = "diffusers"
TABLES = ("schedule", "trained")
PRECISIONS = ("shipped", "double")
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
    options : passed to its constructor as they are, such as ``{"solver_order": 3}``. Clipping is switched off unless it
        is asked for, which is refused: it is not linear.
    table : "schedule" gives it the levels of our schedule, as ``trained_betas``, and asks for a step between each two
        of them, so that it can be compared with every other sampler.
    precision : "shipped", or "double": the same code with every 32 replaced by 64 bits, which is not what is shipped
        but tells rounding from method.

    Raises
    ------
    InputError : the extra is not installed; a scheduler or option that it does not have; one that is stochastic or not
        linear, with the reason.
    """

    def __init__(self, scheduler: str, options: Mapping[str, Any] | None = None, table: str = "schedule",
                 precision: str = "shipped"):
        name = scheduler if scheduler.endswith("Scheduler") else f"{scheduler}Scheduler"
        require(name not in REFUSED, "scheduler", name, REFUSED.get(name, ""))
        require(name in METHODS, "scheduler", scheduler, f"choose one of {', '.join(METHODS)}")
        require(table in TABLES, "table", table, f"choose one of {', '.join(TABLES)}")
        require(precision in PRECISIONS, "precision", precision, f"choose one of {', '.join(PRECISIONS)}")
        self.kind: Callable[..., Any] = getattr(needed("diffusers", EXTRA), name)
        logging.getLogger("diffusers").setLevel(logging.ERROR)  # it announces in every run what its options mean
        self.name, self.method, self.table, self.precision = name, METHODS[name], table, precision
        self.known = {key: value.default for key, value in inspect.signature(self.kind).parameters.items()}
        self.options = self._checked(dict(options or {}))

    @property
    def order(self) -> int:  # type: ignore[override]
        """As its authors claim it."""
        return self.method.order(self.known | self.options)

    def evaluations(self, steps: int) -> int:
        with _known_warnings():
            return len(self._drive(log_snr_schedule(steps, 0.1, 0.9)).timesteps)

    def rounds(self, steps: int) -> int:
        return self.evaluations(steps)

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        torch = needed("torch", EXTRA)
        with self._precision(), _known_warnings():
            drive = self._drive(schedule)
            start, end = ((1.0 / np.sqrt(level.alpha_bar) if self.method.exploding else 1.0)
                          for level in (schedule.start, schedule.end))
            sample = torch.from_numpy(start * bundle)
            for timestep in drive.timesteps:
                seen = drive.scheduler.scale_model_input(sample, timestep)
                output = self._model(flow, seen.numpy(), drive.level(timestep))
                sample = drive.scheduler.step(torch.from_numpy(output), timestep, sample, return_dict=False)[0]
        return sample.numpy() / end

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
        calls = getattr(scheduler, "order", 1) * steps if self.method.last_step else len(scheduler.timesteps)
        return _Drive(scheduler, levels, scheduler.timesteps[:calls])

    def _made(self, options: Mapping[str, Any], **more: Any) -> Any:
        try:
            return self.kind(**options, **more)
        except (ValueError, NotImplementedError) as error:
            raise InputError("options", dict(options), f"{self.name} refuses them: {error}") from error

    def _model(self, flow: Flow, bundle: Array, level: NoiseLevel) -> Array:
        """What a perfect network would answer, and its derivatives along the tangents."""
        score = flow(bundle, level)
        kind = (self.known | self.options).get("prediction_type", self.method.model)
        if kind == "epsilon":
            return -np.sqrt(level.tau) * score
        data = (bundle + level.tau * score) / np.sqrt(level.alpha_bar)
        if kind == "sample":
            return data
        require(kind == "v_prediction", "options.prediction_type", kind, "choose epsilon, sample or v_prediction")
        return -np.sqrt(level.tau) * (np.sqrt(level.alpha_bar) * score + data)


class _Drive:
    """A scheduler that knows its levels: the timesteps at which it will ask, and the level that each one stands for."""

    def __init__(self, scheduler: Any, levels: tuple[NoiseLevel, ...], timesteps: Any):
        self.scheduler, self.levels, self.timesteps = scheduler, levels, timesteps

    def level(self, timestep: Any) -> NoiseLevel:
        """Of a whole timestep the table's; between two of them linear in log sigma, as schedulers invert it."""
        at = float(timestep)
        below = min(int(at), len(self.levels) - 2)
        if at == below:
            return self.levels[below]
        low, high = self.levels[below].half_log_snr, self.levels[below + 1].half_log_snr
        return self.levels[below + 1] if at == below + 1 else NoiseLevel.from_half_log_snr(
            low + (at - below) * (high - low))


@contextmanager
def _known_warnings() -> Iterator[None]:
    """Without three warnings that say nothing about the result."""
    with warnings.catch_warnings():
        for message, category in KNOWN_WARNINGS.items():
            warnings.filterwarnings("ignore", message=message, category=category)
        yield


def _with_midpoints(levels: tuple[NoiseLevel, ...]) -> tuple[NoiseLevel, ...]:
    """With the level half-way in log sigma between each two."""
    out = [levels[0]]
    for low, high in pairwise(levels):
        middle = NoiseLevel.from_half_log_snr(0.5 * (low.half_log_snr + high.half_log_snr))
        out += [middle, high]
    return tuple(out)


def _betas(levels: tuple[NoiseLevel, ...]) -> list[float]:
    """``beta_t = 1 - alpha_bar_t / alpha_bar_{t-1}``, accurate where alpha_bar is nearly one."""
    return [levels[0].tau, *(high.tau_above(low) / low.alpha_bar for low, high in pairwise(levels))]

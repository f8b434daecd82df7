"""What somebody has as a sampler: a function, a scheduler of ``diffusers``, a name, or where one of these is."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from heroism.errors import InputError, require
from heroism.samplers.base import Sampler
from heroism.samplers.external.catalogue import LINEAR_ONLY, METHODS, NOISY, NOISY_REFUSED, REFUSED, TABLE
from heroism.samplers.external.diffusers_noise import DiffusersNoise
from heroism.samplers.external.diffusers_schedulers import Diffusers
from heroism.samplers.external.own import OwnDenoiser, OwnStep, name_of
from heroism.samplers.external.own_noise import NOISE, OwnNoise, takes_noise, without_noise
from heroism.samplers.known import known

KINDS = ("denoiser", "noise", "step")
PLACED = ("timestep_spacing", "final_sigmas_type", "steps_offset", "use_karras_sigmas", "use_exponential_sigmas",
          "use_beta_sigmas", "use_flow_sigmas", "use_lu_lambdas", "set_alpha_to_one", "rescale_betas_zero_snr")


def as_sampler(sampler: Any, kind: str = "auto", order: int = 0, array: str = "auto",
               precision: str = "shipped") -> Sampler:
    """Anything that can be measured as a :class:`Sampler`.

    Parameters
    ----------
    sampler : a sampler of this suite; the name that people know one by, such as "dpmpp_2m"; a scheduler of
        ``diffusers``, an instance; a function ``sample(model, x, sigmas)``, which is handed its noise if it has an
        argument ``noise_sampler``; a function ``step(score, x, level, next_level)``.
    kind : "denoiser", "noise" (one that is handed its noise) or "step" for a function; "auto" looks at its arguments:
        three without a default, or four.
    order, array : as in :class:`OwnSampler`.
    precision : of a scheduler of ``diffusers``, as in :class:`Diffusers`.

    Raises
    ------
    InputError : none of these.

    >>> def euler(model, x, sigmas):
    ...     for now, then in zip(sigmas[:-1], sigmas[1:]):
    ...         x = x + (then - now) * (x - model(x, now)) / now
    ...     return x
    >>> as_sampler(euler)
    OwnDenoiser(euler, numpy)
    """
    if isinstance(sampler, Sampler):
        return sampler
    if isinstance(sampler, str):
        return known(sampler)
    if hasattr(sampler, "set_timesteps") and hasattr(sampler, "config") and not inspect.isclass(sampler):
        return from_scheduler(sampler, precision)
    require(callable(sampler) and not inspect.isclass(sampler), "sampler", sampler,
            "give a sampler, a scheduler of diffusers, or a function sample(model, x, sigmas) or step(score, x, level, "
            "next_level)")
    require(kind in ("auto", *KINDS), "kind", kind, f"choose auto or one of {', '.join(KINDS)}")
    chosen = {3: "denoiser", 4: "step"}.get(needed_arguments(sampler), "") if kind == "auto" else kind
    require(chosen != "", "sampler", name_of(sampler), f"has {needed_arguments(sampler)} arguments without a default; "
            "sample(model, x, sigmas) has three and step(score, x, level, next_level) four: bind the others "
            "(functools.partial), or give kind")
    if chosen == "step":
        return OwnStep(sampler, order, array)
    if chosen == "noise" or (kind == "auto" and takes_noise(sampler)):
        noisy = OwnNoise(sampler, order, array)
        return noisy if noisy.adds_noise() else OwnDenoiser(without_noise(sampler), order, noisy.array)
    return OwnDenoiser(sampler, order, array)


def named(function: str | None = None, kind: str = "auto", order: int = 0, array: str = "auto") -> Sampler:
    """The same of a function, sampler or scheduler by its dotted path, looked for in the working directory too.

    Raises InputError for a path that leads nowhere.
    """
    require(isinstance(function, str) and "." in function, "sampler.function", function,
            "give a dotted path, such as mymodule.sample_mine")
    module, _, name = str(function).rpartition(".")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        found = getattr(import_module(module), name)
    except ModuleNotFoundError as missing:
        if missing.name is None or not f"{module}.".startswith(f"{missing.name}."):
            raise
        raise InputError("sampler.function", function, f"there is no module {missing.name} here: run where it can be "
                         "imported") from None
    except AttributeError:
        raise InputError("sampler.function", function, f"the module {module} has no {name}") from None
    return as_sampler(found, kind, order, array)


def from_scheduler(scheduler: Any, precision: str = "shipped") -> Diffusers:
    """A scheduler of ``diffusers`` with the options that the instance was made with; a fresh one runs, at the levels of
    the schedule, whose table replaces its own; the noise of a stochastic one is drawn by a generator of ours.

    Raises InputError for an option that would clip, or that would move the levels.
    """
    name = type(scheduler).__name__
    noisy = name in NOISY and (name not in METHODS or "sde" in scheduler.config.get("algorithm_type", ""))
    known_ones = NOISY if noisy else METHODS
    why = {**NOISY_REFUSED, **REFUSED}
    require(noisy or name not in why, "sampler", name, why.get(name, ""))
    require(name in known_ones, "sampler", name, f"this scheduler is not known; choose one of {', '.join(METHODS)}")
    placed = known_ones[name].own_levels
    known = {key: value.default for key, value in inspect.signature(type(scheduler)).parameters.items()}
    own = {key: scheduler.config[key] for key in known if key in scheduler.config and key not in TABLE}
    for key, off in LINEAR_ONLY.items():
        require(own.get(key, off) == off, f"{name}.{key}", own.get(key),
                f"a clipped step is not linear and carries no Jacobian: make it with {key}={off}")
    for key in PLACED:
        require(own.get(key) in (known.get(key), placed.get(key)), f"{name}.{key}", own.get(key),
                "moves the noise levels, which are those of the schedule here: leave it out, or take "
                f"Diffusers({name!r}, options, table='trained')")
    options = {key: value for key, value in own.items()
               if key not in (*PLACED, *placed, *LINEAR_ONLY) and value != known[key]}
    return (DiffusersNoise if noisy else Diffusers)(name, options, precision=precision)


def needed_arguments(function: Callable[..., Any]) -> int:
    """How many positional arguments have no default, but for that of noise."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.default is p.empty and p.kind in positional and p.name != NOISE
               for p in inspect.signature(function).parameters.values())

"""``measure`` and ``compare``: one's own sampler, or several, over a ladder of steps on a target in closed form."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from inspect import signature
from typing import Any

import numpy as np

from heroism import grids
from heroism.errors import InputError, instance, require, whole_number
from heroism.flow import TargetScore
from heroism.measures.base import OWN
from heroism.measures.distances import Kl, TotalVariation
from heroism.measures.origin import check_origin
from heroism.measures.run import Run
from heroism.noise import NoiseSchedule, log_snr_schedule, paper_schedule, rho_schedule, uniform_time_schedule
from heroism.report.report import Comparison, Report, Rung
from heroism.samplers.base import DOUBLE, Sampler
from heroism.samplers.external.recognise import as_sampler
from heroism.scores import ExactScore
from heroism.starts import Start, start_law
from heroism.targets.base import Target

MEASURES = (TotalVariation(), Kl())
STEPS = (8, 16, 32, 64)
Schedule = str | NoiseSchedule | Callable[[int], NoiseSchedule]
GRIDS = ("karras", "exponential", "polyexponential", "kl_optimal", "laplace", "vp", "align_your_steps", "normal",
         "sgm_uniform", "simple", "ddim_uniform", "beta", "linear_quadratic", "flow", "bong_tangent")
SCHEDULES: Mapping[str, Callable[[int], NoiseSchedule]] = {
    "rho": partial(rho_schedule, tau_min=1e-4, tau_max=0.9999),
    "log_snr": partial(log_snr_schedule, tau_min=1e-4, tau_max=0.9999),
    "uniform_time": uniform_time_schedule,
    "paper": paper_schedule,
    **{name: getattr(grids, name) for name in GRIDS},
}


def measure(sampler: Any, target: Target, steps: int | Sequence[int] = STEPS, schedule: Schedule = "rho",
            start: Start = "exact", particles: int = 1000, seed: int = 0, *, score: TargetScore | None = None,
            name: str | None = None, kind: str = "auto", array: str = "auto", precision: str = "shipped") -> Report:
    """How far a sampler's output is from a target: total variation and KL divergence, both exact up to the number of
    paths, at each number of steps.

    Parameters
    ----------
    sampler : a function ``sample(model, x, sigmas)`` with ``model(x, sigma)`` the denoiser, as k-diffusion has it, or
        ``step(score, x, level, next_level)``, in numpy or torch; a scheduler of ``diffusers``, an instance; a
        :class:`heroism.samplers.Sampler`, or the name that people know one by, such as "dpmpp_2m".
    target : the law that is sampled, in closed form at every noise level.
    steps : how many steps from the largest noise level to the smallest; there is one noise level more.
    schedule : "rho" (EDM's, of exponent 7), "log_snr", "uniform_time", "paper", or a grid that people know, such as
        "karras", "sgm_uniform", "beta", "flow" (:mod:`heroism.grids`, on the levels of Stable Diffusion); a function of
        the number T of noise levels; or a schedule, which has its number of steps.
    start : "exact", the target's own law at the largest noise level, which leaves the error of the steps alone, or
        "gaussian", N(0, I), as in practice.
    particles, seed : paths, and of their starting points; every sampler gets the same ones.
    score : what the sampler is given instead of the target's exact score, such as a ``PerturbedScore``.
    name : in tables and pictures. kind, array, precision : as in :func:`heroism.as_sampler`.

    Raises
    ------
    InputError : one sentence for what cannot be measured, such as somebody's function that adds noise or clips. (Of the
        stochastic samplers of this suite the law is known on Gaussian, product and rotationally symmetric targets.)

    >>> import heroism as hs
    >>> report = hs.measure(hs.Ddim(), hs.Sphere(3, 1.0), steps=[16, 32, 64], particles=200)
    >>> low, high = report.order.interval()
    >>> bool(low < 1.1 and high > 0.9)
    True
    """
    made = as_sampler(sampler, kind, array=array, precision=precision)
    instance("target", target, Target, "give one of heroism.targets, such as GaussianMixture(...)")
    require(score is None or (callable(score) and getattr(score, "target", None) is target), "score",
            type(score).__name__, "give a score of the same target")
    whole_number("particles", particles, 1)
    whole_number("seed", seed, 0)
    start_law(start)
    check_origin(made, target)
    for each in MEASURES:
        each.check(target, made, particles)
    ladder = schedules(schedule, steps)
    rungs = tuple(_rung(made, score or ExactScore(target), one, start, particles, seed) for one in ladder)
    law = start if isinstance(start, str) else type(start).__name__
    return Report(name or name_of(made), repr(target), ladder[0].name, law, particles, seed, rungs,
                  tuple(_notes(made, rungs)))


def compare(samplers: Mapping[str, Any] | Iterable[Any], target: Target, steps: int | Sequence[int] = STEPS,
            **settings: Any) -> Comparison:
    """Several samplers from the same starting points; the settings are those of :func:`measure`.

    ``samplers`` : all that :func:`measure` takes, in a list, or by the name that each is to have.

    >>> import heroism as hs
    >>> both = hs.compare([hs.Ddim(), hs.ExponentialAdams(2)], hs.Hypercube(4, 1.0), steps=[8, 16], particles=50)
    >>> [report.name for report in both.reports]
    ['Ddim()', 'ExponentialAdams(order=2)']
    """
    known = dict(samplers) if isinstance(samplers, Mapping) else dict(_named(samplers))
    require(len(known) > 0, "samplers", "none", "give at least one")
    return Comparison(tuple(measure(one, target, steps, name=name, **settings) for name, one in known.items()))


def schedules(schedule: Schedule, steps: int | Sequence[int]) -> list[NoiseSchedule]:
    """One schedule for each number of steps, the fewest first. Raises InputError for what makes none."""
    if isinstance(schedule, NoiseSchedule):
        return [schedule]
    if isinstance(schedule, str):
        require(schedule in SCHEDULES, "schedule", schedule,
                f"choose one of {', '.join(SCHEDULES)}, or give a function of the number of noise levels")
        schedule = SCHEDULES[schedule]
    require(callable(schedule), "schedule", schedule, "give a name, a schedule, or a function that makes one")
    numbers = [steps] if np.ndim(steps) == 0 else list(steps)  # type: ignore[arg-type]
    require(len(numbers) > 0, "steps", "none", "give at least one number")
    counts = sorted({whole_number("steps", number, 1) for number in numbers})
    return [_made(schedule, count + 1) for count in counts]


def name_of(sampler: Sampler) -> str:
    """In tables: what it is called elsewhere, or how it was made."""
    return str(getattr(sampler, "name", None) or repr(sampler))


def _made(schedule: Callable[[int], NoiseSchedule], levels: int) -> NoiseSchedule:
    remedy = "the function must make a NoiseSchedule from a number of noise levels"
    try:
        signature(schedule).bind(levels)
    except (TypeError, ValueError) as error:
        raise InputError("schedule", error, remedy) from None
    made = schedule(levels)
    require(isinstance(made, NoiseSchedule), "schedule", type(made).__name__, remedy)
    return made


def _named(samplers: Iterable[Any]) -> Iterable[tuple[str, Any]]:
    """By their own names, numbered where two have the same."""
    if isinstance(samplers, str | Sampler) or not isinstance(samplers, Iterable):
        raise InputError("samplers", samplers, "give a list of samplers, or a mapping from names to samplers")
    seen: dict[str, int] = {}
    for one in samplers:
        name = name_of(as_sampler(one))
        seen[name] = seen.get(name, 0) + 1
        yield (name if seen[name] == 1 else f"{name} ({seen[name]})"), one


def _rung(sampler: Sampler, score: TargetScore, schedule: NoiseSchedule, start: Start, particles: int,
          seed: int) -> Rung:
    began = time.perf_counter()
    run = Run(sampler, score, schedule, start, particles, seed)
    tv, divergence = (each(run)[OWN] for each in MEASURES)
    ensemble = run.population  # of a stochastic sampler the law is known without
    folded, diverged = (0.0, 0.0) if ensemble is None else (ensemble.folded, ensemble.diverged)
    return Rung(len(schedule) - 1, schedule.step, run.map.evaluations, run.map.rounds, tv, divergence, folded, diverged,
                time.perf_counter() - began)


def _notes(sampler: Sampler, rungs: Sequence[Rung]) -> Iterable[str]:
    """What a reader of the numbers has to know."""
    folded, diverged = max(rung.folded for rung in rungs), max(rung.diverged for rung in rungs)
    if sampler.resolution > DOUBLE:
        yield f"its state is not in double precision: differences below {sampler.resolution:.0g} are rounding"
    for rung in rungs:
        heavy = [name for name, one in (("TV", rung.tv), ("KL", rung.kl)) if one.heavy]
        if heavy:
            yield f"{' and '.join(heavy)} at {rung.steps} steps: a few paths carry most of it, so that its standard " \
                  "error says little"
    if folded:
        yield f"†: up to {folded:.2g} of the paths fold: with several branches the total variation is a lower bound"
    if diverged:
        yield f"†: up to {diverged:.2g} of the paths diverge and count as lost mass"

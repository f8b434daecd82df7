"""One rung: a sampler over a schedule of T levels, and everything that was asked to be measured of it."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import asdict
from typing import Any

import numpy as np

from experiments.build import Parts
from heroism.flow import Metered, with_tangents
from heroism.measures.base import OWN
from heroism.measures.origin import check_origin
from heroism.measures.run import Run
from heroism.noise import NoiseSchedule
from heroism.targets.base import Target


def measure(parts: Parts, T: int, particles: int, seed: int) -> dict[str, Any]:
    """Run one rung and return the measured fields of its record.

    ``folded``, ``diverged`` and the measured errors of a perturbed score are those of the ensemble, None if no measure
    asked for one; evaluations and rounds are then those that the sampler declares.
    """
    started = time.perf_counter()
    schedule, score = parts.schedule(T), parts.score(parts.target)
    run = Run(parts.sampler, score, schedule, parts.start, particles, seed)
    estimates = {name if part == OWN else f"{name}_{part}": asdict(estimate)
                 for name, each in parts.measures.items() for part, estimate in each(run).items()}
    ensemble = run.population
    seen = ensemble is not None or not isinstance(score, Metered)
    return {
        "order": parts.sampler.order, "ambient_dim": parts.target.ambient_dim, "reduced_dim": parts.target.dim,
        "evaluations": run.map.evaluations, "rounds": run.map.rounds,
        "folded": None if ensemble is None else ensemble.folded,
        "diverged": None if ensemble is None else ensemble.diverged,
        "tau_end": schedule.end.tau, "step": schedule.step,
        "score_error": getattr(score, "score_error", 0.0) if seen else None,
        "jacobian_error": getattr(score, "jacobian_error", 0.0) if seen else None,
        "estimates": estimates, "seconds": time.perf_counter() - started, "memory_mb": _peak_memory(),
    }


def seconds_per_evaluation(target: Target, schedule: NoiseSchedule, particles: int = 64) -> float:
    """Measured cost of one score evaluation of one particle with its tangents: what a job's price is made of."""
    level = schedule.levels[schedule.steps // 2]
    bundle = with_tangents(target, target.sample(particles, level, np.random.default_rng(0)))
    target.score(bundle, level)  # the first call pays for caches
    started = time.perf_counter()
    target.score(bundle, level)
    return (time.perf_counter() - started) / particles


def check_measures(parts: Parts, particles: int) -> None:
    """Raise InputError for what cannot be started from, or measured of this target and sampler, before anything runs.
    """
    parts.start.check(parts.target, parts.sampler.stochastic)
    check_origin(parts.sampler, parts.target)
    for each in parts.measures.values():
        each.check(parts.target, parts.sampler, particles)


def _peak_memory() -> float:
    """Largest resident memory of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)

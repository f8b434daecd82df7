"""One rung: a sampler over a schedule of T levels, and every distance that was asked for on the same ensemble."""

from __future__ import annotations

import inspect
import resource
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from experiments.build import Distance, Parts
from heroism.distances import Estimate, Quadrature, TotalVariation
from heroism.errors import require
from heroism.noise import NoiseSchedule
from heroism.targets.base import Target
from heroism.transport import transport

NEED_A_MAP = (TotalVariation, Quadrature)


def measure(parts: Parts, T: int, particles: int, seed: int) -> dict[str, Any]:
    """Run one rung and return the measured fields of its record.

    Every sampler starts from the same noise: the starting points come from a stream that only ``seed`` determines.
    """
    started = time.perf_counter()
    starts, rest = np.random.SeedSequence(seed).spawn(2)
    schedule, score = parts.schedule(T), parts.score(parts.target)
    ensemble = transport(parts.sampler, score, schedule, particles, starts, parts.start)
    known = {"ensemble": ensemble, "target": parts.target, "sampler": parts.sampler, "score": score,
             "schedule": schedule, "start": parts.start, "seed": rest}
    estimates = {name: asdict(_call(distance, known)) for name, distance in parts.distances.items()}
    return {
        "order": parts.sampler.order, "ambient_dim": parts.target.ambient_dim, "reduced_dim": parts.target.dim,
        "evaluations": ensemble.evaluations, "rounds": ensemble.rounds,
        "folded": ensemble.folded, "diverged": ensemble.diverged, "tau_end": schedule.end.tau,
        "step": schedule.step,
        "score_error": getattr(score, "score_error", 0.0), "jacobian_error": getattr(score, "jacobian_error", 0.0),
        "estimates": estimates, "seconds": time.perf_counter() - started, "memory_mb": _peak_memory(),
    }


def seconds_per_evaluation(target: Target, schedule: NoiseSchedule, particles: int = 64) -> float:
    """Measured cost of one score evaluation of one particle with its tangents: what a job's price is made of."""
    tangents = target.dim if target.jacobian == "dense" else 1
    level = schedule.levels[schedule.steps // 2]
    bundle = np.zeros((1 + tangents, particles, target.dim))
    bundle[0] = target.sample(particles, level, np.random.default_rng(0))
    target.score(bundle, level)  # the first call pays for caches
    started = time.perf_counter()
    target.score(bundle, level)
    return (time.perf_counter() - started) / particles


def check_distances(parts: Parts, particles: int) -> None:
    """Raise InputError for a distance that cannot be taken of this target or sampler, before anything runs."""
    for name, distance in parts.distances.items():
        distance.check(parts.target, particles)
        require(not (parts.sampler.stochastic and isinstance(distance, NEED_A_MAP)), "distance", name,
                "a stochastic sampler has no exact density; take distance=histogram")


def _call(distance: Distance, known: Mapping[str, Any]) -> Estimate:
    """A distance says by the names of its parameters what it needs."""
    return distance(**{name: known[name] for name in inspect.signature(distance).parameters if name in known})


def _peak_memory() -> float:
    """Largest resident memory of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)

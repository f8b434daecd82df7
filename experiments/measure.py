"""One rung: a sampler over a schedule of T levels, and every distance that was asked for on the same ensemble."""

from __future__ import annotations

import inspect
import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cached_property, partial
from typing import Any

import numpy as np

from experiments.build import Parts
from heroism.errors import InputError
from heroism.noise import Array, NoiseSchedule
from heroism.targets.base import Target
from heroism.transport import Ensemble, transport

LARGEST_SAMPLE = 2**27  # numbers in a sample of R^d (1 GiB)
SAMPLES = {"positions": "positions", "x": "positions", "reference": "reference", "y": "reference"}
OFFERED = {name: name for name in ("ensemble", "target", "sampler", "score", "schedule", "start", "seed")} | SAMPLES


class Evidence:
    """What a distance may ask for, by the names of its parameters (OFFERED).

    ``positions`` (n, d) is the sampler's output in R^d and ``reference`` (n, d) a fresh exact sample; both are made
    only if some distance asks for them.
    """

    def __init__(self, parts: Parts, score: Any, schedule: NoiseSchedule, ensemble: Ensemble,
                 seed: np.random.SeedSequence):
        self.sampler, self.target, self.start = parts.sampler, parts.target, parts.start
        self.score, self.schedule, self.ensemble = score, schedule, ensemble
        self.seed, self._lift, self._reference = seed.spawn(3)

    @cached_property
    def positions(self) -> Array:
        return self.target.lift(self.ensemble.positions, np.random.default_rng(self._lift))

    @cached_property
    def reference(self) -> Array:
        rng = np.random.default_rng(self._reference)
        return self.target.lift(self.target.sample(len(self.ensemble.positions), self.schedule.end, rng), rng)

    def give(self, distance: Callable[..., Any]) -> Any:
        """Call a distance with whatever it asks for."""
        return distance(**{name: getattr(self, OFFERED[name]) for name in wanted(distance) if name in OFFERED})


def measure(parts: Parts, steps: int, particles: int, seed: int) -> dict[str, Any]:
    """Run one rung and return the measured fields of its record.

    Every sampler starts from the same noise: the starting points come from a stream that only ``seed`` determines.
    """
    started = time.perf_counter()
    starts, rest = np.random.SeedSequence(seed).spawn(2)
    schedule, score = parts.schedule(steps), parts.score(parts.target)
    ensemble = transport(parts.sampler, score, schedule, particles, starts, parts.start)
    evidence = Evidence(parts, score, schedule, ensemble, rest)
    estimates = {name: asdict(evidence.give(distance)) for name, distance in parts.distances.items()}
    return {
        "order": parts.sampler.order, "ambient_dim": parts.target.ambient_dim, "reduced_dim": parts.target.dim,
        "evaluations": ensemble.evaluations, "rounds": ensemble.rounds,
        "folded": ensemble.folded, "diverged": ensemble.diverged, "tau_end": schedule.end.tau,
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


def check_distances(distances: Mapping[str, Callable[..., Any]], target: Target, particles: int) -> None:
    """Raise InputError for a distance that cannot be taken in this dimension, before anything runs."""
    for name, distance in distances.items():
        if wanted(distance) & SAMPLES.keys() and particles * target.ambient_dim > LARGEST_SAMPLE:
            raise InputError("distance", name, f"takes samples in R^d, and {particles} particles in d = "
                             f"{target.ambient_dim} are too many numbers: take fewer, a smaller d, or total_variation")


def wanted(function: Callable[..., Any]) -> set[str]:
    """Names of the parameters that are still open."""
    fixed = function.keywords if isinstance(function, partial) else {}
    return {name for name in inspect.signature(function).parameters if name not in fixed}


def _peak_memory() -> float:
    """Largest resident memory of this process so far, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)

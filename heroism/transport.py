"""A sampler over a population of particles: where each one ends, and the exact log density with which it gets there.

A deterministic sampler is a map ``y_T -> y_1``; its output density is
``log q(y_1) = log p_start(y_T) - log |det dy_1/dy_T|`` (theory: exact total variation). The Jacobian rides along in
the bundle.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heroism.errors import require, whole_number
from heroism.flow import TargetScore
from heroism.map import Map
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.base import DOUBLE, Sampler
from heroism.starts import Start
from heroism.targets.base import Target

ECHOES = 32  # particles that are run a second time
ULPS = 4.0


@dataclass(frozen=True)
class Endpoints:
    """Where n paths end: positions (n, dim) and the log of the sampler's output density there (n,)."""

    positions: Array
    log_density: Array


@dataclass(frozen=True)
class Ensemble:
    """What a sampler makes of a population of particles.

    Attributes
    ----------
    target : whose score was estimated, and whose law at ``level`` the output is compared with.
    positions : (n, dim) in the target's reduced coordinates, at noise level ``level``.
    log_density : (n,) log of the sampler's exact output density (of one copy, if the target has independent copies);
        NaN for a stochastic sampler, which has none in closed form.
    level : noise level of the output.
    evaluations, rounds : per sample path, as counted by the flow.
    weights : (n,) of the particles, or None if all count the same. A target with independent copies is followed from
        about ``particles`` nodes of one coordinate, and these are their shares of the starting law.
    log_weights : (n,) log of the nominal over the proposal density of the start, for a start law that draws from
        another one; None if it does not.
    folded : share of particles whose Jacobian determinant is not positive: there the map may not be one to one, the
        density sums over several branches, and a total variation from one branch is only a lower bound.
    diverged : share of particles that left the floating-point numbers; they count as lost mass.
    echo : a few particles (``echoed`` are their indices) run again from starts moved by a few units in the last place:
        measures round-off.
    stochastic : whether the sampler added noise on the way.
    """

    target: Target
    positions: Array
    log_density: Array
    level: NoiseLevel
    evaluations: int
    rounds: int
    folded: float
    diverged: float
    echo: Endpoints
    echoed: NDArray[np.intp]
    weights: Array | None = None
    log_weights: Array | None = None
    stochastic: bool = False


def transport(sampler: Sampler, score: TargetScore, schedule: NoiseSchedule, particles: int,
              seed: int | np.random.SeedSequence, start: Start = "exact", block: int | None = None,
              budget: int | None = None) -> Ensemble:
    """Run ``particles`` sample paths of ``sampler`` with its Jacobian, block by block.

    Parameters
    ----------
    sampler, score, schedule : what runs, on which score, over which noise levels (from ``schedule.start`` to ``.end``).
    particles : n >= 1.
    seed : determines the starting points, and nothing else does: every sampler gets the same initial noise.
    start : "exact" draws from p_{X_T}, which isolates the discretisation; "gaussian" from N(0, I), the end-to-end
        error; or a :class:`heroism.starts.StartLaw`.
    block : particles per block; by default as many as fit the cache. The result does not depend on it.
    budget : most score evaluations per sample path; BudgetExceeded is raised when the sampler wants more.

    Raises
    ------
    InputError : n < 1, a negative seed, an empty block or budget, an unknown start, or one thing in another's place.
    """
    particles = whole_number("particles", particles, 1)
    if not isinstance(seed, np.random.SeedSequence):
        seed = whole_number("seed", seed, 0)
    return populate(Map(sampler, score, schedule, start, budget), particles, seed, block)


def populate(sampler_map: Map, particles: int, seed: int | np.random.SeedSequence,
             block: int | None = None) -> Ensemble:
    """What a map makes of ``particles`` draws of its start law; parameters as in :func:`transport`."""
    rng, target, stochastic = np.random.default_rng(seed), sampler_map.target, sampler_map.sampler.stochastic
    law, level = sampler_map.law, sampler_map.schedule.end
    starts = law.nodes(particles) if target.copies > 1 and not stochastic else law.draw(particles, rng)
    z, weights, n = starts.positions, starts.weights, len(starts.positions)
    if stochastic:
        require(starts.log_weights is None, "start", "importance-sampled",
                "a stochastic sampler has no densities that weights could go with: take exact or gaussian")
        ends = sampler_map.diffuse(z, rng)
        return Ensemble(target, ends, np.full(n, np.nan), level, sampler_map.evaluations, sampler_map.rounds,
                        folded=0.0, diverged=float(np.mean(~np.isfinite(ends))), echo=Endpoints(z[:0], z[:0, 0]),
                        echoed=np.empty(0, dtype=np.intp), stochastic=True)
    echoed = np.linspace(0, n - 1, min(ECHOES, n)).astype(np.intp)
    moved = nudged(z[echoed], rng, sampler_map.sampler.resolution)
    log_weights, log_density = starts.log_weights, np.append(starts.log_density, law.log_density(moved))
    shares = weights if log_weights is None else np.exp(log_weights) / n
    counted = None if shares is None else np.append(shares, np.zeros(len(moved)))
    z = np.concatenate([z, moved])  # together: small blocks are all overhead
    del starts  # a million of them are not kept twice
    images = sampler_map(z, block, counted)
    log_density -= images.log_volume
    lost = ~np.isfinite(log_density[:n])
    return Ensemble(target, images.positions[:n], log_density[:n], level, sampler_map.evaluations, sampler_map.rounds,
                    folded=_share((images.sign[:n] <= 0) & ~lost, shares), diverged=_share(lost, shares),
                    echo=Endpoints(images.positions[n:], log_density[n:]), echoed=echoed, weights=weights,
                    log_weights=log_weights)


def nudged(z: Array, rng: np.random.Generator, resolution: float = DOUBLE) -> Array:
    """Starting points moved by a few units in the last place: the same paths with other rounding errors.

    ``resolution`` : the spacing of the numbers near 1 in which paths are computed.
    """
    return z * (1.0 + ULPS * resolution * rng.choice([-1.0, 1.0], size=z.shape))


def _share(which: NDArray[np.bool_], weights: Array | None) -> float:
    """Of particles; weights that are one in the mean may make a large share a little more than all."""
    return float(np.mean(which) if weights is None else min(1.0, np.sum(weights[which])))

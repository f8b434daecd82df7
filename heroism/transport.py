"""A sampler over a population of particles: where each one ends, and the exact log density with which it gets there.

A deterministic sampler is a map ``y_T -> y_1``; its output density is
``log q(y_1) = log p_start(y_T) - log |det dy_1/dy_T|`` (theory: exact total variation). The Jacobian rides along in
the bundle.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from heroism.errors import require, whole_number
from heroism.flow import BudgetExceeded, Flow, Score
from heroism.nodes import LogDensity, line_nodes
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.base import Decided, Piloted, Sampler
from heroism.targets.base import REACH, Target

BLOCK_BYTES = 192 * 1024  # of one bundle: with the K scores of a step beside it, it still fits a core's private cache
WIDE, WIDE_BLOCK_BYTES = 32, 768 * 1024  # from so many tangents on, larger matrix products pay for cache misses
ECHOES = 32  # particles that are run a second time
ULPS = 4.0
PILOT_SEED = 2506_24042

Start = Literal["exact", "gaussian"]


class TargetScore(Score, Protocol):
    """A score that knows the target it estimates."""

    target: Target


@runtime_checkable
class Metered(Protocol):
    """A score that measures its own error over the particles, and has to be told how much each of them counts."""

    def weigh(self, weights: Array | None) -> None: ...


@dataclass(frozen=True)
class Endpoints:
    """Where n paths end: positions (n, dim) and the log of the sampler's output density there (n,)."""

    positions: Array
    log_density: Array

    def cut(self, part: slice) -> Endpoints:
        """Some of the paths."""
        return Endpoints(self.positions[part], self.log_density[part])


@dataclass(frozen=True)
class Ensemble:
    """What a sampler makes of a population of particles.

    Attributes
    ----------
    positions : (n, dim) in the target's reduced coordinates, at noise level ``level``.
    log_density : (n,) log of the sampler's exact output density (of one copy, if the target has independent copies);
        NaN for a stochastic sampler, which has none in closed form.
    level : noise level of the output.
    evaluations, rounds : per sample path, as counted by the flow.
    weights : (n,) of the particles, or None if all count the same. A target with independent copies is followed from
        at most ``particles`` nodes of one coordinate, and these are their shares of the starting law.
    folded : share of particles whose Jacobian determinant is not positive: there the map may not be one to one, the
        density sums over several branches, and a total variation from one branch is only a lower bound.
    diverged : share of particles that left the floating-point numbers; they count as lost mass.
    echo : a few particles (``echoed`` are their indices) run again from starts moved by a few units in the last place:
        measures round-off.
    stochastic : whether the sampler added noise on the way.
    """

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
    error.
    block : particles per block; by default as many as fit the cache. The result does not depend on it.
    budget : most score evaluations per sample path; BudgetExceeded is raised when the sampler wants more.

    Raises
    ------
    InputError : n < 1 or an unknown start.
    """
    particles = whole_number("particles", particles, 1)
    require(start in ("exact", "gaussian"), "start", start, "choose exact or gaussian")
    target = score.target
    rng = np.random.default_rng(seed)
    nodes = target.copies > 1 and not sampler.stochastic
    z, weights = starting_points(target, schedule, particles, rng, start, nodes)
    run = _Run(sampler, score, schedule, start, budget)
    if sampler.stochastic:
        ends = run.diffusing(z, rng)
        return Ensemble(ends.positions, ends.log_density, schedule.end, run.evaluations, run.rounds, folded=0.0,
                        diverged=float(np.mean(~np.isfinite(ends.positions))), echo=Endpoints(z[:0], z[:0, 0]),
                        echoed=np.empty(0, dtype=np.intp), weights=weights, stochastic=True)
    n = len(z)
    echoed = np.linspace(0, n - 1, min(ECHOES, n)).astype(np.intp)
    moved = z[echoed] * (1.0 + ULPS * np.finfo(float).eps * rng.choice([-1.0, 1.0], size=z[echoed].shape))
    counted = None if weights is None else np.append(weights, np.zeros(len(moved)))
    everyone, sign = run.through(np.concatenate([z, moved]), block, counted)  # together: small blocks are all overhead
    ends, echo = everyone.cut(slice(n)), everyone.cut(slice(n, None))
    determinant_sign = sign[:n]
    lost = ~np.isfinite(ends.log_density)
    return Ensemble(ends.positions, ends.log_density, schedule.end, run.evaluations, run.rounds,
                    folded=_share((determinant_sign <= 0) & ~lost, weights), diverged=_share(lost, weights),
                    echo=echo, echoed=echoed, weights=weights)


def _share(which: NDArray[np.bool_], weights: Array | None) -> float:
    return float(np.mean(which) if weights is None else np.sum(weights[which]))


def starting_points(target: Target, schedule: NoiseSchedule, n: int, rng: np.random.Generator, start: Start,
                    nodes: bool) -> tuple[Array, Array | None]:
    """Starting points (n, dim) and weights: random ones, or with ``nodes`` those of one of several copies."""
    gaussian = start == "gaussian"
    if not nodes:
        return (target.sample_gaussian(n, rng) if gaussian else target.sample(n, schedule.start, rng)), None

    def density(level: NoiseLevel) -> LogDensity:
        return lambda x: target.log_density(x[:, None], level)

    begin = (lambda x: target.log_density_gaussian(x[:, None])) if gaussian else density(schedule.start)
    reach = (-REACH, REACH) if gaussian else target.reach(schedule.start)
    z, weights = line_nodes(begin, reach, density(schedule.end), target.reach(schedule.end), n)
    return z[:, None], weights


def push(sampler: Sampler, score: TargetScore, schedule: NoiseSchedule, z: Array, log_density: Array,
         block: int | None = None) -> tuple[Endpoints, Array]:
    """Carry starting points z (n, dim) of log density (n,) through; returns the endpoints and the sign of each
    Jacobian.
    """
    run = _Run(sampler, score, schedule, "exact", None)
    return run.through(z, block, None, log_density)


class _Run:
    """One sampler on one score and schedule; remembers what a path costs."""

    def __init__(self, sampler: Sampler, score: TargetScore, schedule: NoiseSchedule, start: Start, budget: int | None):
        self.score, self.schedule, self.start, self.budget = score, schedule, start, budget
        self.target = score.target
        pilot = self._prepared(sampler)
        if budget is not None:
            if pilot.evaluations > budget:
                raise BudgetExceeded(f"the pilot run takes {pilot.evaluations} evaluations, the budget is {budget}")
            self.budget = budget - pilot.evaluations
        self.sampler, self.pilot = pilot.sampler, pilot
        self.evaluations = self.rounds = 0

    def _prepared(self, sampler: Sampler) -> Decided:
        """A sampler that wants a pilot run gets one, from starting points of its own: the same for every seed and
        block.
        """
        if not isinstance(sampler, Piloted) or not sampler.pilots:
            return Decided(sampler, 0, 0)
        rng = np.random.default_rng(PILOT_SEED)
        starts = self.target.sample_gaussian(sampler.pilots, rng) if self.start == "gaussian" \
            else self.target.sample(sampler.pilots, self.schedule.start, rng)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            return sampler.decide(self.score, self.schedule, starts)

    def through(self, z: Array, block: int | None, weights: Array | None,
                log_density: Array | None = None) -> tuple[Endpoints, Array]:
        if log_density is None:
            log_density = self.target.log_density_gaussian(z) if self.start == "gaussian" \
                else self.target.log_density(z, self.schedule.start)
        tangents = self.target.dim if self.target.jacobian == "dense" else 1
        if block is None:
            size = WIDE_BLOCK_BYTES if tangents >= WIDE else BLOCK_BYTES
            block = max(1, size // (8 * (1 + tangents) * self.target.dim))
        blocks = max(1, -(-len(z) // block))
        positions, log_det, sign = np.empty_like(z), np.empty(len(z)), np.empty(len(z))
        for part in np.array_split(np.arange(len(z)), blocks):  # equal parts: no ragged last block
            window = slice(part[0], part[-1] + 1)
            if isinstance(self.score, Metered):
                self.score.weigh(None if weights is None else weights[window])
            positions[window], sign[window], log_det[window] = self._block(z[window], tangents)
        return Endpoints(positions, log_density - log_det), sign

    def diffusing(self, z: Array, rng: np.random.Generator) -> Endpoints:
        """A stochastic sampler, without tangents; in one block, so that the noise does not depend on blocks."""
        flow = Flow(self.score, self.budget, lambda x, deviation: self.target.diffuse(x, deviation, rng))
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            end = self.sampler.transport(flow, z[None], self.schedule)
        self._count(flow)
        return Endpoints(end[0], np.full(len(z), np.nan))

    def _block(self, z: Array, tangents: int) -> tuple[Array, Array, Array]:
        bundle = np.empty((1 + tangents, *z.shape))
        bundle[0] = z
        bundle[1:] = np.eye(self.target.dim)[:, None, :] if self.target.jacobian == "dense" else 1.0
        flow = Flow(self.score, self.budget)
        # a diverging path is a result, not an accident
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            end = self.sampler.transport(flow, bundle, self.schedule)
            if self.target.jacobian == "dense":
                sign, log_det = np.linalg.slogdet(np.moveaxis(end[1:], 1, 0))
            else:
                sign, log_det = np.sign(end[1]).prod(axis=1), np.log(np.abs(end[1])).sum(axis=1)
        self._count(flow)
        return end[0], sign, log_det

    def _count(self, flow: Flow) -> None:
        """Per path: the pilot run, and what was evaluated along the path itself."""
        self.evaluations = self.pilot.evaluations + flow.evaluations
        self.rounds = self.pilot.rounds + flow.rounds

"""Where the error of an end-to-end run comes from, as parts that add up."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Literal
from weakref import WeakKeyDictionary

import numpy as np
from scipy.special import logsumexp

from heroism.distances.estimate import Estimate
from heroism.errors import InputError, require, whole_number
from heroism.lemmas.inverse import Map
from heroism.lemmas.scores import TrueJacobian, unmetered
from heroism.noise import Array, NoiseSchedule
from heroism.samplers.base import Sampler
from heroism.samplers.heroism import Heroism
from heroism.scores.exact import ExactScore
from heroism.transport import Start, TargetScore, starting_points

CONVERGED = 20  # refinements that stand for infinitely many: each gains a factor of about ten at T = 32
PARTS = ("initialisation", "jacobian", "score", "refinement", "discretisation")  # in the order of idealisation
Part = Literal["total", "initialisation", "jacobian", "score", "refinement", "discretisation"]
Kind = Literal["share", "distance"]


def budget(sampler: Sampler, score: TargetScore, schedule: NoiseSchedule, start: Start,
           seed: int | np.random.SeedSequence, part: Part = "total", kind: Kind = "share",
           particles: int = 1000) -> Estimate:
    """One part of the total variation between a sampler's output and the target, split by source.

    The run is idealised step by step, ``q_0`` the output law of the run itself:

    =================  =====================================================================================
    initialisation     q_1: started from p_{X_T} instead of N(0, I)
    jacobian           q_2: volumes change by the exact Jacobian of the score along the paths as they are
    score              q_3: paths follow the exact score
    refinement         q_4: every step refined to convergence (20 times)
    discretisation     q_5 = p: the exact flow
    =================  =====================================================================================

    All densities are known exactly at the very points y that the run produces (initialisation and Jacobian error leave
    the map unchanged; the other two maps are inverted at y), so ``log q_0/p = sum_i log q_{i-1}/q_i`` holds at
    each y. With the event A = {p < q_0}, on which the total variation is attained,

        ``TV(q_0, p) = q_0(A) - p(A) = sum_i (q_{i-1}(A) - q_i(A))``.

    ``kind="share"`` is a term of this sum, ``E_{y~q_0} 1_A (q_{i-1} - q_i) / q_0``: shares add up *exactly*, may be
    negative (errors that cancel), and depend on the order above. ``kind="distance"`` is ``1/2 integral |q_{i-1} - q_i|
    = 1/2 E_{y~q_0} |q_{i-1} - q_i| / q_0``, the total variation between two neighbours: never negative, at least the
    size of the share; these only bound the total from above (triangle inequality).

    q_2 is not the law of any map: it is the density so obtained, normalised to the mass of q_1. For independent copies
    joint densities are products; the one-copy densities are normalised over the nodes of one coordinate, so that what
    these fail to integrate is not multiplied by the number of copies.

    Parameters
    ----------
    sampler, score, schedule, start, seed : as in a run; the budget follows paths of its own.
    part : "total" is the sum of all of them: ``E (1 - p/q_0)_+`` as a share, the triangle bound as a distance.
    kind : "share" or "distance". particles : number of paths, or (about) of nodes.

    Returns
    -------
    Estimate : ``floor`` is what the misses of the inverted maps, and round-off, amount to.

    Raises
    ------
    InputError : a stochastic sampler, an unknown part or kind. ArithmeticError : a map that cannot be inverted (it
    folds).
    """
    check_part(part, kind)
    if sampler.stochastic:
        raise InputError("sampler", type(sampler).__name__, "a budget needs exact densities: take a deterministic one")
    chain = _chain(_Run(sampler, score, schedule, start, seed, whole_number("particles", particles, 1)))
    parts = chain.shares if kind == "share" else chain.distances
    samples = parts.sum(axis=0) if part == "total" else parts[PARTS.index(part)]
    n = len(samples)
    stderr = float(np.std(samples, ddof=1) / np.sqrt(n)) if n > 1 else float("inf")
    return Estimate(float(np.mean(samples)), stderr, chain.floor, n)


def check_part(part: str, kind: str) -> None:
    """InputError unless there is such a part of a budget, and it may be asked for in this way."""
    require(part in ("total", *PARTS), "part", part, f"choose total, {', '.join(PARTS)}")
    require(kind in ("share", "distance"), "kind", kind, "choose share or distance")


@dataclass(frozen=True)
class Chain:
    """Per joint particle and part (5, n): what a part contributes to the total, and to the distance of neighbours."""

    shares: Array
    distances: Array
    floor: float


@dataclass(frozen=True)
class _Run:
    sampler: Sampler
    score: TargetScore
    schedule: NoiseSchedule
    start: Start
    seed: int | np.random.SeedSequence
    particles: int

    def same(self, other: _Run) -> bool:
        """Whether both are one run: the parts of its budget are asked for one after the other."""
        return all(vars(self)[name] is value or (name in ("start", "particles") and vars(self)[name] == value)
                   for name, value in vars(other).items())


_latest: WeakKeyDictionary[TargetScore, tuple[_Run, Chain]] = WeakKeyDictionary()


def _chain(run: _Run) -> Chain:
    known = _latest.get(run.score)
    if known is not None and known[0].same(run):
        return known[1]
    chain = _measured(run)
    _latest[run.score] = (run, chain)
    return chain


def _measured(run: _Run) -> Chain:
    rng, copies = np.random.default_rng(run.seed), run.score.target.copies
    z, shares = starting_points(run.score.target, run.schedule, run.particles, rng, run.start, nodes=copies > 1)
    weights = np.full(len(z), 1.0 / len(z)) if shares is None else shares
    ratios, miss = log_ratios(run, z, weights)
    ratios[2] += _log_mass(ratios[1], weights) - _log_mass(ratios[2], weights)
    if copies > 1:
        ratios -= [[_log_mass(row, weights)] for row in ratios]
        ratios = ratios @ rng.multinomial(copies, weights, size=len(z)).T.astype(float)
    with np.errstate(over="ignore"):
        densities = np.exp(ratios)  # q_i / q_0, the target last
    drops = densities[:-1] - densities[1:]
    noise = np.sqrt(copies * (miss**2 + np.finfo(float).eps ** 2))
    return Chain(drops * (densities[-1] < 1.0), 0.5 * np.abs(drops), float(noise / np.sqrt(2.0 * np.pi)))


def log_ratios(run: _Run, z: Array, weights: Array) -> tuple[Array, float]:
    """(6, n) ``log q_i / q_0`` of one copy where the run takes z, and the size of what inversion adds to them."""
    target, schedule, score, exact = run.score.target, run.schedule, unmetered(run.score), ExactScore(run.score.target)
    images = Map(run.sampler, score, schedule)(z)
    y, initial = images.positions, target.log_density(z, schedule.start)
    logs = [(target.log_density_gaussian(z) if run.start == "gaussian" else initial) - images.log_volume,
            initial - images.log_volume]
    guess, misses = z, np.zeros(len(z))
    if isinstance(run.score, ExactScore):
        logs += [logs[-1]] * 2
    else:
        logs.append(initial - Map(run.sampler, TrueJacobian(score), schedule)(z).log_volume)
        guess, log_density, misses = _density(Map(run.sampler, exact, schedule), y, guess)
        logs.append(log_density)
    converged = _converged(run.sampler)
    if converged is None:
        logs.append(logs[-1])
    else:
        _, log_density, more = _density(Map(converged, exact, schedule), y, guess)
        logs.append(log_density)
        misses = np.hypot(misses, more)
    logs.append(target.log_density(y, schedule.end))
    return np.array(logs) - logs[0], float(np.sqrt(weights @ misses**2 / schedule.end.tau))


def _log_mass(ratio: Array, weights: Array) -> float:
    """Log of the mass that a density has by its ratios to q_0 at points of q_0."""
    return float(logsumexp(ratio, b=weights))


def _density(sampler_map: Map, y: Array, guess: Array) -> tuple[Array, Array, Array]:
    """Preimages of y, the log density at y of the map's output when started exactly, and the misses."""
    z, log_volume, misses = sampler_map.preimages(y, guess)
    return z, sampler_map.score.target.log_density(z, sampler_map.schedule.start) - log_volume, misses


def _converged(sampler: Sampler) -> Sampler | None:
    """The sampler with its refinements carried on until nothing changes; None if it has none."""
    if not isinstance(sampler, Heroism) or (sampler.points == 1 and sampler.rule.holds_start):
        return None
    other = copy.copy(sampler)
    other.refinements = CONVERGED
    return other

"""Where the error of an end-to-end run comes from, as parts that add up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import logsumexp

from heroism.errors import whole_number
from heroism.map import Map
from heroism.measures.base import OWN, Measure, Need
from heroism.measures.estimate import Estimate
from heroism.measures.lemmas.steps import refined, refines
from heroism.measures.run import Run
from heroism.measures.scores import TrueJacobian, unmetered
from heroism.noise import Array
from heroism.samplers.base import Sampler
from heroism.samplers.heroism import Heroism
from heroism.scores.exact import ExactScore
from heroism.starts import Starts
from heroism.targets.base import Target

CONVERGED = 20  # refinements that stand for infinitely many: each gains a factor of about ten at T = 32
PARTS = ("initialisation", "jacobian", "score", "refinement", "discretisation")  # in the order of idealisation


@dataclass(frozen=True)
class Budget(Measure):
    """The total variation between a sampler's output and the target, split by source.

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

    A *share*, named by its part, is a term of this sum, ``E_{y~q_0} 1_A (q_{i-1} - q_i) / q_0``: shares add up
    *exactly* (to the measure's own estimate), may be negative (errors that cancel), and depend on the order above. A
    *bound*, ``bounds_`` and its part, is ``1/2 integral |q_{i-1} - q_i| = 1/2 E_{y~q_0} |q_{i-1} - q_i| / q_0``, the
    total variation between two neighbours: never negative, at least the size of the share; their sum, ``bounds``, only
    bounds the total from above (triangle inequality).

    q_2 is not the law of any map: it is the density so obtained, normalised to the mass of q_1. For independent copies
    joint densities are products; the one-copy densities are normalised over the nodes of one coordinate, so that what
    these fail to integrate is not multiplied by the number of copies.

    The floor of every estimate is what the misses of the inverted maps, and round-off, amount to. ``particles`` is the
    number of paths, or (about) of nodes, that the budget follows on its own. A map that cannot be inverted (it folds)
    raises ArithmeticError.
    """

    needs: ClassVar[Need] = "map"
    particles: int = 1000

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        super().check(target, sampler, particles)
        whole_number("particles", self.particles, 1)

    def estimates(self, run: Run) -> dict[str, Estimate]:
        shares, bounds, floor = _drops(run, self.particles)
        samples = {OWN: shares.sum(axis=0), **dict(zip(PARTS, shares, strict=True)), "bounds": bounds.sum(axis=0)}
        samples |= {f"bounds_{part}": each for part, each in zip(PARTS, bounds, strict=True)}
        return {name: Estimate.of_mean(each, floor) for name, each in samples.items()}


def _drops(run: Run, particles: int) -> tuple[Array, Array, float]:
    """Per part and joint particle (5, n), what a part contributes to the total and to the distance of its neighbours;
    and the floor.
    """
    rng, copies = np.random.default_rng(run.seed), run.target.copies
    taken = Map(run.sampler, unmetered(run.score), run.schedule, run.start)
    starts = taken.law.nodes(particles) if copies > 1 else taken.law.nominal(particles, rng)
    n = len(starts.positions)
    weights = np.full(n, 1.0 / n) if starts.weights is None else starts.weights
    ratios, miss = _log_ratios(taken, starts, weights, exact=isinstance(run.score, ExactScore))
    ratios[2] += _log_mass(ratios[1], weights) - _log_mass(ratios[2], weights)
    if copies > 1:
        ratios -= [[_log_mass(row, weights)] for row in ratios]
        ratios = ratios @ rng.multinomial(copies, weights, size=n).T.astype(float)
    with np.errstate(over="ignore"):
        densities = np.exp(ratios)  # q_i / q_0, the target last
    drops = densities[:-1] - densities[1:]
    noise = np.sqrt(copies * (miss**2 + np.finfo(float).eps ** 2))
    return drops * (densities[-1] < 1.0), 0.5 * np.abs(drops), float(noise / np.sqrt(2.0 * np.pi))


def _log_ratios(taken: Map, starts: Starts, weights: Array, exact: bool) -> tuple[Array, float]:
    """(6, n) ``log q_i / q_0`` of one copy where the run takes its starts, and the size of what inversion adds to them;
    ``exact`` if the run's score is.
    """
    target, schedule, z, sampler = taken.target, taken.schedule, starts.positions, taken.sampler
    images, initial = taken(z), target.log_density(z, schedule.start)
    y, truth = images.positions, ExactScore(target)
    logs = [starts.log_density - images.log_volume, initial - images.log_volume]
    guess, misses = z, np.zeros(len(z))
    if exact:
        logs += [logs[-1]] * 2
    else:
        logs.append(initial - Map(sampler, TrueJacobian(taken.score), schedule)(z).log_volume)
        guess, log_density, misses = _density(Map(sampler, truth, schedule), y, guess)
        logs.append(log_density)
    if not isinstance(sampler, Heroism) or not refines(sampler):
        logs.append(logs[-1])
    else:
        _, log_density, more = _density(Map(refined(sampler, CONVERGED), truth, schedule), y, guess)
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
    return z, sampler_map.law.log_density(z) - log_volume, misses

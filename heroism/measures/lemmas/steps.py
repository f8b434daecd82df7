"""Single HEROISM steps from exact points: how refinement contracts, and what error it leaves (lemma 7)."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from heroism.errors import InputError, require, whole_number
from heroism.flow import Flow, Score
from heroism.measures.base import Need
from heroism.measures.estimate import Estimate
from heroism.measures.lemmas.exact_flow import REACH, carry
from heroism.measures.lemmas.spread import Lemma, grouped, squared_norms, transitions_over
from heroism.measures.run import Run
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.base import OneStepSampler, Sampler
from heroism.samplers.heroism import Heroism
from heroism.scores.exact import ExactScore
from heroism.targets.base import Target

MOST_REFINEMENTS = 64  # taken for converged; where they do not converge, no N suffices
RESOLUTION = 1e-13  # relative to the position: what is smaller is round-off

Transition = tuple[NoiseLevel, NoiseLevel, Array]  # from, to, and points (n, dim) to begin at


@dataclass(frozen=True)
class _Steps(Lemma):
    """Single steps from ``particles`` exact points, in ``transitions`` transitions spread over the schedule."""

    needs: ClassVar[Need] = "steps"
    particles: int = 128
    transitions: int = 24

    def _exact_points(self, run: Run) -> list[Transition]:
        """An exact trajectory has the law of X_tau at every level, so x is drawn there."""
        rng = np.random.default_rng(run.seed)
        return [(start, end, run.target.sample(self.particles, start, rng))
                for start, end in transitions_over(run.schedule, self.transitions)]


@dataclass(frozen=True)
class IterateError(_Steps):
    """Lemma 7 of 2506.24042: the error that one step adds, ``|x^(N) - x*| / sqrt(tau)``, at the end of the step.

    The step starts from an exact point of its noisier level, ``x*`` is where the exact flow leads from there; root mean
    square over particles (in R^d, all coordinates) and over the schedule's transitions. The lemma bounds it by a
    multiple of ``sqrt(d log T) h (d h log T)^K``, h = log T / T, once N is of order log T; its order in h is
    min(N, classical order) + 1. The floor is the same measure of the reference flow against itself with steps half as
    long. A sampler with memory has no single steps: HEROISM does, and every deterministic one-step sampler.
    """

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        super().check(target, sampler, particles)
        if not isinstance(sampler, Heroism | OneStepSampler) or sampler.stochastic:
            raise InputError("sampler", type(sampler).__name__, "single steps are those of Heroism, or of a "
                             "deterministic sampler without memory such as Ddim, Euler or RungeKutta")

    def estimate(self, run: Run) -> Estimate:
        target, sampler, score, errors, floors = run.target, run.sampler, ExactScore(run.target), [], []
        if isinstance(sampler, Heroism):  # a schedule of two levels is to make it do one step as it does them on T
            sampler = refined(sampler, sampler.refinements_for(run.schedule.steps))
        for start, end, x in self._exact_points(run):
            exact = carry(score, x, start, end, REACH / 2)
            errors.append(squared_norms(_step(sampler, score, x, start, end) - exact, target) / end.tau)
            floors.append(squared_norms(carry(score, x, start, end) - exact, target) / end.tau)
        value, stderr = grouped(lambda chosen: _root_mean(np.array(errors)[:, chosen]), self.particles)
        resolution = RESOLUTION * np.sqrt(target.ambient_dim)
        return Estimate(value, stderr, max(_root_mean(np.array(floors)), resolution), self.particles)


@dataclass(frozen=True)
class _Refinements(_Steps):
    """Single steps of HEROISM after different numbers of refinements."""

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        super().check(target, sampler, particles)
        if not isinstance(sampler, Heroism):
            raise InputError("sampler", type(sampler).__name__, "only Heroism refines")
        require(refines(sampler), "K", sampler.points,
                "a single point at the start of a step has nothing to refine: take K >= 2")

    def _heroism(self, run: Run) -> Heroism:
        assert isinstance(run.sampler, Heroism)  # as checked
        return run.sampler


@dataclass(frozen=True)
class RefinementContraction(_Refinements):
    """By what factor refinement ``round`` + 1 changes the end of a step less than refinement ``round`` did.

    ``|x^(r+1) - x^(r)| / |x^(r) - x^(r-1)|`` with r = ``round`` >= 2, norms root mean squares over particles, relative
    to sqrt(tau), and over transitions; steps start from exact points. Geometric contraction (2506.24042, proof of
    lemma 7) means a factor that shrinks with h; fixed-point iteration of an integral gains faster with every round.
    """

    round: int = 2

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        super().check(target, sampler, particles)
        whole_number("round", self.round, 2)

    def estimate(self, run: Run) -> Estimate:
        target, score, sampler = run.target, ExactScore(run.target), self._heroism(run)
        changes: list[list[Array]] = [[], []]
        sizes = []
        for start, end, x in self._exact_points(run):
            before, now, after = (_step(refined(sampler, self.round + more), score, x, start, end)
                                  for more in (-1, 0, 1))
            changes[0].append(squared_norms(now - before, target) / end.tau)
            changes[1].append(squared_norms(after - now, target) / end.tau)
            sizes.append(squared_norms(x, target) / end.tau)
        first, second = np.array(changes)
        value, stderr = grouped(lambda chosen: _root_mean(second[:, chosen]) / _root_mean(first[:, chosen]),
                                self.particles)
        floor = RESOLUTION * _root_mean(np.array(sizes)) / _root_mean(first)
        return Estimate(value, stderr, floor, self.particles)


@dataclass(frozen=True)
class RefinementDistance(_Refinements):
    """Distance of a step's end after N refinements to the converged collocation solution, relative to sqrt(tau).

    Root mean square over particles and transitions, from exact points, like :class:`IterateError`, which adds the error
    of the collocation itself: this is the part that more refinements remove. NaN where 64 refinements do not converge.
    """

    def estimate(self, run: Run) -> Estimate:
        sampler = self._heroism(run)
        steps = refinement_steps(sampler, run.target, self._exact_points(run))
        given = sampler.refinements_for(run.schedule.steps)
        value, stderr = grouped(lambda chosen: steps.unfinished(given, chosen), self.particles)
        return Estimate(value, stderr, RESOLUTION * np.sqrt(run.target.ambient_dim), self.particles)


@dataclass(frozen=True)
class RefinementsNeeded(_Refinements):
    """The N at which unfinished refinement is ``share`` of the collocation's own error: more would be wasted.

    Both errors are those of a step's end from exact points (root mean squares as in :class:`IterateError`): between
    N refinements and convergence, and between convergence and the exact flow. N is interpolated (linearly in the log of
    the error) between the last integer that does not suffice and the first that does; the theorem asks for
    ``ceil(C3 log T)``. The sampler's own N is not used. NaN where 64 refinements do not converge; the floor is 1, the
    smallest N.
    """

    share: float = 0.1

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        super().check(target, sampler, particles)
        require(0.0 < self.share < 1.0, "share", self.share, "give a number between 0 and 1")

    def estimate(self, run: Run) -> Estimate:
        steps = refinement_steps(self._heroism(run), run.target, self._exact_points(run))
        value, stderr = grouped(lambda chosen: steps.needed(self.share, chosen), self.particles)
        return Estimate(value, stderr, 1.0, self.particles)


class RefinementSteps:
    """Squared norms (transitions, n), relative to tau, of what every number of refinements leaves undone.

    If the refinements do not converge, nobody knows: everything is NaN.
    """

    def __init__(self, left: list[Array], discretisation: Array, converged: bool):
        self.left, self.discretisation, self.converged = left, discretisation, converged

    def unfinished(self, refinements: int, chosen: np.ndarray) -> float:
        """Root mean square distance to convergence after that many refinements; 0 beyond those recorded."""
        if not self.converged:
            return float("nan")
        if refinements > len(self.left):
            return 0.0
        return _root_mean(self.left[refinements - 1][:, chosen])

    def needed(self, share: float, chosen: np.ndarray) -> float:
        """Interpolated N, NaN if none suffices."""
        goal = share * _root_mean(self.discretisation[:, chosen])
        before = np.inf
        for n in range(1, len(self.left) + 2):
            now = self.unfinished(n, chosen)
            if now <= goal:
                if n == 1 or now == 0.0:
                    return float(n)
                return n - 1 + float(np.log(before / goal) / np.log(before / now))
            before = now
        return float("nan")


def refinement_steps(sampler: Heroism, target: Target, points: list[Transition]) -> RefinementSteps:
    """Ends of single steps for N = 1, 2, ... until they stop changing, against the last and against the exact flow."""
    score = ExactScore(target)
    taus = np.array([end.tau for _, end, _ in points])[:, None]

    def norms(ends: list[Array], others: list[Array]) -> Array:
        return np.array([squared_norms(a - b, target) for a, b in zip(ends, others, strict=True)]) / taus

    exact = [carry(score, x, start, end) for start, end, x in points]
    rounds: list[list[Array]] = []
    for n in range(1, MOST_REFINEMENTS + 1):
        rounds.append([_step(refined(sampler, n), score, x, start, end) for start, end, x in points])
        if n > 1 and _root_mean(norms(rounds[-1], rounds[-2])) < RESOLUTION * np.sqrt(target.ambient_dim):
            break
    converged = len(rounds) < MOST_REFINEMENTS
    return RefinementSteps([norms(ends, rounds[-1]) for ends in rounds[:-1]], norms(rounds[-1], exact), converged)


def _step(sampler: Sampler, score: Score, x: Array, start: NoiseLevel, end: NoiseLevel) -> Array:
    pair = NoiseSchedule(np.array([end.alpha_bar, start.alpha_bar]), np.array([end.tau, start.tau]))
    with np.errstate(over="ignore", invalid="ignore"):  # refinements need not converge
        return sampler.transport(Flow(score), x[None], pair)[0]


def refines(sampler: Sampler) -> bool:
    """Whether the sampler has refinements, and something to refine: more than a known point at the start of a step."""
    return isinstance(sampler, Heroism) and not (sampler.points == 1 and sampler.rule.holds_start)


def refined(sampler: Heroism, refinements: int) -> Heroism:
    """The sampler with another number of refinements."""
    other = copy.copy(sampler)
    other.refinements = refinements
    return other


def _root_mean(squares: Array) -> float:
    return float(np.sqrt(np.mean(squares)))

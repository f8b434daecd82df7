"""A sampler on a score and a schedule: the map from starting points to output, its Jacobian and its inverse."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from heroism.allocation import keep_freed_memory
from heroism.errors import instance, require, whole_number
from heroism.flow import BudgetExceeded, Flow, Metered, TargetScore, with_tangents
from heroism.noise import Array, NoiseSchedule
from heroism.samplers.base import Decided, Piloted, PilotedSchedule, Sampler
from heroism.starts import Start, start_law
from heroism.targets.base import Target

BLOCK_BYTES = 384 * 1024  # of one bundle: with the K scores of a step beside it, it about fits a core's private cache
# (in smaller blocks the time goes to calls of numpy)
WIDE, WIDE_BLOCK_BYTES = 32, 768 * 1024  # from so many tangents on, larger matrix products pay for cache misses
PILOT_SEED = 2506_24042

TRIES = 40
ACCURACY = 1e-13  # of a preimage, relative to the position and to the width of the noise
GOOD_ENOUGH = 1e-7  # relative to the width of the noise, where round-off in a steep map allows no better


@dataclass(frozen=True)
class Images:
    """What a map makes of n starting points.

    Attributes
    ----------
    positions : (n, dim) where they end.
    log_volume : (n,) log of the absolute determinant of the Jacobian.
    sign : (n,) of that determinant; where it is not positive, the map may not be one to one.
    jacobian : (n, dim, dim), derivatives along the last axis, or its diagonal (n, dim) for a target whose coordinates
        evolve on their own; only if it was asked for.
    """

    positions: Array
    log_volume: Array
    sign: Array
    jacobian: Array | None = None


class Map:
    """A sampler prepared once, its pilot run included, to carry any number of points.

    Parameters
    ----------
    sampler, score, schedule : what runs, on which score, over which noise levels (from ``schedule.start`` to ``.end``).
    start : the law of the starting points, a name or a :class:`StartLaw`; a pilot run starts from it.
    budget : most score evaluations per sample path, the pilot run included.

    Attributes
    ----------
    sampler, schedule : as given, or what their pilot runs decided. law : the start law of the score's target.
    evaluations, rounds : per sample path, the pilot run included: as the sampler declares them, and once the map has
        carried anything, as they were counted.

    Raises
    ------
    InputError : an unknown start. BudgetExceeded : the sampler, or its pilot run, wants more than the budget.
    """

    def __init__(self, sampler: Sampler, score: TargetScore, schedule: NoiseSchedule, start: Start = "exact",
                 budget: int | None = None):
        instance("sampler", sampler, Sampler, "give one of heroism.samplers, or heroism.as_sampler(...) of your own")
        require(callable(score) and isinstance(getattr(score, "target", None), Target), "score", type(score).__name__,
                "give a score, such as ExactScore(target)")
        instance("schedule", schedule, NoiseSchedule, "give a noise schedule, such as paper_schedule(64)")
        self.score, self.target = score, score.target
        self.budget = None if budget is None else whole_number("budget", budget, 1)
        self.law = start_law(start).on(self.target, schedule)
        self.schedule, self._pilot = self._decided(sampler, schedule)
        self.sampler = self._pilot.sampler
        self.evaluations = self._pilot.evaluations + self.sampler.evaluations(self.schedule.steps)
        self.rounds = self._pilot.rounds + self.sampler.rounds(self.schedule.steps)

    def __call__(self, z: Array, block: int | None = None, weights: Array | None = None,
                 jacobian: bool = False) -> Images:
        """Images of z (n, dim), ``block`` points at a time; by default as many as fit the cache.

        ``weights`` (n,) tell a score that measures its own error how much each point counts. The result does not depend
        on blocks. Raises InputError for points of another shape, or a block that is no number of them.
        """
        require(np.ndim(z) == 2 and np.shape(z)[1] == self.target.dim, "z", f"array of shape {np.shape(z)}",
                f"give an array (n, {self.target.dim}) of points in the target's reduced coordinates")
        if block is not None:
            block = whole_number("block", block, 1)
        else:
            size = WIDE_BLOCK_BYTES if self._tangents >= WIDE else BLOCK_BYTES
            block = max(1, size // (8 * (1 + self._tangents) * self.target.dim))
        keep_freed_memory()
        positions, log_volume, sign = np.empty_like(z), np.empty(len(z)), np.empty(len(z))
        derivatives = np.empty((self._tangents, *z.shape)) if jacobian else None
        for part in np.array_split(np.arange(len(z)), max(1, -(-len(z) // block))):  # no ragged last block
            some = slice(part[0], part[-1] + 1)
            if isinstance(self.score, Metered):
                self.score.weigh(None if weights is None else weights[some])
            end = self._run(with_tangents(self.target, z[some]), Flow(self.score, self.budget))
            positions[some] = end[0]
            sign[some], log_volume[some] = self.determinant(end[1:])
            if derivatives is not None:
                derivatives[:, some] = end[1:]
        if derivatives is None:
            return Images(positions, log_volume, sign)
        return Images(positions, log_volume, sign,
                      derivatives.transpose(1, 2, 0) if self._dense else derivatives[0])

    def diffuse(self, z: Array, rng: np.random.Generator) -> Array:
        """Where a stochastic sampler takes z (n, dim): in one block, so that the noise does not depend on blocks."""
        return self._run(z[None], Flow(self.score, self.budget, lambda x, by: self.target.diffuse(x, by, rng)))[0]

    def preimages(self, y: Array, guess: Array) -> tuple[Array, Array, Array]:
        """z with ``Map(z) = y`` (n, dim), the log volume there (n,), and the misses ``Map(z) - y`` (n,) in l2.

        Damped Newton iteration from ``guess`` (n, dim), each particle on its own.

        Raises
        ------
        ArithmeticError : a particle for which it does not converge: the map folds there, or takes no point near the
        guess to y.
        """
        z, width = guess.copy(), np.sqrt(self.schedule.end.tau)
        images = self(z, jacobian=True)
        volume, step, damping = images.log_volume, self._newton(images, y), np.ones(len(z))
        miss = np.linalg.norm(images.positions - y, axis=1)
        goal = ACCURACY * (width + np.linalg.norm(y, axis=1))
        for _ in range(TRIES):
            active = np.flatnonzero((miss > goal) & (damping > 1e-3))
            if not len(active):
                break
            trial = z[active] + damping[active, None] * step[active]
            images = self(trial, jacobian=True)
            new = np.linalg.norm(images.positions - y[active], axis=1)
            better = new < miss[active]
            damping[active] *= np.where(better, 2.0, 0.25)
            np.minimum(damping, 1.0, out=damping)
            kept = active[better]
            z[kept], volume[kept], miss[kept] = trial[better], images.log_volume[better], new[better]
            step[kept] = self._newton(images, y[active])[better]
        lost = int(np.sum(~(miss < GOOD_ENOUGH * width + goal)))
        if lost:
            raise ArithmeticError(f"{lost} of {len(y)} end points have no preimage near their path: the maps that are "
                                  "compared are too different, or not one to one")
        return z, volume, miss

    @property
    def _dense(self) -> bool:
        return self.target.jacobian == "dense"

    @property
    def _tangents(self) -> int:
        return self.target.dim if self._dense else 1

    def _decided(self, sampler: Sampler, schedule: NoiseSchedule) -> tuple[NoiseSchedule, Decided]:
        """A pilot run, for a schedule and for a sampler that want one, from starting points of its own: the same for
        every seed and block.
        """
        placing, pilot = 0, Decided(sampler, 0, 0)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if isinstance(schedule, PilotedSchedule):
                schedule, placing = schedule.decide(self.score, self._pilots(schedule.pilots))
            if isinstance(sampler, Piloted) and sampler.pilots:
                pilot = sampler.decide(self.score, schedule, self._pilots(sampler.pilots))
        pilot = replace(pilot, evaluations=pilot.evaluations + placing, rounds=pilot.rounds + placing)
        if self.budget is not None and pilot.evaluations > self.budget:
            raise BudgetExceeded(f"the pilot run takes {pilot.evaluations} evaluations, the budget is {self.budget}")
        return schedule, pilot

    def _pilots(self, paths: int) -> Array:
        return self.law.sample(paths, np.random.default_rng(PILOT_SEED))

    def _run(self, bundle: Array, flow: Flow) -> Array:
        flow.evaluations, flow.rounds = self._pilot.evaluations, self._pilot.rounds  # counted for every path
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # a diverging path is a result
            end = self.sampler.transport(flow, bundle, self.schedule)
        self.evaluations, self.rounds = flow.evaluations, flow.rounds
        return end

    def determinant(self, tangents: Array) -> tuple[Array, Array]:
        """Sign and log of the absolute determinant, (n,) each, of tangents (p, n, dim) that began as
        :func:`heroism.flow.with_tangents` has them.
        """
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            if self._dense:
                sign, log_volume = np.linalg.slogdet(np.moveaxis(tangents, 1, 0))
                return sign, log_volume
            return np.sign(tangents[0]).prod(axis=1), np.log(np.abs(tangents[0])).sum(axis=1)

    def _newton(self, images: Images, y: Array) -> Array:
        gap, jacobian = y - images.positions, images.jacobian
        assert jacobian is not None
        with np.errstate(all="ignore"):  # a trial may lie where the sampler diverges
            if self._dense:
                return np.asarray(np.linalg.solve(jacobian, gap[:, :, None])[:, :, 0], dtype=np.float64)
            return gap / jacobian

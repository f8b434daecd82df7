"""What a few paths tell before the others start: the size of the data, where errors are large, when to stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heroism.errors import require
from heroism.flow import Flow, Score
from heroism.integrals.clocks import FocusedClock
from heroism.integrals.paths import in_turn
from heroism.integrals.predictions import Velocity
from heroism.integrals.stages import Method
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.base import Decided
from heroism.samplers.composed.orders import memories
from heroism.samplers.composed.placement import Warp, even, even_errors, place
from heroism.samplers.composed.sampler import Composed
from heroism.samplers.composed.shape import ENOUGH_STEPS, Shape
from heroism.samplers.composed.transition import FEWEST, Denoised, most_evaluations, refined

PLACEMENTS = ("schedule", "clock", "size", "slopes", "embedded", "transition")
PATHS, WALKERS = 48, 192  # the latter for a transition, whose jumps scatter
MUCH_NOISE = 100.0  # sigma; of larger noise all data look alike, and errors of the score hide them
SCOUT_LEVELS = 10
SLOPE_LEVELS, SLOPE_STD = 7, 0.3
NEAR, HALF = 0.4, 0.5  # noise over the size of the data; slope that tells one piece from modes, and modes from points
SCOUT_MEMORY = 2
SCOUT = Shape(1, 1, "gauss_radau", predictor="interpolant", memory=SCOUT_MEMORY, startup="growing")


@dataclass(frozen=True)
class Pilot:
    """What of ``placement`` and ``tolerance``, as in :class:`ComposedHeroism`, only a pilot run can decide; and whether
    it decides the memory of every step (``orders``).

    Raises
    ------
    InputError : an unknown placement; a tolerance that is not positive.
    """

    placement: str = "schedule"
    tolerance: float | None = None
    orders: bool = False

    def __post_init__(self) -> None:
        require(self.placement in PLACEMENTS, "placement", self.placement, f"choose one of {', '.join(PLACEMENTS)}")
        require(self.tolerance is None or self.tolerance > 0, "tolerance", self.tolerance,
                "give a positive number, or none")

    @property
    def scouts(self) -> int:
        """Evaluations, one a round, before anything of the path itself is tried."""
        return {"size": 1, "slopes": SLOPE_LEVELS, "embedded": SCOUT_LEVELS, "transition": 1}.get(self.placement, 0)

    @property
    def paths(self) -> int:
        """How many it wants; 0 if there is nothing to decide."""
        if self.placement in ("slopes", "transition") or self.orders:
            return WALKERS
        return PATHS if self.scouts or self.tolerance is not None else 0

    def most(self, path: int, steps: int) -> int:
        """Evaluations, or rounds, of the pilot run at most, if the path itself takes ``path`` on T = ``steps`` levels;
        those of steps that it adds to the path included.
        """
        windows = most_evaluations(steps) if self.placement == "transition" else 0
        scouts = 1 if self.placement == "slopes" and steps < ENOUGH_STEPS[0] else self.scouts
        return scouts + windows + (path if self.tolerance is not None else 0)

    def decide(self, sampler: Composed, score: Score, schedule: NoiseSchedule, starts: Array) -> Decided:
        """The sampler with what paths from ``starts`` (n, d) decide."""
        flow, method, warp, made = Watch(score), sampler.method, sampler.warp, sampler.decided
        if self.scouts:
            size = size_of_data(flow, schedule, starts)
            method = _of_size(method, size)
        if self.placement == "slopes" and schedule.steps >= ENOUGH_STEPS[0]:
            method = _of_size(method, width_of_modes(flow, method, size, schedule, starts), moved=False)
        if self.placement == "embedded":
            warp = _embedded(flow, method, schedule, starts)
        if self.tolerance is not None:
            trial = Composed(method, sampler.shape, warp).planned(schedule)
            made = tuple(made for _, made in in_turn(flow, starts[None], trial, self.tolerance))
        decided = Composed(method, sampler.shape, warp, sampler.overlap, made)
        if self.orders:
            decided = decided.with_memories(memories(Flow(score), decided, schedule, starts))
        if self.placement == "transition" and schedule.steps >= FEWEST:
            decided, ahead = walked(decided, score, schedule, starts)
            return Decided(decided, flow.evaluations + ahead, flow.rounds + ahead)
        return Decided(decided, flow.evaluations, flow.rounds)


def walked(sampler: Composed, score: Score, schedule: NoiseSchedule, starts: Array) -> tuple[Composed, int]:
    """The sampler with windows around its transitions, and the evaluations of a pilot run that it does not take itself.

    Paths of a pilot run that walk its own levels are paths of the sampler: only what they take back is charged.
    """
    flow = Denoised(score)
    found = refined(flow, sampler, schedule, starts)
    sampler = sampler if found is None else sampler.refined_to(found)
    return sampler, flow.evaluations - sampler.evaluations(schedule.steps)


class Watch(Flow):
    """A flow that remembers the positions (n, d) at which it was asked for scores, and what they were."""

    def __init__(self, score: Score):
        super().__init__(score)
        self.seen: list[tuple[Array, Array]] = []

    def together(self, bundles: Sequence[Array], levels: Sequence[NoiseLevel]) -> list[Array]:
        scores = super().together(bundles, levels)
        self.seen += [(x[0].copy(), s[0].copy()) for x, s in zip(bundles, scores, strict=True)]
        return scores


def size_of_data(flow: Flow, schedule: NoiseSchedule, starts: Array) -> float:
    """Standard deviation of the data along a typical coordinate, from one evaluation at ``starts`` (n, d).

    With much noise the posterior mean ``E[X_0 | x] = (x + tau s) / alpha`` is linear in x, with slope ``alpha v /
    (alpha^2 v + tau)`` for data of variance v. Kept within the noises of the schedule. Beyond a noise of sigma = 100 it
    is evaluated there: such starts are as good as pure noise, which may stand for a state at any large noise.
    """
    level = max(schedule.start, NoiseLevel.from_half_log_snr(-float(np.log(MUCH_NOISE))), key=lambda x: x.half_log_snr)
    means = starts + level.tau * flow(starts[None], level)[0]  # times alpha
    apart = starts - starts.mean(axis=0)
    share = float(np.sum(apart * means) / np.sum(apart**2))  # alpha^2 v / (alpha^2 v + tau)
    variance = share / (1.0 - share) * level.tau / level.alpha_bar if 0.0 < share < 1.0 else 1.0
    return float(np.clip(np.sqrt(variance), schedule.end.sigma, schedule.start.sigma))


def width_of_modes(flow: Watch, method: Method, size: float, schedule: NoiseSchedule, starts: Array) -> float:
    """The width of the modes over the size of the data, as far as it matters: 1 for data in one piece, 0 for points,
    0.3 between them. ``flow`` has seen one evaluation at ``starts`` (n, d).

    The mean slope of the denoised point, ``alpha tr E[dD/dx] / d = 1 - tau E|s|^2 / d`` (integration by parts), tells
    them apart, at a noise of 0.4 of the size and at the end of a rough path of 7 levels; d from the first evaluation,
    where the slope is next to zero. Medians over paths: some get lost.
    """
    wide = _of_size(method, SLOPE_STD, moved=False)
    levels = place(wide.clock, schedule.start, schedule.end, SLOPE_LEVELS, even)
    for _ in in_turn(flow, starts[None], Composed(wide, SCOUT).planned(levels)):
        pass
    lengths = np.median([np.sum(score**2, axis=1) for _, score in flow.seen[-SLOPE_LEVELS:]], axis=1)
    slopes = 1.0 - lengths * levels.tau[::-1] / lengths[0]
    near = np.interp(-np.log(NEAR * size), [level.half_log_snr for level in levels.levels[::-1]], slopes)
    return 1.0 if near > HALF else 0.0 if slopes[-1] < HALF else SLOPE_STD


def local_errors(corrected: Array, seen: Sequence[tuple[Array, Array]], memory: int) -> Array:
    """(k,) local errors of k steps that predicted states, evaluated them (``seen``), and ``corrected`` (k, n, d) them:
    half of ``E|s . (corrected - predicted)|``, the total variation they make, up to a divergence.

    The first ``memory`` steps, which are of lower orders, are taken to be no worse than the one after them.
    """
    predicted, scores = (np.array(each) for each in zip(*seen, strict=True))
    errors = 0.5 * np.mean(np.abs(np.sum(scores * (corrected - predicted), axis=2)), axis=1)
    errors[:memory] = errors[memory]
    return np.asarray(errors)


def _of_size(method: Method, size: float, moved: bool = True) -> Method:
    """The method with a linear part, and if it is ``moved`` a clock, that suit data of that size."""
    clock, prediction = method.clock, method.prediction
    assert isinstance(clock, FocusedClock) and isinstance(prediction, Velocity)
    return Method(clock.scaled(size) if moved else clock, prediction.scaled(size))


def _embedded(flow: Watch, method: Method, schedule: NoiseSchedule, starts: Array) -> Warp:
    """Where the steps of equal errors lie: a scout of few even steps finds predictor and corrector apart."""
    before, levels = len(flow.seen), place(method.clock, schedule.start, schedule.end, SCOUT_LEVELS, even)
    scout = Composed(method, SCOUT).planned(levels)
    corrected = np.array([bundle[0] for bundle, _ in in_turn(flow, starts[None], scout)])
    return even_errors(local_errors(corrected, flow.seen[before:], SCOUT_MEMORY), SCOUT_MEMORY + 2)

"""Where the denoised point jumps: a few paths walk ahead, notice, go back, look closely, and leave a window behind.

Among exponentially many modes a path makes up its mind within 1/d of log-SNR, at a place that scatters by 1/sqrt(d)
from path to path (docs/theory/transition.md). Even steps are far longer than that and throw paths off. Short steps are
needed only where some path jumps: in one window per transition, which paths that walk together find as they get there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.special import ndtr

from heroism.flow import Flow, Score
from heroism.integrals.paths import in_turn
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.composed.placement import Refined, placed
from heroism.samplers.composed.sampler import Composed

FEWEST = 16  # levels; on fewer, every family looks rough
STEPS = 3  # over which roughness is judged
ROUGH = 18.0  # over T; squared third over first differences, 1 to 5 for a jump; what is resolved falls like T^-4
SHARE = 0.01  # of the squared way that denoised points have come; a jump of a smaller one has to be rougher
MOST_WINDOWS = 4
PARTS, GROWTH = 4, 1.04  # of an even step: the first look ahead, and how much longer each next one is
MOST_LOOKS = 48
QUIET = 0.1  # of the largest change in a look: the jumps are over when the last few looks together change less
SPREAD, REACH = 2.2, 2.5  # deviation of the short steps over that of the jumps; half a window in such deviations
SHORT_STEPS = 1.5  # in a window, over T
LATTICE = 4001  # numbers from which steps are interpolated
RECALLED = 96  # levels back to which paths can go; no window reaches back farther than half of that


class Denoised(Flow):
    """A flow that remembers the denoised points ``(x + tau s) / sqrt(alpha_bar)`` (n, d) where it was called last."""

    def __init__(self, score: Score):
        super().__init__(score)
        self.last = np.empty(0)

    def together(self, bundles: Sequence[Array], levels: Sequence[NoiseLevel]) -> list[Array]:
        scores = super().together(bundles, levels)
        self.last = (bundles[-1][0] + levels[-1].tau * scores[-1][0]) / np.sqrt(levels[-1].alpha_bar)
        return scores


def refined(flow: Denoised, sampler: Composed, schedule: NoiseSchedule, starts: Array) -> Refined | None:
    """The even levels of ``sampler`` with a window of ``SHORT_STEPS`` T more around each transition; None if none.

    Paths from ``starts`` (n, d) walk down the even levels, one evaluation each. Where the last steps were rough they
    go back to before these, look ahead in short steps until nothing changes any more, go back again, and walk on
    through the window that mean and deviation of the jumps ask for. In the end they have walked exactly the levels that
    are returned; what ``flow`` counted beyond that are looks and steps taken back.
    """
    units, first, resumed, at = np.linspace(0.0, 1.0, schedule.steps), schedule.steps, 1, 0
    walk, windows = _Walk(flow, sampler, schedule, starts), 0
    while at < len(units) - 1:
        for level in walk.on(units, first, at):
            at = level
            if windows < MOST_WINDOWS and at - STEPS >= resumed and walk.rough(at):
                back = at - STEPS
                first = min(first, back)
                centre, deviation = walk.jumps(units, first, back)
                reach = REACH * SPREAD * deviation
                low = int(np.searchsorted(units, centre - reach, side="right")) - 1
                low = max(low, resumed, at - RECALLED // 2)
                high = min(max(int(np.searchsorted(units, centre + reach)), low + 1), len(units) - 1)
                inner = _window(units[low], units[high], centre, SPREAD * deviation, high - low,
                                round(SHORT_STEPS * schedule.steps))
                units = np.concatenate([units[: low + 1], inner, units[high:]])
                windows, first, resumed, at = windows + 1, min(first, low), low + len(inner) + 1, low
                break
    return walk.levels(units, first) if windows else None


def most_evaluations(steps: int) -> int:
    """The most that all windows may add on T = ``steps`` levels, looks and steps taken back included."""
    return MOST_WINDOWS * (round(SHORT_STEPS * steps) + MOST_LOOKS + steps) if steps >= FEWEST else 0


class _Walk:
    """Paths that walk down levels, given by increasing unit coordinates of the sampler's clock, and can go back.

    At every level passed, counted from the largest noise, it keeps the bundle, the predictions stored, and the denoised
    points (none at the first); of levels long passed nothing.
    """

    def __init__(self, flow: Denoised, sampler: Composed, schedule: NoiseSchedule, starts: Array):
        self.flow, self.sampler, self.schedule = flow, sampler, schedule
        self.kept = [(starts[None], np.empty(0), np.empty(0))]
        self.earliest = np.empty(0)  # denoised points

    def levels(self, units: Array, first: int) -> Refined:
        return Refined(placed(self.sampler.method.clock, self.schedule.start, self.schedule.end, units), first)

    def on(self, units: Array, first: int, begin: int) -> Iterator[int]:
        """Walk on from level number ``begin``; the number of every level that is reached."""
        plan = self.sampler.refined_to(self.levels(units, first)).plan(self.schedule)
        begun = len(plan.steps) - (len(units) - 1)  # steps of the start-up beyond one
        origin, values, _ = self.kept[begin]
        values = values.copy() if begin else np.empty((plan.slots, origin.size))
        del self.kept[begin + 1 :]
        skipped = begin + begun if begin else 0
        path = in_turn(self.flow, origin, plan, begin=skipped, values=values)
        for step, (state, _) in enumerate(path, skipped + 1):
            if step > begun:
                self._keep(state, values)
                yield step - begun

    def _keep(self, state: Array, values: Array) -> None:
        if len(self.kept) == 1:
            self.earliest = self.flow.last
        if len(self.kept) > RECALLED:
            self.kept[-RECALLED] = (np.empty(0),) * 3
        self.kept.append((state, values.copy(), self.flow.last))

    def changes(self, first: int, last: int, order: int = 1) -> Array:
        """Mean squares, over paths, of the differences of denoised points between levels ``first`` and ``last``."""
        points = np.array([self.kept[i][2] for i in range(first, last + 1)])
        return np.asarray(np.mean(np.sum(np.diff(points, order, axis=0) ** 2, axis=2), axis=1))

    def rough(self, level: int) -> bool:
        """Whether the last steps to a level hold a jump that they do not resolve, and that matters."""
        steps = float(self.changes(level - STEPS, level).sum())
        way = float(np.mean(np.sum((self.kept[level][2] - self.earliest) ** 2, axis=1)))
        third = float(self.changes(level - STEPS, level, STEPS)[0])
        return third > ROUGH / self.schedule.steps * float(np.sqrt(steps * max(steps, SHARE * way)))

    def jumps(self, units: Array, first: int, back: int) -> tuple[float, float]:
        """Mean and standard deviation, in unit coordinates, of the jumps behind level ``back``, from looks ahead."""
        step = float(units[back + 1] - units[back])
        looks = units[back] + step / PARTS * (GROWTH ** np.arange(1, MOST_LOOKS + 1) - 1.0) / (GROWTH - 1.0)
        looks = np.concatenate([units[: back + 1], looks[looks < 1.0], [1.0]])
        for last in self.on(looks, first, back):
            change = self.changes(back, last)
            over = last - back >= STEPS * PARTS and change[-STEPS:].sum() < QUIET * change.max()
            if over or last == back + MOST_LOOKS:
                break
        # A path that jumps between two looks is half seen at the next, moves, and is seen whole at the one after: most
        # changes belong to the look that they begin with, and are apart by up to a look more than the jumps are.
        share, looks = change / change.sum(), looks[back : last + 1]
        centre, half = float(share @ looks[:-1]), 0.5 * float(share @ np.diff(looks))
        return centre, float(np.sqrt(max(share @ (looks[:-1] - centre) ** 2 - half**2, half**2)))


def _window(low: float, high: float, centre: float, deviation: float, even: int, short: int) -> Array:
    """(even + short - 1,) units within a window: of ``even`` even steps, and ``short`` ones of Gaussian density."""
    units = np.linspace(low, high, LATTICE)
    share = ndtr((units - centre) / deviation)
    passed = even * (units - low) / (high - low) + short * (share - share[0]) / (share[-1] - share[0])
    return np.asarray(np.interp(np.linspace(0.0, passed[-1], even + short + 1)[1:-1], passed, units))

"""Picard iteration over whole trajectories: many transitions at once, few rounds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from heroism.errors import whole_number
from heroism.flow import Flow
from heroism.integrals.clocks import SigmaClock
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.base import Sampler


class Picard(Sampler):
    """ParaDiGMS (2305.16317): the transitions of a window are found together, by fixed-point sweeps over them.

    All points of a window start as copies of its first state; a sweep evaluates all scores in one round and sums DDIM's
    changes from the start of the window. Sweep m settles point m for good, so it evaluates only points m - 1, m, ...;
    with as many sweeps as the window has transitions the result is that of DDIM. The order is DDIM's once the sweeps
    have converged: what N sweeps leave falls like 1/N!, but not with the step if the window grows with T.

    Parameters
    ----------
    sweeps : N >= 1 per window (the paper stops by a tolerance; a fixed number keeps the map the same for all
        particles).
    window : transitions per window; None for the whole trajectory. Memory grows with it.

    Raises
    ------
    InputError : sweeps or window below 1.
    """

    order = 1

    def __init__(self, sweeps: int = 16, window: int | None = None):
        self.sweeps = whole_number("sweeps", sweeps, 1)
        self.window = None if window is None else whole_number("window", window, 1)

    def evaluations(self, steps: int) -> int:
        return sum(size - m for size in self._windows(steps) for m in range(min(self.sweeps, size)))

    def rounds(self, steps: int) -> int:
        return sum(min(self.sweeps, size) for size in self._windows(steps))

    def _windows(self, steps: int) -> list[int]:
        """Numbers of transitions in the windows."""
        size = steps - 1 if self.window is None else min(self.window, steps - 1)
        full, rest = divmod(steps - 1, size)
        return [size] * full + [rest] * (rest > 0)

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        levels, first = schedule.levels[::-1], 0
        for size in self._windows(schedule.steps):
            bundle = self._settle(flow, bundle, levels[first : first + size + 1])
            first += size
        return bundle

    def _settle(self, flow: Flow, bundle: Array, levels: tuple[NoiseLevel, ...]) -> Array:
        """The state at the last of ``levels``, from that at the first."""
        clock, size = SigmaClock(), len(levels) - 1
        scales = np.array([clock.scale(level) for level in levels])
        lengths = [clock.length(start, end) for start, end in pairwise(levels)]
        states = [bundle] * size
        changes = [bundle] * size
        for done in range(min(self.sweeps, size)):
            scores = flow.together(states[done:size], levels[done:size])
            for i, score in enumerate(scores, start=done):
                changes[i] = lengths[i] * clock.slope(states[i], score, levels[i])
            state = bundle / scales[0]
            states = [bundle]
            for change, scale in zip(changes, scales[1:], strict=True):
                state = state + change
                states.append(scale * state)
        return states[-1]

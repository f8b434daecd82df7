"""Heun++: Heun's method with a look two steps ahead and weights by noise."""

from __future__ import annotations

from itertools import pairwise

from heroism.flow import Flow
from heroism.integrals.clocks import SigmaClock
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.base import Sampler

AHEAD = 3


class HeunPlus(Sampler):
    """``heunpp2`` of ComfyUI: Euler steps on to the next levels (three evaluations), whose noise predictions are then
    averaged with the weights ``sigma_j / (m sigma_T)`` and what is left for the first, m = 3; in the last step but one
    m = 2, and the last is Euler's.

    The weights do not tend to any quadrature as the steps become short: order 1.
    """

    order = 1

    def evaluations(self, steps: int) -> int:
        return sum(min(AHEAD, left) for left in range(1, steps))

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        levels = schedule.levels[::-1]
        for i in range(len(levels) - 1):
            bundle = self._step(flow, bundle, levels[i : i + AHEAD + 1], levels[0].sigma)
        return bundle

    def _step(self, flow: Flow, bundle: Array, ahead: tuple[NoiseLevel, ...], largest: float) -> Array:
        """To the second of the levels ``ahead``, the last of which is the end of the schedule if there are few."""
        clock = SigmaClock()
        values, states = [], [bundle / clock.scale(ahead[0])]
        count = min(AHEAD, len(ahead) - 1)
        for now, then in pairwise(ahead[: count + 1]):
            x = clock.scale(now) * states[-1]
            values.append(clock.slope(x, flow(x, now), now))
            states.append(states[-1] + clock.length(now, then) * values[-1])
        shares = [level.sigma / (count * largest) for level in ahead[1:count]]
        slope = (1.0 - sum(shares)) * values[0]
        for share, value in zip(shares, values[1:], strict=True):
            slope = slope + share * value
        return clock.scale(ahead[1]) * (states[0] + clock.length(ahead[0], ahead[1]) * slope)

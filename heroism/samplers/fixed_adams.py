"""Multistep methods on the noise prediction whose coefficients do not know how long the steps are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from heroism.errors import a_number, require, whole_number
from heroism.flow import Flow
from heroism.integrals.clocks import SigmaClock
from heroism.noise import Array, NoiseSchedule
from heroism.samplers.base import Sampler

ADAMS: tuple[tuple[float, ...], ...] = ((1.0,), (3 / 2, -1 / 2), (23 / 12, -16 / 12, 5 / 12),
                                        (55 / 24, -59 / 24, 37 / 24, -9 / 24))


class FixedAdams(Sampler):
    """``y' = y + (sigma' - sigma) sum_j w_j E_j`` for ``y = x / sqrt(alpha_bar)``, E_j the last noise predictions, the
    newest first; in the first steps with as many as there are.

    ``rows`` : the weights w for one value, for two, ...; each adds up to one.
    """

    def __init__(self, rows: Sequence[Sequence[float]], order: int):
        self.rows, self.order = rows, order

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        clock, known = SigmaClock(), list[Array]()
        for start, end in schedule.transitions():
            known = [clock.slope(bundle, flow(bundle, start), start), *known[: len(self.rows) - 1]]
            slope = sum((weight * value for weight, value in zip(self.rows[len(known) - 1], known, strict=True)),
                        np.zeros_like(bundle))
            bundle = clock.scale(end) * (clock.length(start, end) * slope + bundle / clock.scale(start))
        return bundle


class Ipndm(FixedAdams):
    """Improved pseudo numerical methods (2204.13902; ``ipndm`` of ComfyUI, ``IPNDMScheduler`` of diffusers):
    Adams-Bashforth weights of even steps, whatever the steps are.

    On a smooth grid that is of order 2, where it is even in sigma too, as the first steps are of lower orders. With the
    weights that belong to the steps it is ExponentialAdams of the noise in the clock sigma (``ipndm_v``, ``lms``).

    ``order`` : most values used, 1 to 4. Raises InputError for another one.
    """

    def __init__(self, order: int = 4):
        self.values = whole_number("order", order, 1)
        require(self.values <= len(ADAMS), "order", order, f"give at most {len(ADAMS)}")
        super().__init__(ADAMS[: self.values], min(self.values, 2))


class GradientEstimation(FixedAdams):
    """``gamma E_n + (1 - gamma) E_{n-1}`` in the place of the noise prediction (2306.04848, algorithm 3; ComfyUI's
    ``gradient_estimation``): extrapolated to the end of the step at gamma = 2, to its middle at 1.5, Adams-Bashforth's.

    Order 1 but for gamma = 1.5. Raises InputError for a gamma that is not finite.
    """

    def __init__(self, gamma: float = 2.0):
        a_number("gamma", gamma, "give a number; 2 is the authors' choice")
        self.gamma = float(gamma)
        super().__init__(((1.0,), (self.gamma, 1.0 - self.gamma)), 2 if self.gamma == 1.5 else 1)

"""DPM-Solver-fast: the evaluations that are granted, in steps of order 3."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from heroism.flow import Flow
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.base import Sampler
from heroism.samplers.ddim import Ddim
from heroism.samplers.exponential_runge_kutta import ExponentialRungeKutta


class DpmFast(Sampler):
    """2206.00927, section 3.4: T - 1 evaluations between the ends of the schedule, in steps of DPM-Solver-3 that are
    even in log-SNR, and what is left over in one or two last steps of lower order (``sample_dpm_fast`` of k-diffusion).
    The levels between the ends are its own.

    Order 2: that of a single last step of order 1.
    """

    order = 2

    def __init__(self) -> None:
        self.methods = {1: Ddim(), 2: ExponentialRungeKutta("dpm_2", "noise"),
                        3: ExponentialRungeKutta("dpm_3", "noise")}

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        orders = step_orders(len(schedule) - 1)
        for order, (start, end) in zip(orders, pairwise(_even(schedule, len(orders))), strict=True):
            bundle = self.methods[order].step(flow, bundle, start, end)
        return bundle


def step_orders(evaluations: int) -> list[int]:
    """Of the steps: threes, then 2 and 1, or what is left."""
    threes, left = divmod(evaluations, 3)
    return [3] * threes + [left] if left else [3] * (threes - 1) + [2, 1]


def _even(schedule: NoiseSchedule, steps: int) -> list[NoiseLevel]:
    inner = np.linspace(schedule.start.half_log_snr, schedule.end.half_log_snr, steps + 1)[1:-1]
    return [schedule.start, *(NoiseLevel.from_half_log_snr(float(value)) for value in inner), schedule.end]

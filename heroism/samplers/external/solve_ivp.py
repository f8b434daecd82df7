"""SciPy's own steppers, unmodified, on the probability-flow ODE in half-log-SNR, ``dx/dlambda = tau (x + s)``.

Their step control is switched off by its own parameters: with tolerances that no error reaches every step is accepted,
and ``max_step`` makes it the schedule's. (Our ``RungeKutta`` takes SciPy's coefficients, not its code.)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.integrate

from heroism.errors import require
from heroism.flow import Flow
from heroism.integrals.clocks import LogSnrClock
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.base import Sampler

ANY_ERROR = 1e300  # a tolerance; not infinity, which times zero is no number


STEPPERS = ("RK23", "RK45", "DOP853")

# Why the others cannot step like this. Each reason is put to the test.
_ITS_OWN = "and with tolerances that keep its order it takes steps of its own"
REFUSED_STEPPERS: Mapping[str, str] = {
    "Radau": "its Newton iteration stops by the tolerances that also choose the step: held to fixed steps without them "
             f"it falls to order 3 of 5, {_ITS_OWN}",
    "BDF": "the tolerances choose its order and stop its Newton iteration: held to fixed steps without them it stays "
           f"at order 1 of 5, {_ITS_OWN}",
    "LSODA": "the tolerances choose its order and stop its iteration: held to fixed steps without them it stays near "
             f"order 2 of 12, {_ITS_OWN}",
}


class SolveIvp(Sampler):
    """One of ``solve_ivp``'s explicit methods at the steps of the schedule: RK23, RK45 or DOP853.

    The last slope of a step is the first of the next, and an error estimate is made that nobody reads. Raises
    InputError for another method, with the reason.
    """

    def __init__(self, method: str = "RK45"):
        require(method not in REFUSED_STEPPERS, "method", method, REFUSED_STEPPERS.get(method, ""))
        require(method in STEPPERS, "method", method, f"choose one of {', '.join(STEPPERS)}")
        self.stepper: Any = getattr(scipy.integrate, method)
        self.order, self.step_evaluations = self.stepper.error_estimator_order + 1, self.stepper.n_stages

    def evaluations(self, steps: int) -> int:
        return 1 + super().evaluations(steps)

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        times, shape = [level.half_log_snr for level in schedule.levels[::-1]], bundle.shape
        lengths = np.diff(times).tolist()

        lost = np.zeros(bundle.shape[1], dtype=bool)  # one diverged path would have the steps of all of them rejected

        def slope(half_log_snr: float, state: Array) -> Array:
            out = pf_ode_slope(flow, state.reshape(shape), half_log_snr)
            lost[:] |= ~np.isfinite(out).all(axis=(0, 2))
            out[:, lost] = 0.0
            return out.ravel()

        stepper = self.stepper(
            slope, times[0], bundle.ravel(), t_bound=times[-1] + lengths[-1],  # beyond the end: no step is cut short
            first_step=lengths[0], max_step=lengths[0], rtol=ANY_ERROR, atol=ANY_ERROR)
        for length in lengths:
            stepper.max_step = length  # after an accepted step it wants ten times as much, and gets this
            stepper.step()
        out = np.array(stepper.y).reshape(shape)
        out[:, lost] = np.nan
        return out


def pf_ode_slope(flow: Flow, bundle: Array, half_log_snr: float) -> Array:
    """``dx/dlambda = tau (x + s)``, and its derivative along the tangents."""
    level = NoiseLevel.from_half_log_snr(half_log_snr)
    return LogSnrClock().slope(bundle, flow(bundle, level), level)

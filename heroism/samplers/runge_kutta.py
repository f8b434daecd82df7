"""Explicit Runge-Kutta methods on the probability-flow ODE, in a clock of choice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import integrate

from heroism.errors import require
from heroism.flow import Flow, flat, shaped
from heroism.integrals.clocks import Clock, FlowClock, LogSnrClock, SigmaClock, TimeClock
from heroism.noise import Array, NoiseLevel
from heroism.samplers.base import OneStepSampler


@dataclass(frozen=True)
class Tableau:
    """Nodes (S,), strictly lower triangular matrix (S, S) and weights (S,) of an explicit method of order ``order``."""

    nodes: Array
    matrix: Array
    weights: Array
    order: int


def _from_scipy(method: type[integrate.OdeSolver]) -> Tableau:
    stages, order = method.n_stages, method.error_estimator_order + 1
    return Tableau(np.array(method.C[:stages]), np.array(method.A[:stages, :stages]), np.array(method.B), order)


CLOCKS: dict[str, Clock] = {"half_log_snr": LogSnrClock(), "sigma": SigmaClock(), "time": TimeClock(),
                           "flow": FlowClock()}
TABLEAUX = {
    "heun": Tableau(np.array([0.0, 1.0]), np.array([[0.0, 0.0], [1.0, 0.0]]), np.array([0.5, 0.5]), 2),
    "rk4": Tableau(np.array([0.0, 0.5, 0.5, 1.0]),
                   np.array([[0.0, 0, 0, 0], [0.5, 0, 0, 0], [0, 0.5, 0, 0], [0, 0, 1.0, 0]]),
                   np.array([1.0, 2.0, 2.0, 1.0]) / 6.0, 4),
    "rk23": _from_scipy(integrate.RK23),
    "rk45": _from_scipy(integrate.RK45),
    "dop853": _from_scipy(integrate.DOP853),
}


class RungeKutta(OneStepSampler):
    """One explicit Runge-Kutta step per transition; as many evaluations, one after the other, as the method has stages.

    Parameters
    ----------
    method : "heun" (order 2, 2 stages), "rk4" (4, 4), and with scipy's coefficients "rk23" (Bogacki-Shampine, 3, 3),
        "rk45" (Dormand-Prince, 5, 6), "dop853" (Dormand-Prince, 8, 12).
    clock : "half_log_snr" or "time" (of the Ornstein-Uhlenbeck process), where N(0, I) is preserved exactly, or
        "sigma" or "flow" (the time of flow matching), where a point mass is. ``heun`` in ``sigma`` is the deterministic
        sampler of EDM (2206.00364, Algorithm 1), which goes with ``rho_schedule``; in ``time`` it is that of the
        experiments of 2404.09730, which goes with ``uniform_time_schedule``. On Runge-Kutta methods of any order for
        diffusion: 2404.09730, 2506.13061.

    Raises
    ------
    InputError : an unknown method or clock.
    """

    def __init__(self, method: str = "rk4", clock: str = "half_log_snr"):
        require(method in TABLEAUX, "method", method, f"choose one of {', '.join(TABLEAUX)}")
        require(clock in CLOCKS, "clock", clock, f"choose one of {', '.join(CLOCKS)}")
        self.method, self.tableau, self.clock = method, TABLEAUX[method], CLOCKS[clock]
        self.order = self.tableau.order
        self.step_evaluations = len(self.tableau.nodes)

    def step(self, flow: Flow, bundle: Array, start: NoiseLevel, end: NoiseLevel) -> Array:
        length = self.clock.length(start, end)
        slopes = np.empty((self.step_evaluations, bundle.size))
        slopes[0] = self._slope(flow, bundle, start)
        for i in range(1, self.step_evaluations):
            share = float(self.tableau.nodes[i])
            level = self.clock.level(start, end, share)
            stage = self._move(bundle, length * self.tableau.matrix[i, :i], slopes[:i], start, level)
            slopes[i] = self._slope(flow, stage, level)
        return self._move(bundle, length * self.tableau.weights, slopes, start, end)

    def _slope(self, flow: Flow, bundle: Array, level: NoiseLevel) -> Array:
        return flat(self.clock.slope(bundle, flow(bundle, level), level), bundle)

    def _move(self, bundle: Array, weights: Array, slopes: Array, start: NoiseLevel, level: NoiseLevel) -> Array:
        scale = self.clock.scale(level)
        out = shaped((scale * weights) @ slopes, bundle)
        out += (scale / self.clock.scale(start)) * bundle
        return out

"""Exponential Runge-Kutta methods: several stages a step, the linear part of the ODE exactly.

In half-log-SNR lambda, with the step h and the stages c_i h, for the data prediction D (and in the same way, with z = h
and the signs exchanged, for the noise prediction)

    ``x_i = sqrt(tau_i/tau_0) x_0 + sqrt(alpha_bar_i) h sum_j a_ij D_j``, ``a_ij = sum q phi_k(-c h)``,

``phi_0(z) = exp(z)``, ``phi_k(z) = int_0^1 exp((1 - t) z) t^(k-1)/(k-1)! dt`` (Hochbruck and Ostermann 2010). A method
is the numbers q, k, c: data.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import factorial

import numpy as np

from heroism.errors import require
from heroism.flow import Flow
from heroism.integrals.clocks import LogSnrClock, half_log_snr_gain
from heroism.integrals.predictions import Data, Noise, Prediction
from heroism.integrals.weights import basis_integrals
from heroism.noise import Array, NoiseLevel
from heroism.samplers.base import OneStepSampler

Term = tuple[float, int, float]  # q, k, c
Row = Mapping[int, Sequence[Term]]  # earlier stage -> its coefficient
PREDICTIONS: Mapping[str, Prediction] = {"data": Data(), "noise": Noise()}


@dataclass(frozen=True)
class Scheme:
    """Places c_i of the stages, rows of coefficients of the stages after the first and of the end, and the order."""

    places: tuple[float, ...]
    rows: tuple[Row, ...]
    order: int


def _first(c: float) -> list[Term]:
    """c phi_1(c h): a constant, integrated up to c."""
    return [(c, 1, c)]


# RES's gamma for c = 1/2, 1 is 4 (2308.02157, section 3.2). Cox and Matthews' coefficients without products of phis.
SCHEMES: Mapping[str, Scheme] = {
    "dpm_2": Scheme((0, 1 / 2), ({0: _first(1 / 2)}, {1: [(1, 1, 1)]}), 2),
    "dpm_3": Scheme((0, 1 / 3, 2 / 3), (
        {0: _first(1 / 3)}, {0: [*_first(2 / 3), (-4 / 3, 2, 2 / 3)], 1: [(4 / 3, 2, 2 / 3)]},
        {0: [(1, 1, 1), (-3 / 2, 2, 1)], 2: [(3 / 2, 2, 1)]}), 3),
    "res_2s": Scheme((0, 1 / 2), ({0: _first(1 / 2)}, {0: [(1, 1, 1), (-2, 2, 1)], 1: [(2, 2, 1)]}), 2),
    "res_3s": Scheme((0, 1 / 2, 1), (
        {0: _first(1 / 2)}, {0: [(1, 1, 1), (-2, 2, 1 / 2), (-2, 2, 1)], 1: [(2, 2, 1 / 2), (2, 2, 1)]},
        {0: [(1, 1, 1), (-5 / 3, 2, 1)], 1: [(4 / 3, 2, 1)], 2: [(1 / 3, 2, 1)]}), 3),
    "etdrk2": Scheme((0, 1), ({0: _first(1)}, {0: [(1, 1, 1), (-1, 2, 1)], 1: [(1, 2, 1)]}), 2),
    "etdrk3": Scheme((0, 1 / 2, 1), (
        {0: _first(1 / 2)}, {0: [(-1, 1, 1)], 1: [(2, 1, 1)]},
        {0: [(1, 1, 1), (-3, 2, 1), (4, 3, 1)], 1: [(4, 2, 1), (-8, 3, 1)], 2: [(-1, 2, 1), (4, 3, 1)]}), 3),
    "etdrk4": Scheme((0, 1 / 2, 1 / 2, 1), (
        {0: _first(1 / 2)}, {1: _first(1 / 2)}, {0: [(1, 1, 1), (-1, 1, 1 / 2)], 2: [(1, 1, 1 / 2)]},
        {0: [(1, 1, 1), (-3, 2, 1), (4, 3, 1)], 1: [(2, 2, 1), (-4, 3, 1)], 2: [(2, 2, 1), (-4, 3, 1)],
         3: [(-1, 2, 1), (4, 3, 1)]}), 4),
    "lawson4": Scheme((0, 1 / 2, 1 / 2, 1), (
        {0: [(1 / 2, 0, 1 / 2)]}, {1: [(1 / 2, 0, 0)]}, {2: [(1, 0, 1 / 2)]},
        {0: [(1 / 6, 0, 1)], 1: [(1 / 3, 0, 1 / 2)], 2: [(1 / 3, 0, 1 / 2)], 3: [(1 / 6, 0, 0)]}), 4),
}


class ExponentialRungeKutta(OneStepSampler):
    """One step of an exponential Runge-Kutta method per transition, as many evaluations as it has stages.

    A point mass is preserved exactly, but by "lawson4"; N(0, I) is not.

    Parameters
    ----------
    method : "dpm_2", "dpm_3" (2206.00927, algorithms 4 and 5 with r = 1/2; 1/3, 2/3: with the data prediction
        DPM-Solver++(2S) and (3S) of 2211.01095), "res_2s", "res_3s" (2308.02157, with c = 1/2; 1/2, 1), "etdrk2",
        "etdrk3", "etdrk4" (Cox and Matthews 2002, eq. 22 to 29), "lawson4" (Lawson 1967: classical Runge-Kutta on x /
        sqrt(tau), or x / sqrt(alpha_bar)). The number is the classical order, which all but res_* lose where the
        problem is stiff.
    prediction : "data" or "noise".

    Raises
    ------
    InputError : an unknown method or prediction.
    """

    def __init__(self, method: str = "res_2s", prediction: str = "data"):
        require(method in SCHEMES, "method", method, f"choose one of {', '.join(SCHEMES)}")
        require(prediction in PREDICTIONS, "prediction", prediction, f"choose one of {', '.join(PREDICTIONS)}")
        self.method, self.scheme, self.prediction = method, SCHEMES[method], PREDICTIONS[prediction]
        self.sign = -1.0 if prediction == "data" else 1.0
        self.order, self.step_evaluations = self.scheme.order, len(self.scheme.places)

    def step(self, flow: Flow, bundle: Array, start: NoiseLevel, end: NoiseLevel) -> Array:
        clock, h = LogSnrClock(), half_log_snr_gain(start, end)
        values = [self.prediction.of(bundle, flow(bundle, start), start)]
        for place, row in zip((*self.scheme.places[1:], 1.0), self.scheme.rows, strict=True):
            level = clock.level(start, end, place)
            kept, added = self._factors(start, level)
            out = kept * bundle
            for j, terms in row.items():
                out += added * h * sum(q * phi(k, self.sign * c * h) for q, k, c in terms) * values[j]
            if len(values) < self.step_evaluations:
                values.append(self.prediction.of(out, flow(out, level), level))
        return out

    def _factors(self, start: NoiseLevel, level: NoiseLevel) -> tuple[float, float]:
        """What of the state is kept up to a level, and what an integral over the prediction counts there."""
        if self.sign < 0.0:
            return float(np.sqrt(level.tau / start.tau)), float(np.sqrt(level.alpha_bar))
        return float(np.sqrt(level.alpha_bar / start.alpha_bar)), -float(np.sqrt(level.tau))


@lru_cache(maxsize=2**12)  # even schedules ask for the same ones
def phi(k: int, z: float) -> float:
    """``phi_k(z)``, by quadrature: nothing cancels for small z."""
    if k == 0:
        return float(np.exp(z))
    one = np.zeros(1)
    weight = basis_integrals(one, np.ones(1), lambda t: np.exp((1.0 - t) * z) * t ** (k - 1) / factorial(k - 1))
    return float(weight[0, 0])

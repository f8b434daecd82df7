"""Steps of the probability-flow ODE as operations, and the forward process: what composed samplers are made of."""

from __future__ import annotations

import numpy as np

from heroism.errors import require
from heroism.noise import NoiseLevel
from heroism.samplers.stochastic.recursion import STATE, Combine, Evaluate, Operation

SOLVERS = {"ddim": (1, 1), "heun": (2, 2)}  # order, evaluations a step


def check_solver(solver: str) -> None:
    """InputError unless there is such a solver."""
    require(solver in SOLVERS, "solver", solver, f"choose one of {', '.join(SOLVERS)}")


def ode_step(solver: str, start: NoiseLevel, end: NoiseLevel) -> list[Operation]:
    """From ``start`` to ``end`` by DDIM, or by Heun's method on ``dy = noise d sigma``, ``y = x / sqrt(alpha_bar)``
    (2206.00364, algorithm 1), whose first stage DDIM is.
    """
    scale = float(np.sqrt(end.alpha_bar / start.alpha_bar))
    # sigma' - sigma in units of y, without cancellation
    length = -start.tau_above(end) / (start.alpha_bar * end.alpha_bar * (start.sigma + end.sigma))
    drift = float(np.sqrt(end.alpha_bar)) * length
    operations: list[Operation] = [Evaluate("noise", STATE, start, "noise")]
    if solver == "ddim":
        return [*operations, Combine(STATE, {STATE: scale, "noise": drift})]
    return [*operations, Combine("ahead", {STATE: scale, "noise": drift}),
            Evaluate("noise ahead", "ahead", end, "noise"),
            Combine(STATE, {STATE: scale, "noise": 0.5 * drift, "noise ahead": 0.5 * drift})]


def noising(start: NoiseLevel, end: NoiseLevel, scale: float = 1.0) -> Combine:
    """The forward process from ``start`` up to the noisier ``end``; ``scale`` multiplies its noise."""
    ratio = end.alpha_bar / start.alpha_bar
    deviation = scale * float(np.sqrt(end.tau_above(start) / start.alpha_bar))
    return Combine(STATE, {STATE: float(np.sqrt(ratio))}, deviation)

"""EDM's stochastic sampler: some noise is added, then a second-order ODE step removes it and more."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from heroism.errors import a_number, nonnegative
from heroism.noise import NoiseSchedule
from heroism.samplers.stochastic.ancestral import level_of_sigma
from heroism.samplers.stochastic.ode_steps import SOLVERS, check_solver, noising, ode_step
from heroism.samplers.stochastic.recursion import Operation, Recursion, Step

LARGEST_GROWTH = float(np.sqrt(2.0) - 1.0)


class Churn(Recursion):
    """2206.00364, algorithm 2: from sigma up to ``sigma (1 + gamma)``, ``gamma = min(churn / (T - 1), sqrt(2) - 1)``
    where ``lowest <= sigma <= highest`` and else 0, then one step of Heun's method on ``dy = noise d sigma`` down to
    the next level. ``inflation`` multiplies the added noise (S_noise there; other than 1 it is a bias on purpose).

    Adding noise is exact, so the order is that of the ODE step. The noise is added first: the last piece is a map.

    Raises
    ------
    InputError : a negative churn or inflation, an unknown solver.
    """

    def __init__(self, churn: float = 40.0, lowest: float = 0.0, highest: float = float("inf"), inflation: float = 1.0,
                 solver: str = "heun"):
        for name, value in (("churn", churn), ("lowest", lowest), ("inflation", inflation)):
            nonnegative(name, value)
        if highest != float("inf"):
            a_number("highest", highest, f"must not be below lowest = {lowest}", lowest)
        check_solver(solver)
        self.churn, self.lowest, self.highest, self.inflation = float(churn), lowest, highest, float(inflation)
        self.solver, self.stochastic = solver, churn > 0 and inflation > 0
        self.order, self.step_evaluations = SOLVERS[solver]

    def steps(self, schedule: NoiseSchedule) -> Iterator[Step]:
        growth = min(self.churn / (schedule.steps - 1), LARGEST_GROWTH)
        for start, end in schedule.transitions():
            operations: list[Operation] = []
            above = start
            if growth > 0.0 and self.lowest <= start.sigma <= self.highest:
                above = level_of_sigma(start.sigma * (1.0 + growth))
                operations.append(noising(start, above, self.inflation))
            yield Step(start, end, (*operations, *ode_step(self.solver, above, end)))

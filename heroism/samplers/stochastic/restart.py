"""Restart: back to more noise, and down again, a few times on one stretch of the path."""

from __future__ import annotations

from collections.abc import Iterator

from heroism.errors import fraction, require, whole_number
from heroism.noise import NoiseSchedule
from heroism.samplers.stochastic.ode_steps import SOLVERS, check_solver, noising, ode_step
from heroism.samplers.stochastic.recursion import Recursion, Step


class Restart(Recursion):
    """2306.14878: an ODE solver down the schedule; where a share ``low`` of its transitions is done, the forward
    process takes the state back up to where the share ``high`` was done, ``repeats`` times, and the solver down again.

    Noising is exact and contracts what has gone wrong so far; the order is that of the ODE solver.

    Raises
    ------
    InputError : shares that are not ``0 <= high < low <= 1``, an unknown solver.
    """

    def __init__(self, repeats: int = 1, high: float = 0.4, low: float = 0.8, solver: str = "heun"):
        self.repeats = whole_number("repeats", repeats, 0)
        require(fraction("high", high) < fraction("low", low), "high", high, f"must be below low = {low}")
        check_solver(solver)
        self.high, self.low, self.solver, self.stochastic = high, low, solver, self.repeats > 0
        self.order, self.step_evaluations = SOLVERS[solver]

    def _stretch(self, steps: int) -> tuple[int, int]:
        """First and last transition that are repeated; at least one is."""
        low = max(1, round(self.low * (steps - 1)))
        return min(round(self.high * (steps - 1)), low - 1), low

    def evaluations(self, steps: int) -> int:
        high, low = self._stretch(steps)
        return self.step_evaluations * (steps - 1 + self.repeats * (low - high))

    def steps(self, schedule: NoiseSchedule) -> Iterator[Step]:
        high, low = self._stretch(schedule.steps)
        levels, down = schedule.levels[::-1], list(schedule.transitions())
        for i, (start, end) in enumerate(down):
            yield Step(start, end, tuple(ode_step(self.solver, start, end)))
            for _ in range(self.repeats if i + 1 == low else 0):
                yield Step(levels[low], levels[high], (noising(levels[low], levels[high]),))
                for one, other in down[high:low]:
                    yield Step(one, other, tuple(ode_step(self.solver, one, other)))

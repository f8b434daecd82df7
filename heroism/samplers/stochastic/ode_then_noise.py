"""An ODE step that goes too far, then a little of the forward process back."""

from __future__ import annotations

from collections.abc import Iterator

from heroism.errors import positive
from heroism.integrals.clocks import half_log_snr_gain
from heroism.noise import NoiseLevel
from heroism.samplers.stochastic.ode_steps import SOLVERS, check_solver, noising, ode_step
from heroism.samplers.stochastic.recursion import Memoryless, Operation


class OdeThenNoise(Memoryless):
    """Per transition an ODE step to a level beyond the next one, then the forward process up to it: the idea of
    2508.16306 (a deterministic step and a smaller noising, O(d / eps) steps for a KL of eps^2).

    The ODE step overshoots by ``overshoot`` times the transition's length in half-log-SNR. The forward process is
    exact and contracts errors, so the order is that of the ODE solver.

    Raises
    ------
    InputError : an overshoot that is not positive, an unknown solver.
    """

    def __init__(self, overshoot: float = 1.0, solver: str = "ddim"):
        positive("overshoot", overshoot)
        check_solver(solver)
        self.overshoot, self.solver = float(overshoot), solver
        self.order, self.step_evaluations = SOLVERS[solver]

    def step(self, start: NoiseLevel, end: NoiseLevel) -> Iterator[Operation]:
        beyond = end.half_log_snr + self.overshoot * half_log_snr_gain(start, end)
        below = NoiseLevel.from_half_log_snr(beyond)
        yield from ode_step(self.solver, start, below)
        yield noising(below, end)

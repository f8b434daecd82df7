"""The explicit Runge-Kutta solvers of ``diffrax``, unmodified (extra ``heroism[diffrax]``), on ``dx/dlambda = tau (x +
s)``, the probability-flow ODE in half-log-SNR; one ``step`` of the solver for every transition of the schedule.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from heroism.errors import require
from heroism.flow import Flow
from heroism.noise import Array, NoiseSchedule
from heroism.samplers.base import Sampler
from heroism.samplers.external.extras import needed
from heroism.samplers.external.solve_ivp import pf_ode_slope

EXTRA = "diffrax"
SOLVERS = ("Euler", "Heun", "Midpoint", "Ralston", "Bosh3", "Tsit5", "Dopri5", "Dopri8")


class Diffrax(Sampler):
    """``solver`` is the name of its class. Raises InputError if the extra is missing, or for another solver: an
    implicit one iterates until a tolerance is met, which is not linear, and a stochastic one adds noise.

    Scores are evaluated in numpy, through a callback; JAX runs in double precision meanwhile, and only then.
    """

    def __init__(self, solver: str = "Tsit5"):
        require(solver in SOLVERS, "solver", solver, f"choose one of {', '.join(SOLVERS)}")
        self.jax, self.diffrax = needed("jax", EXTRA), needed("diffrax", EXTRA)
        self.solver = getattr(self.diffrax, solver)()
        self._slope: Callable[[Array, Array], Array] | None = None
        self._failure: Exception | None = None
        self._start, self._step = self.jax.jit(self._started), self.jax.jit(self._stepped)

    @property
    def order(self) -> int:  # type: ignore[override]
        return int(self.solver.order(None))

    def evaluations(self, steps: int) -> int:
        tableau = getattr(self.solver, "tableau", None)
        stages = 1 if tableau is None else tableau.num_stages
        reused = tableau is not None and tableau.fsal
        return (steps - 1) * (stages - reused) + reused

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        self._slope = lambda half_log_snr, state: pf_ode_slope(flow, state, float(half_log_snr))
        self._failure = None
        times = [level.half_log_snr for level in schedule.levels[::-1]]
        with self.jax.enable_x64(True):
            state, memory = self.jax.block_until_ready((bundle, self._start(times[0], bundle)))
            for time, then in pairwise(times):
                if self._failure is not None:
                    raise self._failure
                state, memory = self.jax.block_until_ready(self._step(time, then, state, memory))
        if self._failure is not None:
            raise self._failure
        return np.array(state)

    def _answer(self, half_log_snr: Any, state: Any) -> Array:
        """Called by JAX, which would wrap an exception and print it: it is kept instead, and raised after the step."""
        bundle = np.asarray(state)
        if self._failure is None and self._slope is not None:
            try:
                return self._slope(np.asarray(half_log_snr), bundle)
            except Exception as error:
                self._failure = error
        return np.full_like(bundle, np.nan)

    def _terms(self) -> Any:
        def slope(half_log_snr: Any, state: Any, arguments: Any) -> Any:
            return self.jax.pure_callback(self._answer, self.jax.ShapeDtypeStruct(state.shape, state.dtype),
                                          half_log_snr, state)

        return self.diffrax.ODETerm(slope)

    def _started(self, time: Any, state: Any) -> Any:
        return self.solver.init(self._terms(), time, time, state, None)

    def _stepped(self, time: Any, then: Any, state: Any, memory: Any) -> Any:
        state, _, _, memory, _ = self.solver.step(self._terms(), time, then, state, None, memory, made_jump=False)
        return state, memory

"""HEROISM taken apart: every choice of 2506.24042's Algorithm 1 on its own, plus memory, a start-up that keeps the order, and placed steps."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np

from heroism.collocation import collocation
from heroism.errors import InputError, require, whole_number
from heroism.flow import Flow, Score
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.base import Sampler
from heroism.samplers.parts.clocks import FocusedClock
from heroism.samplers.parts.clocks import clock as clock_named
from heroism.samplers.parts.placement import Watch, best_focus, place
from heroism.samplers.parts.predictions import Velocity
from heroism.samplers.parts.predictions import prediction as prediction_named
from heroism.samplers.parts.startup import STARTUPS, Piece, start_up
from heroism.samplers.parts.steps import Method, Step, make_step
from heroism.samplers.parts.sweeps import SWEEPS

PREDICTORS = ("copy", "linear", "interpolant")
PLACEMENTS = ("schedule", "clock", "pilot")
PILOTS = 48  # paths of a pilot run
PILOT_LEVELS = 10
SCOUTING = FocusedClock(0.5, 1.5)
MOST_MEMORY = 7  # beyond, the extrapolation of a predict-evaluate-correct step is barely stable
MEMORY_CONSTANT = 1.5

Auto = Literal["auto"]


class ComposedHeroism(Sampler):
    """K points a step, refined N times, through which (and through M earlier points) a prediction is interpolated on a clock.

    The defaults are :class:`Heroism`, to round-off. One new point, one evaluation and memory M are UniPC-M's predictor-corrector.
    :meth:`frugal` and :meth:`parallel` are the combinations found to need the fewest evaluations and the fewest rounds.

    Parameters
    ----------
    points, refinements, spacing, refinement_constant : K, N (or "auto"), points and C3, as in :class:`Heroism`.
    sweep : "picard" (all points at once: one round a refinement), "gauss_seidel" or "lu" (one point after the other).
    clock : "tau", "log_snr", or "focused" on the half-log-SNR ``centre`` with ``width``; see ``parts/clocks.py``.
    prediction : "scaled_score", "noise", "data", or "velocity" for modes of standard deviation ``data_std``.
        Its interpolant is integrated exactly against its exponential factor.
    predictor : first values of the points: "copy" of the state, "linear" flow of it, or the earlier "interpolant" extrapolated, through
        the last ``reach`` evaluated points (by default one more than M, or K without memory); "linear" where there are none.
    memory : M >= 0, or "auto": ``1.5 log T`` up to 7.
    startup : "ramp", "collocation" (both keep the order) or "growing"; see ``parts/startup.py``. Only with memory.
    placement : "schedule", its levels; "clock", as many levels between the same ends but evenly spaced on the clock; "pilot", evenly
        spaced on the focused clock for which a pilot run finds equal local errors; it also chooses ``data_std``.
    tolerance : stop refining once no point moves by more than this many of its standard deviations, in the mean square over the
        pilot's paths. Decided once, on the pilot's paths, and then the same for all particles: the result does not depend on blocks.

    Cost. :meth:`evaluations` and :meth:`rounds` are exact and charge a pilot run in full to *every* path, although it is run once,
    with 48 paths. With a tolerance they are the most that may be spent; the prepared sampler knows the exact figure.

    Raises
    ------
    InputError : an unknown name; K, N, M or reach out of range; a pilot without the focused clock and the velocity prediction.
    """

    def __init__(self, points: int = 3, refinements: int | Auto = "auto", spacing: str = "equispaced",
                 sweep: str = "picard", refinement_constant: float = 1.5, clock: str = "tau", centre: float = 0.5,
                 width: float = 1.0, prediction: str = "scaled_score", data_std: float = 0.3, predictor: str = "copy",
                 memory: int | Auto = 0, reach: int | None = None, startup: str = "ramp", placement: str = "schedule",
                 tolerance: float | None = None):
        for name, value, names in (("sweep", sweep, SWEEPS), ("predictor", predictor, PREDICTORS),
                                   ("startup", startup, STARTUPS), ("placement", placement, PLACEMENTS)):
            require(value in names, name, value, f"choose one of {', '.join(names)}")
        require(refinement_constant > 0, "refinement_constant", refinement_constant, "give a positive number")
        require(tolerance is None or tolerance > 0, "tolerance", tolerance, "give a positive number, or null for N refinements")
        piloted = placement != "pilot" or (clock == "focused" and prediction == "velocity")
        require(piloted, "placement", placement, "a pilot run chooses a focused clock and a velocity prediction: ask for both")
        self.rule, self.spacing, self.points = collocation(points, spacing), spacing, points
        self.refinements = refinements if refinements == "auto" else whole_number("N", refinements, 1)
        self.memory = memory if memory == "auto" else whole_number("memory", memory, 0)
        self.reach = None if reach is None else whole_number("reach", reach, 1)
        self.method = Method(clock_named(clock, centre, width), prediction_named(prediction, data_std), sweep, predictor)
        self.refinement_constant, self.startup = refinement_constant, startup
        self.placement, self.tolerance = placement, tolerance
        self._charged = (0, 0)
        self._decided: tuple[int, ...] | None = None
        self._plans: dict[bytes, list[tuple[Step, int]]] = {}

    @classmethod
    def frugal(cls, **changes: object) -> ComposedHeroism:
        """Fewest evaluations: one new point and one evaluation a step, memory that grows with log T, velocity on the focused clock."""
        return cls(**({"points": 1, "refinements": 1, "spacing": "gauss_radau", "clock": "focused", "prediction": "velocity",
                       "predictor": "interpolant", "memory": "auto", "placement": "clock"} | changes))  # type: ignore[arg-type]

    @classmethod
    def parallel(cls, **changes: object) -> ComposedHeroism:
        """Fewest rounds: few wide steps of many Radau points, all refined at once from the extrapolated interpolant."""
        return cls(**({"points": 12, "refinements": 6, "spacing": "gauss_radau", "clock": "focused", "prediction": "velocity",
                       "predictor": "interpolant", "reach": 4, "placement": "clock"} | changes))  # type: ignore[arg-type]

    # -- what a schedule of T noise levels takes ------------------------------------------------------------------------------

    @property
    def order(self) -> int:  # type: ignore[override]
        """Classical order, of the steps after the start-up; for ``memory="auto"``, the highest."""
        return self._order(MOST_MEMORY if self.memory == "auto" else self.memory)

    def _order(self, memory: int) -> int:
        """A refinement gains one order over the guess, up to what interpolation gives."""
        guess = min(memory + self.points, self._reach(memory)) if memory and self.method.predictor == "interpolant" else 0
        most = memory + self.points if memory else self.rule.order
        return most if self.refinements == "auto" or self._at_start else min(guess + self.refinements, most)

    def _reach(self, memory: int) -> int:
        return self.reach if self.reach is not None else (memory + 1 if memory else self.points)

    @property
    def _at_start(self) -> bool:
        """A single point at the start of the step: there is nothing to refine."""
        return self.points == int(self.rule.holds_start)

    def memory_for(self, steps: int) -> int:
        """M on a schedule of T = ``steps`` noise levels."""
        return min(MOST_MEMORY, int(MEMORY_CONSTANT * math.log(steps))) if self.memory == "auto" else self.memory

    def refinements_for(self, steps: int) -> int:
        """N on a schedule of T = ``steps`` noise levels."""
        if self._at_start:
            return 1
        return math.ceil(self.refinement_constant * math.log(steps)) if self.refinements == "auto" else self.refinements

    def _pieces(self, steps: int) -> list[Piece]:
        """What every step is: the pieces of the first transition, then one for each of the others."""
        usual, memory = Piece(0.0, 1.0, self.rule, self.refinements_for(steps)), self.memory_for(steps)
        pieces = start_up(self.startup, usual, self.spacing, memory, self._order(memory), steps) + [usual] * (steps - 2)
        if self._decided is None:
            return pieces
        return [replace(piece, refinements=n) for piece, n in zip(pieces, self._decided, strict=True)]

    def evaluations(self, steps: int) -> int:
        return self._path(steps)[0] + self._pilot(steps)[0]

    def rounds(self, steps: int) -> int:
        return self._path(steps)[1] + self._pilot(steps)[1]

    def _path(self, steps: int) -> tuple[int, int]:
        pieces = self._pieces(steps)
        return sum(p.evaluations for p in pieces), sum(p.rounds(self.method.sweep) for p in pieces)

    def _pilot(self, steps: int) -> tuple[int, int]:
        """Evaluations and rounds of the pilot run: its own path, and this sampler's if that decides the refinements."""
        if self._charged != (0, 0):
            return self._charged
        places, path = self.placement == "pilot", self._path(steps) if self.tolerance is not None else (0, 0)
        scout = PILOT_LEVELS - 1 if places else 0  # one evaluation a step, each in its own round
        return scout + path[0], scout + path[1]

    # -- the pilot run --------------------------------------------------------------------------------------------------------

    @property
    def pilots(self) -> int:
        """How many paths a pilot run wants; 0 if there is none, or if it has been made."""
        wanted = (self.placement == "pilot" or self.tolerance is not None) and self._charged == (0, 0)
        return PILOTS if wanted else 0

    def prepared(self, score: Score, schedule: NoiseSchedule, starts: Array) -> ComposedHeroism:
        """This sampler with what a pilot run from ``starts`` (n, d) at ``schedule.start`` decides, and its cost on its books."""
        ready, flow = copy.copy(self), Watch(score)
        ready._plans = {}
        if self.placement == "pilot":
            scout = _scout()
            scout.transport(flow, starts[None], place(SCOUTING, schedule.start, schedule.end, PILOT_LEVELS))
            focus = best_focus(flow.trace(), schedule)
            ready.method = replace(self.method, clock=FocusedClock(focus.centre, focus.width), prediction=Velocity(focus.data_std))
            ready.placement = "clock"
        if self.tolerance is not None:
            ready._decided = tuple(made for _, made in ready._run(flow, starts[None], schedule, self.tolerance))
            ready._plans = {}
        ready._charged = (flow.evaluations, flow.rounds)
        return ready

    # -- running --------------------------------------------------------------------------------------------------------------

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        if self.pilots:
            raise InputError("placement" if self.placement == "pilot" else "tolerance", "decided by a pilot run",
                             "let transport() make it, or call prepared() first")
        flow.charge(*self._charged)
        for bundle, _ in self._run(flow, bundle, schedule):  # noqa: B007, B020
            pass
        return bundle

    def _run(self, flow: Flow, bundle: Array, schedule: NoiseSchedule, tolerance: float = 0.0) -> Iterator[tuple[Array, int]]:
        """The bundle after every step, and the refinements made."""
        past = np.empty((0, *bundle.shape))
        for step, remembered in self._plan(schedule):
            bundle, values, made = step.run(flow, bundle, past[len(past) - remembered :], tolerance)
            past = np.concatenate((past[: len(past) - step.replaced], values[remembered:]))[-self._horizon(schedule.steps) :]
            yield bundle, made

    def _horizon(self, steps: int) -> int:
        """How many evaluated points are ever looked back at."""
        memory = self.memory_for(steps)
        return max(memory + 1, self._reach(memory) if self.method.predictor == "interpolant" else 0)

    def _plan(self, schedule: NoiseSchedule) -> list[tuple[Step, int]]:
        """The steps, each with the number of points it remembers; made once per schedule, for all blocks of particles."""
        key = schedule.alpha_bar.tobytes() + schedule.tau.tobytes()
        if key not in self._plans:
            self._plans = {key: list(self._steps(schedule))}
        return self._plans[key]

    def _steps(self, schedule: NoiseSchedule) -> Iterator[tuple[Step, int]]:
        clock, memory = self.method.clock, self.memory_for(schedule.steps)
        looks_back = memory > 0 or self.method.predictor == "interpolant"
        if self.placement == "clock":
            schedule = place(clock, schedule.start, schedule.end, schedule.steps)
        transitions, past = iter(schedule.transitions()), ()  # type: ignore[var-annotated]
        for piece in self._pieces(schedule.steps):
            if piece.first == 0.0:
                first, last = next(transitions)
            start, end = clock.level(first, last, piece.first), clock.level(first, last, piece.last)
            step = make_step(self.method, start, end, piece.rule.nodes, piece.refinements, past, memory, self._reach(memory))
            yield step, len(past)
            past = (past[: len(past) - step.replaced] + step.levels)[-self._horizon(schedule.steps) :] if looks_back else ()


def _scout() -> ComposedHeroism:
    """The sampler of a pilot run: cheap, and as good as it needs to be to show where the predictions vary."""
    return ComposedHeroism.frugal(memory=2, startup="growing", placement="schedule")

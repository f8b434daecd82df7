"""HEROISM taken apart: every choice of 2506.24042's Algorithm 1 on its own, plus memory, a start-up that keeps the
order, and placed steps.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Literal

import numpy as np

from heroism.collocation import Collocation, collocation
from heroism.errors import InputError, require, whole_number
from heroism.flow import Flow, Score
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.base import Decided, Piloted
from heroism.samplers.parts.clocks import FocusedClock
from heroism.samplers.parts.clocks import clock as clock_named
from heroism.samplers.parts.overlap import run_overlapping
from heroism.samplers.parts.placement import Warp, Watch, even_errors, place, size_of_data
from heroism.samplers.parts.predictions import Velocity
from heroism.samplers.parts.predictions import prediction as prediction_named
from heroism.samplers.parts.stability import stable_memory
from heroism.samplers.parts.startup import STARTUPS, Piece, start_up
from heroism.samplers.parts.steps import Method, Step, make_step
from heroism.samplers.parts.sweeps import SWEEPS

PREDICTORS = ("copy", "linear", "interpolant")
PLACEMENTS = ("schedule", "clock", "size", "embedded")
FOCUSING = ("size", "embedded")
PILOTS = 48  # paths of a pilot run
PILOT_LEVELS = 10
SCOUT_MEMORY = 2
MOST_POINTS = 12
MOST_MEMORY = 6  # with 7, the last digits are lost to a weak instability (sphere, digits); with more, the first
LEAST_MEMORY = 2
FEW_STEPS = 4.6  # a memory of M is stable with 2^M times as many

Auto = Literal["auto"]


class ComposedHeroism(Piloted):
    """K points a step, refined N times, through which, and through M earlier ones, a prediction is interpolated.

    The defaults are :class:`Heroism`, to round-off. One new point, one evaluation and memory M are the
    predict-evaluate-correct method that UniPC-M is. :meth:`frugal` and :meth:`parallel` are the combinations found to
    need the fewest evaluations and the fewest rounds.

    Cost. :meth:`evaluations` and :meth:`rounds` charge a pilot run in full to *every* path, although it is made once,
    with 48 paths. With a tolerance they are the most that may be spent, until :meth:`decide` knows the exact figure.

    Parameters
    ----------
    points, refinements, spacing, refinement_constant : K, N (or "auto"), points and C3, as in :class:`Heroism`.
        K = "auto" is ``ceil(log T)`` up to 12.
    sweep : "picard" (all points at once: one round a refinement), "gauss_seidel" or "lu" (one point after the other).
    clock : "tau", "sigma", "time", "log_snr", or "focused" on the half-log-SNR ``centre`` with ``width``
        (``parts/clocks.py``).
    prediction : "scaled_score", "noise", "data", or "velocity" for modes of standard deviation ``data_std``; its
        interpolant is integrated exactly against its exponential factor.
    predictor : first values of the points: "copy" of the state, its "linear" flow, or the earlier "interpolant"
        extrapolated, through the last ``reach`` evaluated points (by default M + 1, without memory K).
    memory : M >= 0, or "auto": at most 3, from T = 74 on 4, from twice as many on 5, and again 6, but beyond 2 no more
        than is stable (``parts/stability.py``): each point more halves the longest stable step.
    startup : "collocation" (keeps the order), "ramp" (nearly, for less) or "growing" (``parts/startup.py``); only
        matters with memory.
    placement : "schedule", its levels; "clock", as many levels between the same ends but evenly spaced on the clock;
        "size", on the clock that ``centre`` and ``width`` describe for data of unit size, moved to the size of the data
        at hand, and ``data_std`` with it: one evaluation of a pilot run tells; "embedded", with step sizes that make
        all local errors the same besides: a pilot run of 9 even steps finds the difference between predictor and
        corrector. Both are decided once, the same for all particles. Measured on mixtures (d = 2, 4, 64), spheres and
        digits, for the same total variation from 1e-2 to 1e-6 "embedded" takes 6 to 68 evaluations more than "size": it
        never gains more than the 9 it costs.
    overlap : begin every step one round after the one before, from what is then known of its start: W steps take
        W + N - 1 rounds. Only for Picard sweeps over points none of which lies at the start of a step.
    tolerance : stop refining a step when its points move by less than this share of their root mean square. Decided
        once, on the pilot's paths, then the same for all particles: the result does not depend on blocks.

    Raises
    ------
    InputError : an unknown name; K, N, M or reach out of range; K = "auto" with memory; size or embedded
        without the focused clock and the velocity prediction; overlap of steps that cannot.
    """

    def __init__(self, points: int | Auto = 3, refinements: int | Auto = "auto", spacing: str = "equispaced",
                 sweep: str = "picard", refinement_constant: float = 1.5, clock: str = "tau", centre: float = 0.5,
                 width: float = 1.0, prediction: str = "scaled_score", data_std: float = 0.3, predictor: str = "copy",
                 memory: int | Auto = 0, reach: int | None = None, startup: str = "collocation",
                 placement: str = "schedule", overlap: bool = False, tolerance: float | None = None):
        for name, value, names in (("sweep", sweep, SWEEPS), ("predictor", predictor, PREDICTORS),
                                   ("startup", startup, STARTUPS), ("placement", placement, PLACEMENTS)):
            require(value in names, name, value, f"choose one of {', '.join(names)}")
        require(refinement_constant > 0, "refinement_constant", refinement_constant, "give a positive number")
        require(tolerance is None or tolerance > 0, "tolerance", tolerance, "give a positive number, or none")
        require(placement not in FOCUSING or (clock == "focused" and prediction == "velocity"), "placement", placement,
                "a pilot run chooses a focused clock and a velocity prediction: ask for both")
        require(points != "auto" or (memory == 0 and predictor != "interpolant"), "points", points,
                "only without memory, and with predictor copy or linear")
        self.rule, self.spacing = collocation(MOST_POINTS if points == "auto" else points, spacing), spacing
        self.points, self.growing_points = len(self.rule.nodes), points == "auto"
        waits = sweep != "picard" or tolerance is not None or self.rule.holds_start or (startup == "ramp" and memory)
        require(not (overlap and waits), "overlap", overlap,
                "only for picard sweeps over gauss_radau or gauss_legendre points, no tolerance and no ramp")
        self.refinements = refinements if refinements == "auto" else whole_number("N", refinements, 1)
        self.memory = memory if memory == "auto" else whole_number("memory", memory, 0)
        self.reach = None if reach is None else whole_number("reach", reach, 1)
        flow = prediction_named(prediction, data_std)
        self.method = Method(clock_named(clock, centre, width), flow, sweep, predictor)
        self.refinement_constant, self.startup = refinement_constant, startup
        self.placement, self.tolerance, self.overlap = placement, tolerance, overlap
        self._warp: Warp | None = None
        self._decided: tuple[int, ...] | None = None
        self._plans: dict[bytes, list[tuple[Step, int]]] = {}

    @classmethod
    def frugal(cls, **changes: Any) -> ComposedHeroism:
        """Fewest evaluations: one new point and one evaluation a step, memory growing with log T, focused clock.

        One evaluation of a pilot run fits clock and ``data_std`` to the size of the data.
        """
        return cls(**_FOCUSED | {"points": 1, "refinements": 1, "memory": "auto", "startup": "ramp"} | changes)

    @classmethod
    def parallel(cls, **changes: Any) -> ComposedHeroism:
        """Fewest rounds: wide steps of 9 points that overlap, each begun from the interpolant of the one before.

        T - 1 steps take T - 2 + N rounds, N = ceil(6.5 log T), and one for the size of the data.
        """
        return cls(**_FOCUSED | {"points": 9, "refinement_constant": 6.5, "reach": 2, "overlap": True, "width": 0.7,
                                 "data_std": 0.35} | changes)

    @classmethod
    def chebyshev(cls, **changes: Any) -> ComposedHeroism:
        """Chebyshev-Lobatto points refined by Gauss-Seidel sweeps, all else as in the paper: in the style of
        2606.10353, of which only the abstract was available. There K may grow like log T: ``points="auto"``.
        """
        return cls(**dict[str, Any](points=4, spacing="chebyshev", sweep="gauss_seidel") | changes)

    @classmethod
    def growing(cls, **changes: Any) -> ComposedHeroism:
        """Collocation whose degree grows like log T, refined all at once: in the style of 2601.10708, of which only
        the abstract was available.
        """
        return cls(**dict[str, Any](points="auto", spacing="chebyshev") | changes)

    @property
    def order(self) -> int:  # type: ignore[override]
        """Classical order, of the steps after the start-up; for ``points`` or ``memory`` "auto", the highest."""
        return self._order(MOST_MEMORY if self.memory == "auto" else self.memory)

    def _order(self, memory: int) -> int:
        """A refinement gains one order over the guess, up to what interpolation gives."""
        guess = 0
        if self.method.predictor == "interpolant":  # without memory, the first step's guess limits it
            guess = min(memory + self.points, self._reach(memory)) if memory else 1
        most = memory + self.points if memory else self.rule.order
        return most if self.refinements == "auto" or self._at_start else min(guess + self.refinements, most)

    def _reach(self, memory: int) -> int:
        return self.reach if self.reach is not None else (memory + 1 if memory else self.points)

    @property
    def _at_start(self) -> bool:
        """A single point at the start of the step: there is nothing to refine."""
        return self.points == int(self.rule.holds_start)

    def memory_for(self, steps: int) -> int:
        """M on a schedule of T = ``steps`` noise levels, if the method is stable with as much."""
        if self.memory == "auto":
            return min(MOST_MEMORY, max(LEAST_MEMORY + 1, int(math.log2(steps / FEW_STEPS))))
        return self.memory

    def rule_for(self, steps: int) -> Collocation:
        """The K points of a step on a schedule of T = ``steps`` noise levels."""
        if self.growing_points:
            return collocation(min(MOST_POINTS, math.ceil(math.log(steps))), self.spacing)
        return self.rule

    def refinements_for(self, steps: int) -> int:
        """N on a schedule of T = ``steps`` noise levels."""
        if self._at_start:
            return 1
        if self.refinements == "auto":
            return math.ceil(self.refinement_constant * math.log(steps))
        return self.refinements

    def _pieces(self, steps: int) -> list[Piece]:
        """What every step is: the pieces of the first transition, then one for each of the others."""
        usual, memory = Piece(0.0, 1.0, self.rule_for(steps), self.refinements_for(steps)), self.memory_for(steps)
        pieces = start_up(self.startup, usual, self.spacing, memory, self._order(memory), steps)
        pieces += [usual] * (steps - 2)
        if self._decided is None:
            return pieces
        return [replace(piece, refinements=n) for piece, n in zip(pieces, self._decided, strict=True)]

    def evaluations(self, steps: int) -> int:
        return self._path(steps)[0] + self._pilot(steps)[0]

    def rounds(self, steps: int) -> int:
        return self._path(steps)[1] + self._pilot(steps)[1]

    def _path(self, steps: int) -> tuple[int, int]:
        pieces = self._pieces(steps)
        evaluations = sum(p.evaluations for p in pieces)
        if self.overlap:
            return evaluations, max(j + p.refinements for j, p in enumerate(pieces))
        return evaluations, sum(p.rounds(self.method.sweep) for p in pieces)

    def _pilot(self, steps: int) -> tuple[int, int]:
        """Evaluations and rounds of the pilot run: a scout's, and a whole path's if that decides the refinements."""
        scout = {"size": 1, "embedded": PILOT_LEVELS}.get(self.placement, 0)  # each in its own round
        path = self._path(steps) if self.tolerance is not None else (0, 0)
        return scout + path[0], scout + path[1]

    @property
    def pilots(self) -> int:
        return PILOTS if self.placement in FOCUSING or self.tolerance is not None else 0

    def decide(self, score: Score, schedule: NoiseSchedule, starts: Array) -> Decided:
        ready, flow = copy.copy(self), Watch(score)
        ready._plans = {}
        if self.placement in FOCUSING:
            ready.method, ready._warp = self._focused(flow, schedule, starts)
            ready.placement = "clock"
        if self.tolerance is not None:
            ready._decided = tuple(made for _, made in ready._run(flow, starts[None], schedule, self.tolerance))
            ready.tolerance, ready._plans = None, {}
        return Decided(ready, flow.evaluations, flow.rounds)

    def _focused(self, flow: Watch, schedule: NoiseSchedule, starts: Array) -> tuple[Method, Warp | None]:
        """The method with a clock and a linear part that suit the data, and where on that clock the steps lie."""
        size = size_of_data(flow, schedule, starts)
        clock, prediction = self.method.clock, self.method.prediction
        assert isinstance(clock, FocusedClock) and isinstance(prediction, Velocity)
        clock, prediction, warp = clock.scaled(size), prediction.scaled(size), None
        if self.placement == "embedded":
            scout = ComposedHeroism.frugal(memory=SCOUT_MEMORY, startup="growing", placement="schedule")
            scout.method, before = replace(scout.method, clock=clock, prediction=prediction), len(flow.seen)
            even = place(clock, schedule.start, schedule.end, PILOT_LEVELS)
            corrected = np.array([bundle[0] for bundle, _ in scout._run(flow, starts[None], even)])
            warp = even_errors(flow.trace(before).errors(corrected, SCOUT_MEMORY), SCOUT_MEMORY + 2)
        return replace(self.method, clock=clock, prediction=prediction), warp

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        if self.pilots:
            raise InputError("placement" if self.placement in FOCUSING else "tolerance", "decided by a pilot run",
                             "let transport() make it, or call decide() first")
        if self.overlap:
            return run_overlapping(flow, bundle, self._plan(schedule))
        *_, (end, _) = self._run(flow, bundle, schedule)
        return end

    def _run(self, flow: Flow, bundle: Array, schedule: NoiseSchedule,
             tolerance: float = 0.0) -> Iterator[tuple[Array, int]]:
        """The bundle after every step, and the refinements made."""
        past, horizon = np.empty((0, bundle.size)), self._horizon(schedule.steps)
        for step, remembered in self._plan(schedule):
            bundle, values, made = step.run(flow, bundle, past[len(past) - remembered :], tolerance)
            past = np.concatenate((past[: len(past) - step.replaced], values[remembered:]))[-horizon:]
            yield bundle, made

    def _horizon(self, steps: int) -> int:
        """How many evaluated points are ever looked back at."""
        memory = self.memory_for(steps)
        return max(memory + 1, self._reach(memory) if self.method.predictor == "interpolant" else 0)

    def _plan(self, schedule: NoiseSchedule) -> list[tuple[Step, int]]:
        """The steps, each with the number of points it remembers; made once a schedule, for all blocks."""
        key = schedule.alpha_bar.tobytes() + schedule.tau.tobytes()
        if key not in self._plans:
            self._plans = {key: list(self._steps(schedule))}
        return self._plans[key]

    def _steps(self, schedule: NoiseSchedule) -> Iterator[tuple[Step, int]]:
        clock, memory, horizon = self.method.clock, self.memory_for(schedule.steps), self._horizon(schedule.steps)
        looks_back = memory > 0 or self.method.predictor == "interpolant"
        if self.placement == "clock":
            schedule = place(clock, schedule.start, schedule.end, schedule.steps, self._warp)
        if self.memory == "auto":
            memory = stable_memory(self.method.prediction, schedule, memory, LEAST_MEMORY)
        transitions = schedule.transitions()
        past: tuple[NoiseLevel, ...] = ()
        for piece in self._pieces(schedule.steps):
            if piece.first == 0.0:
                first, last = next(transitions)
            start, end = clock.level(first, last, piece.first), clock.level(first, last, piece.last)
            step = make_step(self.method, start, end, piece.rule.nodes, piece.refinements, past, memory,
                             self._reach(memory))
            yield step, len(past)
            if looks_back:
                past = (past[: len(past) - step.replaced] + step.levels)[-horizon:]


_FOCUSED: dict[str, Any] = {"spacing": "gauss_radau", "clock": "focused", "prediction": "velocity",
                            "predictor": "interpolant", "placement": "size", "centre": 0.75,
                            "width": 0.95, "data_std": 1.0}

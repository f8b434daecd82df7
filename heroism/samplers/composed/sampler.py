"""A composed sampler with everything decided: its shape, its method and where its steps lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

import numpy as np
from qmat import genQDeltaCoeffs

from heroism.errors import require
from heroism.flow import Flow
from heroism.integrals.paths import overlapping
from heroism.integrals.stages import Method, Plan, Point, Stage
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.base import PlannedSampler
from heroism.samplers.composed.placement import Refined, Warp, place
from heroism.samplers.composed.shape import LEAST_MEMORY, LONGEST_MEMORY, MOST_MEMORY, Shape
from heroism.samplers.composed.stability import stable_memory
from heroism.samplers.composed.startup import Piece

SHORT_MEMORY = 2  # where steps are of very different lengths, and predictions jump


class Composed(PlannedSampler):
    """K points a step, refined N times, through which, and through M earlier ones, a prediction is interpolated.

    Parameters
    ----------
    method, shape : what is interpolated, and what a step is.
    warp : where on the clock the steps lie, as an increasing map of [0, 1] to itself; None for the schedule's levels.
    refined : more levels than that, one by one; None for no more.
    memories : M of every step (as for ``decided``), if not that of the shape.
    overlap : whether every step begins one round after the one before.
    decided : the refinements of every step (the first transition may be several), if not those of the shape.

    Raises
    ------
    InputError : overlap of steps that cannot.
    """

    def __init__(self, method: Method, shape: Shape, warp: Warp | None = None, overlap: bool = False,
                 decided: tuple[int, ...] | None = None, refined: Refined | None = None,
                 memories: Sequence[int] | None = None):
        super().__init__()
        waits = shape.sweep != "picard" or shape.rule.holds_start or (shape.startup == "ramp" and bool(shape.memory))
        require(not (overlap and waits), "overlap", overlap,
                "only for picard sweeps over gauss_radau or gauss_legendre points, and no ramp")
        self.method, self.shape, self.warp, self.overlap, self.decided = method, shape, warp, overlap, decided
        self.refined, self.memories = refined, memories

    @property
    def order(self) -> int:  # type: ignore[override]
        """Classical order, of the steps after the start-up; for points or memory "auto", the highest."""
        memory = self.shape.memory
        return self.shape.order(MOST_MEMORY if memory == "auto" else LONGEST_MEMORY if memory == "piloted" else memory)

    def evaluations(self, steps: int) -> int:
        return sum(piece.evaluations for piece in self.pieces(steps))

    def rounds(self, steps: int) -> int:
        pieces = self.pieces(steps)
        if self.overlap:
            return max(j + piece.refinements for j, piece in enumerate(pieces))
        return sum(piece.rounds(self.shape.sweep) for piece in pieces)

    def pieces(self, steps: int) -> list[Piece]:
        """What every step is on T = ``steps`` noise levels."""
        pieces = self.shape.pieces(steps)
        if self.refined is not None:
            more = self.refined.schedule.steps - steps
            pieces = pieces + pieces[-1:] * more if more >= 0 else pieces[:more]
        if self.decided is None:
            return pieces
        return [replace(piece, refinements=n) for piece, n in zip(pieces, self.decided, strict=True)]

    def refined_to(self, refined: Refined) -> Composed:
        """The same on other levels."""
        return Composed(self.method, self.shape, self.warp, self.overlap, self.decided, refined)

    def with_memories(self, memories: Sequence[int]) -> Composed:
        """The same with M step by step; a list may grow while the :meth:`steps` are made."""
        return Composed(self.method, self.shape, self.warp, self.overlap, self.decided, self.refined, memories)

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        if self.overlap:
            return overlapping(flow, bundle, self.planned(schedule))
        return super().transport(flow, bundle, schedule)

    def levels(self, schedule: NoiseSchedule) -> NoiseSchedule:
        """Those that it walks down between the ends of a schedule."""
        return self._even(schedule) if self.refined is None else self.refined.schedule

    def _even(self, schedule: NoiseSchedule) -> NoiseSchedule:
        if self.warp is None:
            return schedule
        return place(self.method.clock, schedule.start, schedule.end, schedule.steps, self.warp)

    def plan(self, schedule: NoiseSchedule) -> Plan:
        return Plan(tuple(self.steps(schedule)))

    def steps(self, schedule: NoiseSchedule) -> Iterator[tuple[Stage, ...]]:
        """What is done from the largest noise level to the smallest, each step made when it is asked for."""
        schedule = self._even(schedule)
        method, shape, memory = self.method, self.shape, self.shape.memory_for(schedule.steps)
        if shape.memory == "auto":
            memory = stable_memory(method.prediction, schedule, memory, LEAST_MEMORY)
        refined, most = self.refined or Refined(schedule, schedule.steps), memory
        transitions, past, slots = enumerate(refined.schedule.transitions()), list[Point](), 0
        for i, piece in enumerate(self.pieces(schedule.steps)):
            if piece.first == 0.0:
                number, transition = next(transitions)
                memory = min(most, SHORT_MEMORY) if number >= refined.first else most
            memory = memory if self.memories is None else self.memories[i]
            start, end = (method.clock.level(*transition, unit) for unit in (piece.first, piece.last))
            taken = set(range(slots)) if self.overlap else {point.slot for point in past}
            free = (slot for slot in count() if slot not in taken)
            new = [method.point(method.clock.level(start, end, float(u)), next(free)) for u in piece.rule.nodes]
            kept = past[:-1] if past and past[-1].level == start == new[0].level else past
            yield tuple(self._stages(start, end, piece, new, past, kept[max(0, len(kept) - memory) :], memory))
            slots += len(new)
            past = (kept + new)[-shape.horizon(schedule.steps) :] if shape.looks_back else []

    def _stages(self, start: NoiseLevel, end: NoiseLevel, piece: Piece, new: list[Point], past: list[Point],
                remembered: list[Point], memory: int) -> Iterator[Stage]:
        """Of the step from ``start`` to ``end``: first values of its points, refinements, and the state at its end.

        The interpolant passes through the points ``remembered`` and the ``new`` ones; the first guess extrapolates the
        ``past``. A past point at the start of the step helps that guess, then the fresh one takes its place.
        """
        method, units, known, through = self.method, piece.rule.nodes, int(piece.rule.holds_start), remembered + new
        nodes = np.append(method.units(start, end, remembered), units)
        scale, weights = method.weights(start, end, nodes, np.append(units, 1.0))
        if self.shape.predictor == "interpolant" and past:
            near = past[-self.shape.guess_for(memory) :]
            yield Stage(*method.weights(start, end, method.units(start, end, near), units), near, new)
        else:
            first = np.ones(len(units)) if self.shape.predictor == "copy" else scale[:-1]
            yield Stage(first, np.empty((len(units), 0)), (), new)
        newest = _newest(self.shape.sweep, weights[:-1, len(remembered) :], known)
        yield from [Stage(scale[known:-1], weights[known:-1], through, new[known:], newest)] * (piece.refinements - 1)
        yield Stage(scale[-1:], weights[-1:], through, carries=True)


def _newest(sweep: str, weights: Array, known: int) -> Array | None:
    """(r, r) strictly lower matrix D of a sweep over all but the ``known`` of K points; None if all move at once.

    Point i becomes ``scale_i x + sum_j weights_ij f_j(old) + sum_{j<i} D_ij (f_j(new) - f_j(old))``; any D keeps the
    fixed point. Gauss-Seidel takes the lower triangle of the points' own weights (K, K); "lu" the lower factor of
    qmat's LU trick (Weiser 2015), whose diagonal would make every point implicit and is left out.
    """
    if sweep == "picard":
        return None
    lower = weights if sweep == "gauss_seidel" else genQDeltaCoeffs("LU", Q=weights)
    return np.tril(lower, -1)[known:, known:]

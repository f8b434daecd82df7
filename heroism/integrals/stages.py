"""What every exponential multistep and collocation method is made of: states linear in one state and in predictions.

A *stage* makes states at some noise levels from the state that was last carried on and from stored predictions, and
evaluates the score there, all at once: one round. A *step* is some stages, a *plan* all steps of a path.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from heroism.flow import Flow, flat, shaped
from heroism.integrals.clocks import Clock
from heroism.integrals.predictions import Prediction
from heroism.integrals.weights import step_weights
from heroism.noise import Array, NoiseLevel


@dataclass(frozen=True)
class Point:
    """A noise level at which the score is evaluated; slot ``slot`` keeps the prediction ``on_state x + on_score s``."""

    level: NoiseLevel
    slot: int
    on_state: float
    on_score: float


@dataclass(frozen=True)
class Stage:
    """States ``x_i = scale_i x + sum_j weights_ij f_j``, f_j the last prediction at point j of ``through``.

    Attributes
    ----------
    scale (r,), weights (r, m), through (m) : as above.
    points : r, where the states are evaluated; none if they are not.
    newest : (r, r) of a sweep in which each state waits for the ones before it, or None: all at once.
    from_first : whether x is the state at the beginning of the path, instead of that last carried on.
    carries : whether the last of the states is carried on.
    """

    scale: Array
    weights: Array
    through: Sequence[Point]
    points: Sequence[Point] = ()
    newest: Array | None = None
    from_first: bool = False
    carries: bool = False

    def states(self, x: Array, values: Array) -> Array:
        """(r, size) states, from x (1, size) and the stored predictions (slots, size)."""
        return self.scale[:, None] * x + self.weights @ values[[point.slot for point in self.through]]

    def evaluate(self, flow: Flow, states: Array, like: Array, values: Array) -> None:
        """Keep the predictions at ``states`` (r, size), each a bundle like this one; a sweep improves these on the
        way.
        """
        if self.newest is None:
            everything = range(len(self.points))
            scores = flow.together([shaped(state, like) for state in states], [point.level for point in self.points])
            self.keep(everything, states, scores, like, values)
            return
        change = np.zeros_like(states)
        for i, point in enumerate(self.points):
            states[i] += self.newest[i, :i] @ change[:i]
            before = values[point.slot].copy()
            self.keep([i], states, [flow(shaped(states[i], like), point.level)], like, values)
            change[i] = values[point.slot] - before

    def keep(self, which: Iterable[int], states: Array, scores: Iterable[Array], like: Array,
             values: Array) -> None:
        """Store the predictions made of the scores, bundles like this one, at ``which`` of the states."""
        for i, score in zip(which, scores, strict=True):
            point = self.points[i]
            values[point.slot] = point.on_state * states[i] + point.on_score * flat(score, like)


@dataclass(frozen=True)
class Plan:
    """The steps of a path, and how many predictions are stored along it; the same for every block of particles."""

    steps: tuple[tuple[Stage, ...], ...]

    @property
    def slots(self) -> int:
        """How many predictions are stored at a time."""
        return 1 + max((point.slot for step in self.steps for stage in step for point in stage.points), default=-1)


@dataclass(frozen=True)
class Method:
    """The variable and the quantity that are interpolated: what all stages of a plan share."""

    clock: Clock
    prediction: Prediction

    def weights(self, start: NoiseLevel, end: NoiseLevel, nodes: Array, rows: Array) -> tuple[Array, Array]:
        """(scale, weights) of the states at unit coordinates ``rows`` of the step, from predictions at ``nodes``."""
        return step_weights(self.clock, self.prediction, start, end, nodes, rows)

    def units(self, start: NoiseLevel, end: NoiseLevel, points: Sequence[Point]) -> Array:
        """Where points lie on the step from ``start`` to ``end``."""
        return np.array([self.clock.unit(start, end, point.level) for point in points])

    def point(self, level: NoiseLevel, slot: int) -> Point:
        """The point at a noise level."""
        alpha_bar, tau = np.array(level.alpha_bar), np.array(level.tau)
        return Point(level, slot, float(self.prediction.on_state(alpha_bar, tau)),
                     float(self.prediction.on_score(alpha_bar, tau)))

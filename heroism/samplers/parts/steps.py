"""One step of a composed sampler: its points, the evaluated points it remembers, and the linear maps between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heroism.flow import Flow
from heroism.noise import Array, NoiseLevel
from heroism.samplers.parts.clocks import Clock
from heroism.samplers.parts.predictions import Prediction
from heroism.samplers.parts.sweeps import newest
from heroism.samplers.parts.weights import step_weights


@dataclass(frozen=True)
class Method:
    """What every step of one sampler shares.

    Predictor "interpolant" extrapolates earlier points, "copy" starts from the raw copy of the state, "linear" from the
    exact flow of its linear part.
    """

    clock: Clock
    prediction: Prediction
    sweep: str
    predictor: str


@dataclass(frozen=True)
class Past:
    """The predictions at the points evaluated last, oldest first: their levels, and (m, *bundle.shape) values."""

    levels: tuple[NoiseLevel, ...]
    values: Array


@dataclass(frozen=True)
class Step:
    """K points on one step, refined N times; built once per schedule, used for every block of particles.

    Attributes
    ----------
    levels : of the K points. ``known`` of them (0 or 1) lie at the start, where the state is known and is evaluated
        once.
    replaced : 1 if the last remembered prediction lies at the start too: it helps the first guess, then the fresh one
        takes its place.
    on_state, on_score : (K,) coefficients of the prediction at the points.
    guess_scale (K,), guess (K, m) : first values of the points from the state and the m remembered predictions.
    scale (K + 1,), weights (K + 1, m + K) : values at the points, and at the end of the step, from all predictions.
    newest : (K, K) of a sequential sweep, or None.
    refinements : N.
    """

    levels: tuple[NoiseLevel, ...]
    known: int
    replaced: int
    on_state: Array
    on_score: Array
    guess_scale: Array
    guess: Array
    scale: Array
    weights: Array
    newest: Array | None
    refinements: int

    def run(self, flow: Flow, bundle: Array, past: Array, tolerance: float = 0.0) -> tuple[Array, Array, int]:
        """The bundle at the end of the step, the (m + K, size) predictions it was made from, and the refinements made.

        ``past`` (m, size) are the predictions remembered. The refinements are N, or fewer if the mean square update of
        every point falls below ``tolerance`` squared times its mean square.
        """
        state, shape, count = bundle.reshape(1, -1), bundle.shape, len(self.levels)
        values = np.concatenate((past, np.empty((count, state.size))))
        fresh = values[len(past) :]
        points = self.first(state, past)
        self._evaluate(flow, points, shape, range(count), fresh)
        made = 1
        while made < self.refinements:
            before, points = points, self.again(state, values)
            if tolerance and np.all(_mean_square(points - before) <= tolerance**2 * _mean_square(points)):
                break
            self._refine(flow, points, shape, fresh)
            made += 1
        return self.end(state, values).reshape(shape), values, made

    def first(self, state: Array, past: Array) -> Array:
        """(K, size) first values of the points, from the state (1, size) at the start of the step."""
        return self.guess_scale[:, None] * state + self.guess @ past

    def again(self, state: Array, values: Array) -> Array:
        """(K, size) values of the points from the interpolant of the predictions ``values`` (m + K, size)."""
        return self.scale[:-1, None] * state + self.weights[:-1] @ values

    def end(self, state: Array, values: Array) -> Array:
        """(1, size) state at the end of the step."""
        return self.scale[-1] * state + self.weights[-1] @ values

    def predict(self, i: int, point: Array, score: Array) -> Array:
        """(size,) prediction at point i, from its value and its score."""
        return self.on_state[i] * point.ravel() + self.on_score[i] * score.ravel()

    def _refine(self, flow: Flow, points: Array, shape: tuple[int, ...], fresh: Array) -> None:
        count = len(self.levels)
        if self.newest is None:
            self._evaluate(flow, points, shape, range(self.known, count), fresh)
            return
        change = np.zeros_like(fresh)
        for i in range(self.known, count):
            change[i] = -fresh[i]
            points[i] += self.newest[i, :i] @ change[:i]
            self._evaluate(flow, points, shape, range(i, i + 1), fresh)
            change[i] += fresh[i]

    def _evaluate(self, flow: Flow, points: Array, shape: tuple[int, ...], which: range, fresh: Array) -> None:
        scores = flow.together([points[i].reshape(shape) for i in which], [self.levels[i] for i in which])
        for i, score in zip(which, scores, strict=True):
            fresh[i] = self.predict(i, points[i], score)


def _mean_square(points: Array) -> Array:
    return np.mean(points**2, axis=1)


def make_step(method: Method, start: NoiseLevel, end: NoiseLevel, units: Array, refinements: int,
              past: tuple[NoiseLevel, ...], memory: int, reach: int) -> Step:
    """The step from ``start`` to ``end`` with points at the unit coordinates ``units``; ``past`` are the levels
    remembered.

    The interpolant passes through the last ``memory`` of them, the first guess extrapolates the last ``reach``.
    """
    clock, prediction, count = method.clock, method.prediction, len(past)
    before = np.array([clock.unit(start, end, level) for level in past])
    levels = tuple(clock.level(start, end, float(u)) for u in units)
    known = int(units[0] == 0.0)
    replaced = int(known and count > 0 and past[-1] == start)

    scale, weights = np.empty(len(units) + 1), np.zeros((len(units) + 1, count + len(units)))
    columns = np.r_[max(0, count - replaced - memory) : count - replaced, count : count + len(units)]
    nodes = np.concatenate((before, units))[columns]
    scale, weights[:, columns] = step_weights(clock, prediction, start, end, nodes, np.append(units, 1.0))

    guess_scale, guess = np.ones(len(units)), np.zeros((len(units), count))
    if method.predictor == "interpolant" and count:
        near = slice(max(0, count - reach), count)
        guess_scale, guess[:, near] = step_weights(clock, prediction, start, end, before[near], units)
    elif method.predictor != "copy":
        guess_scale = scale[:-1]
    alpha_bar, tau = np.array([x.alpha_bar for x in levels]), np.array([x.tau for x in levels])
    return Step(levels, known, replaced, prediction.on_state(alpha_bar, tau), prediction.on_score(alpha_bar, tau),
                guess_scale, guess, scale, weights, newest(method.sweep, weights[:-1, count:]), refinements)

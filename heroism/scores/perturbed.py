"""A score with an error of known size and a Jacobian error of known size, set independently."""

from __future__ import annotations

import numpy as np

from heroism.described import Described
from heroism.errors import instance, nonnegative, whole_number
from heroism.noise import Array, NoiseLevel
from heroism.targets.base import Target


class PerturbedScore(Described):
    """``s_hat(x) = s(x) + a sqrt(2) sin(omega <w, x> + phi) u`` with random unit vectors u, w and phase phi.

    The score error is about ``amplitude`` in l2 over R^d and the Jacobian error about ``amplitude * frequency`` in
    spectral norm; both are in closed form, tangents included. In reduced coordinates u and w live there (along a
    radius the error is a radial field). A target with a diagonal Jacobian, or with independent copies, keeps that
    structure: every coordinate of R^d gets its own sine of amplitude ``a / sqrt(d)``.

    ``score_error`` and ``jacobian_error`` are what the theorem's assumptions 2 and 3 define (2506.24042): root mean
    squares over all noise levels, points, refinements and particles, at the sampler's own iterates.

    Parameters
    ----------
    target : the exact score is its own.
    amplitude : a >= 0. frequency : omega >= 0, in radians per unit of x. seed : of u, w and phi.

    Raises
    ------
    InputError : a negative or non-finite amplitude or frequency.
    """

    def __init__(self, target: Target, amplitude: float, frequency: float = 1.0, seed: int = 0):
        instance("target", target, Target, "give one of heroism.targets")
        self.target = target
        self.amplitude, self.frequency = nonnegative("amplitude", amplitude), nonnegative("frequency", frequency)
        rng = np.random.default_rng(whole_number("seed", seed, 0))
        self.coordinatewise = target.jacobian == "diagonal" or target.copies > 1
        if self.coordinatewise:
            self.phase: Array = rng.uniform(0, 2 * np.pi, target.dim)
            self.scale = np.sqrt(2.0) * self.amplitude / np.sqrt(target.dim * target.copies)
        else:
            self.u, self.w = (v / np.linalg.norm(v) for v in rng.standard_normal((2, target.dim)))
            self.phase = rng.uniform(0, 2 * np.pi, 1)
            self.scale = np.sqrt(2.0) * self.amplitude
        self._squares, self._count = np.zeros(2), 0.0
        self._weights: Array | None = None

    def __call__(self, bundle: Array, level: NoiseLevel) -> Array:
        out = self.target.score(bundle, level)
        error, slope = self._error(bundle[0])
        if self.coordinatewise:
            out[0] += error
            out[1:] += slope * bundle[1:]
        else:
            out[0] += error[:, None] * self.u
            out[1:] += (slope * (bundle[1:] @ self.w))[:, :, None] * self.u
        self._meter(error, slope)
        return out

    @property
    def score_error(self) -> float:
        """eps_score so far: root mean square of the l2 score error at every iterate it was called at."""
        return float(np.sqrt(self._squares[0] / (self._count or 1.0)))

    @property
    def jacobian_error(self) -> float:
        """eps_Jacobi so far: root mean square of the spectral norm of the Jacobian error."""
        return float(np.sqrt(self._squares[1] / (self._count or 1.0)))

    def weigh(self, weights: Array | None) -> None:
        """How much each particle of the next calls counts in the measured errors (n,); None: all the same."""
        self._weights = weights

    def _error(self, x: Array) -> tuple[Array, Array]:
        """The sine and its derivative: per coordinate (n, dim), or along w (n,)."""
        angle = self.frequency * (x if self.coordinatewise else x @ self.w) + self.phase
        return self.scale * np.sin(angle), self.scale * self.frequency * np.cos(angle)

    def _meter(self, error: Array, slope: Array) -> None:
        # of all copies together in l2; the spectral norm of a diagonal matrix is its largest entry
        if self.coordinatewise:
            square, norm = self.target.copies * np.sum(error**2, axis=1), np.max(np.abs(slope), axis=1)
        else:
            square, norm = error**2, np.abs(slope)
        weights = np.ones(len(square)) if self._weights is None else self._weights
        self._squares += [float(weights @ square), float(weights @ norm**2)]
        self._count += float(weights.sum())

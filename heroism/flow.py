"""What a sampler calls: the score along a sample path, counted and, if asked, limited.

A *bundle* is one array ``(1 + p, n, d)``: row 0 holds n positions, rows 1..p hold p tangent vectors at each of them.
Every sampler of interest is linear in its state and in the scores it evaluates, so a sampler that knows nothing of
Jacobians carries the tangents along by treating the bundle as one array; only the score tells position and tangents
apart.

A bundle may lie in memory in any order of its axes: of few coordinates all particles of one coordinate side by side, so
that every operation runs over long rows. Elementwise arithmetic keeps that order, and so does what goes through
``flat`` and ``shaped``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from heroism.noise import Array, NoiseLevel
from heroism.targets.base import Target


class Score(Protocol):
    """A score estimate, ``(bundle (1+p, n, d), level) -> (1+p, n, d)``: scores and derivatives along the tangents."""

    def __call__(self, bundle: Array, level: NoiseLevel) -> Array: ...


class TargetScore(Score, Protocol):
    """A score that knows the target it estimates."""

    target: Target


@runtime_checkable
class Metered(Protocol):
    """A score that measures its own error over the particles, and has to be told how much each of them counts."""

    def weigh(self, weights: Array | None) -> None:
        """Weights (n,) of the particles of the next calls; None: all count the same."""


def with_tangents(target: Target, x: Array) -> Array:
    """The bundle (1 + p, n, dim) of positions x (n, dim) and all that a Jacobian takes: the p = dim unit tangents, or
    the all-ones tangent alone (p = 1) for a target whose Jacobian is diagonal.
    """
    dense = target.jacobian == "dense"
    (n, d), p = x.shape, target.dim if dense else 1
    bundle = np.empty((1 + p, d, n)).transpose(0, 2, 1) if target.rows else np.empty((1 + p, n, d))
    bundle[0] = x
    bundle[1:] = np.eye(target.dim)[:, None, :] if dense else 1.0
    return bundle


def flat(bundle: Array, like: Array) -> Array:
    """The numbers of a bundle as one row, what linear combinations take: in the order of those of ``like`` in memory,
    a bundle of the same shape.
    """
    return bundle.transpose(_axes(like)).reshape(-1)


def shaped(numbers: Array, like: Array) -> Array:
    """The bundle, in the order of ``like`` in memory, of which ``flat(bundle, like)`` makes these numbers."""
    axes = _axes(like)
    return numbers.reshape([like.shape[axis] for axis in axes]).transpose(np.argsort(axes))


def _axes(like: Array) -> list[int]:
    """The axes of an array, from that with the longest stride in memory to the shortest."""
    return sorted(range(like.ndim), key=lambda axis: -like.strides[axis])


class BudgetExceeded(RuntimeError):
    """A sampler asked for more score evaluations per sample path than it was granted."""


class Flow:
    """Counts score evaluations per sample path (NFE) and rounds (sequential depth), and enforces an optional budget.

    ``diffusion(positions (n, d), deviation) -> (n, d)`` adds isotropic noise; only stochastic samplers need it.
    """

    def __init__(self, score: Score, budget: int | None = None,
                 diffusion: Callable[[Array, float], Array] | None = None):
        self.score, self.budget, self.diffusion = score, budget, diffusion
        self.evaluations = 0
        self.rounds = 0

    def __call__(self, bundle: Array, level: NoiseLevel) -> Array:
        """The score at one noise level: one evaluation, one round."""
        return self.together([bundle], [level])[0]

    def together(self, bundles: Sequence[Array], levels: Sequence[NoiseLevel]) -> list[Array]:
        """Scores that do not wait for each other: ``len(levels)`` evaluations in one round.

        Raises BudgetExceeded before evaluating anything that the budget does not cover.
        """
        if self.budget is not None and self.evaluations + len(levels) > self.budget:
            raise BudgetExceeded(f"the sampler asks for evaluation {self.evaluations + len(levels)} per sample path, "
                                 f"the budget is {self.budget}")
        self.evaluations += len(levels)
        self.rounds += 1
        return [self.score(bundle, level) for bundle, level in zip(bundles, levels, strict=True)]

    def diffuse(self, bundle: Array, deviation: float) -> Array:
        """The bundle's positions with independent ``N(0, deviation^2 I)`` added; a noisy path has no tangents."""
        if self.diffusion is None or len(bundle) > 1:
            raise TypeError("this flow adds no noise: stochastic samplers run without tangents")
        return self.diffusion(bundle[0], deviation)[None]

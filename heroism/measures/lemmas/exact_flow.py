"""The exact probability flow between two noise levels, to about 1e-12: what lemmas are checked against."""

from __future__ import annotations

from heroism.flow import Flow, Score
from heroism.noise import Array, NoiseLevel, substeps
from heroism.samplers.heroism import Heroism

POINTS = 8  # Gauss-Legendre: order 16
REFINEMENTS = 14
REACH = 0.1  # of a sub-step, in half-log-SNR


def carry(score: Score, x: Array, start: NoiseLevel, end: NoiseLevel, reach: float = REACH) -> Array:
    """Positions x (n, dim) of level ``start`` carried along the flow to level ``end``, the less noisy one.

    Sub-steps of equal length in half-log-SNR, each a converged Gauss-Legendre collocation (2506.24042, eq. 14, with
    many points and refinements); half the ``reach`` tells how accurate the result is.
    """
    if start == end:
        return x
    sampler = Heroism(POINTS, REFINEMENTS, "gauss_legendre")
    return sampler.transport(Flow(score), x[None], substeps(start, end, reach))[0]

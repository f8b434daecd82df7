"""HEROISM, the HigH-ordER Ode-based dIffusion SaMpler (2506.24042, Algorithm 1)."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from heroism.errors import positive, require, whole_number
from heroism.flow import Flow, flat, shaped
from heroism.integrals.collocation import collocation
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.base import Sampler


class Heroism(Sampler):
    """K points per step, refined N times by fixed-point iteration of the interpolated probability-flow ODE.

    Per step from ``tau_0`` to ``tau_end``: every point starts from the raw copy ``Y_t``; N times, for all points at
    once,

        ``x_i / sqrt(1-tau_i) = Y_t / sqrt(1-tau_0) + 1/2 sum_j gamma_ij (1-tau_j)^(-3/2) s_{tau_j}(x_j)``      (eq. 14)

    and the value at the end of the step is ``Y_{t-1}``. The output is ``Y_1``, to be compared with ``p_{X_1}``.

    *Erratum.* Eq. 14 as printed in v1 lacks the factor 1/2 of the probability-flow ODE (eq. 9); without it the sampler
    does not converge. ``half=1.0`` gives the printed formula, for the test that shows it.

    Parameters
    ----------
    points : K >= 1. Beyond 8 equispaced points a warning is given.
    refinements : N >= 1, or "auto": ``ceil(refinement_constant * log T)``, the theorem's choice.
    spacing : "equispaced" in tau (the paper's, eq. 11), "chebyshev", "gauss_lobatto", "gauss_legendre", "gauss_radau".
    sweep : "picard", all points at once from the values of the refinement before; there is no other here.
    refinement_constant : C3 of the theorem, which fixes no value. With 1.5 the refinement error stays below the
        discretisation error for K <= 6 on every target tried (T = 16..256, d up to 1e6); 1 is enough for K <= 4.

    Raises
    ------
    InputError : K < 1, N < 1, an unknown spacing or sweep.
    """

    def __init__(self, points: int = 3, refinements: int | Literal["auto"] = "auto", spacing: str = "equispaced",
                 sweep: str = "picard", refinement_constant: float = 1.5, half: float = 0.5):
        self.rule = collocation(points, spacing)
        self.points = len(self.rule.nodes)
        require(sweep == "picard", "sweep", sweep, "the only sweep is picard")
        positive("refinement_constant", refinement_constant)
        self.refinements = refinements if refinements == "auto" else whole_number("N", refinements, 1)
        self.refinement_constant, self.half = refinement_constant, half

    @property
    def order(self) -> int:  # type: ignore[override]
        """min(N, order of the collocation): each refinement gains one order, up to what interpolation gives."""
        return self.rule.order if self.refinements == "auto" else min(self.refinements, self.rule.order)

    def refinements_for(self, steps: int) -> int:
        """N on a schedule of T = ``steps`` noise levels; a single known point needs no refinement."""
        if self._known_points == self.points:
            return 1
        if self.refinements == "auto":
            return math.ceil(self.refinement_constant * math.log(steps))
        return self.refinements

    @property
    def _known_points(self) -> int:
        return int(self.rule.holds_start)

    def evaluations(self, steps: int) -> int:
        new = self.points - self._known_points
        return (steps - 1) * (self._known_points + new * self.refinements_for(steps))

    def rounds(self, steps: int) -> int:
        return (steps - 1) * self.refinements_for(steps)

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        refinements = self.refinements_for(schedule.steps)
        for start, end in schedule.transitions():
            bundle = self._step(flow, bundle, start, end, refinements)
        return bundle

    def _weights(self, start: NoiseLevel, end: NoiseLevel) -> tuple[list[NoiseLevel], Array, Array]:
        """Levels of the points; (scale, weights) of ``x_i = scale_i Y_t + sum_j weights_ij s_j``, last row the end."""
        levels = [start.toward(end, float(u)) for u in self.rule.nodes]
        at_points = np.array([level.alpha_bar for level in levels])
        at_rows = np.append(at_points, end.alpha_bar)
        integrals = np.vstack([self.rule.matrix, self.rule.end])
        weights = self.half * start.tau_above(end) * integrals * at_points**-1.5 * np.sqrt(at_rows)[:, None]
        return levels, np.sqrt(at_rows / start.alpha_bar), weights

    def _step(self, flow: Flow, bundle: Array, start: NoiseLevel, end: NoiseLevel, refinements: int) -> Array:
        levels, scale, weights = self._weights(start, end)
        known, state = self._known_points, flat(bundle, bundle)
        scores = np.stack([flat(score, bundle) for score in flow.together([bundle] * self.points, levels)])
        for _ in range(refinements - 1):
            values = weights[known:-1] @ scores
            values += scale[known:-1, None] * state
            inner = [shaped(value, bundle) for value in values]
            for j, score in enumerate(flow.together(inner, levels[known:]), start=known):
                scores[j] = flat(score, bundle)
        return shaped(weights[-1] @ scores + scale[-1] * state, bundle)

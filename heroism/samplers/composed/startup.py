"""The first transition of a sampler that remembers: how it comes by its first points without losing its order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from heroism.integrals.collocation import Collocation, collocation

STARTUPS = ("ramp", "collocation", "growing")
GROWTH = 3.0  # of the steps of a ramp
LONGEST = 3  # growing steps: through more of them the extrapolation amplifies round-off
FEW = 60  # noise levels; with so few the order lost matters less than the evaluations saved
SHORT = 10.0  # noise levels; so few would need no growing step


@dataclass(frozen=True)
class Piece:
    """A step over the part from ``first`` to ``last`` (unit coordinates) of a transition."""

    first: float
    last: float
    rule: Collocation
    refinements: int

    @property
    def evaluations(self) -> int:
        known = int(self.rule.holds_start)
        return known + (len(self.rule.nodes) - known) * self.refinements

    def rounds(self, sweep: str) -> int:
        """A first round for all points; then one for each refinement, or for each point of it that waits for the one
        before.
        """
        waiting = 1 if sweep == "picard" else len(self.rule.nodes) - int(self.rule.holds_start)
        return 1 + waiting * (self.refinements - 1)


def start_up(kind: str, usual: Piece, spacing: str, memory: int, order: int, steps: int) -> list[Piece]:
    """The pieces of the first of T - 1 transitions; ``usual`` is what every later one is.

    "growing" : nothing special; memory and order grow step by step, the customary way.
    "collocation" : one step with as many new points as the interpolant will have, refined until its order is reached.
        Keeps the order, for about memory^2 evaluations.
    "ramp" : up to T = 60 nothing special either. Beyond, a short two-point step, refined once, then steps that grow by
        a factor of 3 while the memory fills. The first length is such that its local error, of order 3, contributes no
        more than a global error ``T^-order``. Costs 2 evaluations and ``(order / 3 - 1) log_3(T / 10)``, but at most 3,
        steps more. Where the flow starts gently, as at large noise, this is enough; elsewhere the error falls in
        stairs, as the ramp becomes longer.
    """
    if kind == "growing" or not memory or (kind == "ramp" and steps <= FEW):
        return [usual]
    if kind == "collocation":
        return [Piece(0.0, 1.0, collocation(len(usual.rule.nodes) + memory, spacing), order)]
    growing = math.ceil(max(0.0, (order / 3.0 - 1.0) * math.log(steps / SHORT, GROWTH)))
    growing = min(growing, LONGEST)
    cuts = np.concatenate(([0.0], GROWTH ** -np.arange(growing, -1.0, -1.0)))
    begin = collocation(2, "gauss_lobatto")
    return [Piece(float(a), float(b), usual.rule if i else begin, usual.refinements if i else begin.order)
            for i, (a, b) in enumerate(pairwise(cuts))]

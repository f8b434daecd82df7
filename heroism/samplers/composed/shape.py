"""What a step of a composed sampler is, on T noise levels: how many points, refined how often, with how much memory."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from heroism.errors import require, whole_number
from heroism.integrals.collocation import Collocation, collocation
from heroism.samplers.composed.startup import STARTUPS, Piece, start_up

SWEEPS = ("picard", "gauss_seidel", "lu")
PREDICTORS = ("copy", "linear", "interpolant")
MOST_POINTS = 12
MOST_MEMORY = 6  # with 7, the last digits are lost to a weak instability (sphere, digits); with more, the first
LONGEST_MEMORY = 8  # where a pilot run decides it step by step
LEAST_MEMORY = 2
ENOUGH_STEPS = (30, 55, 92, 220, 480)  # for a memory of 4 to 8, where a pilot run decides
FEW_STEPS = 4.6  # a memory of M is stable with 2^M times as many

Auto = Literal["auto"]
ByPilot = Literal["piloted"]


@dataclass(frozen=True)
class Shape:
    """Parameters as in :class:`ComposedHeroism`; whatever is "auto" grows with log T.

    Raises
    ------
    InputError : an unknown name; K, N, M or ``guess_points`` out of range; K = "auto" with memory.
    """

    points: int | Auto
    refinements: int | Auto
    spacing: str = "equispaced"
    sweep: str = "picard"
    refinement_constant: float = 1.5
    predictor: str = "copy"
    memory: int | Auto | ByPilot = 0
    guess_points: int | None = None
    startup: str = "collocation"

    def __post_init__(self) -> None:
        for name, value, names in (("sweep", self.sweep, SWEEPS), ("predictor", self.predictor, PREDICTORS),
                                   ("startup", self.startup, STARTUPS)):
            require(value in names, name, value, f"choose one of {', '.join(names)}")
        for field, name, least in (("points", "K", 1), ("refinements", "N", 1), ("memory", "memory", 0),
                                   ("guess_points", "guess_points", 1)):
            if getattr(self, field) not in ("auto", None) and (field, getattr(self, field)) != ("memory", "piloted"):
                object.__setattr__(self, field, whole_number(name, getattr(self, field), least))
        require(self.refinement_constant > 0, "refinement_constant", self.refinement_constant, "give a positive number")
        require(self.points != "auto" or (self.memory == 0 and self.predictor != "interpolant"), "points", self.points,
                "only without memory, and with predictor copy or linear")

    @property
    def rule(self) -> Collocation:
        """The K points of a step; for K = "auto", the most there are."""
        return collocation(MOST_POINTS if self.points == "auto" else self.points, self.spacing)

    @property
    def looks_back(self) -> bool:
        """Whether a step uses points of earlier ones at all."""
        return bool(self.memory) or self.predictor == "interpolant"

    def rule_for(self, steps: int) -> Collocation:
        """The K points of a step on T = ``steps`` noise levels."""
        if self.points == "auto":
            return collocation(min(MOST_POINTS, math.ceil(math.log(steps))), self.spacing)
        return self.rule

    def refinements_for(self, steps: int) -> int:
        """N on T = ``steps`` noise levels; a single point at the start of the step has nothing to refine."""
        if self._at_start:
            return 1
        if self.refinements == "auto":
            return math.ceil(self.refinement_constant * math.log(steps))
        return self.refinements

    def memory_for(self, steps: int) -> int:
        """M on T = ``steps`` noise levels, if the method is stable with as much; of a pilot run, the most."""
        if self.memory == "piloted":
            return LEAST_MEMORY + 1 + sum(steps >= enough for enough in ENOUGH_STEPS)
        if self.memory == "auto":
            return min(MOST_MEMORY, max(LEAST_MEMORY + 1, int(math.log2(steps / FEW_STEPS))))
        return self.memory

    def guess_for(self, memory: int) -> int:
        """How many points the first guess extrapolates, with memory M."""
        if self.guess_points is not None:
            return self.guess_points
        return memory + 1 if memory else len(self.rule.nodes)

    def horizon(self, steps: int) -> int:
        """How many evaluated points are ever looked back at on T = ``steps`` noise levels."""
        memory = self.memory_for(steps)
        return max(memory + 1, self.guess_for(memory) if self.predictor == "interpolant" else 0)

    def order(self, memory: int) -> int:
        """Classical order with memory M: a refinement gains one over the guess, up to what interpolation gives."""
        points, guess = len(self.rule.nodes), 0
        if self.predictor == "interpolant":  # without memory, the first step's guess limits it
            guess = min(memory + points, self.guess_for(memory)) if memory else 1
        most = memory + points if memory else self.rule.order
        return most if self.refinements == "auto" or self._at_start else min(guess + self.refinements, most)

    def pieces(self, steps: int) -> list[Piece]:
        """Of T = ``steps`` noise levels: the pieces of the first transition, then one for each of the others."""
        usual, memory = Piece(0.0, 1.0, self.rule_for(steps), self.refinements_for(steps)), self.memory_for(steps)
        first = start_up(self.startup, usual, self.spacing, memory, self.order(memory), steps)
        return first + [usual] * (steps - 2)

    @property
    def _at_start(self) -> bool:
        return len(self.rule.nodes) == int(self.rule.holds_start)

"""A sampler written as a small linear recursion, from which everything that is measured about it follows.

Nearly every stochastic sampler is linear in its state, in what it asks of the model and in fresh Gaussian noise. So a
step is a list of two kinds of operations on named *slots*, arrays of the same shape as the state: evaluate the model
at one slot, or overwrite one with a combination of slots plus noise. The same list runs particles, propagates means and
covariances on a Gaussian target, and yields the transition kernels of those samplers whose only memory is their
state.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from heroism.flow import Flow
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.base import Sampler

Output = Literal["score", "noise", "data"]
STATE = "x"  # the slot that holds the state between two steps


@dataclass(frozen=True, slots=True)
class Evaluate:
    """``slot[into] = output of the model at (slot[at], level)``: the score s, the noise ``-sqrt(tau) s`` or the data
    ``(x + tau s) / sqrt(alpha_bar)``. One evaluation, one round.
    """

    into: str
    at: str
    level: NoiseLevel
    output: Output = "score"


@dataclass(frozen=True, slots=True)
class Combine:
    """``slot[into] = sum_j weights[j] slot[j] + deviation Z`` with a fresh Z ~ N(0, I)."""

    into: str
    weights: Mapping[str, float]
    deviation: float = 0.0


Operation = Evaluate | Combine


@dataclass(frozen=True, slots=True)
class Step:
    """One transition of the schedule: it takes the state from ``start`` to ``end``; other slots are its memory."""

    start: NoiseLevel
    end: NoiseLevel
    operations: tuple[Operation, ...]


class Recursion(Sampler):
    """A sampler that says its steps as operations on slots.

    ``order`` is the weak order of the output's law: of the errors of its means and covariances, in the step size.
    """

    stochastic = True

    @abstractmethod
    def steps(self, schedule: NoiseSchedule) -> Iterator[Step]:
        """The steps down the schedule; the state is in the slot STATE before and after each of them."""

    def transport(self, flow: Flow, bundle: Array, schedule: NoiseSchedule) -> Array:
        slots = {STATE: bundle}
        for step in self.steps(schedule):
            carry(step.operations, slots, flow)
        return slots[STATE]


class Memoryless(Recursion):
    """A recursion whose steps do not know of each other."""

    @abstractmethod
    def step(self, start: NoiseLevel, end: NoiseLevel) -> Iterable[Operation]:
        """The operations of one transition."""

    def steps(self, schedule: NoiseSchedule) -> Iterator[Step]:
        for start, end in schedule.transitions():
            yield Step(start, end, tuple(self.step(start, end)))


def carry(operations: Iterable[Operation], slots: MutableMapping[str, Array], flow: Flow) -> None:
    """Run operations on bundles (1+p, n, d); without noise they may carry tangents."""
    for operation in operations:
        if isinstance(operation, Evaluate):
            slots[operation.into] = _output(operation, slots[operation.at], flow)
        else:
            slots[operation.into] = _combined(operation, slots, flow)


def _output(operation: Evaluate, at: Array, flow: Flow) -> Array:
    level = operation.level
    out = flow(at, level)
    if operation.output == "noise":
        return -np.sqrt(level.tau) * out
    return out if operation.output == "score" else (at + level.tau * out) / np.sqrt(level.alpha_bar)


def _combined(operation: Combine, slots: Mapping[str, Array], flow: Flow) -> Array:
    total = np.zeros_like(slots[STATE])
    for name, weight in operation.weights.items():
        total += weight * slots[name]
    return flow.diffuse(total, operation.deviation) if operation.deviation > 0.0 else total

"""The transition kernels of a sampler that has no memory but its state: ``x' ~ N(m(x), deviation^2 I)``.

Where noise is drawn inside a step and the model is asked at a point that has it, the mean knows a few *inner* standard
normal variables too, and the kernel is a mixture over them: ``x' ~ N(m(x, z_1, ..., z_k), deviation^2 I)``. All that a
step draws is Gaussian, so what the model's points have not seen of it is independent of them, and adds up to the
deviation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from heroism.errors import InputError, require
from heroism.flow import Flow, Score
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.base import Sampler
from heroism.samplers.stochastic.recursion import STATE, Combine, Evaluate, Operation, Recursion, Step, carry

ROUND_OFF = 1e-12  # of a vector's length


@dataclass(frozen=True)
class Transition:
    """``x' ~ N(m(x), deviation^2 I)``; a deterministic map if the deviation is 0.

    Attributes
    ----------
    operations : what m is made of. deviation : of the noise. start, end : the schedule's step in which the noise is
        added. inner : how many standard normal variables m depends on besides.
    """

    source: str
    operations: tuple[Operation, ...]
    result: str
    deviation: float
    start: NoiseLevel
    end: NoiseLevel
    inner: int = 0

    def mean(self, score: Score, bundle: Array, inner: Sequence[Array] = ()) -> Array:
        """m of positions (1, n, d), and its derivative along tangents if the bundle (1+p, n, d) has any; with values
        (n, d) of the inner variables.
        """
        slots = {STATE: bundle, self.source: bundle}  # STATE is there for its shape
        for i, values in enumerate(inner):
            slots[_inner(i)] = np.concatenate([values[None], np.zeros_like(bundle[1:])])
        carry(self.operations, slots, Flow(score))
        return slots[self.result]


@dataclass(frozen=True)
class WholeMap(Transition):
    """All of a deterministic sampler, which need not be known by its steps."""

    sampler: Sampler | None = None
    schedule: NoiseSchedule | None = None

    def mean(self, score: Score, bundle: Array, inner: Sequence[Array] = ()) -> Array:
        assert self.sampler is not None and self.schedule is not None
        return self.sampler.transport(Flow(score), bundle, self.schedule)


def transitions(sampler: Sampler, schedule: NoiseSchedule) -> list[Transition]:
    """The kernels one after the other; a last piece without noise, if there is one, has deviation 0.

    Raises InputError for a sampler that remembers more than its state from step to step: a multistep one, or one with
    a velocity; and for a stochastic one that is not known by its steps.
    """
    if not isinstance(sampler, Recursion):
        require(not sampler.stochastic, "sampler", type(sampler).__name__, "is not described by its steps, so it has "
                "no transition kernel: measure it on a Gaussian target")
        return [WholeMap(STATE, (), STATE, 0.0, schedule.start, schedule.end, 0, sampler, schedule)]
    steps = list(sampler.steps(schedule))
    tagged = [(operation, step) for step in steps for operation in step.operations]
    needed = needed_after([operation for operation, _ in tagged])
    noisy = [place for place, (operation, _) in enumerate(tagged) if adds_noise(operation)]
    if all(needed[place] <= {tagged[place][0].into} for place in noisy):
        return _cut(tagged, noisy)
    ends = np.cumsum([len(step.operations) for step in steps])
    closed = all(needed[end - 1] <= {STATE} for end in ends[:-1])
    found = [_whole_step(step) for step in steps] if closed else []
    require(closed and all(kernel.deviation > 0.0 for kernel in found), "sampler", type(sampler).__name__,
            "remembers more than its state, so it has no transition kernel: measure it on a Gaussian target, or by its "
            "path")
    return found


def memoryless(sampler: Sampler, schedule: NoiseSchedule) -> bool:
    """Whether the sampler remembers nothing but its state from step to step."""
    try:
        transitions(sampler, schedule)
    except InputError:
        return False
    return True


def adds_noise(operation: Operation) -> bool:
    return isinstance(operation, Combine) and operation.deviation > 0.0


def inputs(operation: Operation) -> set[str]:
    """The slots that an operation reads."""
    if isinstance(operation, Evaluate):
        return {operation.at}
    return {name for name, weight in operation.weights.items() if weight != 0.0}


def needed_after(operations: Sequence[Operation]) -> list[set[str]]:
    """After each operation, the slots that a later one, or the output, still depends on."""
    live, found = {STATE}, []
    for operation in operations[::-1]:
        found.append(live)
        if operation.into in live:
            live = (live - {operation.into}) | inputs(operation)
    return found[::-1]


def _cut(tagged: Sequence[tuple[Operation, Step]], noisy: Sequence[int]) -> list[Transition]:
    """Cut after every noise, where one slot is all that is needed."""
    found, source = [], STATE
    for before, place in pairwise([-1, *noisy]):
        last, step = tagged[place]
        assert isinstance(last, Combine)
        operations = (*(operation for operation, _ in tagged[before + 1 : place]), Combine("mean", last.weights))
        found.append(Transition(source, operations, "mean", last.deviation, step.start, step.end))
        source = last.into
    first = noisy[-1] + 1 if noisy else 0
    rest = tuple(operation for operation, _ in tagged[first:])
    if rest:
        found.append(Transition(source, rest, STATE, 0.0, tagged[-1][1].start, tagged[-1][1].end))
    return found


def _whole_step(step: Step) -> Transition:
    """The kernel of a step that begins and ends with its state alone and draws noise anywhere.

    Slots are followed as vectors over all that is drawn. An inner variable is the direction that a point where the
    model is asked adds to those before; given all of them, a draw has the mean that its projection on them says.
    """
    draws = [place for place, operation in enumerate(step.operations) if adds_noise(operation)]
    unit = dict(zip(draws, np.eye(len(draws)), strict=True))
    nothing = np.zeros(len(draws))
    vectors, seen = {STATE: nothing}, np.zeros((0, len(draws)))
    for place, operation in enumerate(step.operations):
        if isinstance(operation, Evaluate):
            at = vectors[operation.at]
            rest = at - (seen @ at) @ seen
            if np.linalg.norm(rest) > ROUND_OFF:
                seen = np.concatenate([seen, rest[None] / np.linalg.norm(rest)])
            vectors[operation.into] = nothing
        else:
            total = operation.deviation * unit.get(place, nothing)
            for name in inputs(operation):
                total = total + operation.weights[name] * vectors[name]
            vectors[operation.into] = total
    operations = tuple(_given(operation, seen @ unit[place]) if place in unit else operation
                       for place, operation in enumerate(step.operations))
    out = vectors[STATE]
    rest = out - (seen @ out) @ seen
    left = float(np.linalg.norm(rest)) if np.linalg.norm(rest) > ROUND_OFF * np.linalg.norm(out) else 0.0
    return Transition(STATE, operations, STATE, left, step.start, step.end, len(seen))


def _given(operation: Operation, shares: Array) -> Operation:
    """A noisy operation with the mean of its draw, given the inner variables, instead of the draw."""
    assert isinstance(operation, Combine)
    known = {_inner(i): float(operation.deviation * share) for i, share in enumerate(shares)}
    return replace(operation, weights={**operation.weights, **known}, deviation=0.0)


def _inner(i: int) -> str:
    return f"inner {i}"

"""The transition kernels of a sampler that has no memory but its state: ``x' ~ N(m(x), deviation^2 I)``."""

from __future__ import annotations

from dataclasses import dataclass

from heroism.errors import InputError, require
from heroism.flow import Flow, Score
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.stochastic.recursion import STATE, Combine, Evaluate, Operation, Recursion, carry


@dataclass(frozen=True)
class Transition:
    """``x' ~ N(m(x), deviation^2 I)``; a deterministic map if the deviation is 0.

    Attributes
    ----------
    operations : what m is made of. deviation : of the noise. start, end : the schedule's step in which the noise is
        added.
    """

    source: str
    operations: tuple[Operation, ...]
    result: str
    deviation: float
    start: NoiseLevel
    end: NoiseLevel

    def mean(self, score: Score, bundle: Array) -> Array:
        """m of positions (1, n, d), and its derivative along tangents if the bundle (1+p, n, d) has any."""
        slots = {STATE: bundle, self.source: bundle}  # STATE is there for its shape
        carry(self.operations, slots, Flow(score))
        return slots[self.result]


def transitions(sampler: Recursion, schedule: NoiseSchedule) -> list[Transition]:
    """The kernels one after the other; a last piece without noise, if there is one, has deviation 0.

    Raises InputError for a sampler that remembers more than its state where it adds noise: a multistep one, one
    with noise inside a step, or one with a velocity.
    """
    tagged = [(operation, step) for step in sampler.steps(schedule) for operation in step.operations]
    live, cuts = {STATE}, []
    for place in range(len(tagged) - 1, -1, -1):
        operation = tagged[place][0]
        if isinstance(operation, Combine) and operation.deviation > 0.0:
            require(live <= {operation.into}, "sampler", type(sampler).__name__, "remembers more than its state, so it "
                    "has no transition kernel: measure it on a Gaussian target, or by its path")
            cuts.append(place)
        live = (live - {operation.into}) | ({operation.at} if isinstance(operation, Evaluate)
                                            else {name for name, w in operation.weights.items() if w != 0.0})
    found, source, first = [], STATE, 0
    for place in cuts[::-1]:
        noisy, step = tagged[place]
        assert isinstance(noisy, Combine)
        quiet = Combine("mean", noisy.weights)
        operations = (*(operation for operation, _ in tagged[first:place]), quiet)
        found.append(Transition(source, operations, "mean", noisy.deviation, step.start, step.end))
        source, first = noisy.into, place + 1
    rest = tuple(operation for operation, _ in tagged[first:])
    if rest:
        found.append(Transition(source, rest, STATE, 0.0, tagged[-1][1].start, tagged[-1][1].end))
    return found


def memoryless(sampler: Recursion, schedule: NoiseSchedule) -> bool:
    """Whether the sampler remembers nothing but its state where it adds noise."""
    try:
        transitions(sampler, schedule)
    except InputError:
        return False
    return True

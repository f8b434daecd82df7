"""How much memory steps have: as much as their number allows, and less from where a few paths see it turn unstable.

Even steps of one order on an analytic clock do better than their local errors: each of these is a constant times the
change of a derivative of the prediction, so their sum telescopes, and at both ends of noise the derivative is small. To
choose the best order step by step, as codes for initial value problems do, breaks that (measured on mixtures: it takes
a quarter more evaluations). So the memory stays what it is, unless errors grow. They do where modes are narrower than
the noise, at the end of a path, from step to step and with alternating signs; there a change of order costs nothing.
"""

from __future__ import annotations

import numpy as np

from heroism.flow import Flow
from heroism.integrals.clocks import half_log_snr_gain
from heroism.noise import Array, NoiseSchedule
from heroism.samplers.composed.sampler import Composed
from heroism.samplers.composed.shape import LEAST_MEMORY, LONGEST_MEMORY
from heroism.samplers.composed.stability import amplification

OPPOSED = -0.5  # cosine between highest differences of two steps, at most, where errors alternate
OF_DATA = 1.4  # times as many steps for the same memory; the data prediction of a wide mode grows
PATIENCE = 4  # steps over which they grow; a jump that few steps resolve looks the same for fewer


def memories(flow: Flow, sampler: Composed, schedule: NoiseSchedule, starts: Array) -> tuple[int, ...]:
    """The memory of every step (the first transition may be several), from paths that walk them from ``starts`` (n, d)
    and decide each one when they get there: one evaluation a step, none that the sampler does not take itself.
    """
    starts = np.ascontiguousarray(starts)
    clock, prediction, state = sampler.method.clock, sampler.method.prediction, starts.reshape(1, -1)
    enough = schedule.steps / (OF_DATA if prediction.stiffness(schedule.end) == 0.0 else 1.0)
    made = [sampler.shape.memory_for(int(enough))]
    level, units, seen, before, growing = schedule.start, list[float](), list[Array](), np.zeros_like(starts), 0
    values = np.empty((LONGEST_MEMORY + 4, starts.size))
    for step in sampler.with_memories(made).steps(schedule):
        length = 0.0
        for stage in step:
            states = stage.states(state, values)
            if stage.points:
                stage.evaluate(flow, states, starts[None], values)
                length, level = half_log_snr_gain(level, stage.points[-1].level), stage.points[-1].level
                units.append(clock.length(schedule.start, level))
                seen.append(values[stage.points[-1].slot].copy())
            state = states[-1:] if stage.carries else state
        memory = made[-1]
        units, seen = units[-memory - 2 :], seen[-memory - 2 :]
        if len(seen) == memory + 2 and memory > LEAST_MEMORY:
            after = _highest_difference(np.array(units), np.array(seen)).reshape(starts.shape)
            risk = amplification(memory, np.array([length * prediction.stiffness(level)]))[0]
            sizes = float(np.linalg.norm(before)), float(np.linalg.norm(after))
            worse = risk > 1.0 and sizes[1] > sizes[0] and np.sum(before * after) < OPPOSED * sizes[0] * sizes[1]
            growing, before = growing + 1 if worse else 0, after
            if growing == PATIENCE:
                memory, growing, before = memory - 1, 0, np.zeros_like(starts)
        made.append(memory)
    return tuple(made[:-1])


def _highest_difference(units: Array, seen: Array) -> Array:
    """(size,) backward difference of order k of predictions (k + 1, size) at increasing ``units`` (k + 1,)."""
    for k in range(1, len(units)):
        seen = (seen[1:] - seen[:-1]) / (units[k:] - units[:-k])[:, None]
    return np.asarray(seen[0] * np.prod(units[-1] - units[:-1]))

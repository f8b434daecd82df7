"""How the steps of a plan are run along a path: one after the other, or each begun while the one before is refined."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from heroism.flow import Flow, flat, shaped
from heroism.integrals.stages import Plan
from heroism.noise import Array


def in_turn(flow: Flow, bundle: Array, plan: Plan, tolerance: float = 0.0, begin: int = 0,
            values: Array | None = None, first: Array | None = None) -> Iterator[tuple[Array, int]]:
    """The bundle after every step, and how many of its stages were evaluated.

    A path that was left after ``begin`` steps goes on from its bundle there and the predictions ``values`` that were
    stored, (slots, size); they are changed in place, and may be kept to go on again. ``first`` is then the bundle at
    its beginning.

    All are, or fewer if the mean square update of every state, from one stage to the next, falls below ``tolerance``
    squared times its mean square.
    """
    state = flat(bundle, bundle)[None]
    first = state if first is None else flat(first, bundle)[None]
    values = np.empty((plan.slots, state.size)) if values is None else values
    for step in plan.steps[begin:]:
        made, settled, before = 0, False, np.empty((0, state.size))
        for stage in step:
            if settled and stage.points:
                continue
            states = stage.states(first if stage.from_first else state, values)
            if stage.points and made and tolerance:
                update = np.mean((states - before[-len(states) :]) ** 2, axis=1)
                settled = bool(np.all(update <= tolerance**2 * np.mean(states**2, axis=1)))
            if stage.points and not settled:
                stage.evaluate(flow, states, bundle, values)
                made, before = made + 1, states
            if stage.carries:
                state = states[-1:]
        yield shaped(state[0], bundle), made


def overlapping(flow: Flow, bundle: Array, plan: Plan) -> Array:
    """The bundle at the end of all steps; each begins one round after the one before, and is refined once a round.

    W steps of N refinements take W + N - 1 rounds instead of W N, for as many evaluations: refinement k of a step
    starts from a state that has seen k refinements of the step before, so both errors shrink together (revisionist
    integral deferred correction, Christlieb, Macdonald and Ong 2010). No point of the plan may lie at the start of a
    step, and each needs a slot of its own.
    """
    states, values = [flat(bundle, bundle)[None]], np.empty((plan.slots, bundle.size))
    made, settled, begun = [0] * len(plan.steps), 0, 0
    while settled < len(plan.steps):
        begun = min(begun + 1, len(plan.steps))
        stages = {j: plan.steps[j][made[j]] for j in range(settled, begun) if plan.steps[j][made[j]].points}
        at = {j: stage.states(states[j], values) for j, stage in stages.items()}
        scores = iter(flow.together([shaped(x, bundle) for j in stages for x in at[j]],
                                    [point.level for stage in stages.values() for point in stage.points]))
        for j, stage in stages.items():
            stage.keep(range(len(stage.points)), at[j], [next(scores) for _ in stage.points], bundle, values)
        for j in range(settled, begun):
            made[j] += j in stages
            states[j + 1 :] = [plan.steps[j][-1].states(states[j], values)]
        while settled < begun and not plan.steps[settled][made[settled]].points:
            settled += 1
    return shaped(states[-1][0], bundle)

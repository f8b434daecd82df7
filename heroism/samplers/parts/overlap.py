"""Steps that overlap: while one is refined, the next has already begun from what is known of its start."""

from __future__ import annotations

import numpy as np

from heroism.flow import Flow
from heroism.noise import Array
from heroism.samplers.parts.steps import Step


def run_overlapping(flow: Flow, bundle: Array, plan: list[tuple[Step, int]]) -> Array:
    """The bundle at the end of all steps; each begins one round after the one before, and is refined once a round.

    W steps of N refinements take W + N - 1 rounds instead of W N, for as many evaluations: refinement k of a step
    starts from a state that has seen k refinements of the step before, so both errors shrink together (revisionist
    integral deferred correction, Christlieb, Macdonald and Ong 2010). ``plan`` holds the steps, each with the number
    of predictions it remembers; none of their points may lie at a start.
    """
    shape, count = bundle.shape, len(plan)
    states, values = [bundle.reshape(1, -1)], _Values(bundle.size)
    made, settled, begun = [0] * count, 0, 0
    while settled < count:
        begun = min(begun + 1, count)
        at_work = [j for j in range(settled, begun) if made[j] < plan[j][0].refinements]
        points = {j: plan[j][0].again(states[j], values.with_past(j, plan[j][1])) if made[j]
                  else plan[j][0].first(states[j], values.past(j, plan[j][1])) for j in at_work}
        where = [(j, i) for j in at_work for i in range(len(plan[j][0].levels))]
        levels = [plan[j][0].levels[i] for j, i in where]
        scores = flow.together([points[j][i].reshape(shape) for j, i in where], levels)
        for (j, i), score in zip(where, scores, strict=True):
            values.set(j, i, len(plan[j][0].levels), plan[j][0].predict(i, points[j][i], score))
        for j in range(settled, begun):
            made[j] += j in points
            states[j + 1 :] = [plan[j][0].end(states[j], values.with_past(j, plan[j][1]))]
        while settled < begun and made[settled] == plan[settled][0].refinements:
            settled += 1
    return states[-1].reshape(shape)


class _Values:
    """Newest predictions at the points of all steps begun so far."""

    def __init__(self, size: int):
        self.size, self.of_step = size, list[Array]()

    def set(self, j: int, i: int, count: int, value: Array) -> None:
        """Prediction ``value`` at point i of the ``count`` points of step j."""
        if j == len(self.of_step):
            self.of_step.append(np.empty((count, self.size)))
        self.of_step[j][i] = value

    def past(self, j: int, remembered: int) -> Array:
        """(remembered, size) predictions before step j, oldest first."""
        blocks, have = [np.empty((0, self.size))], 0
        while have < remembered:
            j -= 1
            blocks.append(self.of_step[j])
            have += len(blocks[-1])
        return np.concatenate(blocks[::-1])[have - remembered :]

    def with_past(self, j: int, remembered: int) -> Array:
        """These, and the predictions of step j itself."""
        return np.concatenate((self.past(j, remembered), self.of_step[j]))

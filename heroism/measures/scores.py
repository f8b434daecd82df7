"""Scores for measurements: calls that leave no trace, and a score whose Jacobian error is taken away."""

from __future__ import annotations

import copy

from heroism.flow import Metered, TargetScore
from heroism.noise import Array, NoiseLevel


def unmetered(score: TargetScore) -> TargetScore:
    """The same score on the same target, whose records (of errors at a sampler's own iterates) do not see the calls."""
    if not isinstance(score, Metered):
        return score
    quiet = copy.deepcopy(score, {id(score.target): score.target})
    quiet.weigh(None)  # the weights of the run's last block do not fit here
    return quiet


class TrueJacobian(TargetScore):
    """The positions feel ``score``, the tangents the target's exact Jacobian: the score error without the Jacobian
    error.

    The log density that it transports is the one that a map with these paths would have if its volume changed by the
    exact Jacobian along them; it need not integrate to one.
    """

    def __init__(self, score: TargetScore):
        self.score, self.target = score, score.target

    def __call__(self, bundle: Array, level: NoiseLevel) -> Array:
        out = self.target.score(bundle, level)
        out[0] = self.score(bundle[:1], level)[0]
        return out

"""The levels of the adaptive preset for any other sampler: whatever is gained on them is the grid's doing."""

from __future__ import annotations

from dataclasses import dataclass

from heroism.flow import Score
from heroism.noise import Array, NoiseSchedule, log_snr_schedule
from heroism.samplers.base import Decided, PilotedSchedule
from heroism.samplers.composed.composed_heroism import ComposedHeroism
from heroism.samplers.composed.sampler import Composed
from heroism.samplers.composed.transition import FEWEST


@dataclass(frozen=True)
class TransitionSchedule(PilotedSchedule):
    """T levels that a pilot run places, and more of them."""

    @property
    def pilots(self) -> int:
        return ComposedHeroism.adaptive().pilots

    def decide(self, score: Score, starts: Array) -> tuple[NoiseSchedule, int]:
        """The levels that :meth:`ComposedHeroism.adaptive` takes from ``starts`` (pilots, d), and the evaluations of
        the pilot run, one a round: all of them, since no path of another sampler is one of the pilot run's.
        """
        decided: Decided = ComposedHeroism.adaptive().decide(score, self, starts)
        walked = decided.sampler
        assert isinstance(walked, Composed)
        walk = walked.evaluations(self.steps) if self.steps >= FEWEST else 0
        return walked.levels(self), decided.evaluations + walk


def transition_schedule(steps: int, tau_min: float, tau_max: float) -> TransitionSchedule:
    """T noise levels between noise variances ``tau_min`` and ``tau_max``, both included, where a pilot run puts them:
    evenly on the focused clock, and from T = 16 on with windows of short steps around transitions, as
    :meth:`ComposedHeroism.adaptive` has them. Then there are more than T. The pilot run is charged in full.

    Its ``step`` is 1 / (T - 1). Raises InputError for T < 3 or unless ``0 < tau_min < tau_max < 1``.
    """
    even = log_snr_schedule(steps, tau_min, tau_max)
    return TransitionSchedule(even.alpha_bar, even.tau, f"transition({tau_min:g}, {tau_max:g})")

"""The levels of a preset of HEROISM for any other sampler: whatever is gained on them is the grid's doing."""

from __future__ import annotations

from dataclasses import dataclass, field

from heroism.flow import Score
from heroism.noise import Array, NoiseSchedule, log_snr_schedule
from heroism.samplers.base import PilotedSchedule
from heroism.samplers.composed.composed_heroism import ComposedHeroism
from heroism.samplers.composed.sampler import Composed
from heroism.samplers.composed.transition import FEWEST


@dataclass(frozen=True)
class PlacedSchedule(PilotedSchedule):
    """T levels that a pilot run of ``preset`` places, and perhaps more of them."""

    preset: ComposedHeroism = field(default_factory=ComposedHeroism.frugal)

    @property
    def pilots(self) -> int:
        return self.preset.pilots

    def decide(self, score: Score, starts: Array) -> tuple[NoiseSchedule, int]:
        """The levels that the preset takes from ``starts`` (pilots, d), and the evaluations of the pilot run, one a
        round: all of them, since no path of another sampler is one of the pilot run's.
        """
        decided = self.preset.decide(score, self, starts)
        placed = decided.sampler
        assert isinstance(placed, Composed)
        walks = self.preset.pilot.placement == "transition" and self.steps >= FEWEST
        return placed.levels(self), decided.evaluations + (placed.evaluations(self.steps) if walks else 0)


def transition_schedule(steps: int, tau_min: float, tau_max: float) -> PlacedSchedule:
    """T noise levels between noise variances ``tau_min`` and ``tau_max``, both included, where a pilot run puts them:
    evenly on the focused clock, and from T = 16 on with windows of short steps around transitions, as
    :meth:`ComposedHeroism.adaptive` has them. Then there are more than T. The pilot run is charged in full.

    Its ``step`` is 1 / (T - 1). Raises InputError for T < 3 or unless ``0 < tau_min < tau_max < 1``.
    """
    return _placed("transition", ComposedHeroism.adaptive(), steps, tau_min, tau_max)


def focused_schedule(steps: int, tau_min: float, tau_max: float) -> PlacedSchedule:
    """T noise levels between noise variances ``tau_min`` and ``tau_max``, both included, where
    :meth:`ComposedHeroism.frugal` has them: evenly on the focused clock, moved to the size of the data, for the one
    evaluation that tells it.

    Its ``step`` is 1 / (T - 1). Raises InputError for T < 3 or unless ``0 < tau_min < tau_max < 1``.
    """
    return _placed("focused", ComposedHeroism.frugal(), steps, tau_min, tau_max)


def _placed(name: str, preset: ComposedHeroism, steps: int, tau_min: float, tau_max: float) -> PlacedSchedule:
    even = log_snr_schedule(steps, tau_min, tau_max)
    return PlacedSchedule(even.alpha_bar, even.tau, f"{name}({tau_min:g}, {tau_max:g})", preset=preset)

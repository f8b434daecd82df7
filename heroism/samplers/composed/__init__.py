"""HEROISM taken apart: what a step is, how the first transition starts, where steps lie, and what a pilot decides."""

from heroism.samplers.composed.composed_heroism import ComposedHeroism
from heroism.samplers.composed.grid import PlacedSchedule, focused_schedule, transition_schedule
from heroism.samplers.composed.sampler import Composed

__all__ = ["Composed", "ComposedHeroism", "PlacedSchedule", "focused_schedule", "transition_schedule"]

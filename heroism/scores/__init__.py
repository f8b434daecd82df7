"""Scores that a sampler can be given: its target's own, one with errors of known size, and a guided one."""

from heroism.scores.exact import ExactScore
from heroism.scores.guided import GuidedScore
from heroism.scores.perturbed import PerturbedScore
from heroism.scores.pulse import PulseScore

__all__ = ["ExactScore", "GuidedScore", "PerturbedScore", "PulseScore"]

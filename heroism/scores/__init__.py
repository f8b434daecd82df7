"""Scores that a sampler can be given: the exact one of its target, and one with errors of known size."""

from heroism.scores.exact import ExactScore
from heroism.scores.perturbed import PerturbedScore

__all__ = ["ExactScore", "PerturbedScore"]

"""What a sampler is given instead of the truth."""

from heroism.scores.exact import ExactScore
from heroism.scores.perturbed import PerturbedScore

__all__ = ["ExactScore", "PerturbedScore"]

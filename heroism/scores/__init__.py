"""What a sampler is given instead of the truth."""

from heroism.scores.exact import ExactScore

__all__ = ["ExactScore"]

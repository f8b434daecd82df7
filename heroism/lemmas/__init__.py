"""What the theory's proofs rest on, measured: along exact trajectories, in single steps, and as a budget of errors."""

from heroism.lemmas.bounds import jacobian_bound, score_bound
from heroism.lemmas.budget import budget
from heroism.lemmas.derivatives import derivative_growth
from heroism.lemmas.steps import iterate_error, refinement_contraction, refinement_distance, refinements_needed

__all__ = ["budget", "derivative_growth", "iterate_error", "jacobian_bound", "refinement_contraction",
           "refinement_distance", "refinements_needed", "score_bound"]

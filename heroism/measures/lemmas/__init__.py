"""What the theory's proofs rest on, measured: along exact trajectories, in single steps, and as a budget of errors."""

from heroism.measures.lemmas.bounds import JacobianBound, ScoreBound
from heroism.measures.lemmas.budget import Budget
from heroism.measures.lemmas.derivatives import DerivativeGrowth
from heroism.measures.lemmas.flat_phase import FlatPhase
from heroism.measures.lemmas.steps import IterateError, RefinementContraction, RefinementDistance, RefinementsNeeded

__all__ = ["Budget", "DerivativeGrowth", "FlatPhase", "IterateError", "JacobianBound", "RefinementContraction",
           "RefinementDistance", "RefinementsNeeded", "ScoreBound"]

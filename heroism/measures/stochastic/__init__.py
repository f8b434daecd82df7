"""Exact output laws of stochastic samplers, and KL between path measures.

``output_law(sampler, score, schedule)`` picks an engine for every independent part of the target; the engines are
``gaussian`` (any linear sampler), ``line`` (one coordinate, many copies) and ``radius`` (rotational symmetry).
"""

from heroism.measures.stochastic.laws import OutputLaw, output_law, output_path_kl
from heroism.measures.stochastic.path import PathKl

__all__ = ["OutputLaw", "PathKl", "output_law", "output_path_kl"]

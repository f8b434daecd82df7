"""How far a sampler's output is from its target: every distance returns an Estimate with its error and its floor."""

from heroism.measures.distances.divergences import Kl
from heroism.measures.distances.error_spectrum import ErrorSpectrum
from heroism.measures.distances.histogram import Histogram
from heroism.measures.distances.kernel import KernelTotalVariation
from heroism.measures.distances.known_laws import ExactWasserstein, PathKl
from heroism.measures.distances.optimal_transport import Sinkhorn, SlicedWasserstein, Wasserstein, Wasserstein1d
from heroism.measures.distances.quadrature import Quadrature
from heroism.measures.distances.total_variation import TotalVariation

__all__ = ["ErrorSpectrum", "ExactWasserstein", "Histogram", "KernelTotalVariation", "Kl", "PathKl", "Quadrature",
           "Sinkhorn", "SlicedWasserstein", "TotalVariation", "Wasserstein", "Wasserstein1d"]

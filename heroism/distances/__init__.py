"""How far a sampler's output is from its target: every distance returns an Estimate with its error and its floor."""

from heroism.distances.estimate import Estimate
from heroism.distances.histogram import histogram_total_variation
from heroism.distances.measures import (
    Histogram,
    Quadrature,
    Sinkhorn,
    SlicedWasserstein,
    TotalVariation,
    Wasserstein,
    Wasserstein1d,
)
from heroism.distances.optimal_transport import sinkhorn, sliced_wasserstein, wasserstein, wasserstein_1d
from heroism.distances.quadrature import quadrature_total_variation
from heroism.distances.total_variation import total_variation

__all__ = [
    "Estimate", "Histogram", "Quadrature", "Sinkhorn", "SlicedWasserstein", "TotalVariation", "Wasserstein",
    "Wasserstein1d", "histogram_total_variation", "quadrature_total_variation", "sinkhorn", "sliced_wasserstein",
    "total_variation", "wasserstein", "wasserstein_1d"]

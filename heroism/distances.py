"""How far a sampler's output is from its target: the distances under one short name, each returns an Estimate."""

from heroism.measures.distances.divergences import kl
from heroism.measures.distances.histogram import histogram_total_variation
from heroism.measures.distances.kernel import kernel_total_variation
from heroism.measures.distances.optimal_transport import sinkhorn, sliced_wasserstein, wasserstein, wasserstein_1d
from heroism.measures.distances.quadrature import quadrature_total_variation
from heroism.measures.distances.total_variation import total_variation
from heroism.measures.estimate import Estimate

__all__ = ["Estimate", "histogram_total_variation", "kernel_total_variation", "kl", "quadrature_total_variation",
           "sinkhorn", "sliced_wasserstein", "total_variation", "wasserstein", "wasserstein_1d"]

"""Divergence of the law of a sampler's output from that of the target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from heroism.errors import require
from heroism.measures.base import Need, Single
from heroism.measures.distances.total_variation import check_ensemble, log_ratio, own_floor
from heroism.measures.estimate import Estimate
from heroism.measures.run import Run, engines
from heroism.measures.stochastic.overlap import exp_minus_linear
from heroism.samplers.base import Sampler
from heroism.targets.base import Target
from heroism.transport import Ensemble


@dataclass(frozen=True)
class Kl(Single):
    """Kullback-Leibler divergence of the output's law from the target's.

    For a deterministic sampler the mean over its particles of ``p/q - 1 - log p/q``, by change of variables; for a
    stochastic one exact, where its law is known; with ``exact`` that of a deterministic one as well.
    """

    needs: ClassVar[Need] = "density"
    exact: bool = False

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        if sampler.stochastic or self.exact:
            engines().check_output_law(sampler, target)

    def estimate(self, run: Run) -> Estimate:
        return run.law.kl() if run.sampler.stochastic or self.exact else kl(run.ensemble, run.target)


def kl(ensemble: Ensemble, target: Target) -> Estimate:
    """KL(q || p) of a deterministic sampler's output q, from the exact log ratios at its particles.

    ``E_q (p/q - 1 - log p/q)``: both masses are one, so this is the divergence, in positive terms whose relative error
    does not depend on how small it is. Independent copies add. A particle that diverged makes it infinite.

    Raises InputError if the sampler was stochastic.
    """
    check_ensemble(ensemble, target)
    require(not ensemble.stochastic, "distance", "kl", "the sampler was stochastic, so its law is measured without "
            "particles")
    terms = exp_minus_linear(log_ratio(ensemble, target, ensemble.level))
    floor = float(np.pi * own_floor(ensemble, target) ** 2)  # half the square of the log ratio's noise
    if ensemble.weights is not None:
        return Estimate(float(target.copies * (ensemble.weights @ terms)), 0.0, floor, len(terms))
    if not np.isfinite(terms).all():
        return Estimate(float("inf"), float("inf"), floor, len(terms))
    return Estimate.of_mean(terms if ensemble.log_weights is None else np.exp(ensemble.log_weights) * terms, floor)

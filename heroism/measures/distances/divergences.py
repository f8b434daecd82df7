"""Divergences of a sampler's law from the target's: of its output, and of its whole path; and the exact W2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from heroism.errors import require, whole_number
from heroism.measures.base import OWN, Measure, Need, Single
from heroism.measures.distances.total_variation import log_ratio, own_floor
from heroism.measures.estimate import Estimate
from heroism.measures.run import Run
from heroism.measures.stochastic.laws import check_output_law, check_path, output_path_kl
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
            check_output_law(sampler, target)

    def estimate(self, run: Run) -> Estimate:
        return run.law.kl() if run.sampler.stochastic or self.exact else kl(run.ensemble, run.target)


@dataclass(frozen=True)
class PathKl(Measure):
    """Divergence of the sampler's path measure from that of the exact reverse process, at most ``paths`` paths.

    With ``bands`` also where it comes from, as ``band_1`` (the most noise) and so on: what the steps contribute whose
    middles lie in that one of so many equal shares of the schedule's half-log-SNR.
    """

    needs: ClassVar[Need] = "kernel"
    paths: int = 1000
    bands: int = 0

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        whole_number("paths", self.paths, 2)
        whole_number("bands", self.bands, 0)
        check_path(sampler, target)

    def estimates(self, run: Run) -> dict[str, Estimate]:
        found = output_path_kl(run.sampler, run.score, run.schedule, run.start, self.paths, run.seed)
        marks = np.array([level.half_log_snr for level in run.schedule.levels[::-1]])
        share = (0.5 * (marks[1:] + marks[:-1]) - marks[0]) / (marks[-1] - marks[0])
        band = np.minimum((share * self.bands).astype(int), max(self.bands - 1, 0))
        parts = {f"band_{i + 1}": float(np.sum(found.steps[band == i])) for i in range(self.bands)}
        return {OWN: found.estimate} | {name: Estimate(part, 0.0, found.floor, found.n) for name, part in parts.items()}


@dataclass(frozen=True)
class ExactWasserstein(Single):
    """W2 between the output's law and the target's where both are known: no samples, no standard error."""

    needs: ClassVar[Need] = "kernel"

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        check_output_law(sampler, target)

    def estimate(self, run: Run) -> Estimate:
        return run.law.wasserstein()


def kl(ensemble: Ensemble, target: Target) -> Estimate:
    """KL(q || p) of a deterministic sampler's output q, from the exact log ratios at its particles.

    ``E_q (p/q - 1 - log p/q)``: both masses are one, so this is the divergence, in positive terms whose relative error
    does not depend on how small it is. Independent copies add. A particle that diverged makes it infinite.

    Raises InputError if the sampler was stochastic.
    """
    require(not ensemble.stochastic, "distance", "kl", "the sampler was stochastic, so its law is measured without "
            "particles")
    terms = exp_minus_linear(log_ratio(ensemble, target, ensemble.level))
    floor = float(np.pi * own_floor(ensemble, target) ** 2)  # half the square of the log ratio's noise
    if ensemble.weights is not None:
        return Estimate(float(target.copies * (ensemble.weights @ terms)), 0.0, floor, len(terms))
    if not np.isfinite(terms).all():
        return Estimate(float("inf"), float("inf"), floor, len(terms))
    return Estimate.of_mean(terms if ensemble.log_weights is None else np.exp(ensemble.log_weights) * terms, floor)

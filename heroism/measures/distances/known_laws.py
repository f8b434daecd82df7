"""What is measured of laws alone, of the whole path or of the output: only where an engine follows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from heroism.errors import whole_number
from heroism.measures.base import OWN, Measure, Need, Single
from heroism.measures.estimate import Estimate
from heroism.measures.run import Run
from heroism.measures.stochastic.laws import check_output_law, check_path, output_path_kl
from heroism.samplers.base import Sampler
from heroism.targets.base import Target


@dataclass(frozen=True)
class PathKl(Measure):
    """Divergence of the sampler's path measure from that of the exact reverse process, at most ``paths`` paths; of a
    law that is described by one of its many parts, of the exact one from the sampler's.

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

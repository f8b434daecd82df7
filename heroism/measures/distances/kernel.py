"""Exact total variation of a stochastic sampler in one dimension: its density is propagated step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from heroism.errors import require
from heroism.flow import TargetScore
from heroism.measures.base import Need, Single
from heroism.measures.estimate import Estimate
from heroism.measures.run import Run
from heroism.measures.stochastic.laws import TRIAL, recursion_of
from heroism.measures.stochastic.line import line_law
from heroism.measures.stochastic.product import product_total_variation
from heroism.measures.stochastic.transitions import transitions
from heroism.noise import NoiseSchedule
from heroism.samplers.base import Sampler
from heroism.samplers.stochastic.recursion import Recursion
from heroism.starts import Start
from heroism.targets.base import Target


@dataclass(frozen=True)
class KernelTotalVariation(Single):
    """Exact total variation in d = 1 of a sampler without memory, by quadrature alone, also where the general measure
    would take another way; ``nodes`` are grid points per standard deviation of a step's noise.
    """

    needs: ClassVar[Need] = "kernel"
    nodes: float = 2.5

    def check(self, target: Target, sampler: Sampler, particles: int) -> None:
        super().check(target, sampler, particles)
        _check(sampler, target, self.nodes)

    def estimate(self, run: Run) -> Estimate:
        return kernel_total_variation(run.sampler, run.score, run.schedule, run.start, self.nodes)


def kernel_total_variation(sampler: Sampler, score: TargetScore, schedule: NoiseSchedule, start: Start = "exact",
                           nodes: float = 2.5) -> Estimate:
    """Total variation between the output law of a stochastic sampler without memory and the target, by quadrature.

    Parameters
    ----------
    sampler : DDPM, or another one whose steps do not know of each other. score : on a target with one plain coordinate.
    schedule, start : as in :func:`heroism.transport.transport`.
    nodes : grid points per standard deviation of a step's noise; 2.5 leaves an error of about 1e-13 a step.

    Returns
    -------
    Estimate : no standard error; ``floor`` adds up the disagreements of two grids and the mass that was lost, ``n`` is
    the largest number of nodes.

    Raises
    ------
    InputError : a deterministic sampler or one with memory, a target that is not one plain coordinate, or steps so
        small that a grid as fine as their noise has more than 2^22 nodes.
    """
    return product_total_variation(line_law(_check(sampler, score.target, nodes), score, schedule, start, nodes), 1)


def _check(sampler: Sampler, target: Target, nodes: float) -> Recursion:
    require(sampler.stochastic, "sampler", type(sampler).__name__, "only the density of a stochastic sampler is "
            "propagated step by step; deterministic samplers have total_variation")
    require(target.ambient_dim == 1, "d", target.ambient_dim, "the density is propagated on a line: take d = 1, or "
            "total_variation")
    require(bool(np.isfinite(nodes)) and nodes >= 1.5, "nodes", nodes, "give at least 1.5 per standard deviation")
    known = recursion_of(sampler)
    transitions(known, TRIAL)  # refuses a memory
    return known

"""What a sampler makes of N(0, I), in closed form: its error in the flat phase, whatever the target is.

Where the noise has swallowed the data every target is N(0, I), on which any sampler is linear in its state and in the
scores it evaluates. It returns N(0, (1 + delta) I) with delta from a scalar recursion, at a total variation that is
``|delta| sqrt(d / (4 pi))`` as long as that is small. With delta of order ``h^p`` that alone asks for
``d^(1/(2p)) eps^(-1/p)`` steps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from heroism.measures.base import Need, Single
from heroism.measures.estimate import Estimate
from heroism.measures.run import Run
from heroism.measures.stochastic.laws import output_law
from heroism.scores.exact import ExactScore
from heroism.targets.scale_mixture import ScaleMixture


@dataclass(frozen=True)
class FlatPhase(Single):
    """Total variation that the same sampler, started exactly on the same schedule, would have on N(0, I) in the
    target's R^d: exact, without particles. A prediction for targets whose error comes from the flat phase.

    A sampler with a pilot run keeps what it decided on the target. Raises InputError for one that is not linear, such
    as one that chooses its steps by what it sees on the way.
    """

    needs: ClassVar[Need] = "law"

    def estimate(self, run: Run) -> Estimate:
        noise = ScaleMixture(run.target.ambient_dim, [1.0])
        found = output_law(run.map.sampler, ExactScore(noise), run.schedule).total_variation()
        return replace(found, floor=float(found.floor * np.sqrt(run.map.evaluations)))

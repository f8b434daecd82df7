"""Whether a target lies where a sampler's own choices hold."""

from __future__ import annotations

import numpy as np

from heroism.errors import require
from heroism.noise import NoiseLevel
from heroism.samplers.base import Sampler
from heroism.targets.base import Target
from heroism.targets.parameters import off_centre

LOST = 1e4  # at a hundred times the width N = auto is off by a thousandth of the total variation, here by a fiftieth
DRAWS = 64
ALMOST_NONE = NoiseLevel.from_tau(1e-6)


def check_origin(sampler: Sampler, target: Target) -> None:
    """InputError for HEROISM with N = auto on a target far from the origin: its fixed-point iteration starts from a raw
    copy of the state, so it needs more refinements the farther away that is, and the theorem's N does not know.
    """
    if getattr(sampler, "refinements", None) != "auto":
        return
    x = target.sample(DRAWS, ALMOST_NONE, np.random.default_rng(0))[:, target.multiplicity == 1]  # radii have no centre
    away, apart = off_centre(x)
    require(away <= LOST * max(apart, 1.0), "N", "auto", f"the target is {away:.3g} from the origin and {apart:.3g} "
            "wide, which takes more refinements than N = auto makes: move the origin to its mean, or give a number, as "
            "N=40")

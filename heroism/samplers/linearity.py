"""That a sampler carries tangents as it carries positions: an identity, exact to round-off, with no step to choose.

A sampler is linear in its state and in the scores it evaluates. So if, in a bundle, the tangent rows hold *differences*
of two paths and the score answers them with differences of scores, ``s(x + v) - s(x)`` in place of ``H(x) v``, then the
rows end as the differences of the two paths, however large these are. A sampler that does this for any score carries
derivatives where the score answers with derivatives. (A difference quotient would have to trade its curvature against
round-off, which is another one on another processor.)
"""

from __future__ import annotations

import numpy as np

from heroism.flow import Flow, Score
from heroism.noise import Array, NoiseLevel, NoiseSchedule
from heroism.samplers.base import Sampler

ULPS = 4.0
MARGIN = 16.0  # over what trembling scores do; what rounding does was between 0.04 and 2 of that for every sampler here


def tangent_error(sampler: Sampler, score: Score, start: Array, schedule: NoiseSchedule) -> tuple[float, float]:
    """(largest miss of the identity, largest that round-off explains), for the tangents of a bundle ``start``.

    Round-off is measured: it is what the sampler makes of scores that tremble by a few units in the last place.
    """
    def differences(bundle: Array, level: NoiseLevel) -> Array:
        neighbours = [bundle[0], *(bundle[0] + bundle[1:])]
        out = np.stack([score(x[None], level)[0] for x in neighbours])
        out[1:] -= out[0]
        return out

    rng = np.random.default_rng(0)

    def trembling(bundle: Array, level: NoiseLevel) -> Array:
        out = differences(bundle, level)
        return np.asarray(out * (1.0 + ULPS * np.finfo(float).eps * rng.choice([-1.0, 1.0], size=out.shape)))

    carried, moved = (sampler.transport(Flow(s), start, schedule) for s in (differences, trembling))
    neighbours = [sampler.transport(Flow(score), (start[0] + apart)[None], schedule)[0] for apart in start[1:]]
    miss = np.abs(carried[0] + carried[1:] - np.array(neighbours)).max()
    return float(miss), MARGIN * float(np.abs(moved - carried).max())

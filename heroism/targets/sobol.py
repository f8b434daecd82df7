"""Points for the samples of product targets: one pool of one-dimensional paths stands for all d coordinates."""

from __future__ import annotations

import numpy as np
from scipy.stats import qmc

from heroism.noise import Array

_BITS = 62  # the default of 30 would cut a normal deviate off at six deviations
_EDGE = 2.0**-53


def paired_uniforms(n: int, rng: np.random.Generator) -> Array:
    """(n, 2) scrambled Sobol points in the open unit square, shuffled: one column for X_0, one for the noise.

    Each point on its own is uniform; all together integrate a smooth law to about n^-1.5 instead of n^-0.5.
    """
    points = qmc.Sobol(2, scramble=True, bits=_BITS, rng=rng).random_base2(max(0, n - 1).bit_length())[:n]
    rng.shuffle(points)
    return np.clip(points, _EDGE, 1.0 - _EDGE)

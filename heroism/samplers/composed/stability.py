"""How much memory a sampler that evaluates once a step can have before its steps are too long for it."""

from __future__ import annotations

from functools import cache

import numpy as np

from heroism.integrals.clocks import half_log_snr_gain
from heroism.integrals.predictions import Prediction
from heroism.integrals.weights import basis_integrals
from heroism.noise import Array, NoiseSchedule

TOLERATED = 2.0  # amplification; with more, point masses lose digits


def stable_memory(prediction: Prediction, schedule: NoiseSchedule, most: int, least: int) -> int:
    """The largest M in ``least..most`` with which errors of the predictions grow no more than twofold; else ``least``.

    Judged by the hardest case, a point mass: there the ODE of ``x / kappa`` is ``dy/dlambda = -stiffness y``, and
    predict-evaluate-correct through M earlier points multiplies an error, in a step of length h, by the spectral radius
    of its companion matrix for ``z = h stiffness``. Each point more halves the z up to which that is below one.
    """
    z = np.array([half_log_snr_gain(*step) * prediction.stiffness(step[1]) for step in schedule.transitions()])
    for memory in range(most, least, -1):
        if np.sum(np.log(amplification(memory, z))) <= np.log(TOLERATED):
            return memory
    return least


def amplification(memory: int, z: Array) -> Array:
    """(n,) spectral radii for ``y' = -y`` and steps z (n,): predict through M + 1 points, evaluate, correct with M."""
    predict, correct = _weights(memory)
    size = memory + 2  # the state, and the M + 1 values last evaluated
    companion = np.zeros((len(z), size, size))
    companion[:, 1, 0] = 1.0
    companion[:, 1, 1:] = -z[:, None] * predict
    companion[:, 0, 0] = 1.0
    companion[:, 0, 1:-1] = -z[:, None] * correct[:-1]
    companion[:, 0] -= z[:, None] * correct[-1] * companion[:, 1]
    for i in range(2, size):
        companion[:, i, i - 1] = 1.0
    return np.abs(np.linalg.eigvals(companion)).max(axis=1)


@cache
def _weights(memory: int) -> tuple[Array, Array]:
    """Of the predictor through 0, -1, ..., -M, and of the corrector through 0, ..., 1 - M and 1."""
    before, one = -np.arange(memory + 1.0), np.ones(1)
    return (basis_integrals(before, one, np.ones_like)[0],
            basis_integrals(np.append(before[:-1], 1.0), one, np.ones_like)[0])

"""A score that is wrong for a while: between two noise levels."""

from __future__ import annotations

from heroism.errors import require
from heroism.noise import Array, NoiseLevel
from heroism.scores.perturbed import PerturbedScore
from heroism.targets.base import Target


class PulseScore(PerturbedScore):
    """The error of :class:`PerturbedScore` at noise levels whose half-log-SNR lies in ``[first, last]``, none elsewhere
    (the pulse-shaped score errors of 2306.02063).

    Parameters
    ----------
    first, last : of the half-log-SNR, which grows along a path; the rest as there.

    Raises
    ------
    InputError : an empty interval, a negative or non-finite amplitude or frequency.
    """

    def __init__(self, target: Target, amplitude: float, first: float, last: float, frequency: float = 1.0,
                 seed: int = 0):
        super().__init__(target, amplitude, frequency, seed)
        require(first < last, "last", last, f"must lie above first = {first}")
        self.first, self.last = float(first), float(last)

    def __call__(self, bundle: Array, level: NoiseLevel) -> Array:
        if self.first <= level.half_log_snr <= self.last:
            return super().__call__(bundle, level)
        return self.target.score(bundle, level)

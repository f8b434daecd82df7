"""How much an end is worth: large where any method that steps through the noise levels makes its error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from heroism.noise import Array, NoiseSchedule

EVEN = 0.2  # share of the worth that does not look at the path: errors that are everywhere alike
UNSEEN = 0.1  # of the chances beside the worth, for errors that the path does not show
STEEPEST = 3.0  # power


@dataclass(frozen=True)
class Kind:
    """One way to tell a path's worth: a power of ``sum |Delta^order log p| e^(rate lambda)``, lambda the half-log-SNR.

    ``share`` is that of the worth, ``spread`` its standard deviation over its mean, over the target.
    """

    share: float
    order: int
    rate: float
    spread: float


# Found on mixtures in 1, 2, 8 and 64 dimensions and on digits, under samplers of orders 1 to 6 on the paper's, the
# log-SNR and the focused clock, whose errors have relative standard deviations of 1 to 28.
KINDS = (Kind(share=0.35, order=4, rate=0.5, spread=4.0), Kind(share=0.45, order=8, rate=1.25, spread=16.0))


@dataclass(frozen=True)
class Importance:
    """An estimate, up to a factor, of the error of a sampler in the log density at an end.

    Along the exact flow a method of order p errs by step^p times a derivative of order p + 1, and the log density along
    a path, which integrates the divergence of the flow, shows where those are large: where it bends, between two modes.
    Errors near the end weigh more. The ``powers`` (kinds,) are those at which a kind varies over the target as much as
    it should, the ``scales`` (kinds,) its means over the target, which make that of the worth one.
    """

    levels: NoiseSchedule
    powers: Array
    scales: Array

    @classmethod
    def over(cls, levels: NoiseSchedule, log_densities: Array, ratio: Array) -> Importance:
        """Powers and scales from the paths of draws (levels, n) that count ``ratio`` (n,), target over proposal."""
        share, bends = ratio / ratio.sum(), _bends(levels, log_densities)
        powers = np.array([_power(bend, share, kind.spread) for bend, kind in zip(bends, KINDS, strict=True)])
        return cls(levels, powers, (bends ** powers[:, None]) @ share)

    def __call__(self, log_densities: Array) -> Array:
        """(n,) worths of paths with these log densities (levels, n)."""
        shares = np.array([kind.share for kind in KINDS]) / self.scales
        return np.asarray(EVEN + shares @ _bends(self.levels, log_densities) ** self.powers[:, None])


def _bends(levels: NoiseSchedule, log_densities: Array) -> Array:
    """(kinds, n) sums of differences; next to nothing for a rough path that left the floating-point numbers."""
    ahead = np.array([level.half_log_snr - levels.end.half_log_snr for level in levels.levels])
    out = []
    with np.errstate(all="ignore"):
        for kind in KINDS:
            differences = np.abs(np.diff(log_densities, n=kind.order, axis=0))
            out.append(np.exp(kind.rate * ahead[: len(differences)]) @ differences)
    return np.maximum(np.nan_to_num(np.array(out), nan=0.0, posinf=0.0), 1e-12)  # a Gaussian target bends nowhere


def _power(bend: Array, share: Array, goal: float) -> float:
    """The power of ``bend`` (n,) whose relative standard deviation, over draws of ``share`` (n,), is ``goal``."""

    def excess(power: float) -> float:
        worth = (bend / bend.max()) ** power
        return float(np.log(share @ worth**2) - 2.0 * np.log(share @ worth) - np.log1p(goal**2))

    return STEEPEST if excess(STEEPEST) <= 0.0 else float(brentq(excess, 0.0, STEEPEST, xtol=1e-3))

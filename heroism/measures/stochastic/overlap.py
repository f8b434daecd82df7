"""Total variation between two product laws by one integral, from the affinities of their factors.

For any two laws, ``1 - TV = E_q min(1, p/q)``, and with the log ratio ``S = log p/q``

    ``min(1, e^S) = e^{S/2} / pi  int_0^inf cos(u S) / (u^2 + 1/4) du``

(the Fourier transform of ``e^{-|S|/2}``), so ``TV = 1/pi int_0^inf (1 - Re A(u)) / (u^2 + 1/4) du`` with the affinity
``A(u) = int q^{1/2 - iu} p^{1/2 + iu}``. Affinities of independent parts multiply: the joint total variation of a
million coordinates costs as much as that of one, and has no standard error.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray

from heroism.noise import Array

Complex = NDArray[np.complex128]
LogAffinity = Callable[[Array, Array], Complex]  # (k,), (j,) -> (k, j): log A at all sums of a panel's end and a place
ORIGIN = np.zeros(1)

PER_PANEL = 12
PANELS = 256  # each as long as the inverse of the log ratio's deviation
TOGETHER = 16  # panels evaluated at a time
LARGEST_LOG = 700.0  # of a double
NEGLIGIBLE = 1e-17  # an affinity that no longer counts
THINNING, FEWEST = (128, 64, 32, 16, 8, 4, 2), 64  # every so many nodes, if at least 64 are left
AGREEMENT = 1e-11  # of the affinities from two halves of the nodes, relative
PLACES = np.array([0.0, 0.002, 0.01, 0.05, 0.2, 0.5, 1.0])  # where they are compared, shares of the integral's range


def joint_total_variation(log_affinity: LogAffinity) -> float:
    """Total variation from the log affinity; relative accuracy about 1e-12, less if there are fewer than four
    independent parts (1e-8).

    An affinity of few parts decays slowly and oscillates; it is faded out smoothly over the last half of the range,
    where what it oscillates about is known.
    """
    bhattacharyya = float(log_affinity(ORIGIN, ORIGIN)[0, 0].real)
    if bhattacharyya >= 0.0:
        return 0.0
    width = 1.0 / np.sqrt(-8.0 * bhattacharyya)
    points, weights = leggauss(PER_PANEL)
    unit, end, total = 0.5 * (1.0 + points), PANELS * width, 0.0
    for first in range(0, PANELS, TOGETHER):
        left = width * (first + np.arange(TOGETHER))
        u, log = np.add.outer(left, width * unit), log_affinity(left, width * unit)
        fade = _fade(u / end)
        defect = 1.0 - fade - fade * (np.expm1(log.real) - 2.0 * np.exp(log.real) * np.sin(0.5 * log.imag) ** 2)
        total += 0.5 * width * float(np.sum(defect / (u * u + 0.25) @ weights))
        if np.max(log.real) < np.log(NEGLIGIBLE):
            end = left[-1] + width
            break
    return min(1.0, (total + 2.0 * float(np.arctan(0.5 / end))) / np.pi)


def affinity_of_ratios(weights: Array, ratio: Array, copies: int = 1, outside: float = 0.0,
                       equidistant: bool = True) -> LogAffinity:
    """Log affinity of ``copies`` independent copies of a law that nodes describe.

    Parameters
    ----------
    weights : (m,) masses of the nodes under q, one together. ratio : (m,) log p/q there, with ``E_q p/q = 1``. copies :
        number of copies. outside : the share of p that lies where q has no mass. equidistant : whether the nodes are,
        so that fewer of them may do.
    """
    if equidistant:
        weights, ratio = _thinned(weights, ratio, copies)
    inside = 0.5 * np.log1p(-outside)

    def log_affinity(left: Array, offset: Array) -> Complex:
        lost = (1.0 + 2j * np.add.outer(left, offset)) * inside
        return np.asarray(copies * (lost + _log1p(_affinity_defect(weights, ratio, left, offset))))

    return log_affinity


def _affinity_defect(weights: Array, ratio: Array, left: Array, offset: Array) -> Complex:
    """``A(u) - 1 = sum q e^{S/2} (e^{iuS} - cosh(S/2))`` at ``u = left + offset`` (k, j).

    Both masses are one, so nothing cancels if ``e^{iuS} - 1`` keeps its digits; with one factor for the panel and one
    for the place in it, ``e^{i(a + b)S} - 1`` is ``A + B + A B`` with ``A = e^{iaS} - 1``, and only k + j rows of them
    are formed.
    """
    root = weights * np.exp(0.5 * ratio)
    one, other = (_turned(np.multiply.outer(u, ratio)) for u in (left, offset))
    weighted = one * root
    total = weighted @ other.T + weighted.sum(axis=1)[:, None] + other @ root
    return np.asarray(total - 2.0 * float(root @ np.sinh(0.25 * ratio) ** 2))


def _turned(angle: Array) -> Complex:
    """``e^{i angle} - 1``."""
    half = np.sin(0.5 * angle)
    return np.asarray(2j * half * np.exp(0.5j * angle))


def _thinned(weights: Array, ratio: Array, copies: int) -> tuple[Array, Array]:
    """As few of the equidistant nodes as give the same affinities: smooth densities need no fine grid."""
    for stride in THINNING:
        if len(weights) < FEWEST * stride:
            continue
        halves = []
        for first in (0, stride // 2):
            some, logs = weights[first::stride], ratio[first::stride]
            halves.append((some / some.sum(), logs - np.log(some @ np.exp(logs) / some.sum())))
        one = _affinity_defect(*halves[0], ORIGIN, ORIGIN)[0, 0].real
        if one < 0.0:
            at = PLACES * PANELS / np.sqrt(copies)
            seen = [_affinity_defect(*half, at / np.sqrt(-8.0 * one), ORIGIN)[:, 0] for half in halves]
            if np.all(np.abs(seen[0] - seen[1]) <= AGREEMENT * abs(one) * (1.0 + at * at)):
                return halves[0]
    return weights, ratio


def affinity_of_gaussians(shift: Array, variance: Array, excess: Array, multiplicity: Array) -> LogAffinity:
    """Log affinity of independent Gaussians: q of variance ``variance (1 + excess)``, p of ``variance``.

    Parameters
    ----------
    shift : (m,) mean of q minus that of p. variance : (m,) of p. excess : (m,) relative, above -1. multiplicity : (m,)
        how many copies of each.
    """
    square = shift * shift / variance
    own = _log1p_minus(np.asarray(excess, dtype=np.complex128))

    def log_affinity(left: Array, offset: Array) -> Complex:
        b = 0.5 + 1j * np.add.outer(left, offset)[:, :, None]  # q^{1-b} p^b
        scales = _log1p_minus(np.asarray(b * excess)) - b * own
        return np.asarray(-0.5 * (scales + b * (1.0 - b) * square / (1.0 + b * excess)) @ multiplicity)

    return log_affinity


def exp_minus_linear(x: Array) -> Array:
    """``e^x - 1 - x``, whose leading term is ``x^2 / 2``."""
    small = np.abs(x) < 0.1
    near, total = np.where(small, x, 0.0), np.zeros_like(x)
    for j in range(14, 1, -1):
        total = (total * near + 1.0) / j
    return np.where(small, total * near * near, np.expm1(np.minimum(x, LARGEST_LOG)) - x)


def _log1p(z: Complex) -> Complex:
    """``log(1 + z)`` without losing the digits of a small z; finite where it is zero, so that multiples are numbers."""
    size = np.abs(1.0 + z)
    small = size < 0.5
    near = np.where(small, 0.0, z.real * (2.0 + z.real) + z.imag**2)
    real = np.where(small, np.log(np.maximum(size, np.finfo(float).tiny)), 0.5 * np.log1p(near))
    return np.asarray(real + 1j * np.arctan2(z.imag, 1.0 + z.real))


def _log1p_minus(z: Complex) -> Complex:
    """``log(1 + z) - z``, whose leading term is ``-z^2 / 2``."""
    small = np.abs(z) < 0.05
    near, total = np.where(small, z, 0.0), np.zeros_like(z)
    for j in range(16, 1, -1):
        total = total * near + (-1.0) ** (j + 1) / j
    return np.asarray(np.where(small, total * near * near, _log1p(z) - z))


def _fade(x: Array) -> Array:
    """1 up to 1/4, 0 from 1 on, infinitely smooth between."""
    t = np.clip((x - 0.25) / 0.75, 0.0, 1.0)
    with np.errstate(divide="ignore", over="ignore"):
        rising, falling = np.exp(-1.0 / t), np.exp(-1.0 / (1.0 - t))
    return falling / (rising + falling)

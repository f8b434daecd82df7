"""A standard normal Z conditioned on an interval: log mass, mean and variance, without cancellation anywhere.

The interval is ``[c - k, c + k]``: where a bounded coordinate can be given its noisy value, in units of the posterior's
deviation. It is tiny at high noise (k -> 0), wide at low noise (k -> infinity), and may be many deviations away from 0.
Everything is symmetric in c, so only m = |c| matters: ``l = m - k``, ``u = m + k``.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import erfcx, log_ndtr

from heroism.noise import Array

NARROW = 0.15  # below this half-width the plain formulas divide by a small difference
SERIES_LIMIT = 10.0  # the narrow series is summed where m k is below this; beyond it the plain formulas lose nothing
FAR = 8.0  # from here on, 1 - variance comes from a continued fraction
_FRACTION_DEPTH = 36
_HALF_LOG_2PI = 0.5 * np.log(2.0 * np.pi)


def log_mass(c: Array, k: float | Array) -> Array:
    """``log P(c - k <= Z <= c + k)``, Z standard normal, for c (n, d) and half-widths k > 0 (a number, or (d,)).

    In units of Z's deviation; accurate to round-off, relative to 1 plus its size, in the tails too.
    """
    return _choose(_plain_log_mass, _series_log_mass, np.abs(c), k)[0]


def moments(c: Array, k: float | Array) -> tuple[Array, Array]:
    """Mean of a standard normal Z given ``c - k <= Z <= c + k``, and 1 minus its variance, both (n, d).

    Centres c are (n, d), half-widths k > 0 a number or (d,), in units of Z's deviation. Both keep their relative
    accuracy where they are small (an interval that holds nearly all of the mass).
    """
    mean, defect = _choose(_plain_moments, _series_moments, np.abs(c), k)
    return np.copysign(mean, c), defect


Formula = Callable[[Array, "float | Array"], tuple[Array, ...]]


def _choose(plain: Formula, series: Formula, m: Array, k: float | Array) -> tuple[Array, ...]:
    """Evaluate ``series`` where the interval is narrow, ``plain`` elsewhere; mostly one serves all particles."""
    narrow = np.less(k, NARROW)
    if not np.any(narrow):
        return plain(m, k)
    narrow = narrow & ~(m * k > SERIES_LIMIT)
    if narrow.all():
        return series(m, k)
    wide, k = ~narrow, np.broadcast_to(k, m.shape)
    results = []
    for from_series, from_plain in zip(series(m[narrow], k[narrow]), plain(m[wide], k[wide]), strict=True):
        result = np.empty_like(m)
        result[narrow], result[wide] = from_series, from_plain
        results.append(result)
    return tuple(results)


def _plain_log_mass(m: Array, k: float | Array) -> tuple[Array, ...]:
    inner, outer = log_ndtr(k - m), log_ndtr(-k - m)
    return (inner + np.log1p(-np.exp(outer - inner)),)


def _series_log_mass(m: Array, k: float | Array) -> tuple[Array, ...]:
    return (np.log(2.0 * k * _hermite_sums(m, k, 1)[0]) - 0.5 * m * m - _HALF_LOG_2PI,)


def _plain_moments(m: Array, k: float | Array) -> tuple[Array, ...]:
    """With Mills' ratio M, ``r = phi(u) / phi(l)`` and ``g = phi(l) / P = 1 / (M(l) - r M(u))``:
    mean ``(1 - r) g`` and 1 - variance ``g ((1 - r)^2 g - l + u r)``."""
    low, high = m - k, m + k
    keep = -np.expm1(-2.0 * m * k)  # 1 - r
    r = 1.0 - keep
    with np.errstate(over="ignore"):  # deep inside the first is infinite, and g = 0 as it should
        mills_low, mills_high = _mills(low), _mills(high)
    mills_high *= r
    g = 1.0 / (mills_low - mills_high)
    mean = keep * g
    defect = keep * mean
    defect -= low
    r *= high
    defect += r
    defect *= g
    far = low > FAR
    if far.any():
        defect[far] = _far_defect(low[far], high[far], keep[far], mills_high[far] / mills_low[far])
    return mean, defect


def _mills(x: Array) -> Array:
    return np.sqrt(0.5 * np.pi) * erfcx(np.sqrt(0.5) * x)


def _far_defect(low: Array, high: Array, keep: Array, rho: Array) -> Array:
    """1 - variance when the nearer end is far out; the plain formula subtracts two numbers of size l there.

    ``1 / M(l) = l + e`` with ``e = 1 / (l + 2 / (l + 3 / ...))`` (Laplace); ``rho = r M(u) / M(l)``.
    """
    e = low
    for j in range(_FRACTION_DEPTH, 0, -1):
        e = low + (j + 1) / e
    e = 1.0 / e
    r = 1.0 - keep
    bracket = e * keep**2 - r * (2.0 * low - r * low - high) + rho * (low - high * r)
    return (low + e) * bracket / (1.0 - rho) ** 2


def _series_moments(m: Array, k: float | Array) -> tuple[Array, ...]:
    q, slope, curvature = _hermite_sums(m, k, 3)
    shift = slope / q  # mean of Z - c, towards zero
    return m - shift, 1.0 - (curvature / q - shift * shift)


def _hermite_sums(m: Array, k: float | Array, count: int) -> list[Array]:
    """``q = (1/2k) integral of exp(m z - z^2/2) over |z| <= k`` and its first derivatives in m.

    From ``exp(m z - z^2/2) = sum_j He_j(m) z^j / j!``: with ``h_j = He_j(m) k^j / j!``, ``q = sum h_j / (j+1)`` over
    even j, ``q' = k sum h_j / (j+2)`` over odd j, ``q'' = k^2 sum h_j / (j+3)`` over even j.
    """
    product, square = m * k, np.square(k)
    h_before, h = np.ones_like(m), product
    sums = [np.ones_like(m), h / 3.0, np.full_like(m, 1.0 / 3.0)][:count]
    largest = float(np.fmax.reduce(product, axis=None, initial=0.0)) + float(np.max(k, initial=0.0))
    bound, j = largest, 1
    while bound > 1e-18 and j < 80:
        j += 1
        h_before, h = h, (product * h - square * h_before) / j
        bound *= largest / j
        if j % 2 == 0:
            sums[0] += h / (j + 1)
            if count > 2:
                sums[2] += h / (j + 3)
        elif count > 1:
            sums[1] += h / (j + 2)
    return [total * k**power for power, total in enumerate(sums)]

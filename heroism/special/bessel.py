"""Bessel functions of a thin spherical shell plus noise, for every dimension and argument, without cancellation.

Needed are the even functions ``A(k) / k`` and ``A'(k)`` of the ratio ``A = I_{d/2} / I_{d/2-1}``, and the log density
of the radius; all are written in terms that are of order one where the mass is, up to d = 10^6.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy.special import gammaln

from heroism.noise import Array

_TERMS = 16
_LARGE_ORDER = 20.0  # from here on (order d/2 - 1/2) the expansion of the ratio holds for every argument
_LARGE_ARGUMENT = 36.0  # from here on it holds for every order
_LARGE_DEBYE = 40.0  # from here on (root mean square of order and argument) Debye's expansion of I holds
_SERIES_TERMS = 80


class BesselRatio:
    """``A = I_{d/2} / I_{d/2-1}`` and its derivative, to a few units of round-off, for one dimension d >= 2.

    With ``m = (d - 1) / 2`` and ``W = k / A - m`` the Riccati equation ``A' = 1 - A^2 - (d - 1) A / k`` becomes
    ``W^2 = Q^2 + m + W - k W'``, ``Q = sqrt(m^2 + k^2)``; it is solved by ``W = Q + sum_j w_j(m / Q) / Q^j`` with
    polynomials w_j, and ``A' = (W - Q) (W + Q) / (m + W)^2`` has positive terms only. A small order is reached from a
    larger one by the recurrence ``k / A_v = 2 (v + 1) + k A_{v+1}``, which forgets its starting value.
    """

    def __init__(self, d: int):
        self.order = 0.5 * (d - 1)
        self.shifts = max(0, int(np.ceil(_LARGE_ORDER - self.order)))
        self._near = _expansion(self.order + self.shifts)
        self._far = _expansion(self.order)

    def __call__(self, square: Array) -> tuple[Array, Array]:
        """``A(k) / k`` and ``A'(k)`` at ``square = k^2 >= 0``, all of one shape, which may be any."""
        far = square > _LARGE_ARGUMENT**2
        if not self.shifts or far.all():
            return _expanded(square, self.order, self._far)
        ratio, slope = self._recurred(square)
        if far.any():
            ratio[far], slope[far] = _expanded(square[far], self.order, self._far)
        return ratio, slope

    def _recurred(self, square: Array) -> tuple[Array, Array]:
        ratio, slope = _expanded(square, self.order + self.shifts, self._near)
        for shift in range(self.shifts - 1, -1, -1):
            step = 2.0 * (self.order + shift) + 1.0
            ratio *= square
            slope *= square
            ratio += step
            np.reciprocal(ratio, out=ratio)
            np.subtract(step, slope, out=slope)
            slope *= ratio
            slope *= ratio
        return ratio, slope


def _expanded(square: Array, order: float, coefficients: Array) -> tuple[Array, Array]:
    q = np.sqrt(square + order * order)
    p = order / q
    excess = np.full_like(p, coefficients[-1])  # (W - Q) / p by Horner's rule
    for c in coefficients[-2::-1]:
        excess *= p
        excess += c
    excess *= p
    ratio = 1.0 / (order + q + excess)
    slope = excess * (2.0 * q + excess)
    slope *= ratio
    slope *= ratio
    return ratio, slope


def _expansion(order: float) -> Array:
    """Coefficients of ``(W - Q) / p`` as a polynomial in ``p = order / Q``, cut where they no longer count."""
    total = np.zeros(3 * _TERMS)
    for j, w in enumerate(_ratio_polynomials()):
        total[j : j + len(w) - 1] += w[1:] / order**j
    largest_p = 1.0 if order >= _LARGE_ORDER else order / _LARGE_ARGUMENT
    return total[: 1 + np.flatnonzero(np.abs(total) * largest_p ** np.arange(len(total)) > 1e-18)[-1]]


@cache
def _ratio_polynomials() -> tuple[Array, ...]:
    """``w_0 = (p + p^2) / 2``, ``2 w_{j+1} = w_j + (1 - p^2)(j w_j + p w_j') - sum_i w_i w_{j-i}``."""
    w = [np.array([0.0, 0.5, 0.5])]
    for j in range(_TERMS - 1):
        growth = (j + np.arange(len(w[j]))) * w[j]
        following = np.zeros(2 * j + 5)
        following[: len(growth)] += w[j] + growth
        following[2 : 2 + len(growth)] -= growth
        for i in range(j + 1):
            following -= np.convolve(w[i], w[j - i])
        w.append(0.5 * following)
    return tuple(w)


def log_shell_density(radius: Array, shell: float | Array, tau: float, d: int) -> Array:
    """Log density of ``|X|``, X uniform on the sphere of radius ``shell`` in R^d plus N(0, tau I), at ``|radius|``.

    ``radius`` and ``shell`` > 0 are broadcast against each other; ``tau`` > 0 is the noise variance, d >= 2.
    ``log(r / tau) + (d/2-1) log(r / b) - (r^2 + b^2) / (2 tau) + log I_{d/2-1}(r b / tau)``, b the shell. By Debye's
    expansion the exponent vanishes, with its derivative, at ``r_0^2 = b^2 + (d - 2) tau``; it is written around there.
    """
    r, b = np.broadcast_arrays(np.abs(radius), shell)
    large = (0.5 * d - 1.0) ** 2 + (r * b / tau) ** 2 > _LARGE_DEBYE**2
    out = np.empty_like(r)
    out[large] = _debye_shell(r[large], b[large], tau, d)
    out[~large] = _series_shell(r[~large], b[~large], tau, d)
    return out


def _debye_shell(r: Array, b: Array, tau: float, d: int) -> Array:
    order, noise = 0.5 * d - 1.0, b * b / tau
    peak = np.sqrt(b * b + 2.0 * order * tau)
    y = (r - peak) * (r + peak) / tau
    top = noise + 2.0 * order  # r_0^2 / tau
    q, q_top = np.sqrt(order * order + noise * r * r / tau), noise + order
    change = noise * y / (q + q_top)  # q - q_top
    exponent = order * (_log_minus((r / peak) ** 2, y / top) - _log_minus((order + q) / top, change / top))
    exponent -= 0.5 * change * change / top
    return np.log(r / tau) - 0.5 * np.log(2.0 * np.pi * q) + exponent + np.log(_debye_sum(order / q, q))


def _debye_sum(p: Array, q: Array) -> Array:
    """``sum_j U_j(p) / order^j`` (DLMF 10.41.3) with ``order = p q``, so that order zero is no exception."""
    square, total = p * p, np.zeros_like(p)
    for v in _debye_polynomials()[::-1]:
        total = total / q + np.polynomial.polynomial.polyval(square, v)
    return total


@cache
def _debye_polynomials() -> tuple[Array, ...]:
    """v_j: ``U_j(p) = p^j v_j(p^2)``, ``U_{j+1} = p^2 (1 - p^2) U_j' / 2 + int (1 - 5 t^2) U_j / 8`` (DLMF 10.41.9)."""
    v = [np.ones(1)]
    for j in range(_TERMS - 1):
        power = j + 2.0 * np.arange(j + 1)
        following = np.zeros(j + 2)
        following[:-1] = v[j] * (0.5 * power + 0.125 / (power + 1.0))
        following[1:] -= v[j] * (0.5 * power + 0.625 / (power + 3.0))
        v.append(following)
    return tuple(v)


def _series_shell(r: Array, b: Array, tau: float, d: int) -> Array:
    """The plain density without the shell (accurate: d is small), times ``0F1(; d/2; k^2 / 4)``, all terms positive."""
    quarter = 0.25 * (r * b / tau) ** 2
    term = np.ones_like(r)
    total = np.ones_like(r)
    for j in range(_SERIES_TERMS):
        term = term * quarter / ((j + 1.0) * (0.5 * d + j))
        total += term
    scale = np.sqrt(tau)
    constant = np.log(2.0 / scale) - 0.5 * d * np.log(2.0) - gammaln(0.5 * d)
    return constant + (d - 1) * np.log(r / scale) - 0.5 * (r * r + b * b) / tau + np.log(total)


def _log_minus(x: Array, e: Array) -> Array:
    """``log(x) - e`` for ``x = 1 + e``, both accurate; near 0 by ``log(1 + e) = 2 artanh(t)``, ``t = e / (2 + e)``."""
    t = e / (2.0 + e)
    square, tail = t * t, np.zeros_like(t)
    for j in range(23, 1, -2):
        tail = tail * square + 1.0 / j
    return np.where(np.abs(e) < 0.3, 2.0 * t * square * tail - e * t, np.log(x) - e)

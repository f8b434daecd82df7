"""Densities on equidistant points of a line, and sums of equal Gaussians, to round-off of their peak."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import factorial

import numpy as np

from heroism.noise import Array

REACH = 9.0  # standard deviations: a Gaussian has less than 1e-18 of its mass beyond
TAIL = 1e-15  # share of a density's peak below which the grid ends
TERMS = 15  # of the Taylor series of the kernel within a cell, at most a fifth of sigma from its centre


@dataclass(frozen=True)
class Density:
    """A density on equidistant points: values (k,) from ``first`` on, small at both ends."""

    first: float
    spacing: float
    values: Array

    @property
    def x(self) -> Array:
        return np.asarray(self.first + self.spacing * np.arange(len(self.values)), dtype=float)

    @property
    def mass(self) -> float:
        return float(self.spacing * np.sum(self.values))

    def resampled(self, factor: int, shift: float) -> Density:
        """The same band-limited function on a grid ``factor`` times as fine, moved by ``shift`` of its spacing."""
        n = 2 * ((len(self.values) + 1) // 2) + 64  # even; the zeros keep the two ends apart
        spectrum = np.fft.rfft(self.values, n)
        spectrum[-1] = 0.0
        spacing = self.spacing / factor
        spectrum *= np.exp(2j * np.pi * np.arange(len(spectrum)) * (shift / (n * factor)))
        values = np.fft.irfft(spectrum, n * factor)[: len(self.values) * factor] * factor
        return Density(self.first + shift * spacing, spacing, values)

    def trimmed(self) -> Density:
        """Without the ends that hold no mass."""
        inside = np.flatnonzero(self.values > TAIL * self.values.max())
        first, last = max(inside[0] - 1, 0), inside[-1] + 2
        return Density(self.first + self.spacing * first, self.spacing, self.values[first:last])


def gauss_transform(centres: Array, weights: Array, low: float, spacing: float, count: int, sigma: float) -> Array:
    """``sum_i w_i N(y; c_i, sigma^2)`` at ``y = low + spacing * k``, k < count; relative to the peak about 1e-15.

    Sources are collected in the cell of their nearest node, with TERMS moments of their offsets d (in sigma), by
    ``phi(u - d) = phi(u) sum_p He_p(u) d^p / p!``; every moment is then convolved with ``phi He_p`` on the grid.
    """
    place = (centres - low) / spacing
    cell = np.rint(place).astype(np.intp)
    offset = (place - cell) * (spacing / sigma)
    taps = int(np.ceil(REACH * sigma / spacing))
    kernels = _hermite_functions(np.linspace(-taps, taps, 2 * taps + 1) * (spacing / sigma))
    n = _fast_length(count + 2 * taps)
    spectrum = np.zeros(n // 2 + 1, dtype=complex)
    moment = weights.copy()
    for kernel in kernels:
        spectrum += np.fft.rfft(np.bincount(cell, moment, count), n) * np.fft.rfft(kernel, n)
        moment *= offset
    return np.fft.irfft(spectrum, n)[taps : taps + count] / sigma


def _hermite_functions(u: Array) -> Iterator[Array]:
    """``phi(u) He_p(u) / p!`` for p = 0, 1, ..., TERMS - 1."""
    before, now = np.zeros_like(u), np.exp(-0.5 * u * u) / np.sqrt(2.0 * np.pi)
    for p in range(TERMS):
        yield now / factorial(p)
        before, now = now, u * now - p * before


def _fast_length(n: int) -> int:
    """The next length of the form 2^k or 3 * 2^k."""
    power = 1 << (n - 1).bit_length()
    return 3 * power // 4 if 3 * power // 4 >= n else power


def integral_of_absolute(values: Array, spacing: float) -> float:
    """Of a smooth function that ends in zeros: piecewise linear, with Euler-Maclaurin's term where it changes sign."""
    left, right = values[:-1], values[1:]
    ends = np.abs(left) + np.abs(right)
    crossing = left * right < 0
    areas = 0.5 * ends
    areas[crossing] = 0.5 * (left[crossing] ** 2 + right[crossing] ** 2) / ends[crossing] + ends[crossing] / 6.0
    return float(spacing * np.sum(areas))


def running_integral(values: Array, spacing: float) -> Array:
    """Integral from the left up to every point of a band-limited function that is small at both ends."""
    n = 2 * ((len(values) + 1) // 2) + 64
    spectrum = np.fft.rfft(values, n)
    mean = spectrum[0].real / n
    frequency = 2j * np.pi * np.arange(len(spectrum)) / (n * spacing)
    spectrum[1:] /= frequency[1:]
    spectrum[0] = spectrum[-1] = 0.0
    rising = np.fft.irfft(spectrum, n) + mean * spacing * np.arange(n)
    return np.asarray((rising - rising[0])[: len(values)])

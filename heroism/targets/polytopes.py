"""Vertices of a simplex and of a cross-polytope: few words, far apart."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from scipy.special import logsumexp

from heroism.errors import positive, require, whole_number
from heroism.noise import Array, NoiseLevel
from heroism.targets.base import Target

LARGEST_DIM = 1024


class _OnAxes(Target):
    """Uniform on points of the axes at distance r from the origin, d to a side: exact.

    With ``b = sqrt(alpha_bar) r / tau``, weights q_i of the axes given x, and means m_i of the vertices' signs times
    these, ``s = -x / tau + b m`` and ``H = -I / tau + b^2 (diag q - m m^T)``. Only log M = log d of latent entropy: no
    sharp transition, unlike a codebook of exp(R d) words.
    """

    sides: int

    def __init__(self, dim: int, radius: float | None = None):
        self.dim = whole_number("d", dim, 2)
        require(self.dim <= LARGEST_DIM, "d", dim, f"take at most {LARGEST_DIM} dimensions")
        self.radius = float(np.sqrt(self.dim)) if radius is None else positive("radius", radius)
        self.multiplicity = np.ones(self.dim, dtype=int)

    def sample(self, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        x = np.sqrt(level.tau) * rng.standard_normal((n, self.dim))
        signs = rng.choice([1.0, -1.0][: self.sides], size=n)
        x[np.arange(n), rng.integers(self.dim, size=n)] += np.sqrt(level.alpha_bar) * self.radius * signs
        return x

    def log_density(self, x: Array, level: NoiseLevel) -> Array:
        heights, (signal, tau) = self._heights(x), (np.sqrt(level.alpha_bar) * self.radius, level.tau)
        nearest = heights.argmax(axis=1)[:, None]
        height = np.take_along_axis(heights, nearest, axis=1)
        aside = x.copy()
        np.put_along_axis(aside, nearest, 0.0, axis=1)
        miss = np.sum(aside**2, axis=1) + (height[:, 0] - signal) ** 2  # from the nearest vertex
        logits = self._logits(x, signal / tau) - height * (signal / tau)
        constant = np.log(self.sides * self.dim) + 0.5 * self.dim * np.log(2.0 * np.pi * tau)
        return np.asarray(logsumexp(logits, axis=1) - 0.5 * miss / tau - constant)

    def score(self, bundle: Array, level: NoiseLevel) -> Array:
        pull = np.sqrt(level.alpha_bar) * self.radius / level.tau
        logits = self._logits(bundle[0], pull)
        logits -= logits.max(axis=1, keepdims=True)
        q = np.exp(logits)
        q /= q.sum(axis=1, keepdims=True)
        mean = self._signs(bundle[0], pull) * q
        out = bundle * (-1.0 / level.tau)
        out[0] += pull * mean
        if len(bundle) > 1:
            across = np.einsum("pnd,nd->pn", bundle[1:], mean)
            out[1:] += pull**2 * (q * bundle[1:] - across[:, :, None] * mean)
        return out

    @abstractmethod
    def _heights(self, x: Array) -> Array:
        """(n, d) positions along the axes, each towards the nearer of its vertices."""

    @abstractmethod
    def _logits(self, x: Array, pull: float) -> Array:
        """(n, d) logs of what the axes weigh."""

    @abstractmethod
    def _signs(self, x: Array, pull: float) -> Array | float:
        """(n, d) means of the vertices' signs, given the axis."""


class Simplex(_OnAxes):
    """Uniform on the d vertices ``r e_i`` of a regular simplex in R^d; r is the root of d unless given.

    Exact, at any noise level: d weights. Their log is all the latent entropy there is, so it is a gentle target.

    Parameters
    ----------
    dim : d, from 2 to 1024. radius : r > 0, or None.

    Raises
    ------
    InputError : d or r out of range.
    """

    sides = 1

    def _heights(self, x: Array) -> Array:
        return x

    def _logits(self, x: Array, pull: float) -> Array:
        return pull * x

    def _signs(self, x: Array, pull: float) -> Array | float:
        return 1.0


class CrossPolytope(_OnAxes):
    """Uniform on the 2 d vertices ``+-r e_i`` of a cross-polytope in R^d; r is the root of d unless given.

    Exact, at any noise level: d hyperbolic cosines. The log of 2 d is all the latent entropy there is, so it is a
    gentle target.

    Parameters
    ----------
    dim : d, from 2 to 1024. radius : r > 0, or None.

    Raises
    ------
    InputError : d or r out of range.
    """

    sides = 2

    def _heights(self, x: Array) -> Array:
        return np.abs(x)

    def _logits(self, x: Array, pull: float) -> Array:
        size = np.abs(pull * x)
        return np.asarray(size + np.log1p(np.exp(-2.0 * size)))

    def _signs(self, x: Array, pull: float) -> Array | float:
        return np.asarray(np.tanh(pull * x))

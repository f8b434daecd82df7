"""A Gaussian truncated to a box."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_ndtr, ndtri_exp

from heroism.errors import InputError, require, whole_number
from heroism.noise import Array, NoiseLevel
from heroism.special import log_mass, moments
from heroism.targets.base import REACH
from heroism.targets.box import Box
from heroism.targets.parameters import column


class TruncatedGaussian(Box):
    """Independent coordinates ``N(mean, deviation^2)``, each conditioned on ``[low, high]``.

    Four numbers describe one coordinate and ``dim`` independent copies of it; arrays (d,) describe d coordinates.
    Given ``X_tau = x``, X_0 is a truncated Gaussian too, of mean ``(m tau + v a x) / S`` and variance ``v tau / S``
    before truncation, with ``v = deviation^2``, ``a = sqrt(alpha_bar)``, ``S = a^2 v + tau``; everything follows from
    its mass, mean and variance. The limits may lie many deviations to one side of the mean.

    Parameters
    ----------
    mean, deviation, low, high : finite numbers, or arrays (d,); deviation > 0, low < high.
    dim : number of copies if all four are numbers (1 if not given); otherwise the number of coordinates, or None.

    Raises
    ------
    InputError : a value that is not finite, a deviation <= 0, low >= high, or shapes that do not fit.
    """

    def __init__(self, mean: ArrayLike, deviation: ArrayLike, low: ArrayLike, high: ArrayLike, dim: int | None = None):
        values = [column("mean", mean), column("deviation", deviation, least=0.0), column("low", low),
                  column("high", high)]
        shapes = [value.shape for value in values]
        try:
            shape = np.broadcast_shapes(*shapes)
        except ValueError:
            raise InputError("mean, deviation, low, high", shapes,
                             "give numbers, or arrays (d,) of one length") from None
        given = None if dim is None else whole_number("d", dim, 1)
        count = shape[0] if shape else 1
        copies = 1 if shape or given is None else given
        require(given in (None, count * copies), "d", dim,
                f"the parameters describe {count} coordinates: give that number or leave it out")
        self.mean, self.deviation, lowest, highest = (np.broadcast_to(value, (count,)) for value in values)
        require(bool(np.all(lowest < highest)), "low", low, "must be below high")
        super().__init__(lowest, highest, copies)
        self._middle = 0.5 * (self.low + self.high) - self.mean
        self._half = 0.5 * (self.high - self.low)
        self._log_prior_mass = log_mass(self._middle / self.deviation, self._half / self.deviation)

    def place(self, n: int, rng: np.random.Generator) -> Array:
        return self._quantile(1.0 - rng.random((n, self.dim)))  # at probabilities in (0, 1]

    def heart(self) -> tuple[Array, Array]:
        low = np.maximum(self.low, self.mean - REACH * self.deviation)
        high = np.minimum(self.high, self.mean + REACH * self.deviation)
        tail = low >= high  # the box lies in a tail of the Gaussian
        return np.where(tail, self.low, low), np.where(tail, self.high, high)

    def log_density(self, x: Array, level: NoiseLevel) -> Array:
        spread, offset, centre, half, _ = self._posterior(x, level)
        gaussian = -0.5 * offset * offset / spread - 0.5 * np.log(2.0 * np.pi * spread)
        return np.sum(gaussian + log_mass(centre, half) - self._log_prior_mass, axis=1)

    def score(self, bundle: Array, level: NoiseLevel) -> Array:
        spread, offset, centre, half, pull = self._posterior(bundle[0], level)
        mean, defect = moments(centre, half)
        out = np.empty_like(bundle)
        np.subtract(pull * mean, offset / spread, out=out[0])
        np.multiply(bundle[1:], -1.0 / spread - pull * pull * defect, out=out[1:])
        return out

    def _posterior(self, x: Array, level: NoiseLevel) -> tuple[Array, Array, Array, Array, Array]:
        """S (d,), ``x - a m`` (n, d); the box in posterior deviations: centre (n, d), half-width, speed in x (d,)."""
        a, variance = np.sqrt(level.alpha_bar), self.deviation**2
        spread = level.alpha_bar * variance + level.tau
        offset = x - a * self.mean
        deviation = self.deviation * np.sqrt(level.tau / spread)
        gain = a * variance / spread
        centre = (self._middle - gain * offset) / deviation
        return spread, offset, centre, self._half / deviation, gain / deviation

    def _quantile(self, u: Array) -> Array:
        """X_0 at probabilities u (n, d): the inverse distribution function, from whichever tail is the nearer one."""
        side = np.where(self._middle > 0, -1.0, 1.0)  # reflect so that most of the box lies below the mean
        lowest = (side * self._middle - self._half) / self.deviation
        log_probability = np.logaddexp(log_ndtr(lowest), np.log(u) + self._log_prior_mass)
        place = self.mean + side * self.deviation * ndtri_exp(np.minimum(log_probability, 0.0))
        return np.clip(place, self.low, self.high)

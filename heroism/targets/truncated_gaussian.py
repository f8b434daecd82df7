"""A Gaussian truncated to a box."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import log_ndtr, ndtri_exp

from heroism.errors import InputError, require, whole_number
from heroism.noise import Array, NoiseLevel
from heroism.targets.base import REACH, Target
from heroism.targets.truncated_normal import log_mass, moments

LARGEST_DIM = 1_000_000


class TruncatedGaussian(Target):
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

    jacobian = "diagonal"

    def __init__(self, mean: ArrayLike, deviation: ArrayLike, low: ArrayLike, high: ArrayLike, dim: int | None = None):
        values = {name: _finite(name, value) for name, value in
                  (("mean", mean), ("deviation", deviation), ("low", low), ("high", high))}
        try:
            shape = np.broadcast_shapes(*(value.shape for value in values.values()))
        except ValueError:
            raise InputError("mean, deviation, low, high", [value.shape for value in values.values()],
                             "give numbers, or arrays (d,) of one length") from None
        given = None if dim is None else whole_number("d", dim, 1)
        self.dim = shape[0] if shape else 1
        self.copies = 1 if shape or given is None else given
        require(given in (None, self.dim * self.copies), "d", dim,
                f"the parameters describe {self.dim} coordinates: give that number or leave it out")
        require(self.dim * self.copies <= LARGEST_DIM, "d", dim, f"at most {LARGEST_DIM} dimensions")
        columns = (np.broadcast_to(value, (self.dim,)) for value in values.values())
        self.mean, self.deviation, self.low, self.high = columns
        require(bool(np.all(self.deviation > 0)), "deviation", deviation, "give positive numbers")
        require(bool(np.all(self.low < self.high)), "low", low, "must be below high")
        self.multiplicity = np.ones(self.dim, dtype=int)
        self._middle = 0.5 * (self.low + self.high) - self.mean
        self._half = 0.5 * (self.high - self.low)
        self._log_prior_mass = log_mass(self._middle / self.deviation, self._half / self.deviation)

    def sample(self, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        place = self._quantile(1.0 - rng.random((n, self.dim)))  # in (0, 1]
        return np.sqrt(level.alpha_bar) * place + np.sqrt(level.tau) * rng.standard_normal((n, self.dim))

    def reach(self, level: NoiseLevel) -> tuple[float, float]:
        signal, noise = np.sqrt(level.alpha_bar), REACH * np.sqrt(level.tau)
        low = np.maximum(self.low, self.mean - REACH * self.deviation)
        high = np.minimum(self.high, self.mean + REACH * self.deviation)
        if low[0] >= high[0]:  # the box lies in a tail of the Gaussian
            low, high = self.low, self.high
        return float(signal * low[0] - noise), float(signal * high[0] + noise)

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


def _finite(name: str, value: ArrayLike) -> Array:
    try:
        array = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        raise InputError(name, value, "give a number or a list of numbers") from None
    require(array.ndim <= 1 and array.size > 0, name, f"array of shape {array.shape}", "give a number or an array (d,)")
    require(bool(np.all(np.isfinite(array))), name, value, "give finite numbers")
    return array

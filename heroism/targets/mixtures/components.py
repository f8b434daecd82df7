"""Gaussian components at any noise level: what every mixture target is made of, and the hot path of the suite.

Component k of X_0 is ``N(mu_k, C_k)``; of X_tau ``N(sqrt(alpha_bar) mu_k, alpha_bar C_k + tau I)``, so covariances
may be singular. With posterior weights ``w_k(x)`` and component scores ``s_k(x)``,

    ``s = sum_k w_k s_k``  and  ``H = -sum_k w_k P_k + sum_k w_k (s_k - s)(s_k - s)^T``,

P_k the precision of component k. The second moment is taken of the centred ``s_k - s`` wherever uncentred terms, of
size ``|mu|^2 / tau^2``, would cancel. Few coordinates are computed component-major, ``(k, c, n)``, in long rows of
particles; many are computed particle-major, ``(n, k, c)``, by BLAS.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from heroism.noise import Array, NoiseLevel

Indices = NDArray[np.intp]

WORKSPACE = 128 * 1024  # bytes of one (n, k, c) array: a handful of them fits a core's private cache
NEGLIGIBLE = -64.0  # log of a posterior weight that changes no digit of a score or of its derivative
REMEMBERED = 32  # noise levels: more than the points of a step, which come back in every refinement
FEW = 6  # coordinates up to which rows of particles beat products of tiny matrices
STEEP = 1e3  # amplification of round-off beyond which logits are taken from differences


@dataclass(frozen=True, slots=True)
class Level:
    """Components at one noise level: means (k, c) and precisions (k, 1), (k, c) or (k, c, c) of X_tau.

    ``constant`` (k,) is the log of weight over root of the determinant of the covariance, the radius left out.
    """

    mean: Array
    precision: Array
    constant: Array


Prepared = TypeVar("Prepared", bound=Level)


class Components(ABC, Generic[Prepared]):
    """Weights (k,), means (k, c) and variances (k, c), or (k, 1), along the axes of each component of X_0.

    Covariances may be singular. A subclass prepares what depends on the noise level only, once per level.

    Attributes
    ----------
    count, dim : k and c.
    plain : number of leading coordinates that are not a radius; c here.
    """

    def __init__(self, weights: Array, means: Array, variances: Array):
        self.weights, self.means, self.variances = weights, means, variances
        self.count, self.dim = means.shape
        self.plain = self.dim
        with np.errstate(divide="ignore"):
            self.log_weights = np.log(weights)
        self._levels: dict[NoiseLevel, Prepared] = {}

    @property
    def rows(self) -> bool:
        """Whether scores are computed component-major, of particles side by side in memory."""
        return self.dim <= FEW

    @property
    def independent(self) -> bool:
        """Whether the coordinates evolve on their own, so that H is diagonal."""
        return self.dim == 1

    def at(self, level: NoiseLevel) -> Prepared:
        """What the components look like at this level; remembered, since samplers come back to a level."""
        prepared = self._levels.get(level)
        if prepared is None:
            if len(self._levels) >= REMEMBERED:
                self._levels.clear()
            prepared = self._levels[level] = self._prepare(level)
        return prepared

    def sample(self, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        """(n, c) draws of X_tau at this level."""
        label = rng.choice(self.count, size=n, p=self.weights)
        out = self._noise(label, level, rng)
        out += (np.sqrt(level.alpha_bar) * self.means)[label]
        return out

    def log_density(self, x: Array, level: NoiseLevel) -> Array:
        """(n,) log density at x (n, c)."""
        prepared = self.at(level)
        out = np.empty(len(x))
        step = max(1, min(2**22 // self.count, 2**16))
        for first in range(0, len(x), step):
            out[first : first + step] = logsumexp(self._log_joint(x[first : first + step], prepared), axis=0)
        return out

    def score(self, bundle: Array, level: NoiseLevel) -> Array:
        """(1+p, n, c): the score at ``bundle[0]`` and the products of its derivative with ``bundle[1:]``."""
        prepared = self.at(level)
        out = np.empty_like(bundle)
        if self.count == 1:
            self._score_single(bundle, out, prepared)
        else:
            self._score_mixture(bundle, out, prepared)
        return out

    def _spread(self, level: NoiseLevel) -> Array:
        """Variances of X_tau, in the shape of those of X_0."""
        return level.alpha_bar * self.variances + level.tau

    def _log_joint(self, x: Array, prepared: Prepared) -> Array:
        """(k, n) logs of weight times component density, by direct differences: accurate when tau is small."""
        joint = np.empty((self.count, len(x)))
        for k in range(self.count):  # one component at a time, for memory
            joint[k] = self._distance(x, k, prepared)
        joint *= -0.5
        joint += (prepared.constant - 0.5 * self.plain * np.log(2.0 * np.pi))[:, None]
        return joint

    @abstractmethod
    def _prepare(self, level: NoiseLevel) -> Prepared: ...

    @abstractmethod
    def _noise(self, label: Indices, level: NoiseLevel, rng: np.random.Generator) -> Array:
        """(n, c) draws of N(0, alpha_bar C_k + tau I) for the components k in ``label`` (n,)."""

    @abstractmethod
    def _distance(self, x: Array, k: int, prepared: Prepared) -> Array:
        """(n,) squared Mahalanobis distances of x (n, c) from component k, its radius left out."""

    @abstractmethod
    def _score_single(self, bundle: Array, out: Array, prepared: Prepared) -> None:
        """The score of one lone Gaussian, which is linear."""

    @abstractmethod
    def _score_mixture(self, bundle: Array, out: Array, prepared: Prepared) -> None:
        """The score of a mixture of two or more components."""


def windows(n: int, width: int, workspace: int = WORKSPACE) -> Iterator[slice]:
    """Slices of n particles, each filling ``workspace`` bytes with ``width`` numbers a particle."""
    step = max(1, workspace // (8 * width))
    return (slice(first, first + step) for first in range(0, n, step))


def softmax(logits: Array, axis: int) -> Array:
    """Posterior weights that sum to one along ``axis``, from their logs up to a constant; overwrites ``logits``."""
    logits -= logits.max(axis=axis, keepdims=True)
    return posterior(logits, axis)


def posterior(logits: Array, axis: int) -> Array:
    """As :func:`softmax`, of logits whose largest is zero."""
    np.exp(logits, out=logits)
    logits /= logits.sum(axis=axis, keepdims=True)
    return logits


def from_posterior(bundle: Array, out: Array, w: Array, spread: Array, precision: Array) -> None:
    """Score and tangent products (1+p, n, c) from posterior weights w (n, k) and component scores, particle-major.

    ``spread`` (n, k, c) holds the component scores and is overwritten; ``precision`` is (k, 1), (k, c) or (k, c, c).
    """
    s = (w[:, None, :] @ spread)[:, 0]
    out[0] = s
    if len(bundle) > 1:
        spread -= s[:, None, :]
        spread *= np.sqrt(w)[:, :, None]
        apply_curvature(bundle[1:], spread, np.tensordot(w, precision, axes=1), out[1:])


def apply_curvature(tangents: Array, spread: Array, pull: Array, out: Array) -> None:
    """``out = H tangents`` with ``H = spread^T spread - pull``, by the cheaper association of the products.

    Shapes: tangents and out (p, n, c), spread (n, k, c) the centred component scores times the roots of their weights;
    pull (n, 1) or (n, c) if the mean precision is a multiple of the identity or diagonal, (n, c, c) if it is full.
    """
    p, n, c = tangents.shape
    k = spread.shape[1]
    by_particle, result = tangents.transpose(1, 0, 2), out.transpose(1, 0, 2)
    transposed = spread.transpose(0, 2, 1)
    if pull.ndim == 2 and 2 * k * p < c * (k // 2 + p):
        np.matmul(by_particle @ transposed, spread, out=result)
        out -= pull * tangents
        return
    curvature = transposed @ spread
    if pull.ndim == 2:
        curvature.reshape(n, c * c)[:, :: c + 1] -= pull
    else:
        curvature -= pull
    np.matmul(by_particle, curvature, out=result)


def by_coordinate(bundle: Array) -> Array:
    """(1+p, c, n): a bundle with its particles side by side; a view, if they lie so in memory."""
    rows = bundle.transpose(0, 2, 1)
    return rows if rows.strides[2] == rows.itemsize else np.ascontiguousarray(rows)


def from_posterior_by_component(rows: Array, out: Array, w: Array, scores: Array, pull: Array) -> None:
    """Score and tangent products (1+p, c, n) from posterior weights w (k, n) and component scores, component-major.

    ``scores`` (k, c, n) is overwritten; ``pull`` is the mean precision, (1, n), (c, n), or (c, c, n) if it is full.
    """
    s = out[0] = np.einsum("kn,kcn->cn", w, scores)
    if len(rows) > 1:
        scores -= s
        moment = np.einsum("kan,kbn->abn", w[:, None, :] * scores, scores)
        apply_curvature_by_coordinate(rows[1:], moment, pull, out[1:])


def apply_curvature_by_coordinate(tangents: Array, moment: Array, pull: Array | float, out: Array) -> None:
    """``out = (moment - pull) tangents`` for rows of particles: tangents and out (p, c, n).

    ``moment`` (c, c, n), the second moment of the centred component scores, is overwritten; ``pull`` is the mean
    precision, a number, (1, n) or (c, n) on the diagonal, or (c, c, n) if it is full.
    """
    if np.ndim(pull) == 3:
        moment -= pull
    else:
        np.einsum("aan->an", moment)[...] -= pull
    np.einsum("pbn,abn->pan", tangents, moment, out=out)

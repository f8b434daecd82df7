"""Gaussian components with full covariances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heroism.noise import Array, NoiseLevel
from heroism.targets.mixtures.components import (
    WORKSPACE,
    Components,
    Indices,
    Level,
    by_coordinate,
    from_posterior,
    from_posterior_by_component,
    softmax,
    windows,
)


@dataclass(frozen=True, slots=True)
class FullLevel(Level):
    """Components with full covariances at a noise level; ``precision = root root^T``, both (k, c, c)."""

    root: Array


class FullComponents(Components[FullLevel]):
    """Components with covariances ``basis diag(variances) basis^T``: variances (k, c), orthonormal bases (k, c, c).

    The eigenbasis does not depend on the noise level, so a level costs no decomposition.
    """

    def __init__(self, weights: Array, means: Array, variances: Array, basis: Array):
        super().__init__(weights, means, variances)
        self.basis = basis

    def _prepare(self, level: NoiseLevel) -> FullLevel:
        variance = self._spread(level)
        root = self.basis / np.sqrt(variance)[:, None, :]
        constant = self.log_weights - 0.5 * np.log(variance).sum(axis=1)
        return FullLevel(np.sqrt(level.alpha_bar) * self.means, root @ root.transpose(0, 2, 1), constant, root)

    def _noise(self, label: Indices, level: NoiseLevel, rng: np.random.Generator) -> Array:
        noise = rng.standard_normal((len(label), self.dim))
        scale = np.sqrt(self._spread(level))
        for k in range(self.count):
            members = label == k
            noise[members] = (noise[members] * scale[k]) @ self.basis[k].T
        return noise

    def _distance(self, x: Array, k: int, prepared: FullLevel) -> Array:
        white = (x - prepared.mean[k]) @ prepared.root[k]
        return np.einsum("nc,nc->n", white, white)

    def _score_single(self, bundle: Array, out: Array, prepared: FullLevel) -> None:
        np.matmul(bundle, -prepared.precision[0], out=out)
        out[0] += prepared.precision[0] @ prepared.mean[0]

    def _by_component(self, bundle: Array, out: Array, at: FullLevel) -> None:
        rows = by_coordinate(bundle)
        white = at.root.transpose(0, 2, 1) @ (at.mean[:, :, None] - rows[0])  # (k, c, n)
        logits = np.einsum("kcn,kcn->kn", white, white)
        logits *= -0.5
        logits += at.constant[:, None]
        w = softmax(logits, axis=0)
        pull = (at.precision.reshape(self.count, -1).T @ w).reshape(self.dim, self.dim, -1)
        from_posterior_by_component(rows, out.transpose(0, 2, 1), w, at.root @ white, pull)

    def _score_mixture(self, bundle: Array, out: Array, prepared: FullLevel) -> None:
        some = self._by_component if self.rows else self._by_particle
        width = (self.count + (self.dim if len(bundle) > 1 else 0)) * self.dim
        for window in windows(bundle.shape[1], width, 4 * WORKSPACE):
            some(bundle[:, window], out[:, window], prepared)

    def _by_particle(self, bundle: Array, out: Array, at: FullLevel) -> None:
        white = (at.mean[:, None, :] - bundle[0]) @ at.root  # (k, n, c)
        logits = np.einsum("knc,knc->nk", white, white)
        logits *= -0.5
        logits += at.constant
        w = softmax(logits, axis=1)
        spread = (white @ at.root.transpose(0, 2, 1)).transpose(1, 0, 2)  # component scores, (n, k, c)
        from_posterior(bundle, out, w, spread, at.precision)

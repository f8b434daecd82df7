"""Gaussian components with full covariances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heroism.noise import Array, NoiseLevel
from heroism.targets.components import WORKSPACE, Components, Indices, apply_curvature, softmax, windows


@dataclass(frozen=True, slots=True)
class FullLevel:
    """At a noise level: means (k, c), precisions P and ``root`` with ``P = root root^T`` (k, c, c), log of weight and
    normalisation (k,).
    """

    mean: Array
    root: Array
    precision: Array
    constant: Array


class FullComponents(Components[FullLevel]):
    """Components with covariances ``basis diag(variances) basis^T``: variances (k, c), orthonormal bases (k, c, c).

    The eigenbasis does not depend on the noise level, so a level costs no decomposition.
    """

    def __init__(self, weights: Array, means: Array, variances: Array, basis: Array):
        super().__init__(weights, means)
        self.variances, self.basis = variances, basis

    def _prepare(self, level: NoiseLevel) -> FullLevel:
        variance = level.alpha_bar * self.variances + level.tau
        root = self.basis / np.sqrt(variance)[:, None, :]
        constant = self.log_weights - 0.5 * np.log(variance).sum(axis=1)
        return FullLevel(np.sqrt(level.alpha_bar) * self.means, root, root @ root.transpose(0, 2, 1), constant)

    def _noise(self, label: Indices, level: NoiseLevel, rng: np.random.Generator) -> Array:
        noise = rng.standard_normal((len(label), self.dim))
        scale = np.sqrt(level.alpha_bar * self.variances + level.tau)
        for k in range(self.count):
            members = label == k
            noise[members] = (noise[members] * scale[k]) @ self.basis[k].T
        return noise

    def _log_joint(self, x: Array, prepared: FullLevel) -> Array:
        joint = np.empty((self.count, len(x)))
        for k in range(self.count):
            white = (x - prepared.mean[k]) @ prepared.root[k]
            joint[k] = prepared.constant[k] - 0.5 * np.einsum("nc,nc->n", white, white)
        return joint - 0.5 * self.dim * np.log(2.0 * np.pi)

    def _score_single(self, bundle: Array, out: Array, prepared: FullLevel) -> None:
        np.matmul(bundle, -prepared.precision[0], out=out)
        out[0] += prepared.precision[0] @ prepared.mean[0]

    def _score_mixture(self, bundle: Array, out: Array, prepared: FullLevel) -> None:
        width = (self.count + (self.dim if len(bundle) > 1 else 0)) * self.dim
        for window in windows(bundle.shape[1], width, 4 * WORKSPACE):
            self._some(bundle[:, window], out[:, window], prepared)

    def _some(self, bundle: Array, out: Array, at: FullLevel) -> None:
        white = (at.mean[:, None, :] - bundle[0]) @ at.root  # (k, n, c)
        logits = np.einsum("knc,knc->nk", white, white)
        logits *= -0.5
        logits += at.constant
        w = softmax(logits, axis=1)
        spread = (white @ at.root.transpose(0, 2, 1)).transpose(1, 0, 2)  # component scores, (n, k, c)
        s = (w[:, None, :] @ spread)[:, 0]
        out[0] = s
        if len(bundle) > 1:
            spread -= s[:, None, :]
            spread *= np.sqrt(w)[:, :, None]
            pull = (w @ at.precision.reshape(self.count, -1)).reshape(-1, self.dim, self.dim)
            apply_curvature(bundle[1:], spread, pull, out[1:])

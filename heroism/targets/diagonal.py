"""Gaussian components with diagonal covariances, multiples of the identity included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from heroism.noise import Array, NoiseLevel
from heroism.targets.components import (
    FEW,
    NEGLIGIBLE,
    STEEP,
    WORKSPACE,
    Components,
    Indices,
    apply_curvature,
    apply_curvature_by_component,
    softmax,
    windows,
)

FEW_COMPONENTS = 32  # with more of them most are negligible for a particle, which pays even in few coordinates
BALANCE = 1e4  # where the overhead of one more window equals the work of components that only others in it need


@dataclass(frozen=True, slots=True)
class AxisLevel:
    """Components with diagonal covariances at a noise level: means (k, c), precisions (k, c), or (k, 1) if isotropic.

    ``gain`` is sqrt(alpha_bar) times precision, ``pulled`` mean times precision; ``constant`` (k,) collects what does
    not depend on x in the logits around the means, ``offset`` what does not in their expanded form; ``steep`` bounds
    ``|mean|^2 precision``, by which expanding amplifies round-off.
    """

    mean: Array
    precision: Array
    gain: Array
    pulled: Array
    constant: Array
    offset: Array
    steep: float

    def take(self, active: Indices) -> AxisLevel:
        """The components in ``active`` alone."""
        return AxisLevel(self.mean[active], self.precision[active], self.gain[active], self.pulled[active],
                         self.constant[active], self.offset[active], self.steep)


class DiagonalComponents(Components[AxisLevel]):
    """Components with variances (k, c) along the axes, or (k, 1) for multiples of the identity; zeros are allowed."""

    def __init__(self, weights: Array, means: Array, variances: Array):
        super().__init__(weights, means)
        self.variances = variances
        self.plain = self.dim  # leading coordinates that are not a radius

    @property
    def independent(self) -> bool:
        return self.dim == 1 or self.count == 1

    def _prepare(self, level: NoiseLevel) -> AxisLevel:
        variance = level.alpha_bar * self.variances + level.tau
        mean, precision = np.sqrt(level.alpha_bar) * self.means, 1.0 / variance
        gain = np.sqrt(level.alpha_bar) * precision
        pulled = self.means * gain
        log_volume = np.broadcast_to(np.log(variance), mean.shape)[:, : self.plain].sum(axis=1)
        constant = self.log_weights - 0.5 * log_volume
        quadratic = np.einsum("kc,kc->k", mean, pulled)
        return AxisLevel(mean, precision, gain, pulled, constant, constant - 0.5 * quadratic, float(quadratic.max()))

    def _noise(self, label: Indices, level: NoiseLevel, rng: np.random.Generator) -> Array:
        scale = np.sqrt(level.alpha_bar * self.variances + level.tau)
        return scale[label] * rng.standard_normal((len(label), self.dim))

    def _log_joint(self, x: Array, prepared: AxisLevel) -> Array:
        joint = np.empty((self.count, len(x)))
        inner = x[:, : self.plain]
        for k in range(self.count):  # one component at a time, for memory
            gap = inner - prepared.mean[k, : self.plain]
            joint[k] = np.einsum("nc,nc->n", gap, gap * prepared.precision[k, : self.plain])
        joint *= -0.5
        joint += (prepared.constant - 0.5 * self.plain * np.log(2.0 * np.pi))[:, None]
        return joint

    def _score_single(self, bundle: Array, out: Array, prepared: AxisLevel) -> None:
        np.multiply(bundle, -prepared.precision[0], out=out)
        out[0] += prepared.pulled[0]

    def _score_mixture(self, bundle: Array, out: Array, prepared: AxisLevel) -> None:
        if self.dim <= FEW and self.count <= FEW_COMPONENTS:
            for window in windows(bundle.shape[1], self.count * self.dim):
                self._by_component(bundle[:, window], out[:, window], prepared)
        else:
            self._by_particle(bundle, out, prepared)

    def _by_component(self, bundle: Array, out: Array, at: AxisLevel) -> None:
        x = np.ascontiguousarray(bundle[0].T)
        gap = at.mean[:, :, None] - x
        scores = gap * at.precision[:, :, None]
        w = softmax(self._logits_by_component(x, gap, scores, at), axis=0)
        s = np.einsum("kn,kcn->cn", w, scores)
        out[0] = s.T
        if len(bundle) > 1:
            scores -= s
            apply_curvature_by_component(bundle[1:], w, scores, at.precision.T @ w, out[1:])

    def _logits_by_component(self, x: Array, gap: Array, scores: Array, at: AxisLevel) -> Array:
        logits = np.einsum("kcn,kcn->kn", gap, scores)
        logits *= -0.5
        logits += at.constant[:, None]
        return logits

    def _by_particle(self, bundle: Array, out: Array, at: AxisLevel) -> None:
        n = bundle.shape[1]
        rough = self._rough_logits(bundle[0], at)
        with np.errstate(invalid="ignore"):  # of a particle that diverged
            negligible = rough - rough.max(axis=1, keepdims=True) < NEGLIGIBLE - 1e-14 * at.steep
        shared = np.flatnonzero(self.count - negligible.sum(axis=1) > 1)
        if len(shared) < n:  # with little noise most particles belong to one component
            label = rough.argmax(axis=1)
            np.multiply(bundle, -at.precision[label], out=out)
            out[0] += at.pulled[label]
            if len(shared):
                part = bundle[:, shared]
                result = np.empty_like(part)
                self._among_several(part, result, rough[shared], negligible[shared], at)
                out[:, shared] = result
        else:
            self._among_several(bundle, out, rough, negligible, at)

    def _among_several(self, bundle: Array, out: Array, rough: Array, negligible: Array, at: AxisLevel) -> None:
        for window in self._sparse_windows(negligible):
            active = np.flatnonzero(~negligible[window].all(axis=0))
            some = at if len(active) == self.count else at.take(active)
            part = bundle[:, window]
            logits = self._exact_logits(part[0], some) if at.steep > STEEP else rough[window, active]
            self._from_posterior(part, out[:, window], softmax(logits, axis=1), some)

    def _sparse_windows(self, negligible: Array) -> Iterator[slice]:
        """Windows that treat no more components at once than pays: those that are negligible for all its particles
        drop out.
        """
        n = len(negligible)
        typical = self.count - int(negligible.sum()) // n
        balanced = min(int(np.sqrt(BALANCE / (typical * self.dim))), WORKSPACE // (8 * typical * self.dim))
        step = max(1, balanced, WORKSPACE // (8 * self.count * self.dim))
        return (slice(first, first + step) for first in range(0, n, step))

    def _from_posterior(self, bundle: Array, out: Array, w: Array, at: AxisLevel) -> None:
        spread = at.mean - bundle[0][:, None, :]
        spread *= at.precision
        s = (w[:, None, :] @ spread)[:, 0]
        out[0] = s
        if len(bundle) > 1:
            spread -= s[:, None, :]
            spread *= np.sqrt(w)[:, :, None]
            apply_curvature(bundle[1:], spread, w @ at.precision, out[1:])

    def _rough_logits(self, x: Array, at: AxisLevel) -> Array:
        inner = x[:, : self.plain]
        logits = inner @ at.pulled[:, : self.plain].T
        logits += at.offset
        squares = inner * inner
        if at.precision.shape[1] == 1:
            squares = squares.sum(axis=1, keepdims=True)
        logits -= 0.5 * (squares @ at.precision.T)
        return logits

    def _exact_logits(self, x: Array, at: AxisLevel) -> Array:
        gap = x[:, None, : self.plain] - at.mean[:, : self.plain]
        logits = np.einsum("nkc,nkc->nk", gap, gap * at.precision[:, : self.plain])
        logits *= -0.5
        logits += at.constant
        return logits

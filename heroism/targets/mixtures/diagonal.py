"""Gaussian components with diagonal covariances, multiples of the identity included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from heroism.noise import Array, NoiseLevel
from heroism.targets.mixtures.components import (
    NEGLIGIBLE,
    STEEP,
    WORKSPACE,
    Components,
    Indices,
    Level,
    by_coordinate,
    from_posterior,
    from_posterior_by_component,
    posterior,
    softmax,
    windows,
)

FEW_COMPONENTS = 32  # with more of them most are negligible for a particle, which pays even in few coordinates
ROWS_WORKSPACE = 512 * 1024  # bytes of the logits (k, n) and of the largest array beside them
LOGITS_WORKSPACE = 2**25  # bytes of the logits (n, k) that tell which components matter
BALANCE = 1e4  # where the overhead of one more window equals the work of components that only others in it need


@dataclass(frozen=True, slots=True)
class AxisLevel(Level):
    """Components with diagonal covariances at a noise level; precisions (k, c), or (k, 1) if isotropic.

    ``gain`` is sqrt(alpha_bar) times precision, ``pulled`` mean times precision; ``offset`` (k,) collects what does
    not depend on x in the expanded form of the logits, as ``constant`` does around the means; ``steep`` bounds
    ``|mean|^2 precision``, by which expanding amplifies round-off.
    """

    gain: Array
    pulled: Array
    offset: Array
    steep: float

    def take(self, active: Indices) -> AxisLevel:
        """The components in ``active`` alone."""
        return AxisLevel(self.mean[active], self.precision[active], self.constant[active], self.gain[active],
                         self.pulled[active], self.offset[active], self.steep)


class DiagonalComponents(Components[AxisLevel]):
    """Components with variances (k, c) along the axes, or (k, 1) for multiples of the identity; zeros are allowed."""

    @property
    def independent(self) -> bool:
        return self.dim == 1 or self.count == 1

    def _prepare(self, level: NoiseLevel) -> AxisLevel:
        variance = self._spread(level)
        mean, precision = np.sqrt(level.alpha_bar) * self.means, 1.0 / variance
        gain = np.sqrt(level.alpha_bar) * precision
        pulled = self.means * gain
        log_volume = np.broadcast_to(np.log(variance), mean.shape)[:, : self.plain].sum(axis=1)
        constant = self.log_weights - 0.5 * log_volume
        quadratic = np.einsum("kc,kc->k", mean, pulled)
        return AxisLevel(mean, precision, constant, gain, pulled, constant - 0.5 * quadratic, float(quadratic.max()))

    def _noise(self, label: Indices, level: NoiseLevel, rng: np.random.Generator) -> Array:
        noise = rng.standard_normal((len(label), self.dim))
        noise *= np.sqrt(self._spread(level))[label]
        return noise

    def _distance(self, x: Array, k: int, prepared: AxisLevel) -> Array:
        gap = x[:, : self.plain] - prepared.mean[k, : self.plain]
        return np.einsum("nc,nc->n", gap, gap * prepared.precision[k, : self.plain])

    def _log_joint(self, x: Array, prepared: AxisLevel) -> Array:
        if len(x) >= self.count:
            return super()._log_joint(x, prepared)
        joint, mean = np.empty((self.count, len(x))), prepared.mean[:, : self.plain]
        precision = prepared.precision[:, : self.plain]
        for i, one in enumerate(x[:, : self.plain]):  # of many components all at once, one particle at a time
            gap = one - mean
            joint[:, i] = np.einsum("kc,kc->k", gap, gap * precision)
        joint *= -0.5
        joint += (prepared.constant - 0.5 * self.plain * np.log(2.0 * np.pi))[:, None]
        return joint

    def _score_single(self, bundle: Array, out: Array, prepared: AxisLevel) -> None:
        np.multiply(bundle, -prepared.precision[0], out=out)
        out[0] += prepared.pulled[0]

    def _score_mixture(self, bundle: Array, out: Array, prepared: AxisLevel) -> None:
        if self.rows and (self.count <= FEW_COMPONENTS or self._moments_pay(prepared)):
            for window in windows(bundle.shape[1], self.count + self.dim * min(self.count, self.dim), ROWS_WORKSPACE):
                self._by_row(by_coordinate(bundle[:, window]), out[:, window].transpose(0, 2, 1), prepared)
        else:
            for window in windows(bundle.shape[1], self.count, LOGITS_WORKSPACE):
                self._by_particle(bundle[:, window], out[:, window], prepared)

    def _moments_pay(self, at: AxisLevel) -> bool:
        """Whether scores come from moments of the means, as they may where these are all that tells components apart.
        """
        return False

    def _by_row(self, rows: Array, out: Array, at: AxisLevel) -> None:
        """Component-major, rows and out (1+p, c, n): with little noise most particles belong to one component."""
        logits = self._logits_by_component(rows[0], at)
        with np.errstate(invalid="ignore"):  # of a particle that diverged
            logits -= logits.max(axis=0)
        shared = np.flatnonzero(np.count_nonzero(logits > NEGLIGIBLE, axis=0) > 1)
        if 2 * len(shared) > logits.shape[1]:
            self._rows_among_several(rows, out, posterior(logits, axis=0), at)
            return
        label = logits.argmax(axis=0)
        pull = at.precision[label].T
        np.multiply(rows, -pull, out=out)
        np.multiply(at.mean[label].T - rows[0], pull, out=out[0])
        if len(shared):
            some = np.ascontiguousarray(rows[:, :, shared])
            result = np.empty_like(some)
            self._rows_among_several(some, result, posterior(logits[:, shared], axis=0), at)
            out[:, :, shared] = result

    def _rows_among_several(self, rows: Array, out: Array, w: Array, at: AxisLevel) -> None:
        scores = at.mean[:, :, None] - rows[0]
        scores *= at.precision[:, :, None]
        from_posterior_by_component(rows, out, w, scores, at.precision.T @ w)

    def _logits_by_component(self, x: Array, at: AxisLevel) -> Array:
        """(k, n) from differences, of positions x (c, n)."""
        gap = at.mean[:, : self.plain, None] - x[: self.plain]
        logits = np.einsum("kcn,kcn->kn", gap, gap * at.precision[:, : self.plain, None])
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
                part = np.ascontiguousarray(bundle[:, shared])
                result = np.empty_like(part)
                self._among_several(part, result, rough[shared], negligible[shared], at)
                out[:, shared] = result
        else:
            self._among_several(np.ascontiguousarray(bundle), out, rough, negligible, at)

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
        from_posterior(bundle, out, w, spread, at.precision)

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

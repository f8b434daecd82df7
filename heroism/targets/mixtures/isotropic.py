"""Mixtures of isotropic Gaussians: the kernel behind Gaussian, scale, low-rank and empirical targets.

Component k of X_0 is ``N(mu_k, v_k I_d)``. If the means span only r < d - 1 directions the mixture is described by r
coordinates and the radius of the other m = d - r (``shell = m``); the kernel then sees r + 1 coordinates whose last
mean is zero, and only the weights of the components know of m.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from heroism.noise import Array, NoiseLevel
from heroism.special.radial import log_radius_density, log_radius_ratio
from heroism.targets.mixtures.components import (
    FEW,
    STEEP,
    Indices,
    apply_curvature,
    apply_curvature_by_coordinate,
    softmax,
    windows,
)
from heroism.targets.mixtures.diagonal import AxisLevel, DiagonalComponents
from heroism.targets.mixtures.neighbours import Neighbours, score_of_pairs
from heroism.targets.mixtures.words import Words

MOMENT_WORKSPACE = 512 * 1024  # bytes of the curvatures (n, c, c)
FEW_BY_MOMENTS = 12  # coordinates up to which rows of particles beat products of tiny matrices
MANY, CROWD = 1000, 12  # components, and components per entry of a (c, c) matrix, from which they make a crowd
NARROW = 24  # coordinates up to which the table of moments is always cheap
SPARSE = 0.7  # share of negligible components beyond which skipping them beats the table of moments
MOMENT_TABLE = 2**19  # numbers in the table of second moments of the means: 4 MiB stream from the last-level cache


class IsotropicComponents(DiagonalComponents):
    """Weights (k,), means (k, c) in reduced coordinates and variances (k,) of X_0; the last coordinate is the radius of
    ``shell`` dimensions if that is more than one.

    Variances may be zero (point masses): every noise level has tau > 0.
    """

    def __init__(self, weights: Array, means: Array, variances: Array, shell: int = 1):
        super().__init__(weights, means, variances[:, None])
        self.shell = shell
        self.plain = self.dim - (shell > 1)
        self.single_variance = bool(np.all(variances == variances[0]))

    def _noise(self, label: Indices, level: NoiseLevel, rng: np.random.Generator) -> Array:
        noise = super()._noise(label, level, rng)
        if self.shell > 1:
            noise[:, -1] = np.sqrt(self._spread(level)[label, 0]) * np.sqrt(rng.chisquare(self.shell, len(label)))
        return noise

    def _log_joint(self, x: Array, prepared: AxisLevel) -> Array:
        joint = super()._log_joint(x, prepared)
        if self.shell > 1:
            joint += log_radius_density(x[None, :, -1], 1.0 / prepared.precision, self.shell)
        return joint

    @property
    def rows(self) -> bool:
        return not self._crowded and self.dim <= (FEW_BY_MOMENTS if self.single_variance else FEW)

    # ---- posterior weights of a radius -------------------------------------------------------------------------------

    @property
    def _uneven_shell(self) -> bool:
        """Whether the radius tells components apart: it does not if all variances agree."""
        return self.shell > 1 and not self.single_variance

    def _shell_logits(self, radius: Array, variance: Array) -> Array | float:
        """What the radius adds to the logits of components of these variances; the two arrays are broadcast."""
        return log_radius_ratio(np.abs(radius), variance, self.shell) if self._uneven_shell else 0.0

    def _logits_by_component(self, x: Array, at: AxisLevel) -> Array:
        if self._moments_pay(at):
            return at.pulled @ x + at.offset[:, None]
        logits = super()._logits_by_component(x, at)
        logits += self._shell_logits(x[-1], 1.0 / at.precision)
        return logits

    def _rough_logits(self, x: Array, at: AxisLevel) -> Array:
        if self.single_variance:  # |x|^2 is common to all components
            return x @ at.pulled.T + at.offset
        logits = super()._rough_logits(x, at)
        logits += self._shell_logits(x[:, -1:], 1.0 / at.precision.T)
        return logits

    def _exact_logits(self, x: Array, at: AxisLevel) -> Array:
        logits = super()._exact_logits(x, at)
        logits += self._shell_logits(x[:, -1:], 1.0 / at.precision.T)
        return logits

    # ---- scores ------------------------------------------------------------------------------------------------------

    def _score_mixture(self, bundle: Array, out: Array, prepared: AxisLevel) -> None:
        if self.dim == 1:
            for window in windows(bundle.shape[1], self.count):
                self._on_a_line(bundle[:, window, 0], out[:, window, 0], prepared)
        else:
            super()._score_mixture(bundle, out, prepared)

    # ---- many components of one variance -----------------------------------------------------------------------------

    def score(self, bundle: Array, level: NoiseLevel) -> Array:
        if not self._crowded:
            return super().score(bundle, level)
        at, spread = self.at(level), float(self._spread(level)[0, 0])
        x = bundle[0][:, : self.plain] / np.sqrt(level.alpha_bar)
        pairs = self._neighbours.near(x, spread / level.alpha_bar)
        if pairs is not None:
            return score_of_pairs(bundle, pairs, at.mean, self.log_weights, 1.0 / spread)
        if at.steep <= STEEP:
            return self._words.score(bundle, level, spread)
        return super().score(bundle, level)

    @property
    def _crowded(self) -> bool:
        """Whether there are many components for so few coordinates: the near ones are searched for where few of them
        count, and otherwise all are streamed.
        """
        return self.single_variance and self.dim > 1 and self.count >= max(MANY, CROWD * self.dim**2)

    @cached_property
    def _neighbours(self) -> Neighbours:
        return Neighbours(self.means[:, : self.plain], self.log_weights)

    @cached_property
    def _words(self) -> Words:
        return Words(self.means, self.log_weights)

    # ---- moments of the means ----------------------------------------------------------------------------------------

    def _among_several(self, bundle: Array, out: Array, rough: Array, negligible: Array, at: AxisLevel) -> None:
        if self._moments_pay(at) and (self.dim <= NARROW or negligible.mean() < SPARSE):
            for window in windows(len(rough), max(self.count, self.dim**2), MOMENT_WORKSPACE):
                self._by_moments_of_particles(bundle[:, window], out[:, window], rough[window], at)
        else:
            super()._among_several(bundle, out, rough, negligible, at)

    def _moments_pay(self, at: AxisLevel) -> bool:
        return self.single_variance and at.steep <= STEEP and self.count * self.dim**2 <= 2 * MOMENT_TABLE

    def _on_a_line(self, bundle: Array, out: Array, at: AxisLevel) -> None:
        """One coordinate, plain or a radius: bundle and out are (1+p, n), everything else (k, n)."""
        x, precision = bundle[0], at.precision
        scores = at.mean - x
        if self._uneven_shell:
            logits = log_radius_ratio(np.abs(x), 1.0 / precision, self.shell)
        else:
            logits = scores * scores
            logits *= -0.5 * precision
        scores *= precision
        logits += at.constant[:, None]
        w = softmax(logits, axis=0)
        s = np.einsum("kn,kn->n", w, scores, out=out[0])
        if len(bundle) > 1:
            scores -= s
            pull = (precision.T @ w)[0]
            w *= scores
            curvature = np.einsum("kn,kn->n", w, scores)
            curvature -= pull
            np.multiply(bundle[1:], curvature, out=out[1:])

    @cached_property
    def _moments(self) -> tuple[Array, Indices]:
        """Table (c + c(c+1)/2, k) of the means and their products, and where in it each entry of a (c, c) matrix is."""
        row, column = np.triu_indices(self.dim)
        table = np.concatenate([self.means, self.means[:, row] * self.means[:, column]], axis=1)
        place = np.empty((self.dim, self.dim), dtype=np.intp)
        place[row, column] = place[column, row] = self.dim + np.arange(len(row))
        return np.ascontiguousarray(table.T), place

    def _rows_among_several(self, rows: Array, out: Array, w: Array, at: AxisLevel) -> None:
        """If all variances are equal, first and second moments of the means are one product.

        Uncentred, so only where ``at.steep`` bounds what cancels; component scores differ by ``gain * mu_k`` alone.
        """
        if not self._moments_pay(at):
            super()._rows_among_several(rows, out, w, at)
            return
        precision, c = float(at.precision[0, 0]), self.dim
        products = at.pulled[:, :, None] * at.pulled[:, None, :]
        table = np.concatenate([at.pulled.T, products.reshape(self.count, -1).T]) if len(rows) > 1 else at.pulled.T
        moments = table @ w
        mean = moments[:c]
        np.multiply(rows[0], -precision, out=out[0])
        out[0] += mean
        if len(rows) > 1:
            moment = moments[c:].reshape(c, c, -1)
            moment -= mean[:, None, :] * mean
            apply_curvature_by_coordinate(rows[1:], moment, precision, out[1:])

    def _by_moments_of_particles(self, bundle: Array, out: Array, logits: Array, at: AxisLevel) -> None:
        """As ``_rows_among_several``, for many coordinates, particle-major; the posterior's logits (n, k) are given."""
        x, gain, precision = bundle[0], float(at.gain[0, 0]), float(at.precision[0, 0])
        table, place = self._moments
        w = softmax(logits, axis=1)
        moments = w @ (table if len(bundle) > 1 else table[: self.dim]).T
        mean = moments[:, : self.dim]
        np.multiply(x, -precision, out=out[0])
        out[0] += gain * mean
        if len(bundle) > 1:
            curvature = np.take(moments, place, axis=1)
            curvature -= mean[:, :, None] * mean[:, None, :]
            curvature *= gain * gain
            curvature.reshape(len(x), -1)[:, :: self.dim + 1] -= precision
            np.matmul(bundle[1:].transpose(1, 0, 2), curvature, out=out[1:].transpose(1, 0, 2))

    def _from_posterior(self, bundle: Array, out: Array, w: Array, at: AxisLevel) -> None:
        if not self.single_variance:
            super()._from_posterior(bundle, out, w, at)
            return
        mean = w @ at.pulled
        np.multiply(bundle[0], -at.precision[0, 0], out=out[0])
        out[0] += mean
        if len(bundle) > 1:
            spread = at.pulled - mean[:, None, :]  # component scores differ by ``pulled`` alone, which x has no part in
            spread *= np.sqrt(w)[:, :, None]
            apply_curvature(bundle[1:], spread, at.precision[:1], out[1:])

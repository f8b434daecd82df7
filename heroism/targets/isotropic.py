"""Mixtures of isotropic Gaussians: the kernel behind Gaussian, scale, low-rank and empirical targets, and the hot path of the suite.

Component k of X_0 is ``N(mu_k, v_k I_d)``; of X_tau ``N(sqrt(alpha_bar) mu_k, (alpha_bar v_k + tau) I_d)``. If the means span only
r < d - 1 directions the mixture is described by r coordinates and the radius of the other m = d - r (``shell = m``); the
kernel then sees r + 1 coordinates whose last mean is zero, and only the normalisation knows of d.
"""

from __future__ import annotations

import numpy as np
from scipy.special import logsumexp

from heroism.noise import Array, NoiseLevel
from heroism.targets.radial import log_radius_density

NEGLIGIBLE = 1e-20  # a component whose weight stays below this on a whole block cannot change any digit of the score


class IsotropicComponents:
    """Weights (k,), means (k, c) in reduced coordinates and variances (k,) of X_0; ``shell`` = m if coordinate c - 1 is a radius.

    ``variances`` may be zero (point masses): every noise level has tau > 0.
    """

    def __init__(self, weights: Array, means: Array, variances: Array, shell: int = 1):
        self.weights, self.means, self.variances, self.shell = weights, means, variances, shell
        self.count, self.dim = means.shape
        self.single_variance = bool(np.all(variances == variances[0]))
        with np.errstate(divide="ignore"):
            self.log_weights = np.log(weights)

    def sample(self, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        """(n, c) draws of X_tau."""
        label = rng.choice(self.count, size=n, p=self.weights)
        scale = np.sqrt(level.alpha_bar * self.variances + level.tau)[label]
        x = np.sqrt(level.alpha_bar) * self.means[label] + scale[:, None] * rng.standard_normal((n, self.dim))
        if self.shell > 1:
            x[:, -1] = scale * np.sqrt(rng.chisquare(self.shell, n))
        return x

    def log_density(self, x: Array, level: NoiseLevel) -> Array:
        """(n,) log density of the reduced coordinates of X_tau."""
        variance = level.alpha_bar * self.variances + level.tau
        plain = self.dim - (self.shell > 1)
        mu = np.sqrt(level.alpha_bar) * self.means[:, :plain]
        # Differences, not |x|^2 - 2 x.mu + |mu|^2: the latter loses digits when tau is small. Component by component for memory.
        joint = np.empty((self.count, len(x)))
        for k in range(self.count):
            gap = x[:, :plain] - mu[k]
            joint[k] = self.log_weights[k] - np.einsum("nc,nc->n", gap, gap) / (2.0 * variance[k])
        joint -= 0.5 * plain * np.log(2.0 * np.pi * variance)[:, None]
        if self.shell > 1:
            joint += log_radius_density(x[None, :, -1], variance[:, None], self.shell)
        return logsumexp(joint, axis=0)

    def score(self, bundle: Array, level: NoiseLevel) -> Array:
        """(1+p, n, c) score and its products with the tangents.

        With responsibilities w_k(x), ``c_k = mu_k / v_k`` and ``b_k = 1 / v_k``: component scores are ``s_k = c_k - b_k x``,
        ``s = sum_k w_k s_k`` and ``H = -sum_k w_k b_k I + sum_k w_k s_k s_k^T - s s^T``.
        """
        x, tangents = bundle[0], bundle[1:]
        precision = 1.0 / (level.alpha_bar * self.variances + level.tau)
        centre = np.sqrt(level.alpha_bar) * self.means * precision[:, None]
        w = self._responsibilities(x, level, precision, centre)
        if self.count > 16:
            active = np.flatnonzero(w.max(axis=1) > NEGLIGIBLE)
            if len(active) < self.count:
                w, precision, centre = w[active], precision[active], centre[active]
        out = np.empty_like(bundle)
        pull = precision[0] if self.single_variance else (precision @ w)[:, None]
        s = out[0]
        np.multiply(x, -pull, out=s)
        s += w.T @ centre
        if not len(tangents):
            return out
        # q[k] = s_k . v for every tangent; the part of s_k common to all components drops out of a covariance.
        shape = tangents.shape
        q = centre @ tangents.reshape(-1, self.dim).T
        if not self.single_variance:
            along_x = np.einsum("pnc,nc->pn", tangents, x)
            q -= precision[:, None] * along_x.ravel()
        q = q.reshape(-1, *shape[:2])
        q *= w[:, None, :]
        mean_q = q.sum(axis=0)  # E_w[s_k . v] (up to the common part)
        h = out[1:]
        np.matmul(q.reshape(len(w), -1).T, centre, out=h.reshape(-1, self.dim))
        mean_s = s + x * pull if self.single_variance else s  # E_w of what q was formed from
        h -= mean_q[:, :, None] * mean_s
        if not self.single_variance:
            h -= np.einsum("kpn,k->pn", q, precision)[:, :, None] * x
        h -= tangents * pull
        return out

    def _responsibilities(self, x: Array, level: NoiseLevel, precision: Array, centre: Array) -> Array:
        """(k, n) posterior weights of the components, component-major.

        Only differences to component 0 matter: |x|^2 cancels for equal variances, and enters as ``|x|^2 - d v_0`` otherwise,
        with its large constant taken out, so that logits keep their digits up to d = 10^6.
        """
        constant = self.log_weights - 0.5 * np.sqrt(level.alpha_bar) * np.einsum("kc,kc->k", centre, self.means)
        logits = centre @ x.T
        if not self.single_variance:
            d = self.dim - 1 + self.shell
            relative = level.alpha_bar * (self.variances - self.variances[0]) * precision[0]  # v_k / v_0 - 1
            constant = constant - 0.5 * d * (np.log1p(relative) - relative / (1.0 + relative))
            spread = np.einsum("nc,nc->n", x, x) - d / precision[0]
            logits += np.outer(0.5 * relative / (1.0 + relative) * precision[0], spread)
        logits += constant[:, None]
        logits -= logits.max(axis=0)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=0)
        return logits

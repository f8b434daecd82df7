"""Targets of a few lines, written as one would on paper, and paths to carry: for tests to compare with."""

from __future__ import annotations

import itertools

import numpy as np
from scipy.special import logsumexp

from heroism.flow import Flow
from heroism.noise import Array, NoiseLevel, log_snr_schedule
from heroism.special.radial import log_radius_density
from heroism.targets.base import Target
from heroism.testing import PROBLEMS, TAU_MAX, TAU_MIN
from heroism.testing import exact_ends as ends_of


class NaiveMixture(Target):
    """Mixture of isotropic Gaussians (or point masses: variance 0) with a dense Jacobian."""

    def __init__(self, weights, means, variances):
        self.weights, self.means = np.array(weights, float), np.array(means, float)
        self.variances = np.array(variances, float)
        self.dim = self.means.shape[1]
        self.multiplicity = np.ones(self.dim, int)

    def sample(self, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        label = rng.choice(len(self.weights), size=n, p=self.weights)
        spread = np.sqrt(level.alpha_bar * self.variances + level.tau)[label]
        return np.sqrt(level.alpha_bar) * self.means[label] + spread[:, None] * rng.standard_normal((n, self.dim))

    def _joint(self, x: Array, level: NoiseLevel) -> tuple[Array, Array]:
        variance = level.alpha_bar * self.variances + level.tau
        gap = x[:, None, :] - np.sqrt(level.alpha_bar) * self.means
        logs = np.log(self.weights) - np.sum(gap**2, axis=2) / (2 * variance)
        return logs - 0.5 * self.dim * np.log(2 * np.pi * variance), -gap / variance[:, None]

    def log_density(self, x: Array, level: NoiseLevel) -> Array:
        return logsumexp(self._joint(x, level)[0], axis=1)

    def score(self, bundle: Array, level: NoiseLevel) -> Array:
        logs, scores = self._joint(bundle[0], level)
        w = np.exp(logs - logs.max(axis=1, keepdims=True))[:, :, None]
        w /= w.sum(axis=1, keepdims=True)
        s = (w * scores).sum(axis=1)
        precision = w[:, :, 0] @ (1 / (level.alpha_bar * self.variances + level.tau))
        out = np.empty_like(bundle)
        out[0] = s
        for tangent, product in zip(bundle[1:], out[1:], strict=True):
            along = (scores * tangent[:, None, :]).sum(axis=2, keepdims=True)
            product[:] = (w * along * scores).sum(axis=1)
            product -= (s * tangent).sum(axis=1, keepdims=True) * s + precision[:, None] * tangent
        return out

    def power(self, dim: int) -> NaiveMixture:
        """The product of ``dim`` copies of this one-dimensional law, written out as one mixture."""
        combinations = list(itertools.product(range(len(self.weights)), repeat=dim))
        assert np.all(self.variances == self.variances[0]), "only then are the components isotropic"
        return NaiveMixture([np.prod(self.weights[list(c)]) for c in combinations],
                            [self.means[list(c), 0] for c in combinations],
                            [self.variances[0]] * len(combinations))


def gaussian(variance: float, dim: int = 1) -> NaiveMixture:
    """N(0, variance I)."""
    return NaiveMixture([1.0], [[0.0] * dim], [variance])


def point_mass(*coordinates: float) -> NaiveMixture:
    """All mass at one point."""
    return NaiveMixture([1.0], [coordinates], [0.0])


class GaussianRadius(Target):
    """``N(0, variance I_m)`` reduced to its radius."""

    dim = 1

    def __init__(self, variance: float, m: int):
        self.variance, self.multiplicity = variance, np.array([m])

    def _spread(self, level: NoiseLevel) -> float:
        return level.alpha_bar * self.variance + level.tau

    def sample(self, n: int, level: NoiseLevel, rng: np.random.Generator) -> Array:
        return np.sqrt(self._spread(level) * rng.chisquare(int(self.multiplicity[0]), (n, 1)))

    def log_density(self, x: Array, level: NoiseLevel) -> Array:
        return log_radius_density(x[:, 0], self._spread(level), int(self.multiplicity[0]))

    def score(self, bundle: Array, level: NoiseLevel) -> Array:
        return -bundle / self._spread(level)


TWO_PEAKS = NaiveMixture([0.3, 0.7], [[-1.0], [1.5]], [0.6, 1.3])
STARTS, ENDS = np.array(PROBLEMS[0].starts), (TAU_MIN, TAU_MAX)
PLANE = NaiveMixture([0.2, 0.5, 0.3], [[-1.0, 0.5], [1.0, 0.0], [0.0, -1.5]], [0.3, 0.5, 0.2])


def exact_ends() -> Array:
    """(5,) positions to which the probability flow of TWO_PEAKS takes STARTS, from tau = 0.9 to 0.1."""
    return ends_of(PROBLEMS[0])[:, 0]


def assert_cost_as_declared(sampler, steps: int) -> None:
    """Evaluations and rounds on T = ``steps`` noise levels are what the flow counts."""
    flow = Flow(PLANE.score, diffusion=lambda x, deviation: x)
    sampler.transport(flow, np.zeros((1, 2, 2)), log_snr_schedule(steps, 1e-2, 0.99))
    assert (flow.evaluations, flow.rounds) == (sampler.evaluations(steps), sampler.rounds(steps))


def bundle(n: int = 6, tangents: int = 2) -> np.ndarray:
    """Positions and the unit tangents, as ``transport`` makes them."""
    out = np.zeros((1 + tangents, n, 2))
    out[0] = np.random.default_rng(5).normal(size=(n, 2))
    for i in range(tangents):
        out[1 + i, :, i] = 1.0
    return out

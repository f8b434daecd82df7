"""The contract that every target is held to, at every noise level: one generic test each, and proof that each can fail.

The checks are functions of a target and a level, so that a wrong target can be shown to fail them. Three of them
together pin the law down completely: the score is the gradient of the log density, the log density obeys the
Fokker-Planck equation of the forward process at every noise level, and it tends to the standard Gaussian's as the
noise grows.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

import heroism.targets
from heroism.noise import Array, NoiseLevel
from heroism.targets import GaussianMixture, Target
from heroism.targets.check import differences, diffusion_terms, jacobians, shell_pull
from heroism.tests.target_examples import EXAMPLES, Example

LEVELS = [NoiseLevel.from_tau(1e-6), NoiseLevel.from_tau(1e-3), NoiseLevel.from_tau(0.1), NoiseLevel.from_tau(0.6),
          NoiseLevel(1e-6, 1.0 - 1e-6)]
FULL_NOISE = NoiseLevel(1e-14, 1.0)
WIDTHS = (0.2, 0.1, 0.04, 0.02, 0.008)  # of difference quotients, in units of the length that the noise smooths over

every_example = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES.keys())
every_level = pytest.mark.parametrize("level", LEVELS, ids=lambda level: f"tau={level.tau:.3g}")


def derivative(f: Callable[[float], Array], length: float) -> Array:
    """f'(0) elementwise."""
    return differences(f, length, WIDTHS)[0]


def along(x: Array, v: Array, f: Callable[[Array], Array], h: float) -> Array:
    """f at a distance h from x in direction v."""
    return f(x + h * v)


def check_score(target: Target, level: NoiseLevel) -> None:
    """The score is the gradient of ``log_density - log_shell``, along random directions."""
    rng = np.random.default_rng(1)
    x, length = target.sample(12, level, rng), np.sqrt(level.tau)
    # Differences need room: the log of a radius is rough near zero.
    x = x[((target.multiplicity == 1) | (np.abs(x) > 0.5 * length)).all(axis=1)]
    score = target.score(x[None], level)[0]
    for v in rng.standard_normal((3, target.dim)) / np.sqrt(target.dim):
        found = derivative(partial(along, x, v, lambda y: target.log_density(y, level)), length)
        expected = (score + shell_pull(target, x)) @ v
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-7 / length)


def check_tangents(target: Target, level: NoiseLevel) -> None:
    """Products with tangents are derivatives of the score; they ride along without changing it, each on its own."""
    rng = np.random.default_rng(2)
    x, length = target.sample(12, level, rng), np.sqrt(level.tau)
    tangents = rng.standard_normal((3, *x.shape)) / np.sqrt(target.dim)
    out = target.score(np.concatenate([x[None], tangents]), level)
    np.testing.assert_allclose(out[0], target.score(x[None], level)[0], rtol=1e-12, atol=1e-12 / length)
    for v, product in zip(tangents, out[1:], strict=True):
        found = derivative(partial(along, x, v, lambda y: target.score(y[None], level)[0]), length)
        np.testing.assert_allclose(product, found, rtol=1e-7, atol=1e-7 / length**2)
    one = target.score(np.concatenate([x[None], tangents])[:, 5:6], level)
    np.testing.assert_allclose(one, out[:, 5:6], rtol=1e-11, atol=1e-11 / length**2)


def check_fokker_planck(target: Target, level: NoiseLevel) -> None:
    """``d/dtau log p = (d + x.s + |s|^2 + tr H) / (2 alpha_bar)`` in R^d: levels and normalisation hang together."""
    rng = np.random.default_rng(3)
    x = target.sample(12, level, rng)
    score, jacobian = jacobians(target, x, level)
    terms = diffusion_terms(target, x, score, np.einsum("nii->n", jacobian))
    expected = terms.sum(axis=0) / (2.0 * level.alpha_bar)
    round_off = 64 * np.finfo(float).eps * np.abs(terms).sum(axis=0) / level.alpha_bar

    def shifted(step: float) -> Array:
        return target.log_density(x, NoiseLevel(level.alpha_bar - step, level.tau + step))

    found = derivative(shifted, min(level.tau, level.alpha_bar))
    size = np.abs(expected) + np.sqrt(target.multiplicity.sum()) / level.tau
    assert np.all(np.abs(found - expected) <= 1e-6 * size + round_off), (found, expected)


def check_full_noise(target: Target) -> None:
    """At the far end the law is N(0, I), normalisation included."""
    x = target.sample_gaussian(50, np.random.default_rng(4))
    np.testing.assert_allclose(target.log_density(x, FULL_NOISE), target.log_density_gaussian(x), rtol=0, atol=1e-5)
    np.testing.assert_allclose(target.score(x[None], FULL_NOISE)[0], -x, rtol=1e-5, atol=1e-5)


def masses(target: Target, level: NoiseLevel, x: Array) -> tuple[Array, Array]:
    """Edges (e,) and the mass of a one-dimensional law between neighbouring edges, by Gauss-Legendre panels.

    Edges crowd at geometric distances around a few of its samples x, so that narrow peaks and heavy tails are both
    resolved.
    """
    few = np.sort(x)[:: max(1, len(x) // 40)]
    few = np.concatenate([few, [x.min(), x.max()]])
    reach = 40.0 * (x.max() - x.min() + 1.0)
    steps = np.sqrt(level.tau) * 1.5 ** np.arange(-2, np.log(reach / np.sqrt(level.tau)) / np.log(1.5))
    edges = np.unique((few[:, None] + np.concatenate([-steps, [0.0], steps])).ravel())
    if target.multiplicity[0] > 1:
        edges = np.concatenate([[0.0], edges[edges > 0]])
    node, weight = np.polynomial.legendre.leggauss(8)
    half = 0.5 * np.diff(edges)
    points = (edges[:-1] + half)[:, None] + half[:, None] * node
    density = np.exp(target.log_density(points.reshape(-1, 1), level)).reshape(points.shape)
    return edges, (density @ weight) * half


def check_mass_and_samples(target: Target, level: NoiseLevel) -> None:
    """One reduced coordinate: the density integrates to one, and samples have its distribution function."""
    n = 4000
    x = np.sort(target.sample(n, level, np.random.default_rng(5))[:, 0])
    edges, mass = masses(target, level, x)
    assert abs(mass.sum() - 1.0) < 1e-8
    distance = np.abs(np.searchsorted(x, edges) / n - np.concatenate([[0.0], np.cumsum(mass)])).max()
    assert distance < 2.4 / np.sqrt(n)  # Kolmogorov: probability 2e-5 for exact draws


def check_mass_in_the_plane(target: Target, level: NoiseLevel) -> None:
    """Two reduced coordinates: the density integrates to one."""
    x = target.sample(500, level, np.random.default_rng(11))
    node, weight = np.polynomial.legendre.leggauss(8)
    axes, weights = [], []
    for axis in range(2):
        low, high = x[:, axis].min() - 12.0 * np.sqrt(level.tau), x[:, axis].max() + 12.0 * np.sqrt(level.tau)
        edges = np.linspace(low if target.multiplicity[axis] == 1 else max(low, 0.0), high,
                            2 + int((high - low) / (2.0 * np.sqrt(level.tau))))
        half = 0.5 * np.diff(edges)[:, None]
        axes.append((edges[:-1, None] + half * (1.0 + node)).ravel())
        weights.append((half * weight).ravel())
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    density = np.exp(target.log_density(grid, level)).reshape(len(axes[0]), len(axes[1]))
    assert abs(weights[0] @ density @ weights[1] - 1.0) < 1e-8


def check_detailed_balance(target: Target, level: NoiseLevel) -> None:
    """Samples belong to the density: a Metropolis step of either length leaves their law alone.

    For X ~ p and a symmetric proposal Y, ``(f(Y) - f(X)) min(1, p(Y) / p(X))`` has mean zero whatever f; it is
    bounded, so a sample mean is safe where scores are not (a box at low noise has all of its score in a thin layer).
    """
    n, rng = 4000, np.random.default_rng(6)
    x = target.sample(n, level, rng)
    for length in (2.0 * x.std(axis=0), 0.7 * x.std(axis=0), np.sqrt(level.tau)):
        y = x + rng.standard_normal(x.shape) * length / np.sqrt(target.dim)
        inside = np.all((y > 0) | (target.multiplicity == 1), axis=1)
        accept = inside * np.exp(np.minimum(target.log_density(y, level) - target.log_density(x, level), 0.0))
        wave = rng.standard_normal(target.dim) / length
        u, v = (x - x.mean(axis=0)) / length, (y - x.mean(axis=0)) / length
        for change in (v - u, v**2 - u**2, (np.sin(y @ wave) - np.sin(x @ wave))[:, None]):
            terms = change * accept[:, None]
            z = terms.sum(axis=0) / (np.sqrt(np.sum(terms**2, axis=0)) + 1e-12)
            assert np.abs(z).max() < 5.0, z


def check_moments(example: Example, level: NoiseLevel) -> None:
    """Mean, second moment and, in few dimensions, covariance of lifted samples, against those of X_0."""
    target, n, rng = example.target, 4000, np.random.default_rng(7)
    d = target.ambient_dim
    x = target.sample(n, level, rng)
    mean, covariance = np.asarray(example.mean, dtype=float), np.asarray(example.covariance, dtype=float)
    trace = np.trace(covariance) if covariance.ndim == 2 else np.sum(np.broadcast_to(covariance, (d,)))
    square = level.alpha_bar * (np.sum(np.broadcast_to(mean, (d,)) ** 2) + trace) + level.tau * d
    squares = target.copies * np.sum(x**2, axis=1)
    close(squares, square)
    if d > 64:
        return
    y = target.lift(x, rng)
    noisy_mean = np.sqrt(level.alpha_bar) * np.broadcast_to(mean, (d,))
    signal = covariance if covariance.ndim == 2 else covariance * np.eye(d)
    expected = level.alpha_bar * signal + level.tau * np.eye(d)
    for i in range(d):
        close(y[:, i], noisy_mean[i])
        for j in range(i + 1):
            close((y[:, i] - noisy_mean[i]) * (y[:, j] - noisy_mean[j]), expected[i, j])


def close(draws: Array, mean: float) -> None:
    """The draws' mean is within five standard errors."""
    error = draws.std() / np.sqrt(len(draws))
    assert abs(draws.mean() - mean) <= 5.0 * error + 1e-12 * abs(mean), (draws.mean(), mean, error)


# ---- everything against everything -------------------------------------------------------------------------------


def test_every_target_has_an_example():
    exported = {c for c in vars(heroism.targets).values() if inspect.isclass(c) and issubclass(c, Target)}
    concrete = {c for c in exported if not inspect.isabstract(c)}
    assert concrete == {type(example.target) for example in EXAMPLES.values()} & exported
    assert len(concrete) >= 7


@every_example
def test_shapes_and_kinds(example):
    target, level = example.target, LEVELS[2]
    assert target.multiplicity.shape == (target.dim,)
    assert target.ambient_dim == target.copies * target.multiplicity.sum()
    assert target.copies == 1 or target.dim == 1
    x = target.sample(7, level, np.random.default_rng(0))
    assert x.shape == (7, target.dim)
    assert target.log_density(x, level).shape == (7,)
    assert target.score(np.stack([x, x, x]), level).shape == (3, 7, target.dim)


@every_example
@every_level
def test_score_is_the_gradient_of_the_log_density(example, level):
    check_score(example.target, level)


@every_example
@every_level
def test_tangent_products_are_derivatives_of_the_score(example, level):
    check_tangents(example.target, level)


@every_example
@every_level
def test_fokker_planck(example, level):
    check_fokker_planck(example.target, level)


@every_example
def test_full_noise_is_gaussian(example):
    check_full_noise(example.target)


@every_example
@every_level
def test_samples_belong_to_the_density(example, level):
    check_detailed_balance(example.target, level)
    if example.target.dim == 1:
        check_mass_and_samples(example.target, level)
    elif example.target.dim == 2 and level.tau > 0.05:
        check_mass_in_the_plane(example.target, level)


@every_example
@every_level
def test_moments(example, level):
    check_moments(example, level)


@every_example
@every_level
def test_a_diagonal_target_has_a_diagonal_jacobian(example, level):
    target = example.target
    x = target.sample(5, level, np.random.default_rng(8))
    _, jacobian = jacobians(target, x, level)
    np.testing.assert_allclose(jacobian, np.swapaxes(jacobian, 1, 2), rtol=1e-10, atol=1e-10 / level.tau)
    off = jacobian * (1.0 - np.eye(target.dim))
    if target.jacobian == "diagonal":
        assert np.all(off == 0.0)
        together = target.score(np.stack([x, np.ones_like(x)]), level)[1]
        np.testing.assert_allclose(together, np.einsum("nii->ni", jacobian), rtol=1e-12)


@every_example
def test_lift_keeps_the_reduced_coordinates(example):
    target, rng = example.target, np.random.default_rng(9)
    x = target.sample(3, LEVELS[2], rng)
    y = target.lift(x, rng)
    assert y.shape == (3, target.ambient_dim)
    if target.copies == 1:
        np.testing.assert_allclose(np.sum(y**2, axis=1), np.sum(x**2, axis=1), rtol=1e-12)
    else:
        assert x.min() <= y.min() and y.max() <= x.max()


@every_example
def test_a_lost_particle_harms_nobody_else(example):
    target, level = example.target, LEVELS[3]
    x = target.sample(6, level, np.random.default_rng(10))
    bundle = np.stack([x, np.ones_like(x)])
    expected = target.score(bundle, level)
    bundle[0, 2], bundle[0, 4] = np.nan, np.inf
    with np.errstate(all="ignore"):
        found = target.score(bundle, level)
    others = [0, 1, 3, 5]
    np.testing.assert_allclose(found[:, others], expected[:, others], rtol=1e-11, atol=1e-11)
    assert not np.all(np.isfinite(found[:, 2]))


# ---- each check can fail -----------------------------------------------------------------------------------------


class Wrong(GaussianMixture):
    """A mixture with one mistake."""

    def __init__(self, mistake: str, dim: int = 2):
        means = np.zeros((2, dim))
        means[:, 0] = [-2.0, 1.0]
        super().__init__(means, [0.2, 0.3], [0.3, 0.7])
        self.mistake = mistake

    def sample(self, n, level, rng):
        if self.mistake == "sample weights":
            return GaussianMixture(self.means, [0.2, 0.3], [0.5, 0.5]).sample(n, level, rng)
        x = super().sample(n, level, rng)
        return x * 1.06 if self.mistake == "sample scale" else x

    def log_density(self, x, level):
        error = {"constant": 1e-3, "normalisation": 1e-3 * np.log(level.tau)}.get(self.mistake, 0.0)
        return super().log_density(x, level) + error

    def score(self, bundle, level):
        out = super().score(bundle, level)
        if self.mistake == "score":
            out[0] *= 1.0 + 1e-6
        if self.mistake == "tangent":
            out[1:] *= 1.0 + 1e-6
        return out


@pytest.mark.parametrize("mistake, check, dim", [
    ("score", check_score, 2),
    ("tangent", check_tangents, 2),
    ("normalisation", check_fokker_planck, 2),
    ("sample scale", check_detailed_balance, 2),
    ("sample weights", check_detailed_balance, 2),
    ("sample weights", check_mass_and_samples, 1),
    ("constant", check_mass_and_samples, 1),
    ("constant", check_mass_in_the_plane, 2),
])
def test_a_wrong_target_fails(mistake, check, dim):
    check(Wrong("none", dim), LEVELS[2])
    with pytest.raises(AssertionError):
        check(Wrong(mistake, dim), LEVELS[2])


def test_a_wrong_normalisation_or_weight_fails():
    check_full_noise(Wrong("none"))
    with pytest.raises(AssertionError):
        check_full_noise(Wrong("constant"))
    mean = [-2.0 * 0.3 + 0.7, 0.0]
    covariance = np.diag([0.27 + 0.21 * 9.0, 0.27])
    check_moments(Example(Wrong("none"), mean, covariance), LEVELS[2])
    with pytest.raises(AssertionError):
        check_moments(Example(Wrong("sample weights"), mean, covariance), LEVELS[2])

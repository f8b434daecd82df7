"""Targets made of Gaussian components against brute force in R^d, against high precision, and a user's mistakes."""

from typing import cast

import mpmath as mp
import numpy as np
import pytest
from scipy.stats import multivariate_t

from heroism.errors import InputError
from heroism.noise import NoiseLevel
from heroism.targets import (
    Embedded,
    Empirical,
    GaussianMixture,
    HypercubeVertices,
    ProductMixture,
    ScaleMixture,
    StudentT,
)
from heroism.targets.mixtures import DiagonalComponents, FullComponents, IsotropicComponents

LEVELS = [NoiseLevel.from_tau(tau) for tau in (1e-6, 1e-3, 0.05, 0.3, 0.8)] + [NoiseLevel(1e-6, 1.0 - 1e-6)]
HALVES = [0.5, 0.5]
NO_NOISE = NoiseLevel(1.0, 1e-30)
every_level = pytest.mark.parametrize("level", LEVELS, ids=lambda level: f"tau={level.tau:.3g}")


def dense(x, means, covariances, weights, level):
    """Log density (n,), score (n, d) and Jacobian (n, d, d) of a mixture in R^d, straight from the definition."""
    d = x.shape[1]
    noisy = level.alpha_bar * np.asarray(covariances) + level.tau * np.eye(d)
    precision = np.linalg.inv(noisy)
    gap = np.sqrt(level.alpha_bar) * np.asarray(means)[:, None, :] - x
    s = np.einsum("kij,knj->kni", precision, gap)
    log = np.log(weights)[:, None] - 0.5 * (np.einsum("kni,kni->kn", s, gap) + np.linalg.slogdet(noisy)[1][:, None]
                                            + d * np.log(2.0 * np.pi))
    top = log.max(axis=0)
    w = np.exp(log - top)
    total = w.sum(axis=0)
    w /= total
    score = np.einsum("kn,kni->ni", w, s)
    jacobian = np.einsum("kn,kni,knj->nij", w, s - score, s - score) - np.einsum("kn,kij->nij", w, precision)
    return top + np.log(total), score, jacobian


def tangent_products(target, x, tangents, level):
    out = target.score(np.concatenate([x[None], tangents]), level)
    return out[0], out[1:]


# ---- reductions --------------------------------------------------------------------------------------------------


def reduced_cases():
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.standard_normal((6, 6)))[0]
    flat = np.zeros((4, 6))
    flat[:, :2] = 1.5 * rng.standard_normal((4, 2))
    means, weights, eye = flat @ turn, np.array([0.1, 0.2, 0.3, 0.4]), np.eye(6)
    own = np.array([0.3, 0.0, 0.1, 1.0])
    scales = np.array([1.0, 0.2, 0.0])
    points = rng.standard_normal((3, 6))
    plane = np.array([[-1.0, 0.0], [1.0, 0.5]])
    inside = np.diag([0.1, 0.1, 0, 0, 0, 0])
    pairs = np.array([[a, b, 0, 0, 0] for a in (-1.0, 1.0) for b in (-1.0, 1.0)])
    return {
        "one variance": (GaussianMixture(means, 0.2, weights), means, [0.2 * eye] * 4, weights),
        "own variances": (GaussianMixture(means, own, weights), means, own[:, None, None] * eye, weights),
        "all means zero": (GaussianMixture(np.zeros((2, 6)), [0.1, 1.0]), np.zeros((2, 6)), [0.1 * eye, eye], HALVES),
        "one Gaussian": (GaussianMixture(means[:1], 0.3), means[:1], [0.3 * eye], [1.0]),
        "scales": (ScaleMixture(3, scales), np.zeros((3, 3)), scales[:, None, None] * np.eye(3), np.full(3, 1 / 3)),
        "points": (Empirical(points), points, np.zeros((3, 6, 6)), np.full(3, 1 / 3)),
        "embedded": (Embedded(GaussianMixture(plane, 0.1), 6), np.pad(plane, ((0, 0), (0, 4))), [inside] * 2, HALVES),
        "embedded product": (Embedded(HypercubeVertices(2, 1.0), 5), pairs, np.zeros((4, 5, 5)), np.full(4, 0.25)),
    }


REDUCED = reduced_cases()


@every_level
@pytest.mark.parametrize("case", REDUCED.values(), ids=REDUCED.keys())
def test_reduced_coordinates_equal_the_mixture_in_full_space(case, level):
    target, means, covariances, weights = case
    rng = np.random.default_rng(1)
    x = target.sample(20, level, rng)
    y = target.lift(x, rng)
    log_density, score, _ = dense(y, means, covariances, weights, level)
    np.testing.assert_allclose(target.log_density(x, level) - target.log_shell(x), log_density, rtol=1e-9, atol=1e-9)
    reduced = target.score(x[None], level)[0]
    size = 1e-9 * np.linalg.norm(score, axis=1).max()
    # The score in R^d has no component across the reduced directions, so norms and products with x agree.
    np.testing.assert_allclose(np.sum(reduced**2, axis=1), np.sum(score**2, axis=1), rtol=1e-9, atol=size**2)
    np.testing.assert_allclose(np.sum(reduced * x, axis=1), np.sum(score * y, axis=1), rtol=1e-9, atol=size)
    if isinstance(target, GaussianMixture | Empirical) and target.basis is not None:
        np.testing.assert_allclose(y @ target.basis.T, x[:, :-1], atol=1e-12)
        np.testing.assert_allclose(score @ target.basis.T, reduced[:, :-1], atol=size)


def test_what_is_reduced_and_what_is_not():
    rng = np.random.default_rng(2)
    assert GaussianMixture(rng.standard_normal((3, 5)), 1.0).multiplicity.tolist() == [1, 1, 1, 2]
    assert GaussianMixture(rng.standard_normal((3, 4)), 1.0).dim == 4  # a shell of one dimension is no gain
    assert GaussianMixture(rng.standard_normal((9, 4)), 1.0).dim == 4
    assert GaussianMixture(rng.standard_normal((3, 8)), np.ones((3, 8))).dim == 8
    assert GaussianMixture(np.zeros((2, 1)), 1.0).dim == 1
    assert ScaleMixture(1, [1.0, 2.0]).multiplicity.tolist() == [1]
    assert Empirical(rng.standard_normal((4, 30))).multiplicity.tolist() == [1, 1, 1, 1, 26]


def test_a_million_dimensions_need_no_dense_basis_of_them():
    small, large = GaussianMixture.low_rank(5, 2, 4), GaussianMixture.low_rank(10**6, 2, 4)
    assert large.multiplicity.tolist() == [1, 1, 999998] and large.means.shape == (4, 10**6)
    np.testing.assert_array_equal(large.means[:, :5], small.means)
    np.testing.assert_allclose(np.linalg.norm(small.means, axis=1), 3.0)
    x = small.sample(10, LEVELS[3], np.random.default_rng(3))
    bundle = np.stack([x, np.ones_like(x)])
    np.testing.assert_allclose(large.score(bundle, LEVELS[3]), small.score(bundle, LEVELS[3]), rtol=1e-13, atol=1e-13)


# ---- kernels: the same components through different code -------------------------------------------------------------


@every_level
@pytest.mark.parametrize("dim, count, one_variance", [
    (1, 3, True), (1, 3, False), (2, 5, True), (2, 5, False), (4, 5, True), (4, 5, False), (3, 40, True),
    (3, 40, False), (6, 3, True), (6, 40, True), (6, 40, False), (20, 60, True), (20, 60, False), (40, 150, True),
    (40, 90, False),
])
def test_every_way_to_the_same_score(dim, count, one_variance, level):
    rng = np.random.default_rng(dim + count)
    means = 1.2 * rng.standard_normal((count, dim))
    weights = rng.dirichlet(np.full(count, 0.7))
    variances = np.full(count, 0.02) if one_variance else rng.uniform(0.0, 0.1, count)
    isotropic = IsotropicComponents(weights, means, variances)
    spread = np.repeat(variances[:, None], dim, axis=1)
    diagonal = DiagonalComponents(weights, means, spread)
    full = FullComponents(weights, means, spread, np.broadcast_to(np.eye(dim), (count, dim, dim)))
    x = isotropic.sample(150, level, rng)
    x[::3] = 0.5 * (x[::3] + x[1::3])  # between the components too
    bundle = np.concatenate([x[None], rng.standard_normal((min(dim, 5), *x.shape))])
    expected = full.score(bundle, level)
    size = 1.0 / (level.alpha_bar * variances.min() + level.tau)
    for kernel in (isotropic, diagonal):
        found = kernel.score(bundle, level)
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-10, atol=1e-10 * np.sqrt(size))
        np.testing.assert_allclose(found[1:], expected[1:], rtol=1e-9, atol=1e-9 * size)
        np.testing.assert_allclose(kernel.score(bundle[:1], level)[0], found[0], rtol=1e-12, atol=1e-12 * np.sqrt(size))
        pieces = [kernel.score(bundle[:, i : i + 1], level) for i in range(7)]
        np.testing.assert_allclose(np.concatenate(pieces, axis=1), found[:, :7], rtol=1e-9, atol=1e-9 * size)
        np.testing.assert_allclose(kernel.log_density(x, level), full.log_density(x, level), rtol=1e-10, atol=1e-10)


@every_level
def test_full_covariances_against_the_definition(level):
    rng = np.random.default_rng(4)
    factors = rng.standard_normal((3, 4, 3))
    covariances, means = factors @ factors.transpose(0, 2, 1), rng.standard_normal((3, 4))
    weights = np.array([0.5, 0.2, 0.3])
    target = GaussianMixture(means, covariances, weights)
    x = target.sample(30, level, rng)
    tangents = rng.standard_normal((2, 30, 4))
    log_density, score, jacobian = dense(x, means, covariances, weights, level)
    found, products = tangent_products(target, x, tangents, level)
    np.testing.assert_allclose(target.log_density(x, level), log_density, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(found, score, rtol=1e-7, atol=1e-7 / np.sqrt(level.tau))
    expected = np.einsum("nij,pnj->pni", jacobian, tangents)
    np.testing.assert_allclose(products, expected, rtol=1e-7, atol=1e-7 / level.tau)


# ---- high precision --------------------------------------------------------------------------------------------------


def precise_radial(r, dim, variances, weights, level):
    """Log density of the radius, score and its derivative along it, in sixty digits."""
    with mp.workdps(60):
        r, m = mp.mpf(r), mp.mpf(dim)
        v = [mp.mpf(level.alpha_bar) * mp.mpf(a) + mp.mpf(level.tau) for a in variances]
        logs = [mp.log(mp.mpf(w)) - m / 2 * mp.log(2 * mp.pi * b) - r * r / (2 * b)
                for w, b in zip(weights, v, strict=True)]
        top = max(logs)
        w = [mp.exp(a - top) for a in logs]
        total = mp.fsum(w)
        pull = mp.fsum(a / b for a, b in zip(w, v, strict=True)) / total
        square = mp.fsum(a / b**2 for a, b in zip(w, v, strict=True)) / total
        area = mp.log(2) + m / 2 * mp.log(mp.pi) - mp.loggamma(m / 2) if dim > 1 else mp.mpf(0)
        return (float(top + mp.log(total) + area + (m - 1) * mp.log(r)), float(-r * pull),
                float(r * r * (square - pull**2) - pull))


@pytest.mark.parametrize("dim", [1, 2, 50, 64, 65, 3000, 10**6])
@pytest.mark.parametrize("tau", [1e-8, 0.02, 0.4, 0.999, 0.9985])
def test_scale_mixtures_to_the_last_digits(dim, tau):
    variances, weights = [1.0, 0.05, 0.0], [0.5, 0.3, 0.2]
    level = NoiseLevel.from_tau(tau)
    target = ScaleMixture(dim, variances, weights)
    x = np.abs(target.sample(40, level, np.random.default_rng(5)))
    truth = np.array([precise_radial(r, dim, variances, weights, level) for r in x[:, 0]])
    score, curvature = target.score(np.stack([x, np.ones_like(x)]), level)[:, :, 0]
    # The radius itself is rounded: a relative 1e-16 moves a log density by r times its slope, some sqrt(d) of it.
    slack = 1e-15 * np.sqrt(dim)
    np.testing.assert_allclose(target.log_density(x, level), truth[:, 0], rtol=1e-14, atol=4 * slack + 1e-14)
    np.testing.assert_allclose(score, truth[:, 1], rtol=4e-14 + 4 * slack / np.sqrt(dim))
    np.testing.assert_allclose(curvature, truth[:, 2], rtol=1e-12 + 10 * slack, atol=1e-13 / level.tau)


@pytest.mark.parametrize("tau", [1e-9, 1e-6, 1e-3, 0.5])
def test_neighbouring_modes_far_from_the_origin_keep_their_digits(tau):
    level = NoiseLevel.from_tau(tau)
    near = 6.0 + np.array([0.0, 2.0, -3.0]) * np.sqrt(tau)
    target = ProductMixture([*near, -6.0], 0.0, [0.1, 0.4, 0.3, 0.2])
    x = np.sqrt(level.alpha_bar) * 6.0 + np.linspace(-4.0, 4.0, 41)[:, None] * np.sqrt(tau)
    score, curvature = target.score(np.stack([x, np.ones_like(x)]), level)[:, :, 0]
    root, v = mp.sqrt(mp.mpf(level.alpha_bar)), mp.mpf(level.tau)
    for i, y in enumerate(x[:, 0]):
        gaps = [root * mp.mpf(m) - mp.mpf(y) for m in [*near, -6.0]]
        w = [mp.mpf(a) * mp.exp(-g * g / (2 * v)) for a, g in zip([0.1, 0.4, 0.3, 0.2], gaps, strict=True)]
        mean = mp.fsum(a * g for a, g in zip(w, gaps, strict=True)) / mp.fsum(w)
        second = mp.fsum(a * g * g for a, g in zip(w, gaps, strict=True)) / mp.fsum(w)
        lost = 4e-16 * 6.0 / tau  # what rounding x = 6 costs a score
        assert abs(score[i] - float(mean / v)) < 10 * lost
        assert abs(curvature[i] - float((second - mean**2) / v**2 - 1 / v)) < (1e-13 + 10 * lost * np.sqrt(tau)) / tau


@pytest.mark.parametrize("dim, nu", [(1, 3.0), (2, 1.0), (3, 0.5), (10, 5.0), (64, 3.0), (300, 8.0), (2, 1000.0)])
def test_student_t_is_the_t_distribution(dim, nu):
    target, law = StudentT(dim, nu), multivariate_t(shape=np.eye(dim), df=nu)
    points = law.rvs(500, random_state=6).reshape(500, dim)
    points = np.concatenate([1e-3 * points[:5], points]) if dim < 20 else points
    x = points if dim == 1 else np.linalg.norm(points, axis=1, keepdims=True)
    found = target.log_density(x, NO_NOISE) - target.log_shell(x)
    np.testing.assert_allclose(found, law.logpdf(points), rtol=1e-12, atol=1e-12)
    assert target.components.count < 900


# ---- examples and data -----------------------------------------------------------------------------------------------


def test_the_published_mixtures():
    family = GaussianMixture.published_5mode(32)
    assert family.dim == family.ambient_dim == 32
    assert abs(family.weights.max() - 0.3280755236320224) < 1e-15
    np.testing.assert_array_equal(GaussianMixture.published_5mode(8).means, family.means[:, :8])
    kernels = [family.components, GaussianMixture.published_5mode(8).components]
    large, small = (np.einsum("kij,kj,klj->kil", kernel.basis, kernel.variances, kernel.basis)
                    for kernel in kernels if isinstance(kernel, FullComponents))
    np.testing.assert_allclose(small, large[:, :8, :8], atol=1e-12)
    assert abs(np.einsum("kii->k", large).mean() / 32 - 0.25) < 0.02
    with pytest.raises(InputError, match="d = 129"):
        GaussianMixture.published_5mode(129)


@pytest.mark.parametrize("digit, count", [(None, 1797), (0, 178), (8, 174)])
def test_digits(digit, count):
    for dim in (5, 64):
        target = Empirical.digits(dim, digit)
        assert target.ambient_dim == dim
        p, w = target.points, target.weights
        assert len(p) <= count and abs(w.min() * count - 1.0) < 1e-12
        np.testing.assert_allclose(w @ p, 0.0, atol=1e-12)
        covariance = np.einsum("k,ki,kj->ij", w, p, p)
        assert abs(np.trace(covariance) - dim) < 1e-10
        assert np.all(np.diff(np.diag(covariance)) < 1e-12)  # principal directions in order
        np.testing.assert_allclose(covariance, np.diag(np.diag(covariance)), atol=1e-12)


def test_points_are_merged():
    target = Empirical([[0.0, 1.0], [2.0, 3.0], [-0.0, 1.0], [2.0, 3.0], [0.0, 1.0]])
    assert target.points.tolist() == [[0.0, 1.0], [2.0, 3.0]] and target.weights.tolist() == [0.6, 0.4]


def test_one_point_and_one_component():
    level = LEVELS[2]
    for target in (Empirical([[1.0, 2.0]]), Empirical([[1.0]]),
                   GaussianMixture([[1.0, 2.0]], [[[2.0, 1.0], [1.0, 2.0]]]),
                   ProductMixture([1.0], [0.0]), ScaleMixture(4, [0.3]), HypercubeVertices(3, 0.0)):
        x = target.sample(5, level, np.random.default_rng(7))
        out = target.score(np.stack([x, np.ones_like(x)]), level)
        assert np.all(np.isfinite(out)) and np.all(np.isfinite(target.log_density(x, level)))


@pytest.mark.parametrize("dim", [1, 2, 8])
def test_a_component_of_no_weight_is_not_there(dim):
    means = np.random.default_rng(8).standard_normal((20, dim))
    weights = np.append(np.full(19, 1 / 19), 0.0)
    for level in LEVELS:
        with_it, without = GaussianMixture(means, 0.1, weights), GaussianMixture(means[:-1], 0.1)
        x = without.sample(9, level, np.random.default_rng(9))
        bundle = np.stack([x, np.ones_like(x)])
        np.testing.assert_allclose(with_it.score(bundle, level), without.score(bundle, level), rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(with_it.log_density(x, level), without.log_density(x, level), rtol=1e-12, atol=1e-12)


# ---- a user's mistakes -----------------------------------------------------------------------------------------------

P, LINE = [[0.0, 0.0], [1.0, 1.0]], [0.0, 1.0]
TURNED = [[[1.0, 0.5], [0.1, 1.0]]] * 2
INDEFINITE = [[[1.0, 2.0], [2.0, 1.0]]] * 2
MISTAKES = [
    (lambda: GaussianMixture([0.0, 1.0], 1.0), "means"),
    (lambda: GaussianMixture([], 1.0), "means"),
    (lambda: GaussianMixture([[0.0, np.nan]], 1.0), "means"),
    (lambda: GaussianMixture([[0.0], [1.0, 2.0]], 1.0), "means"),
    (lambda: GaussianMixture("many", 1.0), "means"),
    (lambda: GaussianMixture(P, 1.0, [0.5, 0.6]), "weights"),
    (lambda: GaussianMixture(P, 1.0, [1.5, -0.5]), "weights"),
    (lambda: GaussianMixture(P, 1.0, [1.0]), "weights"),
    (lambda: GaussianMixture(P, 1.0, [0.5, np.inf]), "weights"),
    (lambda: GaussianMixture(P, -1.0), "covariances"),
    (lambda: GaussianMixture(P, [1.0, -1.0]), "covariances"),
    (lambda: GaussianMixture(P, [1.0, 1.0, 1.0]), "covariances"),
    (lambda: GaussianMixture(P, [[1.0, 1.0], [1.0, -0.1]]), "covariances"),
    (lambda: GaussianMixture(P, TURNED), "covariances"),
    (lambda: GaussianMixture(P, INDEFINITE), "covariances"),
    (lambda: GaussianMixture(P, np.full((2, 2, 2), np.nan)), "covariances"),
    (lambda: GaussianMixture(P, [np.eye(2), np.eye(2), np.eye(2)]), "covariances"),
    (lambda: GaussianMixture(np.random.default_rng(0).standard_normal((2, 5000)), np.ones((2, 5000))), "d"),
    (lambda: GaussianMixture.low_rank(3, 4), "rank"),
    (lambda: GaussianMixture.low_rank(3, 0), "rank"),
    (lambda: GaussianMixture.low_rank(3, 2, 0), "components"),
    (lambda: GaussianMixture.low_rank(3, 2, variance=-1.0), "variance"),
    (lambda: GaussianMixture.low_rank(3, 2, radius=np.nan), "radius"),
    (lambda: ProductMixture(P, 1.0), "means"),
    (lambda: ProductMixture(LINE, [1.0, 1.0, 1.0]), "variances"),
    (lambda: ProductMixture(LINE, -0.1), "variances"),
    (lambda: ProductMixture(LINE, 1.0, [0.5, 0.4]), "weights"),
    (lambda: ProductMixture(LINE, 1.0, None, 0), "d"),
    (lambda: ProductMixture(LINE, 1.0, None, cast(int, 2.5)), "d"),
    (lambda: HypercubeVertices(0), "d"),
    (lambda: HypercubeVertices(3, -1.0), "half_width"),
    (lambda: HypercubeVertices(3, cast(float, "wide")), "half_width"),
    (lambda: ScaleMixture(0, [1.0]), "d"),
    (lambda: ScaleMixture(3, [1.0, -1.0]), "variances"),
    (lambda: ScaleMixture(3, [1.0, 1.0], [0.5, 0.6]), "weights"),
    (lambda: StudentT(3, 0.0), "degrees_of_freedom"),
    (lambda: StudentT(3, 1e-3), "degrees_of_freedom"),
    (lambda: StudentT(10**6, 3.0), "degrees_of_freedom"),
    (lambda: Embedded(ScaleMixture(3, [1.0]), 2), "ambient_dim"),
    (lambda: Embedded(HypercubeVertices(10**6), 10**6 + 1), "target"),
    (lambda: Embedded.subspace(5, 4), "k"),
    (lambda: Embedded.subspace(0, 4), "k"),
    (lambda: Embedded.subspace(1, 4, -1.0), "variance"),
    (lambda: Empirical.digits(0), "d"),
    (lambda: Empirical.digits(65), "d"),
    (lambda: Empirical.digits(3, 10), "digit"),
    (lambda: Empirical([1.0, 2.0]), "points"),
    (lambda: Empirical([["1.0", "x"]]), "points"),
    (lambda: Empirical([[1.0, 2.0], [3.0, np.nan]]), "points, row 2, column 2"),
]


@pytest.mark.parametrize("make, argument", MISTAKES)
def test_a_mistake_names_its_argument(make, argument):
    with pytest.raises(InputError) as caught:
        make()
    assert caught.value.argument == argument
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 250

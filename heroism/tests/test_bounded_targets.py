"""Hypercube, truncated Gaussian, sphere, torus where plain formulas break: both noise ends, deep inside, far out."""

import mpmath as mp
import numpy as np
import pytest
from scipy.stats import kstest

from heroism.errors import InputError
from heroism.noise import NoiseLevel
from heroism.special import log_mass, moments
from heroism.targets.hypercube import Hypercube
from heroism.targets.sphere import Circle, Sphere
from heroism.targets.torus import Torus
from heroism.targets.truncated_gaussian import TruncatedGaussian

HALF_WIDTHS = (1e-9, 1e-3, 0.05, 0.149, 0.151, 0.5, 2.0, 10.0, 400.0)
CENTRES = (0.0, 1e-8, 0.3, 1.0, 4.0, 7.9, 8.3, 15.0, 40.0)


def precise_interval(c: float, k: float) -> tuple[mp.mpf, mp.mpf, mp.mpf]:
    """Log mass, mean and 1 - variance of a standard normal on [c - k, c + k], c >= 0."""
    digits = 60 + int(min(c + k, 90.0) ** 2 / 4)  # the error functions of both ends agree in that many digits
    with mp.workdps(digits):
        low, high = mp.mpf(c) - mp.mpf(k), mp.mpf(c) + mp.mpf(k)
        mass = (mp.erfc(low / mp.sqrt(2)) - mp.erfc(high / mp.sqrt(2))) / 2
        mean = (mp.npdf(low) - mp.npdf(high)) / mass
        return mp.log(mass), mean, mean**2 - (low * mp.npdf(low) - high * mp.npdf(high)) / mass


@pytest.mark.parametrize("k", HALF_WIDTHS)
def test_truncated_normal(k):
    centres = np.array([*CENTRES, 0.9 * k, k, k + 1.0, k + 9.0])
    mass, (mean, defect) = log_mass(centres, k), moments(centres, k)
    for i, c in enumerate(centres):
        true_mass, true_mean, true_defect = precise_interval(float(c), k)
        assert abs(float(mass[i] - true_mass)) <= 4e-15 * (1.0 + abs(float(true_mass)))
        # Terms of 1 - variance are of the size of mean^2; where the nearer limit is beyond 8, none is left to cancel.
        size = 10.0 + 2.0 * min(float(true_mean), 8.0) ** 2
        assert abs(float(defect[i] - true_defect)) < 8 * np.finfo(float).eps * size
        if c < k and true_mean > 1e-280:  # small because the ends hardly matter: relative to exp(-l^2/2), l rounded
            assert abs(float(mean[i] / true_mean - 1)) < 1e-14 + 1e-15 * (k - c) ** 2
            assert abs(float(defect[i] / true_defect - 1)) < 1e-14 + 1e-15 * (k - c) ** 2
        else:
            assert abs(float(mean[i] - true_mean)) <= 1e-14 * float(true_mean)
    np.testing.assert_array_equal(moments(-centres, k)[0], -mean)


def test_truncated_normal_with_different_widths_in_every_column():
    c = np.random.default_rng(0).normal(0.0, 30.0, (50, len(HALF_WIDTHS)))
    k = np.array(HALF_WIDTHS)
    together = (log_mass(c, k), *moments(c, k))
    for axis, width in enumerate(HALF_WIDTHS):
        alone = (log_mass(c[:, axis], width), *moments(c[:, axis], width))
        for whole, column in zip(together, alone, strict=True):
            np.testing.assert_allclose(whole[:, axis], column, rtol=1e-14)


def difference_check(target, x, level, tolerance):
    """Score against the log density, by central differences at three widths, extrapolated (error of order h^6)."""
    bundle = np.stack([x, np.ones_like(x)])
    score, curvature = target.score(bundle, level)
    scale = np.sqrt(level.tau)

    def slope(function, h):
        return (function(x + h) - function(x - h)) / (2.0 * h)

    def richardson(function):
        h = 0.02 * scale
        return (64.0 * slope(function, h / 4) - 20.0 * slope(function, h / 2) + slope(function, h)) / 45.0

    density = richardson(lambda y: (target.log_density(y, level) - target.log_shell(y))[:, None])
    derivative = richardson(lambda y: target.score(y[None], level)[0])
    np.testing.assert_allclose(score, density, atol=tolerance / scale)
    np.testing.assert_allclose(curvature, derivative, atol=tolerance / level.tau)


ONE_COORDINATE = [
    Hypercube(5, 0.7), TruncatedGaussian(0.3, 0.8, -1.0, 0.5, dim=3), TruncatedGaussian(0.0, 1.0, 20.0, 21.0),
    TruncatedGaussian(5.0, 0.1, -1.0, 2.0), Circle(0.8), Sphere(3, 1.0), Sphere(50, 2.0), Sphere(10_000, 1.0)]
TAUS = (1e-6, 1e-2, 0.4, 0.99, 1 - 1e-9)


@pytest.mark.parametrize("tau", TAUS)
@pytest.mark.parametrize("target", ONE_COORDINATE, ids=lambda t: f"{type(t).__name__}-{t.ambient_dim}")
def test_scores_are_derivatives(target, tau):
    level = NoiseLevel.from_tau(tau)
    x = target.sample(20, level, np.random.default_rng(3))
    difference_check(target, x, level, 2e-7)


@pytest.mark.parametrize("tau", TAUS)
@pytest.mark.parametrize("target", ONE_COORDINATE, ids=lambda t: f"{type(t).__name__}-{t.ambient_dim}")
def test_samples_follow_the_density(target, tau):
    """The distribution function by quadrature of exp(log_density), and a Kolmogorov-Smirnov test of the samples."""
    level = NoiseLevel.from_tau(tau)
    x = target.sample(2000, level, np.random.default_rng(4))[:, 0]
    reach = 9.0 * np.sqrt(tau) + (x.max() - x.min())
    low = x.min() - reach if target.multiplicity[0] == 1 else max(x.min() - reach, 1e-300)
    grid = np.linspace(low, x.max() + reach, 40_001)
    middle = 0.5 * (grid[1:] + grid[:-1])
    mass = np.exp(target.log_density(middle[:, None], level)) * np.diff(grid)
    assert mass.sum() == pytest.approx(1.0, abs=3e-5)
    cumulative = np.concatenate([[0.0], np.cumsum(mass)])
    assert kstest(x, lambda v: np.interp(v, grid, cumulative)).pvalue > 1e-3
    assert kstest(x + 0.15 * x.std(), lambda v: np.interp(v, grid, cumulative)).pvalue < 1e-3  # and no other law


def test_hypercube_is_flat_inside_and_gaussian_outside():
    cube, level = Hypercube(1, 1.0), NoiseLevel.from_tau(1e-6)
    edge = np.sqrt(level.alpha_bar)
    bundle = np.ones((2, 3, 1))
    bundle[0, :, 0] = [0.0, 0.9, edge + 1.0]
    score, curvature = cube.score(bundle, level)
    assert score[0, 0] == 0.0 and abs(score[1, 0]) < 1e-300 and abs(curvature[0, 0]) < 1e-300
    np.testing.assert_allclose(cube.log_density(bundle[0, :2], level), -np.log(2.0 * edge), rtol=1e-15)
    distance = 1000.0  # noise deviations outside: score = -(l + 1/l - ...) / s, H = -(1 - 1/l^2 + ...) / tau
    np.testing.assert_allclose(score[2, 0], -(distance + 1 / distance - 2 / distance**3) / 1e-3, rtol=1e-10)
    np.testing.assert_allclose(curvature[2, 0], -(1.0 - distance**-2 + 6.0 * distance**-4) / 1e-6, rtol=1e-10)


def test_pure_noise_end():
    """At alpha_bar = 1e-16 every bounded target is a unit Gaussian to within its own variance times alpha_bar."""
    level = NoiseLevel(1e-16, 1.0)
    for target in (Hypercube(4, 1.0), TruncatedGaussian(0.0, 1.0, -1.0, 1.0), Sphere(3), Torus([1.0, 0.5])):
        x = target.sample_gaussian(50, np.random.default_rng(0))
        score, curvature = target.score(np.stack([x, np.ones_like(x)]), level)
        np.testing.assert_allclose(score, -x, rtol=1e-14)
        np.testing.assert_allclose(curvature, -1.0, rtol=1e-14)
        np.testing.assert_allclose(target.log_density(x, level), target.log_density_gaussian(x), rtol=2e-14, atol=1e-14)


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_far_truncation(side):
    """Twenty deviations out, on either side, X_0 is close to an exponential law from the nearer limit."""
    low, high = sorted((side * 20.0, side * 26.0))
    target, level = TruncatedGaussian(0.0, 1.0, low, high), NoiseLevel.from_tau(1e-12)
    x = side * target.sample(4000, level, np.random.default_rng(1))[:, 0]
    with mp.workdps(40):
        mean = float(mp.npdf(20) / mp.ncdf(-20))
    assert x.min() > 20.0 - 1e-5 and x.max() < 21.0
    assert x.mean() == pytest.approx(mean, abs=4.0 * 0.05 / np.sqrt(4000))
    at = np.array([[side * 20.05]])
    with mp.workdps(40):
        exact = float(mp.log(mp.npdf(mp.mpf(20.05)) / (mp.ncdf(-20) - mp.ncdf(-26)) / mp.sqrt(level.alpha_bar)))
    assert target.log_density(at, level)[0] == pytest.approx(exact, abs=1e-9)  # alpha_bar: 1e-12 times 400


def test_copies_and_columns_are_the_same_law():
    level, rng = NoiseLevel.from_tau(0.3), np.random.default_rng(0)
    copies = TruncatedGaussian(0.2, 0.5, -1.0, 0.4, dim=4)
    columns = TruncatedGaussian([0.2] * 4, 0.5, -1.0, 0.4)
    assert (copies.dim, copies.copies, copies.ambient_dim) == (1, 4, 4)
    assert (columns.dim, columns.copies, columns.ambient_dim) == (4, 1, 4)
    x = columns.sample(30, level, rng)
    one = sum(copies.log_density(x[:, i : i + 1], level) for i in range(4))
    np.testing.assert_allclose(columns.log_density(x, level), one, rtol=1e-14)
    np.testing.assert_allclose(columns.score(x[None], level)[0, :, 1:2], copies.score(x[None, :, 1:2], level)[0],
                               rtol=1e-14)


def test_different_coordinates():
    target, level = TruncatedGaussian([0.0, 3.0], [1.0, 0.01], [-1.0, 2.0], [1.0, 2.99]), NoiseLevel.from_tau(0.2)
    x = target.sample(20_000, level, np.random.default_rng(2))
    parts = [TruncatedGaussian(0.0, 1.0, -1.0, 1.0), TruncatedGaussian(3.0, 0.01, 2.0, 2.99)]
    expected = sum(part.log_density(x[:, i : i + 1], level) for i, part in enumerate(parts))
    np.testing.assert_allclose(target.log_density(x, level), expected, rtol=1e-13)
    assert abs(np.mean((x[:, 0] - x[:, 0].mean()) * (x[:, 1] - x[:, 1].mean()))) < 0.03 * np.prod(x.std(axis=0))


def test_sphere_in_many_dimensions_is_a_thin_shell():
    sphere = Sphere(1_000_000, 1.0)
    level = NoiseLevel.from_tau(0.25)
    r = sphere.sample(500, level, np.random.default_rng(0))
    assert sphere.ambient_dim == 10**6 and sphere.dim == 1
    assert np.mean(r**2) == pytest.approx(0.75 + 0.25e6, rel=1e-4)
    score = sphere.score(r[None], level)[0]
    # Stein: E[s . X] = -d, with X and the score both along the radius; each term is a constant plus a deviate.
    assert np.mean(score * r) == pytest.approx(-1e6, rel=1e-3)


def test_radial_scores_are_odd():
    for target in (Circle(), Sphere(30)):
        level, x = NoiseLevel.from_tau(0.1), np.array([[0.0], [0.5], [1.3]])
        np.testing.assert_array_equal(target.score(-x[None], level), -target.score(x[None], level))


def test_torus_is_a_product_of_circles():
    radii, level = [1.0, 0.25, 3.0], NoiseLevel.from_tau(0.05)
    torus = Torus(radii)
    assert (torus.dim, torus.ambient_dim) == (3, 6)
    x = torus.sample(40, level, np.random.default_rng(0))
    bundle = np.stack([x, np.ones_like(x)])
    for axis, radius in enumerate(radii):
        np.testing.assert_allclose(torus.score(bundle, level)[..., axis : axis + 1],
                                   Circle(radius).score(bundle[..., axis : axis + 1], level), rtol=1e-12)
    total = sum(Circle(radius).log_density(x[:, i : i + 1], level) for i, radius in enumerate(radii))
    np.testing.assert_allclose(torus.log_density(x, level), total, rtol=1e-13)
    assert np.array_equal(Torus(0.5, circles=3).radii, [0.5, 0.5, 0.5])


@pytest.mark.parametrize("make, words", [
    (lambda: Hypercube(0), "d = 0"), (lambda: Hypercube(10**7), "at most 1000000"),
    (lambda: Hypercube(2.5), "d = 2.5"),  # type: ignore[arg-type]
    (lambda: Hypercube(3, -1.0), "half_width = -1.0"), (lambda: Hypercube(3, np.nan), "half_width = nan"),
    (lambda: Sphere(1), "HypercubeVertices"), (lambda: Sphere(3, 0.0), "radius = 0.0"),
    (lambda: Sphere(2 * 10**6), "at most 1000000"), (lambda: Torus([1.0, -1.0]), "radii"),
    (lambda: Torus([1.0, 2.0], circles=3), "3 circles"), (lambda: Torus("round"), "radii = round"),
    (lambda: TruncatedGaussian(0.0, 0.0, -1.0, 1.0), "deviation = 0.0"),
    (lambda: TruncatedGaussian(0.0, 1.0, 1.0, 1.0), "low = 1.0"),
    (lambda: TruncatedGaussian([0.0, 1.0], 1.0, [0.0] * 3, 1.0), "one length"),
    (lambda: TruncatedGaussian(0.0, 1.0, -np.inf, 1.0), "low = -inf"),
    (lambda: TruncatedGaussian([0.0, 0.0], 1.0, -1.0, 1.0, dim=3), "d = 3"),
    (lambda: TruncatedGaussian("a", 1.0, -1.0, 1.0), "mean = a"),
])
def test_mistakes_get_a_sentence(make, words):
    with pytest.raises(InputError, match=words):
        make()

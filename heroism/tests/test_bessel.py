"""Bessel ratios and shell densities against arbitrary-precision arithmetic, from d = 2 to 10^6."""

import mpmath as mp
import numpy as np
import pytest

from heroism.special.bessel import BesselRatio, log_shell_density
from heroism.special.radial import log_radius_density

DIMENSIONS = (2, 3, 4, 7, 16, 39, 41, 42, 100, 1000, 10**6)
UNIT = float(np.finfo(float).eps)
ARGUMENTS = (1e-8, 1e-3, 0.3, 1.0, 3.0, 10.0, 30.0, 35.99, 36.01, 200.0, 3000.0)


@pytest.fixture(autouse=True)
def fifty_digits():
    with mp.workdps(50):
        yield


def precise_ratio(d: int, square: float) -> tuple[mp.mpf, mp.mpf, mp.mpf]:
    """Argument k, A and A', by the backward recurrence from far above."""
    order, k = mp.mpf(d) / 2 - 1, mp.sqrt(mp.mpf(square))
    steps = 80 + int(4 * k if d < 1000 else 0.1 * k)
    ratio = k / (order + steps + 1 + mp.sqrt((order + steps + 1) ** 2 + k * k))
    for j in range(steps, 0, -1):
        ratio = 1 / (2 * (order + j) / k + ratio)
    return k, ratio, 1 - ratio**2 - (d - 1) * ratio / k


def test_the_reference_agrees_with_bessel_functions():
    for d, k in ((2, 1.5), (5, 40.0), (64, 10.0)):
        _, ratio, slope = precise_ratio(d, k * k)
        assert abs(ratio - mp.besseli(mp.mpf(d) / 2, k) / mp.besseli(mp.mpf(d) / 2 - 1, k)) < 1e-40
        step = mp.mpf("1e-12")
        difference = (precise_ratio(d, (k + step) ** 2)[1] - precise_ratio(d, (k - step) ** 2)[1]) / (2 * step)
        assert abs(slope - difference) < 1e-20


@pytest.mark.parametrize("d", DIMENSIONS)
def test_ratio_and_its_derivative(d):
    arguments = (*ARGUMENTS, 0.1 * d, 0.5 * d, 3.0 * d) if d <= 1000 else (*ARGUMENTS, 1e5)
    squares = np.square(arguments)
    together = BesselRatio(d)(squares)  # small and large arguments in one call
    for i, square in enumerate(squares):
        k, ratio, slope = precise_ratio(d, square)
        alone = BesselRatio(d)(squares[i : i + 1])
        for over_k, derivative in ((alone[0][0], alone[1][0]), (together[0][i], together[1][i])):
            # The ratio rounds five times and forgets what came before; the derivative gathers the roundings of 20
            # shifts, five in each, doubled by a difference of numbers that are within a factor of two.
            assert abs(over_k * k / ratio - 1) < 8 * UNIT
            assert abs(derivative / slope - 1) < 100 * UNIT


@pytest.mark.parametrize("d", [2, 3, 50, 10**6])
def test_ratio_at_both_ends(d):
    over_k, slope = BesselRatio(d)(np.array([0.0]))
    assert over_k[0] == pytest.approx(1.0 / d, rel=1e-15)
    assert slope[0] == pytest.approx(1.0 / d, rel=1e-15)
    k = 1e12 * d  # A = 1 - (d-1)/(2k) + ..., A' = (d-1)/(2k^2) + ...
    over_k, slope = BesselRatio(d)(np.array([k * k]))
    assert over_k[0] * k == pytest.approx(1.0, rel=1e-12)
    assert slope[0] * k * k == pytest.approx(0.5 * (d - 1), rel=1e-10)


def precise_density(r: float, b: float, tau: float, d: int) -> mp.mpf:
    r, b, tau, order = mp.mpf(r), mp.mpf(b), mp.mpf(tau), mp.mpf(d) / 2 - 1
    return mp.log(r / tau) + order * mp.log(r / b) - (r * r + b * b) / (2 * tau) + _log_bessel(order, r * b / tau)


def _log_bessel(order: mp.mpf, k: mp.mpf) -> mp.mpf:
    if order < 10**4:
        return mp.log(mp.besseli(order, k))
    q = mp.sqrt(order**2 + k**2)  # Debye in fifty digits: the next term is below 1e-15 at this order
    p = order / q
    series = 1 + (3 * p - 5 * p**3) / (24 * order) + (81 * p**2 - 462 * p**4 + 385 * p**6) / (1152 * order**2)
    return q + order * mp.log(k / (order + q)) - mp.log(2 * mp.pi * q) / 2 + mp.log(series)


@pytest.mark.parametrize("d", (*DIMENSIONS, 81, 82))
def test_shell_density_where_the_mass_is(d):
    rng = np.random.default_rng(d)
    for tau in (1e-6, 1e-2, 0.3, 0.9, 1 - 1e-6):
        b = float(np.sqrt(1.0 - tau))
        r = np.sqrt((b + np.sqrt(tau) * rng.standard_normal(4)) ** 2 + tau * rng.chisquare(d - 1, 4))
        exact = [precise_density(float(x), b, tau, d) for x in r]
        error = max(abs(float(mine - true)) for mine, true in zip(log_shell_density(r, b, tau, d), exact, strict=True))
        # A unit in the last place of r moves the log density by r / sqrt(tau) units, whoever computes it; up to d = 81
        # terms of size d log d cancel, beyond that Debye's sums have terms of order one.
        size = d * np.log(d) if d < 82 else 100.0
        assert error < 4.0 * UNIT * (20.0 + size + r.max() / np.sqrt(tau))


@pytest.mark.parametrize("d", [2, 3, 16, 90, 1000])
def test_shell_density_far_from_the_mass(d):
    for tau in (1e-3, 0.5):
        b = float(np.sqrt(1.0 - tau))
        for r in (1e-6, 0.01 * np.sqrt(d), 20.0 * np.sqrt(d)):
            mine, true = log_shell_density(np.array([-r, r]), b, tau, d), precise_density(r, b, tau, d)
            assert abs(float(mine[1] - true)) < 1e-13 * (1.0 + abs(float(true)))
            assert mine[0] == mine[1]  # the density of |r|


def test_a_vanishing_shell_leaves_a_gaussian():
    r = np.linspace(1.0, 20.0, 30)
    for d in (2, 100):
        np.testing.assert_allclose(log_shell_density(r, 1e-12, 0.7, d), log_radius_density(r, 0.7, d), rtol=1e-13)

"""Clocks, weights and collocation: against 50 digits, adaptive quadrature, and integrals that qmat has no part in."""

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import expit

from heroism.errors import InputError
from heroism.integrals.clocks import CLOCKS, clock
from heroism.integrals.collocation import SPACINGS, collocation
from heroism.integrals.predictions import PREDICTIONS, prediction
from heroism.integrals.weights import step_weights
from heroism.noise import NoiseLevel, log_snr_schedule

WIDE = log_snr_schedule(9, 1e-4, 1.0 - 1e-4)
RULES = [(points, spacing) for spacing in SPACINGS for points in range(1, 8)]


@pytest.mark.parametrize(("points", "spacing"), RULES)
def test_matrix_is_exact_up_to_degree_k_minus_1_and_not_beyond(points, spacing):
    rule = collocation(points, spacing)
    for degree in range(points):
        values = rule.nodes**degree
        assert np.allclose(rule.matrix @ values, rule.nodes ** (degree + 1) / (degree + 1), atol=1e-14)
        assert rule.end @ values == pytest.approx(1 / (degree + 1), abs=1e-14)
    beyond = rule.matrix @ rule.nodes**points - rule.nodes ** (points + 1) / (points + 1)
    assert np.max(np.abs(beyond)) > 1e-6 or points == 1


@pytest.mark.parametrize(("points", "spacing"), RULES)
def test_end_is_exact_to_the_declared_order_and_not_beyond(points, spacing):
    """The order of a collocation method is the degree of exactness of its end weights, plus one."""
    rule = collocation(points, spacing)
    error = [abs(rule.end @ rule.nodes**degree - 1 / (degree + 1)) for degree in range(rule.order + 1)]
    assert max(error[: rule.order]) < 1e-14
    assert error[rule.order] > 1e-13


def test_declared_orders():
    assert [collocation(k).order for k in range(1, 9)] == [1, 2, 4, 4, 6, 6, 8, 8]
    assert [collocation(k, "gauss_legendre").order for k in range(1, 5)] == [2, 4, 6, 8]
    assert [collocation(k, "gauss_lobatto").order for k in range(2, 6)] == [2, 4, 6, 8]
    assert [collocation(k, "gauss_radau").order for k in range(1, 5)] == [1, 3, 5, 7]


def test_points_are_what_they_are_called():
    assert np.allclose(collocation(5).nodes, [0, 0.25, 0.5, 0.75, 1])
    assert np.allclose(collocation(5, "chebyshev").nodes, (1 - np.cos(np.pi * np.arange(5) / 4)) / 2)
    assert collocation(1).nodes == [0.0] and collocation(1).holds_start
    assert collocation(4).holds_start and collocation(4).nodes[-1] == 1.0
    assert not collocation(3, "gauss_legendre").holds_start


@pytest.mark.parametrize("points", range(2, 9))
def test_lemma_1_bound_on_the_weights(points):
    """|gamma_ij| <= 2^K (tau_0 - tau_i) (2506.24042, Lemma 1), on the unit step."""
    rule = collocation(points)
    assert np.all(np.abs(rule.matrix) <= 2.0**points * rule.nodes[:, None] + 1e-15)


def test_many_equispaced_points_warn():
    with pytest.warns(UserWarning, match="K = 9 equispaced"):
        collocation(9)


@pytest.mark.parametrize(("points", "spacing", "sentence"), [
    (0, "equispaced", "K = 0: give a whole number"),
    (2.5, "equispaced", "K = 2.5"),
    (3, "random", "spacing = random: choose one of equispaced"),
])
def test_mistakes_are_named(points, spacing, sentence):
    with pytest.raises(InputError, match=sentence):
        collocation(points, spacing)


@pytest.mark.parametrize("clock_name", CLOCKS)
@pytest.mark.parametrize("prediction_name", PREDICTIONS)
def test_weights_integrate_the_interpolant_against_its_exponential_factor(clock_name, prediction_name):
    """Against adaptive quadrature in lambda, for a cubic in the clock's coordinate, with two nodes before the step."""
    ticks, flow = clock(clock_name), prediction(prediction_name, 0.7)
    first, last = (NoiseLevel.from_half_log_snr(x) for x in (-0.6, 1.1))
    nodes, rows = np.array([-0.4, -0.1, 0.3, 1.0]), np.array([0.3, 1.0])
    scale, weights = step_weights(ticks, flow, first, last, nodes, rows)

    def rate(half_log_snr):
        level = NoiseLevel.from_half_log_snr(half_log_snr)
        return flow.rate(expit(2 * half_log_snr), expit(-2 * half_log_snr)) * ticks.unit(first, last, level) ** 3

    for i, row in enumerate(rows):
        level = ticks.level(first, last, row)
        kappa = flow.kappa(level.alpha_bar, level.tau)
        exact = quad(rate, first.half_log_snr, level.half_log_snr, epsabs=1e-14)[0]
        assert weights[i] @ nodes**3 == pytest.approx(kappa * exact, rel=1e-11, abs=1e-13)
        assert scale[i] == pytest.approx(kappa / flow.kappa(first.alpha_bar, first.tau), rel=1e-13)


@pytest.mark.parametrize("name", CLOCKS)
def test_clocks_read_the_levels_they_show(name):
    ticks, first, last = clock(name), WIDE.start, WIDE.end
    for unit in (0.0, 0.2, 0.9, 1.0):
        assert ticks.unit(first, last, ticks.level(first, last, unit)) == pytest.approx(unit, abs=1e-12)
    assert ticks.level(first, last, 0.0) == first and ticks.level(first, last, 1.0) == last


@pytest.mark.parametrize("name", CLOCKS)
def test_clocks_measure_short_steps_to_all_digits(name):
    """Against 50-digit arithmetic, far from where lambda is zero, for steps from 1e-2 down to 1e-9 in it."""
    ticks = clock(name, 0.3, 0.7)
    for middle in (-4.0, 0.2, 4.0):
        for gap in (1e-2, 1e-6, 1e-9):
            first, last = (NoiseLevel.from_half_log_snr(middle + x) for x in (0.0, gap))
            exact = reading(name, last) - reading(name, first)
            assert ticks.length(first, last) == pytest.approx(float(exact), rel=1e-6 if gap == 1e-9 else 1e-9)


def reading(name, level):
    """What a clock shows, in 50 digits, from whichever of alpha_bar and tau is the small one."""
    with mpmath.workdps(50):
        small = mpmath.mpf(min(level.alpha_bar, level.tau))
        tau = small if level.tau < level.alpha_bar else 1 - small
        half = mpmath.log((1 - tau) / tau) / 2
        sigma, spent = mpmath.exp(-half), -mpmath.log(1 - tau)
        slope, least = mpmath.mpf(19.9), mpmath.mpf(0.1)
        return {"tau": tau, "sigma": sigma, "time": mpmath.log(1 - tau) / 2, "log_snr": half,
                "flow": sigma / (1 + sigma), "vp": (mpmath.sqrt(least**2 + 2 * slope * spent) - least) / slope,
                "focused": mpmath.asinh((half - mpmath.mpf("0.3")) / mpmath.mpf("0.7"))}[name]


@pytest.mark.parametrize("name", CLOCKS)
@pytest.mark.parametrize("middle", [-3.0, 0.2, 4.0])
def test_slopes_are_those_of_the_probability_flow(name, middle):
    """``dx/dlambda = tau (x + s)``, ``d sqrt(alpha_bar)/dlambda = sqrt(alpha_bar) tau`` and ``d sqrt(tau)/dlambda =
    -sqrt(tau) alpha_bar``, times the clock's speed.
    """
    ticks, start, end = clock(name, 0.3, 0.7), *(NoiseLevel.from_half_log_snr(middle + x) for x in (0.0, 0.5))
    x, score = np.random.default_rng(0).normal(size=(2, 1, 4, 2))
    speed = ticks.moments(start, end, np.zeros(1))[2][0]
    signal, noise = np.sqrt(start.alpha_bar), np.sqrt(start.tau)
    scales = {1.0: 0.0, signal: start.tau, signal + noise: signal * noise * (noise - signal) / (signal + noise)}
    scale = ticks.scale(start)
    in_lambda = (start.tau * (x + score) - scales[scale] * x) / scale
    assert np.allclose(ticks.length(start, end) * ticks.slope(x, score, start), speed * in_lambda, rtol=1e-12)


@pytest.mark.parametrize("name", PREDICTIONS)
def test_predictions_turn_the_flow_into_their_own_equation(name):
    """``d(x / kappa)/dlambda = rate f``: with kappa's derivative by a complex step."""
    flow, half, step = prediction(name, 0.7), 0.4, 1e-30
    lam = half + 1j * step
    alpha_bar, tau = 1.0 / (1.0 + np.exp(-2.0 * lam)), 1.0 / (1.0 + np.exp(2.0 * lam))
    kappa, level = flow.kappa(alpha_bar, tau), NoiseLevel.from_half_log_snr(half)
    x, score = np.random.default_rng(0).normal(size=(2, 1, 4, 2))
    in_lambda = level.tau * (x + score) / kappa.real - x * (kappa.imag / step) / kappa.real**2
    assert np.allclose(flow.rate(level.alpha_bar, level.tau) * flow.of(x, score, level), in_lambda, rtol=1e-12)

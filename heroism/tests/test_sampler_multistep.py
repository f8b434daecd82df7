"""Exponential Adams and UniPC: their weights, the published formulas they contain, and starts that keep the order."""

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest

from heroism.errors import InputError
from heroism.flow import Flow
from heroism.integrals.clocks import LogSnrClock
from heroism.integrals.predictions import Data, Noise
from heroism.integrals.stages import Method
from heroism.noise import NoiseLevel, NoiseSchedule, log_snr_schedule
from heroism.samplers import AcceleratedOde, Ddim, ExponentialAdams, UniPC
from heroism.tests.small_targets import ENDS, PLANE, STARTS, TWO_PEAKS, exact_ends

GRID = log_snr_schedule(8, 0.02, 0.97)
UNEVEN = NoiseSchedule(np.delete(GRID.alpha_bar, [2, 5]), np.delete(GRID.tau, [2, 5]))
X = np.random.default_rng(1).normal(size=(5, 2))


def in_many_digits(length, nodes, rate):
    """The same integrals in 50-digit arithmetic."""
    with mpmath.workdps(50):
        nodes = [mpmath.mpf(node) for node in nodes]

        def integrand(j):
            others = nodes[:j] + nodes[j + 1 :]
            return lambda t: mpmath.exp(rate * (length - t)) * mpmath.fprod((t - n) / (nodes[j] - n) for n in others)

        return [float(mpmath.quad(integrand(j), [0, length])) for j in range(len(nodes))]


def step_of(length):
    """Levels so far apart in lambda."""
    return tuple(NoiseLevel.from_half_log_snr(middle) for middle in (-0.5 * length, 0.5 * length))


def exponential_weights(length, nodes, rate, method=None):
    """Integrals over a step of that length in lambda of ``exp(rate (length - t))`` times the Lagrange basis on nodes.

    Of the method's weights, without what is in front of the integral, ``sqrt(alpha_bar)`` or ``-sqrt(tau)``.
    """
    start, end = step_of(length)
    method = method or Method(LogSnrClock(), Noise() if rate > 0 else Data())
    weights = method.weights(start, end, np.array(nodes) / length, np.ones(1))[1][0]
    return weights / (-np.sqrt(end.tau) if rate > 0 else np.sqrt(end.alpha_bar))


@pytest.mark.parametrize("rate", [-1.0, 1.0])
@pytest.mark.parametrize(("length", "nodes"), [
    (1e-7, (0.0,)), (1e-7, (0.0, -1e-7, -3e-7)), (0.03, (0.0, -0.03, -0.06, -0.09, -0.12, -0.15)),
    (0.5, (0.5, 0.0, -0.1)), (2.0, (0.0, -0.5, -3.0, -3.5)), (14.0, (0.0, -1.0)), (28.0, (0.0,)),
])
def test_weights_do_not_cancel(length, nodes, rate):
    stretch = LogSnrClock().length(*step_of(length)) / length  # 1, up to the rounding of the two levels
    expected = np.array(in_many_digits(stretch * length, [stretch * node for node in nodes], rate))
    assert np.abs(exponential_weights(length, nodes, rate) / expected - 1.0).max() < 1e-12


def test_weights_integrate_polynomials_to_their_degree_and_not_beyond():
    nodes = (0.0, -0.2, -0.5, -0.6)
    weights = exponential_weights(0.4, nodes, -1.0)
    for degree in range(5):
        exact = float(mpmath.quad(lambda t, degree=degree: mpmath.exp(t - 0.4) * t**degree, [0, 0.4]))
        miss = abs(weights @ np.array(nodes) ** degree - exact)
        assert miss < 1e-15 if degree < 4 else miss > 1e-4


@pytest.mark.parametrize("prediction", ["data", "noise"])
@pytest.mark.parametrize("schedule", [GRID, UNEVEN], ids=["even", "uneven"])
def test_one_point_is_ddim(prediction, schedule):
    adams = ExponentialAdams(1, prediction).transport(Flow(PLANE.score), X[None], schedule)
    assert np.allclose(adams, Ddim().transport(Flow(PLANE.score), X[None], schedule), rtol=1e-12)


def gap(start, end):
    return end.half_log_snr - start.half_log_snr


def data(x, level):
    return (x + level.tau * PLANE.score(x[None], level)[0]) / np.sqrt(level.alpha_bar)


def test_two_points_with_bh2_are_dpm_solver_pp_2m():
    """2211.01095, Algorithm 2 (multistep, second order), with DDIM as its first step."""
    before, now, after = UNEVEN.levels[-1], UNEVEN.levels[-2], UNEVEN.levels[-3]
    d_before = data(X, before)
    x = np.sqrt(now.tau / before.tau) * X - np.sqrt(now.alpha_bar) * np.expm1(-gap(before, now)) * d_before
    d_now, r = data(x, now), gap(before, now) / gap(now, after)
    d = (1 + 1 / (2 * r)) * d_now - 1 / (2 * r) * d_before
    expected = np.sqrt(after.tau / now.tau) * x - np.sqrt(after.alpha_bar) * np.expm1(-gap(now, after)) * d
    weights = exponential_weights(gap(now, after), (-gap(before, now), 0.0), -1.0, UniPC(2, variant="bh2").method)
    ours = np.sqrt(after.tau / now.tau) * x + np.sqrt(after.alpha_bar) * (weights[0] * d_before + weights[1] * d_now)
    assert np.allclose(ours, expected, rtol=1e-13)


@pytest.mark.parametrize("b", [lambda h: h, np.expm1], ids=["h", "e^h - 1"])
def test_unipc_coefficients_are_the_exact_weights_for_any_b(b):
    """2302.04867, the corrector of p = 3 on data predictions, as UniPC solves for its coefficients:

    ``x' = (s'/s) x - a' (e^-h - 1) D_0 - a' B(h) sum_m a_m (D_m - D_0) / r_m``, the r_m h apart from D_0, and a solving
    ``sum_m a_m r_m^(n-1) = n! phi_(n+1)(z) z / B(z)``, z = -h, phi_1 = (e^z - 1) / z, phi_(n+1) = (phi_n - 1 / n!) / z.
    """
    h, r = 0.37, np.array([-2.1, -0.8, 1.0])
    z = -h
    phi, right, factorial = np.expm1(z) / z, [], 1.0
    for n in (1, 2, 3):
        phi = (phi - 1.0 / factorial) / z  # phi_(n+1)
        factorial *= n + 1
        right.append(phi * factorial / (n + 1) * z / b(z))
    a = np.linalg.solve(np.vander(r, 3, increasing=True).T, right)
    on_differences = -b(z) * a / r
    expected = np.append(on_differences, -np.expm1(z) - on_differences.sum())
    assert np.allclose(exponential_weights(h, (*(r * h), 0.0), -1.0, UniPC(3).method), expected, rtol=1e-9)


@pytest.mark.parametrize("prediction", ["data", "noise"])
@pytest.mark.parametrize("variant", ["bh1", "bh2"])
def test_two_points_have_half_of_b_on_the_slope_in_the_variants(prediction, variant):
    """And they integrate a constant exactly, which leaves no other pair of weights."""
    h, rate = 0.37, 1.0 if prediction == "noise" else -1.0
    for nodes in ((-0.2, 0.0), (0.0, h)):
        weights = exponential_weights(h, nodes, rate, UniPC(2, prediction, variant).method)
        assert weights.sum() == pytest.approx(np.expm1(rate * h) / rate, rel=1e-12)
        b = h if variant == "bh1" else np.expm1(rate * h) / rate
        assert weights @ np.array(nodes) == pytest.approx(0.5 * b * h, rel=1e-12)


def error(sampler, schedule) -> float:
    """Distance from the exact flow's endpoints."""
    end = sampler.transport(Flow(TWO_PEAKS.score), STARTS[None], schedule)
    return float(np.linalg.norm(end[0, :, 0] - exact_ends()))


def stretched(transitions: int) -> NoiseSchedule:
    """Steps in half-log-SNR that grow smoothly by a factor of about nine from one end to the other."""
    even = log_snr_schedule(3, *ENDS)
    low, high = even.end.half_log_snr, even.start.half_log_snr
    u = np.linspace(0, 1, transitions + 1)
    half_log_snr = low + (high - low) * (0.2 * u + 0.8 * u**2)
    tau = 1.0 / (1.0 + np.exp(2 * half_log_snr))
    tau[0], tau[-1] = ENDS
    return NoiseSchedule(1.0 - tau, tau)


@pytest.mark.parametrize("sampler", [
    *(ExponentialAdams(k, prediction) for k in (2, 3, 4, 5) for prediction in ("data", "noise")),
    *(UniPC(p, prediction) for p in (1, 2, 3) for prediction in ("data", "noise")), AcceleratedOde(),
], ids=lambda sampler: f"{type(sampler).__name__} {sampler.order}")
def test_order_holds_on_uneven_grids(sampler):
    slope = np.log(error(sampler, stretched(256)) / error(sampler, stretched(384))) / np.log(1.5)
    assert slope == pytest.approx(sampler.order, abs=0.25)


@pytest.mark.parametrize(("careful", "growing"), [
    (ExponentialAdams(4), ExponentialAdams(4, startup="growing")), (UniPC(4), UniPC(4, startup="growing")),
])
def test_a_growing_start_is_what_limits_the_order(careful, growing):
    schedule = log_snr_schedule(129, *ENDS)
    assert error(careful, schedule) < error(growing, schedule) / 20.0 and growing.order < careful.order


@pytest.mark.parametrize(("sampler", "evaluations", "rounds"), [
    (ExponentialAdams(3), 40, 40), (ExponentialAdams(4), 41, 41), (ExponentialAdams(6), 46, 43), (UniPC(5), 46, 43),
    (ExponentialAdams(6, startup="growing"), 40, 40),
])
def test_cost_in_closed_form(sampler, evaluations, rounds):
    assert (sampler.evaluations(41), sampler.rounds(41)) == (evaluations, rounds)


@pytest.mark.parametrize("sampler", [ExponentialAdams(6), UniPC(5), ExponentialAdams(2), UniPC(1)])
def test_only_levels_of_the_schedule_are_evaluated_and_never_the_last(sampler):
    called = []

    def score(bundle, level):
        called.append(level)
        return PLANE.score(bundle, level)

    sampler.transport(Flow(score), X[None], GRID)
    assert set(called) == set(GRID.levels[1:]) and called[0] == GRID.start and called.count(GRID.start) == 1


@pytest.mark.parametrize(("make", "sentence"), [
    (lambda: ExponentialAdams(0), "order = 0: give a whole number of at least 1"),
    (lambda: ExponentialAdams(13), "order = 13: give an order of at most 12"),
    (lambda: ExponentialAdams(3, "velocity"), "prediction = velocity: choose one of data, noise"),
    (lambda: ExponentialAdams(3, startup="exact"), "startup = exact: choose one of order_keeping, growing"),
    (lambda: UniPC(0), "points = 0"),
    (lambda: UniPC(12), "points = 12: give at most 11"),
    (lambda: UniPC(2, variant="bh3"), "variant = bh3: choose one of exact, bh1, bh2"),
])
def test_mistakes_are_named(make, sentence):
    with pytest.raises(InputError, match="^" + sentence):
        make()

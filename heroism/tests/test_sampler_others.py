"""What is particular to Runge-Kutta, the accelerated ODE, randomised midpoints, Picard and DDPM."""

import numpy as np
import pytest

from heroism.errors import InputError
from heroism.flow import Flow
from heroism.noise import log_snr_schedule
from heroism.samplers import AcceleratedOde, Ddim, Ddpm, Picard, RandomisedMidpoint, RungeKutta
from heroism.samplers.runge_kutta import TABLEAUX
from heroism.tests.small_targets import PLANE

GRID = log_snr_schedule(8, 0.02, 0.97)
X = np.random.default_rng(1).normal(size=(5, 2))


@pytest.mark.parametrize("tableau", TABLEAUX.values(), ids=TABLEAUX)
def test_tableaux_are_explicit_and_of_their_order_and_not_beyond(tableau):
    """Of the conditions for order p these: nodes are row sums, and quadrature to degree p - 1 but not to degree p."""
    assert np.allclose(tableau.matrix.sum(axis=1), tableau.nodes, atol=1e-14)
    assert np.all(np.triu(tableau.matrix) == 0.0)
    for degree in range(tableau.order):
        assert tableau.weights @ tableau.nodes**degree == pytest.approx(1 / (degree + 1), abs=1e-13)
    assert abs(tableau.weights @ tableau.nodes**tableau.order - 1 / (tableau.order + 1)) > 1e-6


def test_heun_in_sigma_is_edm():
    """2206.00364, Algorithm 1, with the denoiser D(y; sigma) and d = (y - D) / sigma."""
    def slope(y, level):
        x = y * np.sqrt(level.alpha_bar)
        denoised = (x + level.tau * PLANE.score(x[None], level)[0]) / np.sqrt(level.alpha_bar)
        return (y - denoised) / level.sigma

    y = X / np.sqrt(GRID.start.alpha_bar)
    for start, end in GRID.transitions():
        step, first = end.sigma - start.sigma, slope(y, start)
        y = y + step * 0.5 * (first + slope(y + step * first, end))
    ours = RungeKutta("heun", "sigma").transport(Flow(PLANE.score), X[None], GRID)[0]
    assert np.allclose(ours, y * np.sqrt(GRID.end.alpha_bar), rtol=1e-12)


def test_stages_lie_within_the_step():
    called = []

    def score(bundle, level):
        called.append(level)
        return PLANE.score(bundle, level)

    start, end = GRID.levels[3], GRID.levels[2]
    for clock in ("half_log_snr", "sigma"):
        RungeKutta("dop853", clock).step(Flow(score), X[None], start, end)
    assert called[0] == called[12] == start and called[11] == called[23] == end
    assert all(end.tau <= level.tau <= start.tau for level in called)


def test_accelerated_is_the_formula_of_its_authors():
    """2403.03852, readme of the authors' code, with a (t + 1), b (t) and c (t - 1) for alpha_bar."""
    x, levels, noise_before = X, GRID.levels[::-1], None
    for i, (start, end) in enumerate(GRID.transitions()):
        b, c = start.alpha_bar, end.alpha_bar
        noise, step = -np.sqrt(1 - b) * PLANE.score(x[None], start)[0], b / c
        x = x / np.sqrt(step) + (np.sqrt(1 - c) - np.sqrt(1 - b) / np.sqrt(step)) * noise
        if i:
            bracket = (b * np.sqrt(1 - c) / np.sqrt(c) + np.arcsin(np.sqrt(c))
                       - b * np.sqrt(1 - b) / np.sqrt(b) - np.arcsin(np.sqrt(b)))
            x = x + np.sqrt(c) / (b - levels[i - 1].alpha_bar) * bracket * (noise_before - noise)
        noise_before = noise
    ours = AcceleratedOde().transport(Flow(PLANE.score), X[None], GRID)[0]
    assert np.allclose(ours, x, rtol=1e-10)


def factors(steps: int, variance: float, seeds: int) -> np.ndarray:
    """Relative errors of the factor by which RandomisedMidpoint scales N(0, variance), for many seeds."""
    schedule = log_snr_schedule(steps, 0.1, 0.9)
    after, before = (level.alpha_bar * variance + level.tau for level in (schedule.end, schedule.start))
    flow = Flow(lambda bundle, level: -bundle / (level.alpha_bar * variance + level.tau))
    return np.array([RandomisedMidpoint(seed).transport(flow, np.ones((1, 1, 1)), schedule)[0, 0, 0]
                     for seed in range(seeds)]) / np.sqrt(after / before) - 1.0


def test_randomised_midpoint_is_of_order_one_and_a_half_over_seeds():
    few, many = (np.sqrt(np.mean(factors(steps, 0.3, 150) ** 2)) for steps in (17, 65))
    assert np.log(few / many) / np.log(4) == pytest.approx(1.5, abs=0.25)


def test_randomised_midpoint_is_unbiased_where_the_drift_is_known():
    """On N(0, I) the exact factor is 1, and so is the mean over midpoints; no single seed hits it."""
    errors = factors(9, 1.0, 400)
    assert abs(errors.mean()) < 4 * errors.std() / np.sqrt(400)
    assert np.abs(errors).min() > 0 and errors.std() > 1e-3


def test_the_seed_fixes_the_midpoints():
    def run(seed):
        return RandomisedMidpoint(seed).transport(Flow(PLANE.score), X[None], GRID)

    assert np.array_equal(run(1), run(1)) and not np.allclose(run(1), run(2), rtol=1e-3)


@pytest.mark.parametrize("picard", [Picard(7), Picard(20), Picard(3, 3), Picard(9, 2)])
def test_picard_with_enough_sweeps_is_ddim(picard):
    ours = picard.transport(Flow(PLANE.score), X[None], GRID)
    assert np.allclose(ours, Ddim().transport(Flow(PLANE.score), X[None], GRID), rtol=1e-12)


def test_picard_converges_faster_than_geometrically_in_a_few_rounds():
    schedule = log_snr_schedule(65, 0.02, 0.97)
    ddim = Ddim().transport(Flow(PLANE.score), X[None], schedule)
    errors = []
    for sweeps in (4, 8, 12, 16):
        errors.append(np.abs(Picard(sweeps).transport(Flow(PLANE.score), X[None], schedule) - ddim).max())
        assert Picard(sweeps).rounds(65) == sweeps
    gains = np.array(errors[:-1]) / errors[1:]
    assert errors[-1] < 1e-4 and np.all(np.diff(gains) > 0)


def test_picard_evaluates_settled_points_no_more():
    assert Picard(3, 5).evaluations(1 + 12) == (5 + 4 + 3) * 2 + (2 + 1)
    assert Picard(3, 5).rounds(1 + 12) == 3 + 3 + 2


def test_ddpm_needs_a_flow_that_adds_noise():
    with pytest.raises(TypeError, match="adds no noise"):
        Ddpm().transport(Flow(PLANE.score), X[None], GRID)
    with pytest.raises(TypeError, match="without tangents"):
        Ddpm().transport(Flow(PLANE.score, diffusion=lambda x, deviation: x), np.zeros((2, 5, 2)), GRID)


@pytest.mark.parametrize(("make", "sentence"), [
    (lambda: RungeKutta("euler"), "method = euler: choose one of heun, rk4, rk23, rk45, dop853"),
    (lambda: RungeKutta(clock="tau"), "clock = tau: choose one of half_log_snr, sigma"),
    (lambda: RandomisedMidpoint(-1), "seed = -1: give a whole number of at least 0"),
    (lambda: Picard(0), "sweeps = 0: give a whole number of at least 1"),
    (lambda: Picard(3, 0), "window = 0: give a whole number of at least 1"),
    (lambda: Picard(3, 2.5), "window = 2.5"),  # type: ignore[arg-type]
])
def test_mistakes_are_named(make, sentence):
    with pytest.raises(InputError, match="^" + sentence):
        make()

"""Schedules: accurate at both ends, the paper's recursion, Lemma 1, and the sentences for wrong arguments."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from heroism.errors import InputError
from heroism.noise import (
    NoiseLevel,
    NoiseSchedule,
    log_snr_schedule,
    paper_schedule,
    rho_schedule,
    uniform_time_schedule,
)

SCHEDULES = {
    "paper": paper_schedule(64),
    "paper long": paper_schedule(4096),
    "log_snr": log_snr_schedule(50, 1e-5, 0.9999),
    "rho": rho_schedule(40, 1e-4, 0.9998),
    "uniform_time": uniform_time_schedule(33),
}


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_levels_run_from_noise_to_data(schedule):
    assert schedule.start == schedule.levels[-1] and schedule.end == schedule.levels[0]
    pairs = list(schedule.transitions())
    assert len(pairs) == len(schedule) - 1 == schedule.steps - 1
    assert pairs[0][0] == schedule.start and pairs[-1][1] == schedule.end
    assert all(a.tau > b.tau or a.alpha_bar < b.alpha_bar for a, b in pairs)
    assert all(first[1] == second[0] for first, second in pairwise(pairs))


def test_every_schedule_says_the_step_in_which_its_orders_are_stated():
    assert SCHEDULES["paper"].step == pytest.approx(np.log(64) / 64, rel=1e-15)
    for name, T in (("log_snr", 50), ("rho", 40), ("uniform_time", 33)):
        assert SCHEDULES[name].step == pytest.approx(1 / (T - 1), rel=1e-15)
    by_hand = NoiseSchedule(np.array([0.9, 0.5, 0.1]), np.array([0.1, 0.5, 0.9]))
    assert by_hand.step == 0.5 and replace(by_hand, step=0.1).step == 0.1


def test_paper_schedule_equals_the_recursion_in_exact_arithmetic():
    """Both numbers keep all digits at both ends: compared with rational arithmetic on the same float betas."""
    steps, c0, c1 = 32, 2.0, 4.0
    schedule = paper_schedule(steps, c0, c1)
    rate = c1 * np.log(steps) / steps
    beta = [steps**-c0] + [rate * min(steps**-c0 * (1 + rate) ** t, 1.0) for t in range(2, steps + 1)]
    exact = Fraction(1)
    for t, b in enumerate(beta):
        exact *= 1 - Fraction(b)
        assert schedule.alpha_bar[t] == pytest.approx(float(exact), rel=1e-13)
        assert schedule.tau[t] == pytest.approx(float(1 - exact), rel=1e-13)


def test_paper_schedule_survives_long_ladders():
    schedule = paper_schedule(2**17)
    assert np.all(np.isfinite(schedule.tau)) and schedule.end.tau == pytest.approx(2.0**-34)


@pytest.mark.parametrize("steps", [64, 512, 4096])
@pytest.mark.parametrize("c1", [4.0, 5.0])
def test_lemma_1(steps, c1):
    """(2506.24042, Lemma 1): within a step tau moves by at most 8 c1 (log T / T) tau (1 - tau'), and alpha_bar_T <=
    T^-c2.

    The exponential phase takes a share c0 / c1 of the steps, the flat one brings alpha_bar down to about T^-(c1 -
    c0); so c1 has to be the larger, and c2 is somewhat below the difference.
    """
    schedule = paper_schedule(steps, 2.0, c1)
    for start, end in schedule.transitions():
        bound = 8 * c1 * np.log(steps) / steps * end.tau * start.alpha_bar  # the smallest tau and 1 - tau of the step
        assert start.tau_above(end) <= bound
    assert schedule.start.alpha_bar <= steps ** -(0.75 * (c1 - 2.0))


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
def test_interpolation_is_linear_in_both_numbers_and_exact_at_the_ends(schedule):
    for start, end in schedule.transitions():
        assert start.toward(end, 0.0) == start and start.toward(end, 1.0) == end
        middle = start.toward(end, 0.25)
        assert middle.tau == pytest.approx(0.75 * start.tau + 0.25 * end.tau, rel=1e-15)
        assert middle.alpha_bar == pytest.approx(0.75 * start.alpha_bar + 0.25 * end.alpha_bar, rel=1e-15)


def test_tau_above_does_not_cancel():
    """Near tau = 1 the difference of the taus has no digits left; the difference of the alpha_bars has all."""
    noisy, less = NoiseLevel(1e-12, 1.0 - 1e-12), NoiseLevel(3e-12, 1.0 - 3e-12)
    assert noisy.tau_above(less) == pytest.approx(2e-12, rel=1e-14)
    clean, cleaner = NoiseLevel(1.0 - 3e-12, 3e-12), NoiseLevel(1.0 - 1e-12, 1e-12)
    assert clean.tau_above(cleaner) == pytest.approx(2e-12, rel=1e-14)


def test_log_snr_schedule_is_uniform_and_reaches_both_ends():
    schedule = log_snr_schedule(21, 1e-6, 0.999)
    lam = [level.half_log_snr for level in schedule.levels]
    assert np.allclose(np.diff(lam), np.diff(lam)[0], rtol=1e-10)
    assert schedule.end.tau == pytest.approx(1e-6, rel=1e-12) and schedule.start.tau == pytest.approx(0.999, rel=1e-12)


def test_rho_schedule_is_uniform_in_the_root_of_sigma():
    schedule = rho_schedule(21, 1e-6, 0.999, rho=7.0)
    root = np.array([level.sigma for level in schedule.levels]) ** (1 / 7)
    assert np.allclose(np.diff(root), np.diff(root)[0], rtol=1e-10)


def test_uniform_time_schedule_is_uniform_in_time_and_reaches_both_ends():
    schedule = uniform_time_schedule(17, duration=8.0, tau_min=1e-6)
    time = -0.5 * np.log(schedule.alpha_bar)
    assert np.allclose(np.diff(time), np.diff(time)[0], rtol=1e-12)
    assert schedule.end.tau == pytest.approx(1e-6, rel=1e-12) and schedule.start.alpha_bar == pytest.approx(np.exp(-16))


def test_half_log_snr_round_trip_at_both_ends():
    for lam in (-30.0, -1.0, 0.0, 2.0, 25.0):
        assert NoiseLevel.from_half_log_snr(lam).half_log_snr == pytest.approx(lam, rel=1e-14, abs=1e-15)


@pytest.mark.parametrize(("make", "argument"), [
    (lambda: paper_schedule(2), "T = 2"),
    (lambda: paper_schedule(12), "T = 12"),  # c1 log T / T > 1
    (lambda: paper_schedule(7.5), "T = 7.5"),
    (lambda: paper_schedule("many"), "T = many"),
    (lambda: paper_schedule(64, c0=-1), "c0 = -1"),
    (lambda: paper_schedule(64, c1=float("nan")), "c1 = nan"),
    (lambda: log_snr_schedule(10, 0.0, 0.9), "tau_min = 0.0"),
    (lambda: log_snr_schedule(10, 0.9, 0.1), "tau_min = 0.9"),
    (lambda: rho_schedule(10, 0.1, 0.9, rho=0), "rho = 0"),
    (lambda: uniform_time_schedule(10, duration=0.0), "duration = 0.0"),
    (lambda: uniform_time_schedule(10, duration=1.0, tau_min=0.9), "tau_min = 0.9"),
    (lambda: NoiseLevel(0.5, 0.6), "alpha_bar + tau"),
    (lambda: NoiseLevel(1.5, -0.5), "alpha_bar = 1.5"),
    (lambda: NoiseSchedule(np.array([0.5, 0.9]), np.array([0.5, 0.1])), "tau"),
    (lambda: NoiseSchedule(np.array([0.5]), np.array([0.5])), "T = 1"),
    (lambda: NoiseSchedule(np.array([0.9, 0.5]), np.array([0.1, 0.5]), step=0.0), "step = 0"),
])
def test_mistakes_are_named(make, argument):
    with pytest.raises(InputError, match="^" + argument.replace("+", r"\+").replace(".", r"\.")):
        make()

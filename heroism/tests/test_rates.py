"""Slopes of curves whose slope is known: exact, noisy, scattered, saturated, on a floor, too short."""

import numpy as np
import pytest

from heroism.errors import InputError
from heroism.rates import FLOOR_FACTOR, crossing, fit_rate, pool, reach

X = 2.0 ** np.arange(4, 12)


def test_an_exact_power_law():
    fit = fit_rate(X, 0.2 * X**-1.5)
    assert fit.slope == pytest.approx(-1.5, abs=1e-12)
    assert fit.predict(100.0) == pytest.approx(0.2 * 100.0**-1.5, rel=1e-10)
    assert fit.reason is None and fit.consistent and not fit.dropped
    assert len(fit.points) == 8 and fit.freedom == 6
    assert [pair.slope for pair in fit.pairwise] == pytest.approx([-1.5] * 7)
    low, high = fit.interval()
    assert high - low < 1e-10


def test_order_of_the_points_does_not_matter():
    y = np.exp(np.random.default_rng(0).normal(size=8)) * X**-2.0
    mixed = np.random.default_rng(1).permutation(8)
    assert fit_rate(X[mixed], y[mixed], 0.1 * y[mixed], None, None) == fit_rate(X, y, 0.1 * y, None, None)


def test_two_points_by_hand():
    fit = fit_rate([1.0, np.e], [1.0, np.e**-3], stderr=[0.1, 0.0], saturation=None)
    assert fit.slope == pytest.approx(-3.0)
    assert fit.stderr == pytest.approx(np.sqrt(np.log1p(0.01)))
    assert fit.interval() == (-np.inf, np.inf) and fit.consistent is None  # nothing tells whether it is a power law


@pytest.mark.parametrize("noise, scatter, told", [(0.1, 0.0, True), (0.0, 0.15, False), (0.05, 0.1, True)],
                         ids=["measurement noise", "scatter alone", "both"])
def test_the_interval_covers_the_slope_as_often_as_it_says(noise, scatter, told):
    rng, trials, hits, widths = np.random.default_rng(7), 400, 0, []
    for _ in range(trials):
        y = X**-2.0 * np.exp(rng.normal(0.0, np.hypot(noise, scatter), size=8))
        fit = fit_rate(X, y, noise * y if told else None, saturation=None)
        low, high = fit.interval(0.9)
        hits += low <= -2.0 <= high
        widths.append(high - low)
    assert 0.86 <= hits / trials <= 0.97
    slope_error = np.hypot(noise, scatter) / np.sqrt(np.sum((np.log(X) - np.log(X).mean()) ** 2))
    assert np.mean(widths) < 5.5 * slope_error  # honest, not merely wide: the exact interval is 3.9 wide


def test_noisy_points_weigh_less():
    y = X**-1.0
    y[0] *= 2.0
    stderr = np.where(np.arange(8) == 0, 0.4, 1e-3) * y
    assert fit_rate(X, y, stderr, saturation=None).slope == pytest.approx(-1.0, abs=1e-3)
    assert abs(fit_rate(X, y, saturation=None).slope + 1.0) > 0.05


def test_points_are_dropped_with_their_reason():
    y = X**-2.0
    y[0], y[1], y[7] = 0.9, np.nan, 1e-5
    floor = np.where(np.arange(8) == 7, 1.1 * y / FLOOR_FACTOR, 0.0)
    stderr = np.where(np.arange(8) == 3, 0.6 * y, 0.0)
    fit = fit_rate(X, y, stderr, floor, unusable=[None, None, "failed", *[None] * 5])
    assert {point.x: point.why for point in fit.dropped} == {
        16: "saturated: above 0.3", 32: "not finite", 64: "failed", 128: "noisy: stderr above 0.5 of the value",
        2048: "below 10x floor"}
    assert fit.slope == pytest.approx(-2.0) and [x for x, _ in fit.points] == [256, 512, 1024]


def test_a_floor_would_bend_the_slope():
    floor = 1e-5
    y = X**-2.0 + floor
    assert fit_rate(X, y).slope > -1.9
    assert fit_rate(X, y, floor=floor).slope == pytest.approx(-2.0, abs=0.05)


def test_saturation_would_bend_the_slope():
    y = -np.expm1(-1000.0 * X**-2.0)
    assert fit_rate(X, y, saturation=None).slope > -1.8
    assert fit_rate(X, y).slope == pytest.approx(-2.0, abs=0.05)


@pytest.mark.parametrize("y, count", [([0.9, 0.8, 0.7], 0), ([0.9, 0.8, 0.1], 1)])
def test_too_few_points_have_no_slope_and_say_so(y, count):
    fit = fit_rate([16, 32, 64], y)
    assert np.isnan(fit.slope) and np.isnan(fit.stderr) and all(np.isnan(fit.interval()))
    assert fit.reason and fit.reason.startswith(f"{count} usable point") and "saturated" in fit.reason
    assert len(fit.dropped) == 3 - count


def test_halves_that_disagree_are_flagged():
    bent = np.where(X < 200, X**-1.0, 200.0 * X**-2.0)
    fit = fit_rate(X, bent, 0.01 * bent)
    assert fit.consistent is False
    assert fit.halves and fit.halves[:2] == pytest.approx((-1.0, -2.0), abs=0.1)
    assert fit.interval()[1] - fit.interval()[0] > 0.3  # scatter about the line counts, not only the small noise


def test_halves_that_disagree_within_the_noise_are_not():
    rng = np.random.default_rng(3)
    flagged = 0
    for _ in range(200):
        y = X**-2.0 * np.exp(rng.normal(0.0, 0.2, size=8))
        flagged += fit_rate(X, y, 0.2 * y, saturation=None).consistent is False
    assert flagged < 0.1 * 200


def test_lengths_must_agree():
    with pytest.raises(InputError, match="floor"):
        fit_rate(X, X**-1.0, floor=[1e-3, 1e-3])


def test_pooling_keeps_the_common_slope_and_its_error():
    rng = np.random.default_rng(5)
    noise = np.exp(rng.normal(0.0, 0.05, size=8))
    curves = [level * X**-1.5 * noise for level in (1.0, 1e3, 1e6)]
    fits = [fit_rate(X, y, 0.05 * y, saturation=None) for y in curves]
    pooled = pool(fits)
    assert pooled is not None
    assert pooled.slope == pytest.approx(fits[0].slope) and pooled.spread == 0.0
    assert pooled.stderr == pytest.approx(np.mean([fit.stderr for fit in fits]))  # the same data three times is no more


def test_pooling_sees_slopes_that_differ():
    fits = [fit_rate(X, X**-slope * np.exp(np.random.default_rng(9).normal(0, 0.01, 8)), saturation=None)
            for slope in (1.0, 1.3, 1.6)]
    pooled = pool(fits)
    assert pooled is not None
    assert pooled.spread == pytest.approx(0.3, rel=0.1)
    low, high = pooled.interval()
    assert low < -1.6 and high > -1.0  # three slopes that far apart leave the common one open
    assert pooled.freedom == pytest.approx(2, abs=0.2)


def test_nothing_to_pool():
    assert pool([fit_rate([1.0, 2.0], [0.1, 0.05])]) is None
    assert pool([]) is None


@pytest.mark.parametrize("exponent", [0.5, 2.0, 4.0])
def test_a_crossing_is_found(exponent):
    y = (X / 100.0) ** -exponent * 1e-3
    found = crossing(X, y, 0.02 * y, 1e-3)
    assert found.reason is None and (found.after, found.by) == (64.0, 128.0)
    assert found.x == pytest.approx(100.0, rel=1e-12)
    share = np.log(100 / 64) / np.log(2)
    assert found.stderr == pytest.approx(100.0 * np.sqrt(np.log1p(4e-4) * (share**2 + (1 - share) ** 2)) / exponent)


def test_a_bent_curve_widens_the_crossing():
    def curve(x):
        return np.exp(-0.2 * np.log(x) ** 2)

    found = crossing(X, curve(X), None, float(curve(100.0)))
    assert 0 < abs(found.x - 100.0) < 2.0 * found.stderr < 20.0


def test_round_off_on_a_plateau_does_not_widen_a_crossing():
    y = np.array([1.0, 1.0, 0.2, 0.01])
    shifted = y * (1.0 + 1e-9 * np.arange(4)[::-1])
    even, uneven = (crossing([1, 2, 4, 8], values, 0.02 * y, 0.5) for values in (y, shifted))
    assert uneven.x == pytest.approx(even.x, rel=1e-8) and uneven.stderr == pytest.approx(even.stderr, rel=1e-6)


def test_a_crossing_is_never_extrapolated():
    y = X**-2.0
    low, high = crossing(X, y, None, 1e-9), crossing(X, y, None, 0.5)
    assert np.isnan(low.x) and np.isnan(high.x)
    assert low.reason == "not reached by 2048" and (low.after, low.by) == (2048.0, np.inf)
    assert high.reason == "reached before the smallest value, 16" and (high.after, high.by) == (0.0, 16.0)


def test_a_level_near_the_floor_is_not_crossed():
    y = np.maximum(X**-2.0, 1e-5)
    found = crossing(X, y, None, 3e-5, floor=1e-5)
    assert np.isnan(found.x) and "too near the floor" in str(found.reason)
    assert crossing(X, y, None, 1e-3, floor=1e-5).x == pytest.approx(1e-3**-0.5, rel=1e-9)


def test_a_curve_that_comes_back_has_no_crossing():
    y = X**-2.0
    y[6] = 0.1
    assert "comes back" in str(crossing(X, y, 0.01 * y, 1e-3).reason)
    y[6] = 1.01e-3  # within its noise
    assert crossing(X, y, 0.01 * y, 1e-3).reason is None


@pytest.mark.parametrize("level", [0.0, -1.0, np.nan])
def test_a_level_is_positive(level):
    with pytest.raises(InputError, match="level"):
        crossing(X, X**-1.0, None, level)


def test_no_points_cross_nothing():
    assert crossing([16, 32], [np.nan, np.nan], None, 0.1).reason == "no usable points"


def test_an_error_bar_that_reaches_zero_is_cut():
    assert reach([1.0, 1.0, 1.0], [0.5, 3.0, np.inf]).tolist() == [[0.5, 0.9, 0.0], [0.5, 3.0, 0.0]]

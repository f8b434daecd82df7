"""The smallest T that reaches epsilon."""

import math

import pytest

from experiments.search import LEAST, Unreachable, smallest_T


class Counting:
    """An error that remembers where it was measured."""

    def __init__(self, error):
        self.error, self.asked = error, []

    def __call__(self, steps):
        self.asked.append(steps)
        return self.error(steps)


def first_below(error, epsilon):
    return next(steps for steps in range(LEAST, 10**6) if error(steps) <= epsilon)


@pytest.mark.parametrize("order", [1, 2, 4, 6])
@pytest.mark.parametrize("epsilon", [0.3, 1e-2, 1e-3])
@pytest.mark.parametrize("first", [[3], [32], [32, 64, 128], [5000]])
def test_it_finds_the_smallest(order, epsilon, first):
    error = Counting(lambda steps: min(1.0, (20 * math.log(steps) / steps) ** order))
    found = smallest_T(error, epsilon, first, 10**6)
    assert found == first_below(error.error, epsilon)


def test_it_measures_each_rung_once_and_only_a_few():
    error = Counting(lambda steps: (30 * math.log(steps) / steps) ** 2)
    found = smallest_T(error, 1e-5, [64], 10**6)
    assert found > 60_000  # a bisection alone would take 16 rungs after the bracket
    assert len(error.asked) == len(set(error.asked)) <= 11 + 6
    assert found in error.asked and found - 1 in error.asked


def test_where_no_schedule_exists_is_not_reached():
    error = Counting(lambda steps: math.inf if steps < 13 else 1e-9)
    assert smallest_T(error, 1e-3, [64], 1000) == 13


def test_everything_is_good_enough():
    assert smallest_T(lambda steps: 0.0, 1e-3, [64], 1000) == LEAST


def test_a_limit_is_respected():
    error = Counting(lambda steps: 1.0 / steps)
    with pytest.raises(Unreachable, match=r"T_max = 1000, above epsilon = 0\.0005"):
        smallest_T(error, 5e-4, [32], 1000)
    assert max(error.asked) == 1000


def test_an_error_that_stops_falling_is_noticed_long_before_the_limit():
    error = Counting(lambda steps: 1e-3 + steps**-2.0)
    with pytest.raises(Unreachable, match=r"stops falling at 0\.001"):
        smallest_T(error, 1e-4, [32], 10**6)
    assert max(error.asked) < 2000


def test_a_saturated_error_may_still_fall():
    error = Counting(lambda steps: min(0.999, (3000 / steps) ** 2))
    assert smallest_T(error, 1e-2, [32], 10**6) == first_below(error.error, 1e-2)

"""The theorem's numbers, against each other and against the rules that the samplers use."""

import numpy as np
import pytest

from heroism import theory
from heroism.collocation import SPACINGS, collocation
from heroism.errors import InputError


def test_exponents_follow_from_the_bound():
    """d^2 (d / T)^K = epsilon, without its logarithms, is T = d^(1 + 2/K) epsilon^(-1/K)."""
    for points in range(1, 7):
        reach = {(dim, epsilon): theory.steps_of_bound(dim, epsilon, points)
                 for dim in (1e80, 1e81) for epsilon in (1e-40, 1e-41)}  # so far out that logarithms hardly grow
        by_dim = np.log10(reach[1e81, 1e-40] / reach[1e80, 1e-40])
        by_epsilon = np.log10(reach[1e80, 1e-41] / reach[1e80, 1e-40])
        assert by_dim == pytest.approx(theory.dimension_exponent(points), abs=0.03)
        assert by_epsilon == pytest.approx(theory.epsilon_exponent(points), abs=0.03)


@pytest.mark.parametrize("points", [1, 2, 3, 6])
def test_the_bound_stays_below_epsilon_from_there_on(points):
    steps = theory.steps_of_bound(100, 1e-4, points, constant=0.5)
    assert theory.error_bound(steps, 100, points, constant=0.5) == pytest.approx(1e-4, rel=1e-8)
    further = steps * np.geomspace(1.01, 1e6, 50)
    assert np.all(theory.error_bound(further, 100, points, constant=0.5) < 1e-4)


def test_the_bound_by_hand():
    steps, log = 1000.0, np.log(1000.0)
    expected = 2.0 * (9 * (3 * log**2 / steps) ** 2 * log**2 + np.sqrt(3) * log**2 * 0.1 + 3 * log**1.5 * 0.2)
    assert theory.error_bound(steps, 3, 2, 0.1, 0.2, constant=2.0) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("points", [1, 3, 5])
def test_the_local_order_is_the_slope_of_the_bound(points):
    steps = 1e5 * np.array([1 - 1e-6, 1 + 1e-6])
    slope = np.diff(np.log(theory.error_bound(steps, 7, points))) / np.diff(np.log(theory.step_size(steps)))
    assert theory.order_of_bound(1e5, points) == pytest.approx(slope[0], rel=1e-4)
    assert theory.order_of_bound(1e5, points) < points < theory.order_of_bound(1e300, points) + 0.05


def test_step_size():
    assert theory.step_size([np.e, 10.0]) == pytest.approx([1 / np.e, np.log(10.0) / 10.0])


def test_burn_in():
    steps = np.array([100.0, 10_000.0])
    assert list(theory.burn_in(steps, 2)) == [False, True]


def test_equispaced_orders():
    assert [theory.classical_order(points) for points in range(1, 9)] == [1, 2, 4, 4, 6, 6, 8, 8]


@pytest.mark.parametrize("spacing", SPACINGS)
def test_classical_orders_are_those_of_the_rules(spacing):
    """Checked there against integrals; the theorem's K is a lower bound for all but Gauss-Lobatto's single point."""
    for points in range(1, 8):
        assert theory.classical_order(points, spacing) == collocation(points, spacing).order
        assert theory.classical_order(points, spacing) >= points


@pytest.mark.parametrize("call, argument", [
    (lambda: theory.classical_order(0), "K"),
    (lambda: theory.classical_order(3, "random"), "spacing"),
    (lambda: theory.steps_of_bound(4, 1.5, 2), "epsilon"),
    (lambda: theory.epsilon_exponent(0), "K"),
    (lambda: theory.published("magic"), "sampler"),
])
def test_mistakes_are_named(call, argument):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.argument == argument


def test_published_claims_have_sources_and_formulas_in_p():
    for claim in theory.PUBLISHED:
        assert claim.words and claim.samplers and all(len(number.split(".")) == 2 for number in claim.source)
        for formula in filter(None, (claim.order, claim.dimension, claim.epsilon)):
            assert set(formula) <= set("p0123456789 +/")
    ours = theory.published("heroism")
    assert (ours.dimension, ours.epsilon) == ("1 + 2/p", "1/p")

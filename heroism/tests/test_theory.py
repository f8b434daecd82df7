"""The theorem's numbers, against each other and against the rules that the samplers use."""

import numpy as np
import pytest

from heroism import theory
from heroism.errors import InputError
from heroism.integrals.collocation import SPACINGS, collocation


@pytest.mark.parametrize("points", range(1, 7))
def test_the_exponent_of_d_follows_from_the_bound(points):
    """With T = d^(1 + 2/K) the bound grows with d by its logarithms alone: (2 + 2 K) of them."""
    dim = np.array([1e40, 1e41])
    steps = dim ** theory.dimension_exponent(points)
    bounds = [theory.error_bound(T, d, points) for T, d in zip(steps, dim, strict=True)]
    assert bounds[1] / bounds[0] == pytest.approx((np.log(steps[1]) / np.log(steps[0])) ** (2 + 2 * points), rel=1e-10)


def test_the_bound_by_hand():
    steps, log = 1000.0, np.log(1000.0)
    expected = 2.0 * (9 * (3 * log**2 / steps) ** 2 * log**2 + np.sqrt(3) * log**2 * 0.1 + 3 * log**1.5 * 0.2)
    assert theory.error_bound(steps, 3, 2, 0.1, 0.2, constant=2.0) == pytest.approx(expected, rel=1e-14)


def test_step_size():
    assert theory.step_size([np.e, 10.0]) == pytest.approx([1 / np.e, np.log(10.0) / 10.0])


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
    (lambda: theory.dimension_exponent(0), "K"),
    (lambda: theory.error_bound(100, 4, 0), "K"),
])
def test_mistakes_are_named(call, argument):
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.argument == argument

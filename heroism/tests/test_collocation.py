"""Integration matrices: exact to their degree and not beyond, by integrals that qmat has no part in."""

import numpy as np
import pytest

from heroism.errors import InputError
from heroism.integrals.collocation import SPACINGS, collocation

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

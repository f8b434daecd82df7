"""Nodes of one coordinate: they integrate laws, gaps between modes included, and their products equal brute force."""

import numpy as np
import pytest

from heroism.measures.distances.total_variation import node_floor, total_variation
from heroism.nodes import line_nodes
from heroism.noise import paper_schedule
from heroism.samplers import Euler, Heroism
from heroism.scores import ExactScore, PerturbedScore
from heroism.targets import GaussianMixture, Hypercube, HypercubeVertices, ProductMixture
from heroism.transport import transport


def standard(x):
    return -0.5 * x**2


def two_narrow(x):
    return np.logaddexp(-0.5 * ((x - 1) / 0.01) ** 2, -0.5 * ((x + 1) / 0.01) ** 2)


@pytest.mark.parametrize("n", [10, 64, 1000])
def test_nodes_are_ascending_and_no_more_than_asked_for(n):
    nodes, weights = line_nodes(standard, (-9, 9), two_narrow, (-1.1, 1.1), n)
    assert len(nodes) == len(weights) <= n
    assert np.all(np.diff(nodes) > 0) and np.all(weights >= 0) and weights.sum() == pytest.approx(1.0)


def test_nodes_integrate_the_start():
    nodes, weights = line_nodes(standard, (-9, 9), two_narrow, (-1.1, 1.1), 500)
    for power, moment in ((2, 1.0), (4, 3.0), (6, 15.0), (12, 10395.0)):
        assert weights @ nodes**power == pytest.approx(moment, rel=1e-9)


def test_nodes_crowd_where_the_flow_tears_the_line():
    """Equally spaced starting points miss what happens next to the point that is torn between two modes."""
    nodes, weights = line_nodes(standard, (-9, 9), two_narrow, (-1.1, 1.1), 500)
    singular = weights @ np.log(np.abs(nodes)) ** 2
    even = np.linspace(-9, 9, 500)
    uniform = np.exp(standard(even)) @ np.log(np.abs(even)) ** 2 / np.exp(standard(even)).sum()
    exact = ((np.euler_gamma + np.log(2)) ** 2 + np.pi**2 / 2) / 4  # E log^2 |Z|
    assert abs(singular - exact) < 1e-3 and abs(uniform - exact) > 0.1


@pytest.mark.parametrize("dim", [2, 3, 5])
@pytest.mark.parametrize("sampler", [Heroism(3, 6), Euler()], ids=["heroism", "euler"])
def test_copies_equal_brute_force_in_few_dimensions(dim, sampler):
    """One coordinate composed d times against the same law written out as a mixture of 2^d Gaussians in R^d."""
    product = ProductMixture([-1.0, 0.5], [0.1, 0.3], [0.3, 0.7], dim)
    corners = np.array(np.meshgrid(*[[0, 1]] * dim)).reshape(dim, -1).T
    full = GaussianMixture(np.array([-1.0, 0.5])[corners], np.array([0.1, 0.3])[corners],
                           np.prod(np.array([0.3, 0.7])[corners], axis=1))
    schedule = paper_schedule(64)
    one = total_variation(transport(sampler, ExactScore(product), schedule, 2000, 0), product, seed=1)
    many = total_variation(transport(sampler, ExactScore(full), schedule, 1000, 0), full)
    assert one.value == pytest.approx(many.value, abs=4 * np.hypot(one.stderr, many.stderr))


@pytest.mark.parametrize("target", [ProductMixture([-1, 1], 0.1, dim=10**6), Hypercube(10**6),
                                    HypercubeVertices(10**6)], ids=["mixture", "hypercube", "vertices"])
def test_a_million_copies_are_resolved(target):
    ensemble = transport(Heroism(3, 8), ExactScore(target), paper_schedule(256), 1000, 0)
    estimate = total_variation(ensemble, target)
    assert estimate.stderr < 0.1 * estimate.value
    assert estimate.floor >= node_floor(ensemble, target)
    assert estimate.floor < 0.05 * estimate.value


def test_too_few_nodes_show_in_the_floor():
    target = HypercubeVertices(10**6)
    coarse, fine = (total_variation(transport(Heroism(3, 8), ExactScore(target), paper_schedule(128), n, 0), target)
                    for n in (30, 1000))
    assert coarse.floor > 10 * fine.floor


def test_seed_decides_the_joint_draws_only():
    target = ProductMixture([-1, 1], 0.1, dim=64)
    first, second = (transport(Euler(), ExactScore(target), paper_schedule(64), 200, seed) for seed in (0, 1))
    np.testing.assert_array_equal(first.positions, second.positions)
    assert total_variation(first, target, 0).value != total_variation(first, target, 1).value


def test_measured_score_error_weighs_the_nodes():
    """A sine error at low frequency, seen by N(0, 1) particles and by nodes of the same law, which are mostly tails."""
    one, many = ProductMixture([0.0], 1.0, dim=1), ProductMixture([0.0], 1.0, dim=4)
    errors = []
    for target in (one, many):
        score = PerturbedScore(target, 1e-3, 0.4, seed=3)
        transport(Heroism(3, 4), score, paper_schedule(32), 4000, 0)
        errors.append(score.score_error)
    assert errors[1] == pytest.approx(errors[0], rel=0.03)

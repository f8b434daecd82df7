"""``assert_order`` passes what has its order and fails what has not, in seconds."""

import functools
import itertools

import numpy as np
import pytest

import heroism.testing
from heroism.errors import InputError
from heroism.noise import NoiseLevel
from heroism.samplers import Ddim, Ddpm, ExponentialAdams, Heroism, RungeKutta, UniPC
from heroism.samplers.base import OneStepSampler
from heroism.testing import PROBLEMS, assert_order, exact_ends, measured
from heroism.tests import own_functions as own
from heroism.tests.sampler_examples import EXAMPLES

CASES = [pytest.param(example, id=example.name, marks=[pytest.mark.slow] * (example.sampler.evaluations(9) > 60))
         for example in EXAMPLES if example.measures_order]


@pytest.mark.parametrize("example", CASES)
def test_every_sampler_of_ours_has_its_order(example):
    assert_order(example.sampler, example.sampler.order)


@pytest.mark.parametrize("function, order", [
    (own.euler, 1), (own.in_place, 1), (own.step_ddim, 1), (own.heun, 2), (own.dpmpp_2m, 2), (own.single, 1)])
def test_functions_as_people_write_them_have_theirs(function, order):
    assert_order(function, order)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
@pytest.mark.parametrize("sampler, order", [(Ddim(), 1), (RungeKutta("heun"), 2), (ExponentialAdams(3), 3),
                                            (UniPC(3), 4), (Heroism(2, 8), 2)], ids=repr)
def test_no_problem_flatters(problem, sampler, order):
    """On each of them alone the order is the classical one, and no more."""
    assert measured(sampler, problem).order == pytest.approx(order, abs=0.2)


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_the_ends_are_exact(problem):
    """Against a method of order 8 in another clock, at two step sizes whose difference is round-off."""
    ladder = measured(RungeKutta("dop853", "sigma"), problem)
    assert min(ladder.errors) < 1e-10 and exact_ends(problem).shape == np.shape(problem.starts)


class Planted(OneStepSampler):
    """A three-stage method of order 3 (Kutta's) in half-log-SNR, with mistakes in it."""

    order, step_evaluations = 3, 3

    def __init__(self, weights=(1 / 6, 2 / 3, 1 / 6), node=0.5, inner=-1.0, level=None, scale=1.0):
        self.weights, self.node, self.inner, self.level, self.factor = weights, node, inner, level, scale

    def step(self, flow, bundle, start, end):
        length = end.half_log_snr - start.half_log_snr

        def slope(x, unit):
            level = NoiseLevel.from_half_log_snr(start.half_log_snr + unit * length)
            return length * level.tau * (x + self.factor * flow(x, level))

        first = slope(bundle, 0.0)
        second = slope(bundle + self.node * first, self.node if self.level is None else self.level)
        third = slope(bundle + self.inner * first + (1.0 - self.inner) * second, 1.0)
        return bundle + sum(weight * each for weight, each in zip(self.weights, (first, second, third), strict=True))


def test_the_planted_one_is_right_without_a_mistake():
    assert_order(Planted(), 3)


@pytest.mark.parametrize("mistake, left", [
    ({"weights": (1 / 6, 2 / 3, 1 / 6 + 1e-3)}, 0), ({"weights": (1 / 4, 1 / 2, 1 / 4)}, 2),
    ({"weights": (1 / 6 + 0.01, 2 / 3 - 0.01, 1 / 6)}, 1), ({"node": 0.55}, 1), ({"level": 0.6}, 1),
    ({"inner": -0.9}, 2), ({"scale": 1.01}, 0)], ids=str)
def test_a_wrong_coefficient_of_every_kind_is_found(mistake, left):
    """Weights that do not add up, that do but miss a moment, nodes, levels and stages that are off, a wrong factor."""
    with pytest.raises(AssertionError, match="the order is not 3 but"):
        assert_order(Planted(**mistake), 3)
    assert measured(Planted(**mistake), PROBLEMS[0]).order == pytest.approx(left, abs=0.5)


@pytest.mark.parametrize("function", [
    functools.partial(own.heun, average=0.52), functools.partial(own.dpmpp_2m, share=0.45),
    lambda model, x, sigmas: own.heun(lambda x, sigma: 1.001 * model(x, sigma), x, sigmas),
    lambda model, x, sigmas: own.heun(lambda x, sigma: model(x, 1.02 * sigma), x, sigmas)],
    ids=["average", "memory", "factor", "level"])
def test_in_functions_of_others_too(function):
    with pytest.raises(AssertionError, match=r"not 2 but -?[01]\.\d\d on an asymmetric mixture.*256: .*, and"):
        assert_order(function, 2, kind="denoiser")


def test_more_than_was_said_is_another_order_unless_that_will_do():
    with pytest.raises(AssertionError, match=r"not 1 but (1\.9|2\.0)"):
        assert_order(own.heun, 1)
    assert_order(own.heun, 1, at_least=True)


def test_a_sampler_that_goes_nowhere_has_none():
    with pytest.raises(AssertionError, match=r"not 1 but -?0\.00"):
        assert_order(lambda model, x, sigmas: x * 1.0, 1)
    with pytest.raises(AssertionError, match="not 1 but nan"):
        assert_order(lambda model, x, sigmas: x * np.nan, 1)


class Bent(Ddim):
    """DDIM by someone who treats a tangent as what it is not."""

    def step(self, flow, bundle, start, end):
        return super().step(flow, bundle, start, end) + 1e-6


def test_what_has_no_jacobian_is_told_so():
    with pytest.raises(InputError, match="not linear"):
        assert_order(Bent(), 1)
    with pytest.raises(InputError, match="not linear"):
        assert_order(own.clipped, 1)
    with pytest.raises(InputError, match="adds noise"):
        assert_order(Ddpm(), 1)


def test_seconds_on_a_cpu():
    """By what is evaluated, not by the clock of one machine."""
    points = sum(len(problem.starts) for problem in PROBLEMS)
    assert points * sum(heroism.testing.LADDER) < 10_000
    assert all(small < large for small, large in itertools.pairwise(heroism.testing.LADDER))

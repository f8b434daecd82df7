"""Planted defects: of the size and the order that they declare, and unseen by the sampler that has them."""

import numpy as np
import pytest

from heroism.errors import InputError
from heroism.flow import Flow
from heroism.measures.stochastic.gaussian import gaussian_output
from heroism.noise import log_snr_schedule
from heroism.samplers import Ddim, Ddpm, ExponentialAdams, Heroism
from heroism.samplers.spoiled import Spoiled, SpoiledRecursion
from heroism.targets.gaussian_mixture import GaussianMixture
from heroism.tests.small_targets import TWO_PEAKS, assert_cost_as_declared

STARTS = np.array([[[-1.5], [-0.5], [0.6], [2.0]]])
SAMPLERS = [Ddim(), Heroism(3, 3), ExponentialAdams(3)]


def end(sampler, steps, factor=1.0):
    score = lambda bundle, level: factor * TWO_PEAKS.score(bundle, level)  # noqa: E731
    return sampler.transport(Flow(score), STARTS, log_snr_schedule(steps, 1e-2, 0.95))


@pytest.mark.parametrize("sampler", SAMPLERS, ids=repr)
def test_scores_are_too_large_by_what_is_declared(sampler):
    assert np.array_equal(end(Spoiled(sampler, 0.0), 9), end(sampler, 9))
    assert end(Spoiled(sampler, 0.1), 9) == pytest.approx(end(sampler, 9, 1.1))
    assert end(Spoiled(sampler, 0.1, 2.0), 9) == pytest.approx(end(sampler, 9, 1.0 + 0.1 / 64))
    assert_cost_as_declared(Spoiled(sampler), 9)
    assert Spoiled(sampler).order == sampler.order


@pytest.mark.parametrize("order", [0, 1])
def test_the_law_of_a_spoiled_recursion_is_that_of_its_own_steps(order):
    """DDPM is one step linear in the state: on a Gaussian of variance v the spoiled score is ``-f x / (abar v + tau)``.
    """
    target, schedule = GaussianMixture([[0.0]], 0.25), log_snr_schedule(9, 1e-2, 0.95)
    factor = 1.0 + 0.3 * schedule.step**order
    variance = schedule.start.alpha_bar * 0.25 + schedule.start.tau
    for start, after in schedule.transitions():
        alpha = start.alpha_bar / after.alpha_bar
        beta = start.tau_above(after) / after.alpha_bar
        slope = (1.0 - beta * factor / (start.alpha_bar * 0.25 + start.tau)) / np.sqrt(alpha)
        variance = slope**2 * variance + beta * after.tau / start.tau
    law = gaussian_output(SpoiledRecursion(Ddpm(), 0.3, order), target, schedule)
    assert float(np.squeeze(law.variance)) == pytest.approx(variance, rel=1e-12)


@pytest.mark.parametrize("settings", [{"error": -0.1}, {"order": -1.0}, {"error": np.nan}])
@pytest.mark.parametrize("kind, sampler", [(Spoiled, Ddim()), (SpoiledRecursion, Ddpm())])
def test_errors_and_orders_are_numbers_of_at_least_zero(kind, sampler, settings):
    with pytest.raises(InputError, match="give a finite number of at least 0"):
        kind(sampler, **settings)

"""Control variates, and the index of a tail."""

import numpy as np
import pytest
from scipy.stats import genpareto

from heroism.distances import Estimate, total_variation
from heroism.measures.control import controlled, known_means
from heroism.measures.tail_index import tail_index
from heroism.noise import log_snr_schedule
from heroism.samplers import Ddim, OneStepSampler
from heroism.scores import ExactScore
from heroism.tests.small_targets import PLANE
from heroism.transport import transport

SCHEDULE = log_snr_schedule(17, 0.02, 0.97)


def test_what_is_known_is_taken_out():
    rng = np.random.default_rng(0)
    known, own = rng.standard_normal((2000, 2)), rng.standard_normal(2000)
    values = 3.0 + known @ [2.0, -5.0] + own
    freed = controlled(values, known)
    assert np.allclose(freed, 3.0 + own, atol=0.3) and freed.std() < 0.25 * values.std()


def test_no_bias_from_few_particles():
    """Skewed values whose regression coefficients depend on the few that are large: 20 particles, 5,000 times."""
    rng, means, errors = np.random.default_rng(1), [], []
    for _ in range(5000):
        known = rng.exponential(size=20) - 1.0
        freed = controlled(known**2 + known, known[:, None])
        means.append(freed.mean())
        errors.append(freed.var(ddof=1) / 20)
    means = np.array(means)
    assert abs(means.mean() - 1.0) < 4 * means.std() / np.sqrt(len(means))
    assert np.mean(errors) > 0.8 * means.var()


@pytest.mark.parametrize("known", [np.zeros((50, 0)), np.zeros((50, 1)), np.random.default_rng(0).normal(size=(7, 1))])
def test_nothing_known_or_too_few_change_nothing(known):
    values = np.random.default_rng(2).random(len(known))
    assert np.allclose(controlled(values, known), values, atol=1e-13)


def test_masses_that_are_not_one_teach_nothing():
    ratio = np.random.default_rng(0).normal(scale=0.1, size=1000)
    assert known_means(ratio).shape == (1000, 1)
    assert known_means(ratio, covered=False).shape == known_means(ratio - 1.0).shape == (1000, 0)
    assert known_means(ratio, np.zeros(1000)).shape == (1000, 2)


def test_less_error_for_nothing():
    """``(1 - p/q)_+`` and ``(p/q - 1)_+`` have the same mean, and only one of them is not zero."""
    ends = transport(Ddim(), ExactScore(PLANE), SCHEDULE, 4000, 0)
    plain, freed = total_variation(ends, PLANE), total_variation(ends, PLANE, controls=True)
    assert abs(plain.value - freed.value) < 4 * plain.stderr and freed.stderr < 0.8 * plain.stderr
    assert total_variation(ends, PLANE) == plain


class Explode(OneStepSampler):
    """Leaves the floating-point numbers."""

    order = 0

    def step(self, flow, bundle, start, end):
        return 1e200 * bundle + 0.0 * flow(bundle, start)


def test_lost_mass_is_not_regressed_away():
    ends = transport(Explode(), ExactScore(PLANE), SCHEDULE, 100, 0)
    assert total_variation(ends, PLANE, controls=True).value == 1.0


@pytest.mark.parametrize("shape", [0.1, 0.3, 0.7, 1.0, 2.0])
def test_the_index_of_a_pareto_tail(shape):
    found = [tail_index(genpareto.rvs(shape, size=20_000, random_state=seed)) for seed in range(20)]
    assert np.mean(found) == pytest.approx(shape, abs=0.08)


def test_light_heavy_and_unknown_tails():
    rng = np.random.default_rng(0)
    light, heavy = Estimate.of_mean(rng.random(1000), 0.0), Estimate.of_mean(np.exp(3.0 * rng.normal(size=1000)), 0.0)
    assert light.tail < 0.1 and not light.heavy and heavy.tail > 0.7 and heavy.heavy
    assert tail_index(np.ones(1000)) is None and tail_index(rng.random(20)) is None
    assert tail_index(np.repeat([0.0, 1.0], [990, 10])) is not None  # ties at the threshold
    assert not Estimate(1.0, 0.0, 0.0, 1).heavy

"""The flow counts, limits, and passes on."""

import numpy as np
import pytest

from heroism.flow import BudgetExceeded, Flow, with_tangents
from heroism.noise import NoiseLevel, log_snr_schedule
from heroism.samplers import ExponentialAdams, Heroism, RungeKutta
from heroism.scores import ExactScore
from heroism.targets import GaussianMixture
from heroism.tests.small_targets import PLANE

LEVELS = [NoiseLevel.from_tau(tau) for tau in (0.9, 0.5, 0.1)]
X = np.random.default_rng(0).normal(size=(3, 4, 2))


def test_one_call_is_one_evaluation_and_one_round():
    flow = Flow(PLANE.score)
    assert np.array_equal(flow(X, LEVELS[0]), PLANE.score(X, LEVELS[0]))
    flow(X, LEVELS[1])
    assert (flow.evaluations, flow.rounds) == (2, 2)


def test_scores_taken_together_share_a_round_and_keep_their_order():
    flow = Flow(PLANE.score)
    scores = flow.together([X, 2 * X, 3 * X], LEVELS)
    assert (flow.evaluations, flow.rounds) == (3, 1)
    for factor, level, score in zip((1, 2, 3), LEVELS, scores, strict=True):
        assert np.array_equal(score, PLANE.score(factor * X, level))


def test_bundles_and_levels_come_in_pairs():
    with pytest.raises(ValueError, match="zip"):
        Flow(PLANE.score).together([X, X], LEVELS)


def test_the_budget_is_checked_before_anything_is_evaluated():
    called = []

    def score(bundle, level):
        called.append(level)
        return PLANE.score(bundle, level)

    flow = Flow(score, budget=4)
    flow.together([X, X], LEVELS[:2])
    with pytest.raises(BudgetExceeded, match="asks for evaluation 5 per sample path, the budget is 4"):
        flow.together([X, X, X], LEVELS)
    assert len(called) == 2 and (flow.evaluations, flow.rounds) == (2, 1)
    flow.together([X, X], LEVELS[:2])  # exactly what is left
    with pytest.raises(BudgetExceeded):
        flow(X, LEVELS[0])
    assert flow.evaluations == 4


def test_noise_is_added_to_positions_and_never_to_tangents():
    flow = Flow(PLANE.score, diffusion=lambda x, deviation: x + deviation)
    assert np.array_equal(flow.diffuse(X[:1], 0.5), X[:1] + 0.5)
    with pytest.raises(TypeError, match="without tangents"):
        flow.diffuse(X, 0.5)
    with pytest.raises(TypeError, match="adds no noise"):
        Flow(PLANE.score).diffuse(X[:1], 0.5)
    assert flow.evaluations == 0


@pytest.mark.parametrize("sampler", [Heroism(3, 3), RungeKutta(), ExponentialAdams(2)])
def test_the_order_of_a_bundle_in_memory_changes_nothing(sampler):
    """Whatever a score returns: a sampler must not take the numbers of one order for those of another."""
    target, schedule = GaussianMixture([[-2.0, 0.0, 1.0], [1.5, 1.5, 0.0]], [0.1, 0.3]), log_snr_schedule(6, 1e-2, 0.99)
    score, x = ExactScore(target), target.sample(7, schedule.start, np.random.default_rng(0))
    by_rows = with_tangents(target, x)
    assert target.rows and by_rows.strides[1] == by_rows.itemsize
    ends = [sampler.transport(Flow(lambda bundle, level, made=made: made(score(bundle, level))), start, schedule)
            for start in (by_rows, np.ascontiguousarray(by_rows)) for made in (np.asarray, np.ascontiguousarray)]
    for end in ends[1:]:
        np.testing.assert_allclose(end, ends[0], rtol=1e-12)

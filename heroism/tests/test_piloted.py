"""What the pilot run of the piloted preset decides: the width of modes, and where a long memory has to give way."""

import numpy as np
import pytest

from heroism.distances import total_variation
from heroism.errors import InputError
from heroism.flow import Flow
from heroism.map import Map
from heroism.noise import log_snr_schedule
from heroism.samplers import ComposedHeroism
from heroism.samplers.composed.orders import memories
from heroism.scores import ExactScore
from heroism.targets import Empirical, GaussianMixture, Hypercube, Sphere
from heroism.transport import transport

MIXTURE = GaussianMixture.low_rank(dim=8, rank=8, components=12, variance=0.1, radius=3, seed=3)
POINTS = Empirical.digits(dim=10, digit=0)


def schedule(steps):
    return log_snr_schedule(steps, 1e-4, 6400.0 / 6401.0)


def prepared(target, steps, **changes):
    return Map(ComposedHeroism.piloted(**changes), ExactScore(target), schedule(steps))


@pytest.mark.parametrize(("target", "width"), [(Sphere(40, 1.5), 1.0), (Hypercube(100, 2.0), 1.0), (MIXTURE, 0.3),
                                               (POINTS, 0.0)], ids=["sphere", "cube", "modes", "points"])
def test_the_slope_of_the_denoised_point_tells_the_width_of_modes(target, width):
    few, many = (prepared(target, steps) for steps in (29, 30))
    size = np.sqrt(few.sampler.method.prediction.variance)
    assert np.sqrt(many.sampler.method.prediction.variance) == pytest.approx(width * size)
    assert (few.evaluations, many.evaluations) == (29, 36)  # one, and seven, besides a step each


def test_memory_grows_with_the_number_of_steps_and_gives_way_only_to_errors_that_grow():
    assert [prepared(MIXTURE, steps).sampler.memories[-1] for steps in (20, 30, 60)] == [3, 4, 5]
    assert set(prepared(POINTS, 92).sampler.memories) == {5}  # data prediction needs more steps
    stiff = prepared(POINTS, 92, placement="size").sampler  # of points the velocity is stiff at the end
    assert stiff.memories[0] == 6 > stiff.memories[-1] and list(stiff.memories) == sorted(stiff.memories)[::-1]


def test_paths_that_decide_walk_the_steps_of_the_sampler():
    decided = prepared(POINTS, 40).sampler
    flow, starts = Flow(ExactScore(POINTS)), POINTS.sample(20, schedule(40).start, np.random.default_rng(0))
    assert memories(flow, decided, schedule(40), starts) == decided.memories
    assert flow.evaluations == decided.evaluations(40)


def test_it_needs_fewer_evaluations_than_frugal_at_small_errors():
    ours, frugal = (transport(sampler, ExactScore(MIXTURE), schedule(steps), 100, seed=0)
                    for sampler, steps in ((ComposedHeroism.piloted(), 180), (ComposedHeroism.frugal(), 190)))
    assert ours.evaluations < frugal.evaluations
    assert total_variation(ours, MIXTURE).value < 0.5 * total_variation(frugal, MIXTURE).value


@pytest.mark.parametrize("changes", [{"points": 2}, {"overlap": True}, {"placement": "transition"}])
def test_memory_is_decided_on_single_steps_only(changes):
    with pytest.raises(InputError, match="memory = piloted"):
        ComposedHeroism.piloted(**changes)

"""Windows around transitions: where they lie, what the pilot run is charged, and that they are what codebooks need."""

import numpy as np
import pytest

from heroism.distances import total_variation
from heroism.errors import InputError
from heroism.map import Map
from heroism.noise import log_snr_schedule
from heroism.samplers import ComposedHeroism, ExponentialAdams, focused_schedule, transition_schedule
from heroism.samplers.composed.placement import even
from heroism.samplers.composed.sampler import Composed
from heroism.samplers.composed.transition import FEWEST, SHORT_STEPS, Denoised, most_evaluations, refined
from heroism.scores import ExactScore
from heroism.targets import Empirical, GaussianMixture, Hypercube, RandomCodebook, ScaleMixture, Sphere
from heroism.transport import transport

ENDS = 1e-4, 6400.0 / 6401.0
CODEBOOK = RandomCodebook(256)
MIXTURES = [GaussianMixture.low_rank(*numbers, seed=11) for numbers in ((2, 2, 6, 0.2, 5.0), (8, 8, 12, 0.1, 3.0),
                                                                         (64, 5, 10, 0.02, 6.0))]
EASY = [*MIXTURES, Sphere(40, 1.5), Hypercube(100, 2.0), Empirical.digits(dim=10, digit=7),  # those of the leaderboard
        ScaleMixture(64, [0.01, 1.0])]


def schedule(steps):
    return log_snr_schedule(steps, *ENDS)


def prepared(sampler, target, steps):
    return Map(sampler, ExactScore(target), schedule(steps))


@pytest.mark.parametrize("target", EASY, ids=lambda target: type(target).__name__)
@pytest.mark.parametrize("steps", [12, FEWEST, 19, 25, 32, 80])
def test_easy_families_are_left_as_they_are_and_charged_nothing(target, steps):
    adaptive, frugal = (prepared(sampler, target, steps) for sampler in
                        (ComposedHeroism.adaptive(), ComposedHeroism.frugal()))
    assert adaptive.sampler.refined is None
    assert (adaptive.evaluations, adaptive.rounds) == (frugal.evaluations, frugal.rounds)


@pytest.mark.parametrize("dim", [128, 1024])
def test_a_window_of_short_steps_lies_around_the_transition_of_a_codebook(dim):
    """Jumps scatter by about 1 / sqrt(d) around capacity, in half-log-SNR; most short steps lie within thrice that."""
    target, steps = RandomCodebook(dim), 50
    found = prepared(ComposedHeroism.adaptive(), target, steps).sampler.refined
    assert found.schedule.steps == steps + round(SHORT_STEPS * steps)
    apart = np.array([level.half_log_snr for level in found.schedule.levels]) - target.transition.half_log_snr
    near = np.abs(apart) < 3.0 / np.sqrt(dim)
    assert near.sum() > 0.7 * SHORT_STEPS * steps and np.abs(np.diff(apart)).max() < 1.0
    assert found.first < steps and apart[::-1][found.first] < -1.0 / np.sqrt(dim)


def test_the_pilot_run_walks_the_steps_of_the_sampler_and_is_charged_what_it_takes_back():
    levels, flow = schedule(30), Denoised(ExactScore(CODEBOOK))
    even_steps = ComposedHeroism.adaptive().undecided
    sampler = Composed(even_steps.method, even_steps.shape, even)
    starts = prepared(sampler, CODEBOOK, 30).law.sample(60, np.random.default_rng(1))
    decided = sampler.refined_to(refined(flow, sampler, levels, starts))
    again = Denoised(ExactScore(CODEBOOK))
    decided.transport(again, starts[None], levels)
    assert np.array_equal(again.last, flow.last)  # where both evaluate last
    assert again.evaluations == decided.evaluations(30) < flow.evaluations

    carried = transport(ComposedHeroism.adaptive(), ExactScore(CODEBOOK), levels, 8, seed=0, block=3)
    ready = prepared(ComposedHeroism.adaptive(), CODEBOOK, 30)
    assert carried.evaluations == ready.evaluations > ready.sampler.evaluations(30) + 1
    assert carried.evaluations <= ComposedHeroism.adaptive().evaluations(30)
    assert most_evaluations(FEWEST - 1) == 0


def test_codebooks_need_far_fewer_evaluations_than_with_even_steps():
    adaptive, frugal = (transport(sampler, ExactScore(CODEBOOK), schedule(steps), 60, seed=2) for sampler, steps in
                        ((ComposedHeroism.adaptive(), 25), (ComposedHeroism.frugal(), 160)))
    assert adaptive.evaluations < frugal.evaluations / 2
    ours, theirs = total_variation(adaptive, CODEBOOK), total_variation(frugal, CODEBOOK)
    assert ours.value + 3.0 * ours.stderr < theirs.value


def test_any_sampler_runs_on_the_same_levels_and_pays_for_the_pilot_run():
    rival = Map(ExponentialAdams(2), ExactScore(CODEBOOK), transition_schedule(30, *ENDS))
    own = prepared(ComposedHeroism.adaptive(), CODEBOOK, 30)
    assert np.array_equal(rival.schedule.tau, own.sampler.levels(schedule(30)).tau)
    charged = rival.evaluations - ExponentialAdams(2).evaluations(rival.schedule.steps)
    assert charged == own.evaluations  # all of it, and not only what is taken back
    few = Map(ExponentialAdams(2), ExactScore(CODEBOOK), transition_schedule(12, *ENDS))
    assert few.schedule.steps == 12 and few.evaluations == 11 + 1


@pytest.mark.parametrize("changes", [{"points": 2}, {"refinements": 2}, {"spacing": "gauss_legendre"},
                                     {"tolerance": 0.1}])
def test_paths_walk_in_single_steps_only(changes):
    with pytest.raises(InputError, match="placement = transition: paths walk in single steps"):
        ComposedHeroism.adaptive(**changes)


@pytest.mark.parametrize("steps", [12, 40])
def test_any_sampler_runs_on_the_focused_clock_for_one_evaluation(steps):
    target = Sphere(40, 1.5)
    rival = Map(ExponentialAdams(2), ExactScore(target), focused_schedule(steps, *ENDS))
    own = prepared(ComposedHeroism.frugal(), target, steps)
    assert np.array_equal(rival.schedule.tau, own.sampler.levels(schedule(steps)).tau)
    assert rival.evaluations == ExponentialAdams(2).evaluations(steps) + 1

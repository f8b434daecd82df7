"""One map for all: what it costs, where it takes points, and where they came from."""

import numpy as np
import pytest

from heroism.errors import InputError
from heroism.flow import BudgetExceeded
from heroism.map import Map
from heroism.noise import NoiseSchedule, paper_schedule
from heroism.samplers import ComposedHeroism, Euler, Heroism
from heroism.scores import ExactScore, PerturbedScore
from heroism.starts import Exact, Gaussian, StartLaw, start_law
from heroism.targets import GaussianMixture, ProductMixture, ScaleMixture, Sphere
from heroism.transport import transport

SCHEDULE = paper_schedule(64)
PLANE = GaussianMixture([[-1.0, 0.0], [1.0, 0.5], [0.0, 2.0]], 0.1)
TARGETS = {"product": ProductMixture([-1.0, 1.0], 0.1, [0.4, 0.6], dim=16), "scale": ScaleMixture(16, [1.0, 0.05]),
           "sphere": Sphere(16), "plane": PLANE}


def gaussian(variance):
    return GaussianMixture([[0.0]], variance)


def one_step(start_tau, end_tau):
    return NoiseSchedule(np.array([1 - end_tau, 1 - start_tau]), np.array([end_tau, start_tau]))


# ---- what it is made of ----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("sampler", [Heroism(3), ComposedHeroism.frugal(), ComposedHeroism.frugal(tolerance=1e-6)],
                         ids=["heroism", "pilot", "pilot with a tolerance"])
def test_the_cost_is_known_before_anything_is_carried(sampler):
    one = Map(sampler, ExactScore(PLANE), SCHEDULE)
    declared = one.evaluations, one.rounds
    one(np.zeros((3, 2)))
    assert (one.evaluations, one.rounds) == declared
    ensemble = transport(sampler, ExactScore(PLANE), SCHEDULE, 10, 0, budget=declared[0])
    assert (ensemble.evaluations, ensemble.rounds) == declared
    with pytest.raises(BudgetExceeded):
        transport(sampler, ExactScore(PLANE), SCHEDULE, 10, 0, budget=declared[0] - 1)


def test_a_pilot_run_starts_from_the_law_of_the_run():
    seen = []

    class Watched(ComposedHeroism):
        def decide(self, score, schedule, starts):
            seen.append(starts)
            return super().decide(score, schedule, starts)

    for start in ("exact", "gaussian"):
        Map(Watched.frugal(), ExactScore(gaussian(0.01)), log_levels(), start)
    exact, white = (float(np.std(starts)) for starts in seen)
    assert exact < 0.8 * white


def log_levels():
    """From a level at which N(0, 0.01) is not yet N(0, 1)."""
    return NoiseSchedule(*(np.array([1.0 - tau for tau in (0.01, 0.1, 0.5)]), np.array([0.01, 0.1, 0.5])))


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_the_jacobian_belongs_to_the_volume(target):
    z = target.sample(20, SCHEDULE.start, np.random.default_rng(0))
    images = Map(Heroism(3), ExactScore(target), SCHEDULE)(z, jacobian=True)
    matrices = images.jacobian if target.jacobian == "dense" else [np.diag(row) for row in images.jacobian]
    sign, log_volume = np.linalg.slogdet(np.array(matrices))
    assert np.allclose(log_volume, images.log_volume, atol=1e-12) and np.array_equal(sign, images.sign)
    step = 1e-6 * np.eye(target.dim)[0]
    ahead, behind = (Map(Heroism(3), ExactScore(target), SCHEDULE)(z + move).positions for move in (step, -step))
    assert np.allclose(np.array(matrices)[:, :, 0], (ahead - behind) / 2e-6, atol=1e-6)


# ---- start laws ------------------------------------------------------------------------------------------------------

def test_a_start_is_a_name_or_a_law():
    assert isinstance(start_law("exact"), Exact) and isinstance(start_law("gaussian"), Gaussian)
    law = Gaussian()
    assert start_law(law) is law
    named, given = (transport(Euler(), ExactScore(PLANE), SCHEDULE, 20, 0, start) for start in ("gaussian", law))
    assert np.array_equal(named.positions, given.positions)
    for wrong in ("zero", 1, None):
        with pytest.raises(InputError, match="start = "):
            start_law(wrong)


class AtOne(StartLaw):
    """A law of one's own: N((1, ..., 1), tau_T I)."""

    def on(self, target, schedule):
        law = Gaussian().on(target, schedule)
        draw, density = law.sample, law.log_density
        law.sample = lambda n, rng: 1.0 + draw(n, rng)
        law.log_density = lambda z: density(z - 1.0)
        return law


def test_a_law_of_ones_own_starts_a_run():
    ensemble = transport(Euler(), ExactScore(gaussian(1.0)), SCHEDULE, 500, 0, AtOne())
    white = transport(Euler(), ExactScore(gaussian(1.0)), SCHEDULE, 500, 0, "gaussian")
    factor = Map(Euler(), ExactScore(gaussian(1.0)), SCHEDULE)(np.ones((1, 1))).positions[0, 0]
    assert np.allclose(ensemble.positions, white.positions + factor)  # the map is linear
    assert np.allclose(ensemble.log_density, white.log_density)


# ---- the inverse -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_preimages_are_mapped_back(target):
    sampler_map = Map(Heroism(3), ExactScore(target), SCHEDULE)
    z = target.sample(64, SCHEDULE.start, np.random.default_rng(0))
    images = sampler_map(z)
    found, log_volume, misses = sampler_map.preimages(images.positions, 1.02 * z + 0.01)
    assert np.allclose(found, z, rtol=1e-8, atol=1e-8)
    assert np.allclose(log_volume, images.log_volume, atol=1e-7)
    assert np.max(misses) < 1e-11
    ensemble = transport(Heroism(3), ExactScore(target), SCHEDULE, 64, 0)
    if target.copies == 1:  # the same starting points
        assert np.array_equal(ensemble.positions, images.positions)
        exact = target.log_density(z, SCHEDULE.start) - images.log_volume
        assert np.allclose(ensemble.log_density, exact, atol=1e-12)


def test_points_outside_of_a_maps_range_are_refused():
    """With one huge Euler step a bounded bump of the score folds the line; beyond the fold nothing arrives."""
    sampler_map = Map(Euler(), PerturbedScore(gaussian(1.0), 30.0, 0.0), one_step(0.9, 0.1))
    y = sampler_map(np.zeros((1, 1))).positions
    assert np.allclose(sampler_map.preimages(y, np.ones((1, 1)))[0], 0.0, atol=1e-9)  # a shift can be undone
    folding = Map(Heroism(2, 1), PerturbedScore(gaussian(1.0), 3.0, 3.0), one_step(0.9, 0.1))
    top = np.max(folding(np.linspace(-1.5, 1.5, 301)[:, None]).positions)
    with pytest.raises(ArithmeticError, match="1 of 1 end points"):
        folding.preimages(np.array([[top + 0.3]]), np.array([[-1.5]]))

"""Exact total variation against closed forms, from order one down to round-off."""

import mpmath  # type: ignore[import-untyped]
import numpy as np
import pytest

from heroism.distances import Estimate, total_variation
from heroism.errors import InputError
from heroism.map import Map
from heroism.measures.distances.total_variation import excess, round_off_floor
from heroism.noise import log_snr_schedule
from heroism.samplers import Ddim, Ddpm, Euler, ExponentialAdams, Heroism, RungeKutta
from heroism.scores import ExactScore
from heroism.targets import ProductMixture
from heroism.tests.small_targets import PLANE, TWO_PEAKS, GaussianRadius, NaiveMixture, gaussian
from heroism.transport import Endpoints, transport

VARIANCE = 0.3
WEIGHTS, MEANS, ONE_VARIANCE = [0.3, 0.7], [-1.0, 1.5], 0.4


def ladder(steps):
    return log_snr_schedule(steps, 0.01, 0.97)


def variances(sampler, schedule) -> tuple[float, float]:
    """Of N(0, VARIANCE): the output's (the map is a factor, read off the path of z = 1), and the right one."""
    before, after = (level.alpha_bar * VARIANCE + level.tau for level in (schedule.start, schedule.end))
    factor = Map(sampler, ExactScore(gaussian(VARIANCE)), schedule)(np.ones((1, 1))).positions[0, 0]
    return factor**2 * before, after


def between_gaussians(v, w, m: int = 1) -> float:
    """TV between N(0, v I_m) and N(0, w I_m): their densities cross on one sphere, the rest is chi-square."""
    with mpmath.workdps(40):
        v, w = mpmath.mpf(v), mpmath.mpf(w)
        radius = m * mpmath.log(v / w) * v * w / (v - w)
        below = [mpmath.gammainc(mpmath.mpf(m) / 2, 0, radius / (2 * spread), regularized=True) for spread in (v, w)]
        return float(abs(below[0] - below[1]))


@pytest.mark.parametrize(("sampler", "steps"), [
    (Euler(), 5), (Euler(), 17), (Euler(), 257), (Ddim(), 5), (Ddim(), 129), (Heroism(3, 6), 33), (Heroism(5, 9), 65),
    (ExponentialAdams(6), 129),
], ids=lambda value: str(value) if isinstance(value, int) else type(value).__name__)
def test_gaussian_on_a_line(sampler, steps):
    """From 0.2 down to 1e-9."""
    schedule = ladder(steps)
    exact = between_gaussians(*variances(sampler, schedule))
    target = gaussian(VARIANCE)
    estimate = total_variation(transport(sampler, ExactScore(target), schedule, 4000, 0), target)
    assert abs(estimate.value - exact) < 4 * estimate.stderr + 3 * estimate.floor
    assert estimate.stderr < 0.05 * exact and estimate.n == 4000


def test_the_ladder_of_closed_forms_is_long():
    values = [between_gaussians(*variances(sampler, ladder(steps)))
              for sampler, steps in ((Euler(), 5), (Heroism(5, 9), 65))]
    assert values[0] > 0.1 and values[1] < 1e-8


@pytest.mark.parametrize("m", [2, 16, 1000])
@pytest.mark.parametrize(("sampler", "steps"), [(Ddim(), 65), (Heroism(3, 6), 33)], ids=["ddim", "heroism"])
def test_gaussian_reduced_to_its_radius(m, sampler, steps):
    schedule, target = ladder(steps), GaussianRadius(VARIANCE, m)
    exact = between_gaussians(*variances(sampler, schedule), m)
    estimate = total_variation(transport(sampler, ExactScore(target), schedule, 4000, 0), target)
    assert abs(estimate.value - exact) < 4 * estimate.stderr + 3 * estimate.floor
    assert estimate.stderr < 0.05 * exact


def test_reduced_and_full_coordinates_agree():
    schedule, full, radius = ladder(33), gaussian(VARIANCE, dim=3), GaussianRadius(VARIANCE, 3)
    first = total_variation(transport(Ddim(), ExactScore(full), schedule, 4000, 0), full)
    second = total_variation(transport(Ddim(), ExactScore(radius), schedule, 4000, 1), radius)
    assert abs(first.value - second.value) < 4 * np.hypot(first.stderr, second.stderr)
    exact = between_gaussians(*variances(Ddim(), schedule), 3)
    assert abs(first.value - exact) < 4 * first.stderr


@pytest.mark.parametrize("dim", [3, 4])
@pytest.mark.parametrize(("sampler", "steps"), [(Ddim(), 33), (ExponentialAdams(4), 65)], ids=["ddim", "adams"])
def test_copies_compose_like_the_written_out_product(dim, sampler, steps):
    line = NaiveMixture(WEIGHTS, [[mean] for mean in MEANS], [ONE_VARIANCE] * 2)
    product, copies = line.power(dim), ProductMixture(MEANS, ONE_VARIANCE, WEIGHTS, dim)
    schedule = ladder(steps)
    brute = total_variation(transport(sampler, ExactScore(product), schedule, 4000, 0), product)
    composed = total_variation(transport(sampler, ExactScore(copies), schedule, 4000, 1), copies)
    assert abs(brute.value - composed.value) < 4 * np.hypot(brute.stderr, composed.stderr)
    assert max(brute.stderr, composed.stderr) < 0.1 * brute.value


@pytest.mark.parametrize("dim", [5, 100, 10_000])
def test_copies_of_a_gaussian_in_closed_form(dim):
    schedule, target = ladder(257), ProductMixture([0.0], VARIANCE, dim=dim)
    estimate = total_variation(transport(Ddim(), ExactScore(target), schedule, 4000, 0), target)
    exact = between_gaussians(*variances(Ddim(), schedule), dim)
    assert abs(estimate.value - exact) < 4 * estimate.stderr + 3 * estimate.floor
    assert estimate.stderr < 0.05 * exact


def test_the_seed_of_joint_draws_matters_and_only_with_copies():
    schedule, target = ladder(33), ProductMixture(MEANS, ONE_VARIANCE, WEIGHTS, 4)
    ends = transport(Ddim(), ExactScore(target), schedule, 1000, 0)
    assert total_variation(ends, target, seed=1) == total_variation(ends, target, seed=1)
    assert total_variation(ends, target, seed=1).value != total_variation(ends, target, seed=2).value
    ends = transport(Ddim(), ExactScore(PLANE), schedule, 1000, 0)
    assert total_variation(ends, PLANE, seed=1) == total_variation(ends, PLANE, seed=2)


def test_the_floor_is_round_off_and_not_zero():
    """A sampler that keeps N(0, I) exactly: what is reported is round-off, and the floor says so."""
    target = gaussian(1.0, dim=2)
    estimate = total_variation(transport(RungeKutta("rk4"), ExactScore(target), ladder(33), 2000, 0), target)
    assert 1e-17 < estimate.floor < 1e-13
    assert estimate.value < 20 * estimate.floor


def test_the_floor_is_below_what_can_be_measured():
    """A fine rung, near the floor, is still right; the floor grows with the number of copies."""
    schedule, sampler = ladder(257), Heroism(5, 9)
    line = total_variation(transport(sampler, ExactScore(gaussian(VARIANCE)), schedule, 1000, 0), gaussian(VARIANCE))
    exact = between_gaussians(*variances(sampler, schedule))
    assert 1e-17 < line.floor < 1e-13 and exact < 1e-12
    assert abs(line.value - exact) < 4 * line.stderr + 3 * line.floor
    floors = []
    for dim in (1, 10_000):
        target = ProductMixture([0.0], VARIANCE, dim=dim)
        floors.append(total_variation(transport(sampler, ExactScore(target), schedule, 500, 0), target).floor)
    assert floors[1] > 10 * floors[0]


def test_relative_error_does_not_depend_on_size():
    relative = []
    for sampler, steps in ((Ddim(), 17), (Heroism(5, 9), 33)):
        ends = transport(sampler, ExactScore(TWO_PEAKS), ladder(steps), 1000, 0)
        estimate = total_variation(ends, TWO_PEAKS)
        relative.append(estimate.stderr / estimate.value)
    assert estimate.value < 1e-6 and 0.2 < relative[0] / relative[1] < 5.0 and max(relative) < 0.15


def test_a_gaussian_start_adds_its_own_distance():
    """N(0, 1) instead of N(0, v_T), carried by a nearly exact map: the distance of the starts, which any map keeps."""
    schedule, target = ladder(33), gaussian(VARIANCE)
    ends = transport(Heroism(5, 9), ExactScore(target), schedule, 20_000, 0, start="gaussian")
    estimate = total_variation(ends, target)
    exact = between_gaussians(1.0, schedule.start.alpha_bar * VARIANCE + schedule.start.tau)
    assert abs(estimate.value - exact) < 4 * estimate.stderr
    assert exact > 20 * estimate.stderr


@pytest.mark.parametrize("copies", [1, 100])
def test_the_floor_adds_the_noise_of_all_copies(copies):
    """Log densities that differ by noise of a known size between two runs; each of them carries half its variance."""
    target, level = ProductMixture([0.0], 1.0, dim=copies), ladder(9).end
    noise, x = np.array([1e-9, -3e-9, 2e-9, 0.0]), np.linspace(-1.0, 1.0, 4)[:, None]
    log_density = target.log_density(x, level)
    first, echo = Endpoints(x, log_density), Endpoints(x, log_density + noise)
    for weights in (None, np.array([0.1, 0.2, 0.3, 0.4])):
        variance = 0.5 * np.average(noise**2, weights=weights)
        found = round_off_floor(first, echo, target, level, weights)
        assert found == pytest.approx(np.sqrt(copies * variance / (2.0 * np.pi)), rel=1e-6)
    assert round_off_floor(first, Endpoints(x, log_density + 1e9 * noise), target, level) <= 1.0


def test_noise_in_the_log_ratio_shows_as_the_floor_says():
    """Between equal laws, with noise of both runs' size in every copy: the estimate is the floor."""
    copies, rng, target, level = 400, np.random.default_rng(0), ProductMixture([0.0], 1.0, dim=400), ladder(9).end
    x = rng.standard_normal((4000, 1))
    noisy = [Endpoints(x, target.log_density(x, level) + 1e-8 * rng.standard_normal(len(x))) for _ in range(2)]
    joint = 1e-8 * np.sqrt(copies) * rng.standard_normal(4000)
    assert np.mean(excess(joint)) == pytest.approx(round_off_floor(*noisy, target, level), rel=0.05)


def test_a_floor_is_at_most_one():
    assert Estimate.of_mean(np.array([0.3, 0.4]), 7.0).floor == 1.0
    target = ProductMixture(MEANS, ONE_VARIANCE, WEIGHTS, 10**12)
    assert total_variation(transport(Ddim(), ExactScore(target), ladder(5), 30, 0), target).floor == 1.0


def test_an_ensemble_is_compared_with_its_own_law_and_no_other():
    schedule = ladder(9)
    ends = transport(Ddim(), ExactScore(gaussian(0.3)), schedule, 50, 0)
    assert total_variation(ends, gaussian(0.3)).value > 0.0  # the same law, made a second time
    for other in (gaussian(0.31), gaussian(0.3, dim=2), GaussianRadius(0.3, 2)):
        with pytest.raises(InputError, match="the ensemble was made for another law"):
            total_variation(ends, other)


def test_a_stochastic_sampler_is_sent_to_the_histogram():
    ends = transport(Ddpm(), ExactScore(PLANE), ladder(9), 100, 0)
    with pytest.raises(InputError, match="distance = total_variation: a stochastic sampler has no exact density"):
        total_variation(ends, PLANE)

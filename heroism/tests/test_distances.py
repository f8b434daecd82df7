"""Every distance against closed forms; each sees a known shift, and its error and floor are honest."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtr
from scipy.stats import ks_2samp

from heroism import distances
from heroism.distances import (
    Estimate,
    histogram_total_variation,
    quadrature_total_variation,
    sinkhorn,
    sliced_wasserstein,
    total_variation,
    wasserstein,
    wasserstein_1d,
)
from heroism.errors import InputError
from heroism.measures.base import OWN
from heroism.measures.distances import (
    Histogram,
    Quadrature,
    Sinkhorn,
    SlicedWasserstein,
    TotalVariation,
    Wasserstein,
    Wasserstein1d,
)
from heroism.measures.distances.clouds import draw
from heroism.measures.run import Run
from heroism.noise import log_snr_schedule, paper_schedule
from heroism.samplers import Ddim, Ddpm, Euler, Heroism
from heroism.samplers.base import OneStepSampler
from heroism.scores import ExactScore
from heroism.targets import GaussianMixture, Hypercube, ScaleMixture, Sphere, StudentT
from heroism.tests.small_targets import gaussian
from heroism.transport import transport


def normal(n, d, seed, shift=0.0, scale=1.0):
    """(n, d) draws of N(shift e_1, scale^2 I)."""
    x = scale * np.random.default_rng(seed).standard_normal((n, d))
    x[:, 0] += shift
    return x


# ---- transport distances --------------------------------------------------------------------------------------------

TRANSPORT = [(wasserstein, 3), (wasserstein_1d, 1), (sliced_wasserstein, 3), (sinkhorn, 3)]
every_transport = pytest.mark.parametrize("distance, d", TRANSPORT, ids=lambda v: getattr(v, "__name__", str(v)))


@every_transport
def test_a_translation_is_measured_exactly(distance, d):
    """For x = y + c all are known without sampling error: |c|, or |c| times the root mean square cosine when sliced."""
    y, shift = normal(200, d, 0), np.full(d, 0.4)
    length = 0.4 * np.sqrt(d)
    if distance is sliced_wasserstein:
        mean_square = sliced_wasserstein(y + shift, y, directions=2000).value ** 2 / length**2  # of the cosine
        assert abs(mean_square - 1 / d) < 4 * 0.3 / np.sqrt(2000)  # its mean is 1/d, its deviation 0.3
    else:
        assert distance(y + shift, y).value == pytest.approx(length, rel=1e-5 if distance is sinkhorn else 1e-9)


@every_transport
def test_nothing_between_equal_clouds(distance, d):
    y = normal(200, d, 0)
    assert distance(y[::-1], y).value < (1e-3 if distance is sinkhorn else 1e-6)  # the root of a sum that cancels
    assert distance(np.ones((5, d)), np.ones((5, d))).value == 0.0


@every_transport
@pytest.mark.parametrize("shift, scale", [(1.0, 1.0), (0.0, 1.7)])
def test_gaussians_in_closed_form(distance, d, shift, scale):
    """W2^2 = |m|^2 + d (s - 1)^2 for N(m, s^2 I) and N(0, I)."""
    x, y, fresh = normal(1500, d, 1, shift, scale), normal(1500, d, 2), normal(1500, d, 3)
    truth = np.sqrt(shift**2 + d * (scale - 1.0) ** 2)
    if distance is sliced_wasserstein:
        truth /= np.sqrt(d)
    found = distance(x, y, fresh=fresh)
    assert isinstance(found, Estimate) and found.n == 1500
    assert found.floor < 0.5 * truth
    # Sinkhorn divergences shrink the difference of variances; two clouds of independent points lie a floor apart.
    low = 0.8 * truth if distance is sinkhorn else truth - 4.0 * found.stderr
    assert low < found.value < np.hypot(truth, found.floor) + 4.0 * found.stderr


@every_transport
def test_a_shift_below_the_floor_is_not_seen_and_one_above_is(distance, d):
    y, fresh = normal(800, d, 2), normal(800, d, 3)
    unseen, seen = (distance(normal(800, d, 1, shift), y, fresh=fresh) for shift in (0.0, 2.0))
    assert unseen.value < 2.5 * unseen.floor
    assert seen.value > 3.0 * seen.floor


@every_transport
def test_floors_fall_with_the_number_of_points(distance, d):
    floors = [distance(normal(10, d, 0), normal(n, d, 1), fresh=normal(n, d, 2)).floor for n in (50, 2000)]
    assert 0.0 < floors[1] < 0.6 * floors[0]


@every_transport
def test_without_fresh_points_the_floor_is_that_of_two_halves(distance, d):
    y = normal(600, d, 1)
    assert distance(normal(10, d, 0), y).floor == pytest.approx(distance(y[::2], y[1::2]).value, rel=1e-9)


@every_transport
def test_standard_errors_are_those_of_repetitions(distance, d):
    found = [distance(normal(200, d, 2 * i, 1.0, 1.3), normal(250, d, 2 * i + 1)) for i in range(40)]
    spread = np.std([one.value for one in found])
    assert 0.6 < np.mean([one.stderr for one in found]) / spread < 1.6


def test_sorting_and_the_simplex_agree_on_the_line():
    for n, m in ((300, 300), (200, 330)):
        x, y = normal(n, 1, 0, 0.3), normal(m, 1, 1)
        exact, by_sorting = wasserstein(x, y), wasserstein_1d(x[:, 0], y[:, 0])
        assert exact.value == pytest.approx(by_sorting.value, rel=1e-9)
        assert exact.stderr == pytest.approx(by_sorting.stderr, rel=0.1)


def test_far_from_the_origin_no_digits_are_lost():
    y = normal(200, 2, 0)
    assert wasserstein(y + 0.01 + 1e6, y + 1e6).value == pytest.approx(0.01 * np.sqrt(2.0), rel=1e-6)


def test_sinkhorn_approaches_the_exact_distance():
    x, y = normal(300, 2, 0, 0.0, 1.5), normal(300, 2, 1)
    exact = wasserstein(x, y).value
    errors = [abs(sinkhorn(x, y, strength).value - exact) for strength in (1.0, 0.2, 0.04)]
    assert errors[0] > errors[1] > errors[2]


# ---- histograms -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 2, 3])
def test_histogram_of_shifted_gaussians(d):
    """TV = 2 Phi(m / 2) - 1; cells lose a little of it and counts add a little noise."""
    x, y, fresh = normal(20_000, d, 0, 0.8), normal(20_000, d, 1), normal(20_000, d, 2)
    truth = 2.0 * ndtr(0.4) - 1.0
    found = histogram_total_variation(x, y, fresh=fresh)
    assert 0.85 * truth < found.value < truth + found.floor
    assert found.value > 3.0 * found.floor > 0.0
    same = histogram_total_variation(normal(20_000, d, 3), y, fresh=fresh)
    assert 0.6 * same.floor < same.value < 1.4 * same.floor


def test_two_cells_are_a_difference_of_probabilities():
    y = normal(4000, 1, 1)
    x = normal(4000, 1, 0, 0.5)
    found = histogram_total_variation(x, y, bins=2)
    assert found.value == pytest.approx(np.mean(x > np.median(y)) - 0.5, abs=1e-12)
    assert found.stderr == pytest.approx(np.sqrt((0.69 * 0.31 + 0.25) / 4000), rel=0.05)


def test_histogram_errors_are_those_of_repetitions():
    found = [histogram_total_variation(normal(500, 1, 2 * i, 1.0), normal(500, 1, 2 * i + 1)) for i in range(200)]
    assert 0.8 < np.mean([one.stderr for one in found]) / np.std([one.value for one in found]) < 1.3


def test_histogram_floors_fall_with_the_number_of_points():
    floors = [histogram_total_variation(normal(n, 2, 0), normal(n, 2, 1), fresh=normal(n, 2, 2)).floor
              for n in (200, 20_000)]
    assert floors[1] < 0.4 * floors[0]


def test_lost_particles_are_lost_mass():
    x, y = normal(3000, 1, 0), normal(4000, 1, 1)
    found = histogram_total_variation(x, y, lost=1000)
    assert found.n == 4000
    assert found.value == pytest.approx(0.25, abs=0.03)
    assert histogram_total_variation(x[:0], y, lost=50).value == 1.0


# ---- mistakes -------------------------------------------------------------------------------------------------------


@every_transport
def test_points_that_cannot_be_compared(distance, d):
    y, bad = normal(20, d, 0), normal(20, d, 0)
    bad[3, 0] = np.nan
    with pytest.raises(InputError, match="not finite"):
        distance(bad, y)
    with pytest.raises(InputError, match="not finite"):
        distance(y, bad)
    with pytest.raises(InputError, match="coordinates of the points"):
        distance(normal(20, d + 1, 0), y)
    with pytest.raises(InputError, match="array of shape"):
        distance(y[None], y)


@pytest.mark.parametrize("call, words", [
    (lambda: histogram_total_variation(normal(9, 4, 0), normal(9, 4, 1)), "d = 4.*marginal"),
    (lambda: histogram_total_variation(normal(9, 1, 0), normal(9, 1, 1), bins=1), "bins = 1"),
    (lambda: histogram_total_variation(normal(9, 3, 0), normal(9, 3, 1), bins=1000), "too many"),
    (lambda: histogram_total_variation([np.inf], [1.0]), "not finite"),
    (lambda: histogram_total_variation("ab", [1.0]), "samples = ab"),
    (lambda: wasserstein(normal(5001, 1, 0), normal(9, 1, 1)), "5000.*sliced_wasserstein"),
    (lambda: sinkhorn(normal(5001, 1, 0), normal(9, 1, 1)), "5000"),
    (lambda: sinkhorn(normal(9, 1, 0), normal(9, 1, 1), -1.0), "regularisation = -1.0"),
    (lambda: sinkhorn(normal(90, 1, 0), normal(90, 1, 1), 1e-5), "regularisation = 1e-05.*larger"),
    (lambda: sliced_wasserstein(normal(9, 2, 0), normal(9, 2, 1), 1), "directions = 1"),
    (lambda: wasserstein_1d(normal(9, 2, 0), normal(9, 2, 1)), "sliced_wasserstein"),
])
def test_mistakes_get_a_sentence(call, words):
    with pytest.raises(InputError, match=words):
        call()


# ---- quadrature -----------------------------------------------------------------------------------------------------


def centred_total_variation(one, other):
    """Between N(0, one^2) and N(0, other^2)."""
    low, high = sorted((one, other))
    crossing = np.sqrt(2.0 * np.log(high / low) / (low**-2 - high**-2))
    return 2.0 * (ndtr(crossing / low) - ndtr(crossing / high))


@pytest.mark.parametrize("start", ["exact", "gaussian"])
@pytest.mark.parametrize("sampler", [Euler(), Ddim(), Heroism(3)], ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("steps", [16, 128])
def test_quadrature_of_a_linear_map(sampler, steps, start):
    """On a centred Gaussian every sampler is a linear map, so the output is a Gaussian of another variance."""
    target, schedule = GaussianMixture([[0.0]], 0.3), paper_schedule(steps)
    score = ExactScore(target)
    one = transport(sampler, score, schedule, 1, 0, start)
    rng, level = np.random.default_rng(0), schedule.start
    z = target.sample(1, level, rng) if start == "exact" else target.sample_gaussian(1, rng)
    started = np.sqrt(level.alpha_bar * 0.3 + level.tau) if start == "exact" else 1.0
    reached = started * abs(one.positions[0, 0] / z[0, 0])
    truth = centred_total_variation(reached, np.sqrt(schedule.end.alpha_bar * 0.3 + schedule.end.tau))
    found = quadrature_total_variation(sampler, score, schedule, start)
    assert found.value == pytest.approx(truth, rel=1e-5)
    assert found.stderr == 0.0
    assert 0.0 < found.floor < 1e-11


TWO_MODES = GaussianMixture([[-1.0], [1.5]], [0.1, 0.4], [0.3, 0.7])


@pytest.mark.parametrize("sampler, steps, low, high", [
    (Euler(), 64, 1e-1, 0.5), (Ddim(), 64, 1e-3, 1e-1), (Heroism(3, 8), 64, 1e-4, 1e-2),
    (Heroism(4, 8), 256, 1e-7, 1e-5), (Heroism(5, 10), 512, 1e-12, 1e-8)])
def test_particles_agree_with_the_quadrature(sampler, steps, low, high):
    score, schedule = ExactScore(TWO_MODES), paper_schedule(steps)
    oracle = quadrature_total_variation(sampler, score, schedule, nodes=512)
    particles = total_variation(transport(sampler, score, schedule, 1000, 7), TWO_MODES)
    assert low < oracle.value < high
    assert abs(particles.value - oracle.value) < 4.0 * particles.stderr + oracle.floor
    assert particles.stderr < 0.1 * particles.value  # agreement would mean nothing otherwise


def test_quadrature_does_not_depend_on_its_first_nodes():
    """Where paths part, between far modes, the map is steep: 2404.09730's mixture at few steps."""
    target = GaussianMixture([[-6.0], [4.0], [6.0]], 0.25, [0.1, 0.4, 0.5])
    found = [quadrature_total_variation(Heroism(3, 4), ExactScore(target), paper_schedule(40), nodes=n).value
             for n in (200, 700)]
    assert found[0] == pytest.approx(found[1], rel=1e-5)


@pytest.mark.parametrize("target", [Sphere(2), Sphere(1000), ScaleMixture(50, [1.0, 0.05], [0.5, 0.5]),
                                    StudentT(1, 5.0)], ids=lambda t: f"{type(t).__name__}-{t.ambient_dim}")
def test_quadrature_of_radii_and_heavy_tails(target):
    sampler, score, schedule = Heroism(3, 5), ExactScore(target), paper_schedule(64)
    oracle = quadrature_total_variation(sampler, score, schedule)
    particles = total_variation(transport(sampler, score, schedule, 2000, 1), target)
    assert abs(particles.value - oracle.value) < 4.0 * particles.stderr
    assert particles.stderr < 0.1 * particles.value


class Ripple(OneStepSampler):
    """``y = z + cos(w z) / 2 w`` in every step: no affordable number of panels resolves its Jacobian if w is large."""

    order = 0

    def __init__(self, wave):
        self.wave = wave

    def step(self, flow, bundle, start, end):
        flow(bundle, start)
        out = bundle.copy()
        out[0] += 0.5 * np.cos(self.wave * bundle[0]) / self.wave
        out[1:] *= 1.0 - 0.5 * np.sin(self.wave * bundle[0])
        return out


def test_a_rough_map_is_resolved_or_refused():
    target, schedule = GaussianMixture([[0.0]], 1.0), log_snr_schedule(3, 0.1, 0.9)
    found = [quadrature_total_variation(Ripple(20.0), ExactScore(target), schedule, nodes=n).value for n in (128, 4096)]
    assert found[0] == pytest.approx(found[1], rel=1e-5)
    assert found[0] > 0.1
    with pytest.raises(RuntimeError, match="does not resolve"):
        quadrature_total_variation(Ripple(1e7), ExactScore(target), schedule, nodes=128)


def test_quadrature_mistakes():
    schedule = paper_schedule(20)
    with pytest.raises(InputError, match="one reduced coordinate"):
        quadrature_total_variation(Ddim(), ExactScore(Hypercube(3)), schedule)
    with pytest.raises(InputError, match="start = here"):
        quadrature_total_variation(Ddim(), ExactScore(TWO_MODES), schedule, "here")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="nodes = 10"):
        quadrature_total_variation(Ddim(), ExactScore(TWO_MODES), schedule, nodes=10)
    comb = GaussianMixture(np.linspace(-10.0, 10.0, 41)[:, None], 1e-6)
    with pytest.raises(InputError, match=r"nodes = 64.*mass"):
        quadrature_total_variation(Ddim(), ExactScore(comb), log_snr_schedule(5, 1e-7, 1e-6), nodes=64)


# ---- as experiments run them ----------------------------------------------------------------------------------------

MEASURES = [TotalVariation(), Histogram(), Histogram((0, 2)), Wasserstein(200), Wasserstein1d(),
            SlicedWasserstein(directions=16), Sinkhorn(points=200)]
TARGETS = [GaussianMixture([[-1.0, 0.0, 0.5], [1.0, 1.0, 1.0]], 0.2), Hypercube(3), Sphere(3),
           ScaleMixture(3, [1.0, 0.2])]


@pytest.mark.parametrize("target", TARGETS, ids=lambda t: type(t).__name__)
@pytest.mark.parametrize("measure", MEASURES, ids=lambda m: type(m).__name__)
def test_measures_see_a_bad_sampler_and_pass_a_good_one(measure, target):
    bad = Run(Euler(), ExactScore(target), paper_schedule(16), "exact", 1500)
    good = Run(Heroism(4, 8), ExactScore(target), paper_schedule(64), "exact", 1500)
    seen, passed = measure(bad)[OWN], measure(good)[OWN]
    assert seen.value > 3.0 * passed.value
    assert seen.value > 2.0 * seen.floor
    assert measure(bad)[OWN] == seen  # the stream of the measures is left as it was
    if not isinstance(measure, TotalVariation):
        assert passed.value < 2.5 * passed.floor


def test_quadrature_as_a_measure():
    score, schedule = ExactScore(TWO_MODES), paper_schedule(32)
    run = Run(Ddim(), score, schedule, "gaussian", 10)
    assert Quadrature(512)(run) == {OWN: quadrature_total_variation(Ddim(), score, schedule, "gaussian", 512)}
    assert run.population is None  # it follows paths of its own


class Blast(OneStepSampler):
    """Sends what lies above zero to infinity."""

    order = 0

    def step(self, flow, bundle, start, end):
        return np.where(bundle[:1] > 0, np.inf, bundle + 0.0 * flow(bundle, start))


def test_particles_that_diverged():
    target, schedule = GaussianMixture([[0.0]], 1.0), log_snr_schedule(3, 0.1, 0.9)
    run = Run(Blast(), ExactScore(target), schedule, "exact", 400)
    assert 0.4 < run.ensemble.diverged < 0.6
    assert Histogram()(run)[OWN].value == pytest.approx(0.5, abs=0.1)
    far = Wasserstein()(run)[OWN]
    assert far.value == np.inf and 0.0 < far.floor < 1.0


@pytest.mark.parametrize("target", [*TARGETS, Sphere(50), ScaleMixture(50, [1.0, 0.2]), Hypercube(50)],
                         ids=lambda t: f"{type(t).__name__}-{t.ambient_dim}")
def test_a_marginal_is_that_of_the_lifted_cloud(target):
    ensemble = transport(Ddim(), ExactScore(target), paper_schedule(32), 4000, 0)
    columns = [2, 0]
    some, exact, _ = draw(ensemble, 1, 4000, columns)
    whole, exact_whole, _ = draw(ensemble, 2, 4000)
    for cloud, reference in ((some, whole[:, columns]), (exact, exact_whole[:, columns])):
        for statistic in (lambda c: c[:, 0], lambda c: c[:, 1], lambda c: c[:, 0] * c[:, 1]):
            assert ks_2samp(statistic(cloud), statistic(reference)).pvalue > 1e-4


def test_a_marginal_in_a_million_dimensions():
    for target in (Sphere(10**6, 1000.0), Hypercube(10**6), ScaleMixture(10**6, [1.0, 0.05])):
        run = Run(Ddim(), ExactScore(target), paper_schedule(16), "exact", 500)
        assert Histogram((0, 999_999))(run)[OWN].value < 1.0


@pytest.mark.parametrize("measure, target, sampler, words", [
    (Histogram((0, 1, 2, 3)), Sphere(9), Ddim(), "at most 3"), (Histogram((9,)), Sphere(9), Ddim(), "0 to d - 1 = 8"),
    (Histogram((1, 1)), Sphere(9), Ddim(), "different whole"),
    (Wasserstein1d(coordinate=-1), Sphere(9), Ddim(), "coordinates"),
    (Histogram(bins=1), Sphere(9), Ddim(), "bins = 1"), (Histogram((0, 1, 2), 1000), Sphere(9), Ddim(), "too many"),
    (Wasserstein(), Sphere(10**6), Ddim(), "d = 1000000"), (Wasserstein(6000), Sphere(9), Ddim(), "5000"),
    (SlicedWasserstein(directions=1), Sphere(9), Ddim(), "directions"),
    (Sinkhorn(points=1), Sphere(9), Ddim(), "points = 1"), (Sinkhorn(), Sphere(10**6), Ddim(), "too many numbers"),
    (Sinkhorn(regularisation=0.0), Sphere(9), Ddim(), "regularisation = 0"),
    (Quadrature(), TARGETS[0], Ddim(), "this one has 3"), (Quadrature(10), TWO_MODES, Ddim(), "nodes = 10"),
    (Quadrature(), TWO_MODES, Ddpm(), "sampler = Ddpm: a stochastic sampler has no map"),
    (TotalVariation(), TARGETS[0], Ddpm(), "exact law of an output is known"),
])
def test_measures_refuse_before_anything_runs(measure, target, sampler, words):
    with pytest.raises(InputError, match=words):
        measure.check(target, sampler, 10_000)


@pytest.mark.parametrize("measure", [TotalVariation(), Histogram(), Wasserstein(), Wasserstein1d(), SlicedWasserstein(),
                                     Sinkhorn()], ids=lambda m: type(m).__name__)
def test_one_particle_has_no_standard_error(measure):
    assert measure(Run(Ddim(), ExactScore(TWO_MODES), paper_schedule(16), "exact", 1))[OWN].stderr == np.inf


class Stay(OneStepSampler):
    """The identity."""

    order = 0

    def step(self, flow, bundle, start, end):
        return bundle + 0.0 * flow(bundle, start)


def test_what_a_measure_draws_has_nothing_to_do_with_the_starting_points():
    """N(0, 1) stays N(0, 1): with one stream for both, the exact cloud would be the particles themselves."""
    run = Run(Stay(), ExactScore(gaussian(1.0)), log_snr_schedule(8, 0.02, 0.97), "exact", 1000)
    found = Wasserstein1d()(run)[OWN]
    assert found.value > 0.3 * found.floor
    x, y, _ = draw(run.ensemble, run.seed, 1000)
    assert abs(np.corrcoef(x[:, 0], y[:, 0])[0, 1]) < 0.2


def test_an_importance_sampled_ensemble_is_drawn_anew_in_proportion_to_its_weights():
    """Weights that undo a proposal twice as wide: without them the marginal would be that of N(0, 4)."""
    ensemble = transport(Stay(), ExactScore(gaussian(1.0)), log_snr_schedule(8, 0.02, 0.97), 4000, 0)
    wide = replace(ensemble, positions=2.0 * ensemble.positions,
                   log_weights=np.log(2.0) - 1.5 * ensemble.positions[:, 0] ** 2)
    assert np.std(draw(wide, 0, 4000)[0]) == pytest.approx(1.0, abs=0.1)


def test_public_names():
    for name in ("total_variation", "histogram_total_variation", "wasserstein", "sliced_wasserstein"):
        assert name in distances.__all__

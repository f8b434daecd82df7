"""The propagated density of DDPM: against closed forms, brute force, its own refinement, and the sampler itself."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from scipy.stats import norm

from heroism.errors import InputError
from heroism.flow import Flow
from heroism.measures.distances.histogram import histogram_total_variation
from heroism.measures.distances.kernel import KernelTotalVariation, kernel_total_variation
from heroism.measures.distances.total_variation import total_variation
from heroism.measures.stochastic.densities import Density, gauss_transform
from heroism.noise import log_snr_schedule, paper_schedule
from heroism.samplers import Ddim, Ddpm, Heroism
from heroism.scores import ExactScore, PerturbedScore
from heroism.targets import GaussianMixture, ProductMixture
from heroism.transport import transport

TWO_MODES = GaussianMixture([[-1.0], [1.0]], 0.1, [0.4, 0.6])


def step_mean(flow, bundle, start, end):
    """Of a step of DDPM (2006.11239, eq. 7 and 11), written out."""
    beta = start.tau_above(end) / end.alpha_bar
    return (bundle + beta * flow(bundle, start)) * np.sqrt(end.alpha_bar / start.alpha_bar)


def step_deviation(start, end):
    """Of its noise."""
    return np.sqrt(start.tau_above(end) / end.alpha_bar * end.tau / start.tau)


def output_variance(schedule, variance, start):
    """DDPM's output on N(0, variance): every step is linear in its state."""
    now = schedule.start.alpha_bar * variance + schedule.start.tau if start == "exact" else 1.0
    for one, other in schedule.transitions():
        beta = one.tau_above(other) / other.alpha_bar
        gain = (1.0 - beta / (one.alpha_bar * variance + one.tau)) * np.sqrt(other.alpha_bar / one.alpha_bar)
        now = gain**2 * now + step_deviation(one, other) ** 2
    return now


def gaussian_total_variation(v, w):
    """Between N(0, v) and N(0, w)."""
    v, w = sorted((v, w))
    edge = np.sqrt(np.log(w / v) / (1.0 / v - 1.0 / w))
    return 2.0 * (norm.cdf(edge / np.sqrt(v)) - norm.cdf(edge / np.sqrt(w)))


@pytest.mark.parametrize("start", ["exact", "gaussian"])
@pytest.mark.parametrize("variance", [1.0, 0.04, 1e-4])
def test_a_gaussian_target_has_a_closed_form(variance, start):
    schedule = paper_schedule(64)
    estimate = kernel_total_variation(Ddpm(), ExactScore(GaussianMixture([[0.0]], variance)), schedule, start)
    exact = gaussian_total_variation(output_variance(schedule, variance, start),
                                     schedule.end.alpha_bar * variance + schedule.end.tau)
    assert estimate.value == pytest.approx(exact, rel=1e-6)
    assert exact > 0.01  # DDPM's own error is there to be seen
    assert estimate.floor < 1e-12 and estimate.stderr == 0.0


def test_a_point_mass_is_reached_exactly():
    """The score of a point mass is linear and DDPM's coefficients are made for it: nothing but round-off is left."""
    estimate = kernel_total_variation(Ddpm(), ExactScore(GaussianMixture([[0.0]], 0.0)), paper_schedule(64))
    assert estimate.value < 1e-12


def brute_force(score, schedule, x):
    """The same integrals as plain sums over one fixed grid, with the full matrix of the kernel."""
    width = x[1] - x[0]
    q = np.exp(score.target.log_density(x[:, None], schedule.start))
    for one, other in schedule.transitions():
        mean = step_mean(Flow(score), x[None, :, None], one, other)[0, :, 0]
        sigma = step_deviation(one, other)
        matrix = np.exp(-0.5 * np.square((x[:, None] - mean) / sigma)) / (np.sqrt(2.0 * np.pi) * sigma)
        q = width * (matrix @ q)
    gap = CubicSpline(x, q - np.exp(score.target.log_density(x[:, None], schedule.end)))
    fine = np.linspace(x[0], x[-1], 50 * len(x))  # where it changes sign, its absolute value has a kink
    return 0.5 * np.trapezoid(np.abs(gap(fine)), fine)


@pytest.mark.parametrize("frequency", [1.0, 7.0, 40.0])
def test_a_mixture_with_a_perturbed_score_against_brute_force(frequency):
    schedule = log_snr_schedule(7, 0.02, 0.99)
    score = PerturbedScore(TWO_MODES, 0.5, frequency)
    estimate = kernel_total_variation(Ddpm(), score, schedule)
    assert estimate.value == pytest.approx(brute_force(score, schedule, np.linspace(-7.0, 7.0, 2001)), rel=1e-6)
    unperturbed = kernel_total_variation(Ddpm(), ExactScore(TWO_MODES), schedule)
    assert abs(estimate.value / unperturbed.value - 1.0) > 1e-3  # the comparison is about something


@pytest.mark.parametrize("frequency", [0.0, 30.0, 2000.0])
def test_more_nodes_change_nothing(frequency):
    schedule, score = paper_schedule(48), PerturbedScore(TWO_MODES, 0.01, frequency)
    some, more = (kernel_total_variation(Ddpm(), score, schedule, nodes=nodes) for nodes in (2.5, 4.0))
    assert some.value == pytest.approx(more.value, rel=1e-7)
    assert max(some.floor, more.floor) < 1e-9
    assert more.n > 1.4 * some.n


def test_too_few_nodes_are_seen_in_the_floor():
    few, enough = (kernel_total_variation(Ddpm(), ExactScore(TWO_MODES), paper_schedule(48), nodes=nodes)
                   for nodes in (1.5, 2.5))
    assert 10.0 * enough.floor < few.floor and abs(few.value - enough.value) <= few.floor


def test_the_density_is_that_of_the_sampler():
    """A histogram of 40,000 sample paths at a T where DDPM is far off."""
    schedule = log_snr_schedule(5, 0.05, 0.99)
    ensemble = transport(Ddpm(), ExactScore(TWO_MODES), schedule, 40_000, 0)
    reference = TWO_MODES.sample(40_000, schedule.end, np.random.default_rng(1))
    seen = histogram_total_variation(ensemble.positions, reference, 40)
    exact = kernel_total_variation(Ddpm(), ExactScore(TWO_MODES), schedule)
    assert exact.value > 0.1
    assert seen.value == pytest.approx(exact.value, abs=seen.floor)


def test_a_fast_oscillation_ruins_every_deterministic_sampler_and_spares_ddpm():
    """(2408.02320) Amplitude 1e-3, frequency 1e4: a score error nobody would notice, and a Jacobian error of ten."""
    schedule = paper_schedule(256)
    for sampler in (Heroism(3), Ddim()):
        score = PerturbedScore(TWO_MODES, 1e-3, 1e4)
        ruined = transport(sampler, score, schedule, 100, 0)
        assert ruined.folded == 0.0  # what is measured is the total variation itself, no lower bound
        assert total_variation(ruined, TWO_MODES).value > 0.9
        assert 0.5e-3 < score.score_error < 1.05e-3  # paths gather where the sine vanishes
        exact = total_variation(transport(sampler, ExactScore(TWO_MODES), schedule, 100, 0), TWO_MODES).value
        assert exact < 0.02
    spared = kernel_total_variation(Ddpm(), PerturbedScore(TWO_MODES, 1e-3, 1e4), schedule)
    alone = kernel_total_variation(Ddpm(), ExactScore(TWO_MODES), schedule)
    assert alone.value < 0.02
    assert spared.value == pytest.approx(alone.value, rel=1e-3)


def test_a_slow_error_of_the_same_size_does_not_spare_ddpm():
    """Negative control: it is the frequency that helps, not a measure that is blind to errors of the score."""
    schedule = paper_schedule(64)
    alone = kernel_total_variation(Ddpm(), ExactScore(TWO_MODES), schedule).value
    assert kernel_total_variation(Ddpm(), PerturbedScore(TWO_MODES, 0.3, 1.0), schedule).value > 3 * alone


def test_the_measurement_leaves_no_trace_in_the_score():
    score = PerturbedScore(TWO_MODES, 0.1, 1.0)
    kernel_total_variation(Ddpm(), score, paper_schedule(24))
    assert score.score_error == 0.0


def test_the_fast_gauss_transform_against_the_plain_sum():
    rng = np.random.default_rng(0)
    centres, weights = rng.uniform(-1.0, 1.0, 500), rng.uniform(0.0, 1.0, 500)
    sigma, spacing, count = 0.1, 0.04, 100
    y = -2.0 + spacing * np.arange(count)
    plain = norm.pdf(y[:, None], centres, sigma) @ weights
    assert np.allclose(gauss_transform(centres, weights, -2.0, spacing, count, sigma), plain, rtol=0,
                       atol=1e-13 * plain.max())


def test_resampling_is_exact_for_what_the_grid_resolves_and_not_beyond():
    x = np.arange(-9.0, 9.0, 0.4)
    for width, exact in ((1.0, True), (0.15, False)):
        finer = Density(-9.0, 0.4, norm.pdf(x, scale=width)).resampled(3, 0.381966)
        error = np.max(np.abs(finer.values - norm.pdf(finer.x, scale=width)))
        assert (error < 1e-12) == exact


@pytest.mark.parametrize(("sampler", "target", "nodes", "argument"), [
    (Heroism(3), TWO_MODES, 2.5, "sampler = Heroism"), (Ddim(), TWO_MODES, 2.5, "sampler = Ddim"),
    (Ddpm(), ProductMixture([-1, 1], 0.1, dim=4), 2.5, "d = 4"),
    (Ddpm(), TWO_MODES, 1.0, "nodes = 1.0"),
])
def test_mistakes_are_named(sampler, target, nodes, argument):
    with pytest.raises(InputError, match=f"^{argument}"):
        kernel_total_variation(sampler, ExactScore(target), paper_schedule(32), nodes=nodes)
    with pytest.raises(InputError, match=f"^{argument}"):
        KernelTotalVariation(nodes).check(target, sampler, 100)

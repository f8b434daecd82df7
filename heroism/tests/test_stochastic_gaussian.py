"""Exact laws on Gaussian targets: against the sampler's own linear map, closed forms, and particles."""

import numpy as np
import pytest
from scipy.stats import gamma, norm

from heroism.distances import total_variation
from heroism.errors import InputError
from heroism.flow import Flow
from heroism.measures.stochastic.gaussian import Spectrum, gaussian_output, gaussian_path, spectrum, wasserstein_split
from heroism.measures.stochastic.probe import probed_output
from heroism.noise import log_snr_schedule, paper_schedule
from heroism.samplers import Ddim, Ddpm, ExponentialAdams, Heroism, RungeKutta, UniPC
from heroism.samplers.stochastic import Coefficients, DdimEta, Restart, SaSolver, SdeDpmSolver, Seeds
from heroism.scores import ExactScore
from heroism.targets import GaussianMixture, ProductMixture, ScaleMixture, Sphere
from heroism.tests.stochastic_examples import EXAMPLES
from heroism.transport import transport

LINE = GaussianMixture([[0.7]], 0.3)


@pytest.mark.parametrize("start", ["exact", "gaussian"])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_law_is_that_of_the_map_that_particles_take(example, start):
    schedule = log_snr_schedule(7, 0.02, 0.98)
    for target in (LINE, GaussianMixture([[0.7, -1.0]], [[0.3, 0.0]])):
        law, probed = (engine(example.sampler, target, schedule, start) for engine in (gaussian_output, probed_output))
        assert law.variance == pytest.approx(probed.variance, rel=1e-10)
        assert law.mean == pytest.approx(probed.mean, rel=1e-10)


@pytest.mark.parametrize("sampler", [SaSolver(2, 1), Seeds(), SdeDpmSolver(3), Restart()],
                         ids=lambda sampler: type(sampler).__name__)
def test_particles_have_these_moments(sampler):
    rng, schedule, n = np.random.default_rng(0), log_snr_schedule(6, 0.02, 0.98), 20_000
    flow = Flow(LINE.score, diffusion=lambda x, deviation: LINE.diffuse(x, deviation, rng))
    x = sampler.transport(flow, LINE.sample(n, schedule.start, rng)[None], schedule)[0, :, 0]
    law = gaussian_output(sampler, LINE, schedule)
    assert abs(x.mean() - law.mean[0]) < 4.0 * np.sqrt(law.variance[0] / n)
    assert abs(x.var() / law.variance[0] - 1.0) < 4.0 * np.sqrt(2.0 / n)


@pytest.mark.parametrize("d", [3, 512])
def test_a_full_covariance_is_its_eigenvalues_up_to_a_condition_of_1e8(d):
    variances = np.geomspace(1e-8, 1.0, d)
    basis = np.linalg.qr(np.random.default_rng(0).standard_normal((d, d)))[0]
    mean, schedule = np.linspace(-1.0, 1.0, d), log_snr_schedule(24, 1e-9, 1.0 - 1e-6)
    full = GaussianMixture((basis @ mean)[None], ((basis * variances) @ basis.T)[None])
    plain = GaussianMixture(mean[None], variances[None])
    one, other = (gaussian_output(SdeDpmSolver(2), target, schedule) for target in (full, plain))
    exact = spectrum(plain).at(schedule.end)
    assert np.allclose(np.sort(one.variance), np.sort(other.variance), rtol=1e-6)
    assert one.kl(spectrum(full).at(schedule.end)) == pytest.approx(other.kl(exact), rel=1e-5)
    assert one.total_variation(spectrum(full).at(schedule.end)) == pytest.approx(other.total_variation(exact), rel=1e-5)


def dense_ddpm(target, covariance, schedule):
    """DDPM's mean and covariance by matrices in R^d."""
    mean, d = target.means[0], len(covariance)
    now = schedule.start.alpha_bar * covariance + schedule.start.tau * np.eye(d)
    at = np.sqrt(schedule.start.alpha_bar) * mean
    for one, other in schedule.transitions():
        beta, root = one.tau_above(other) / other.alpha_bar, np.sqrt(other.alpha_bar / one.alpha_bar)
        precision = np.linalg.inv(one.alpha_bar * covariance + one.tau * np.eye(d))
        step = root * (np.eye(d) - beta * precision)
        at = step @ at + root * beta * precision @ (np.sqrt(one.alpha_bar) * mean)
        now = step @ now @ step.T + beta * other.tau / one.tau * np.eye(d)
    return at, now


def test_ddpm_against_matrices():
    rng = np.random.default_rng(1)
    factor = rng.standard_normal((3, 3))
    covariance, schedule = factor @ factor.T / 3.0, log_snr_schedule(12, 1e-2, 0.99)
    target = GaussianMixture(rng.standard_normal((1, 3)), covariance[None])
    mean, dense = dense_ddpm(target, covariance, schedule)
    exact_mean = np.sqrt(schedule.end.alpha_bar) * target.means[0]
    exact = schedule.end.alpha_bar * covariance + schedule.end.tau * np.eye(3)
    solved = np.linalg.solve(exact, dense)
    kl = 0.5 * (np.trace(solved) - 3.0 - np.linalg.slogdet(solved)[1]
                + (mean - exact_mean) @ np.linalg.solve(exact, mean - exact_mean))
    out = gaussian_output(Coefficients(), target, schedule)
    assert out.kl(spectrum(target).at(schedule.end)) == pytest.approx(kl, rel=1e-11)


@pytest.mark.parametrize("m", [1, 2, 3, 4, 100, 10**6])
@pytest.mark.parametrize("excess", [-0.3, 1e-2, 1e-5])
def test_total_variation_of_isotropic_gaussians_has_a_closed_form(m, excess):
    one = np.ones(1)
    q, p = (Spectrum(0.0 * one, v * one, m * one) for v in (1.0 + excess, 1.0))
    edge = 0.5 * m * np.log1p(excess) / (excess / (1.0 + excess))  # where the densities cross, half the squared radius
    exact = abs(gamma.cdf(edge, 0.5 * m) - gamma.cdf(edge / (1.0 + excess), 0.5 * m))
    assert q.total_variation(p) == pytest.approx(exact, rel=3e-9)


def test_total_variation_of_shifted_gaussians_has_a_closed_form():
    ones = np.ones(2)
    q, p = Spectrum(np.array([0.3, -0.4]), ones, ones), Spectrum(0.0 * ones, ones, ones)
    assert q.total_variation(p) == pytest.approx(2.0 * norm.cdf(0.25) - 1.0, rel=1e-12)
    assert q.total_variation(q) == 0.0
    assert q.kl(p) == pytest.approx(0.125, rel=1e-15)
    assert q.wasserstein(p) == pytest.approx(0.5, rel=1e-15)


def test_unequal_axes_against_a_million_draws():
    rng = np.random.default_rng(0)
    q = Spectrum(np.array([0.1, 0.0, 0.2]), np.array([1.3, 0.8, 0.01]), np.array([1.0, 2.0, 1.0]))
    p = Spectrum(np.zeros(3), np.array([1.0, 1.0, 0.012]), q.multiplicity)
    axes = np.repeat(np.arange(3), [1, 2, 1])
    x = q.mean[axes] + np.sqrt(q.variance[axes]) * rng.standard_normal((10**6, 4))
    ratio = (norm.logpdf(x, p.mean[axes], np.sqrt(p.variance[axes]))
             - norm.logpdf(x, q.mean[axes], np.sqrt(q.variance[axes]))).sum(axis=1)
    sample = -np.expm1(np.minimum(ratio, 0.0))
    assert abs(q.total_variation(p) - sample.mean()) < 4.0 * sample.std() / 1e3
    assert abs(q.kl(p) + ratio.mean()) < 4.0 * ratio.std() / 1e3


def test_the_small_divergences_keep_their_digits():
    one = np.ones(1)
    q, p = (Spectrum(0.0 * one, v * one, one) for v in (1.0 + 2.0**-40, 1.0))
    assert q.kl(p) == pytest.approx(2.0**-82, rel=1e-11)


def test_three_ways_to_write_one_gaussian():
    schedule = paper_schedule(32)
    targets = [ScaleMixture(5, [0.25]), ProductMixture([0.0], 0.25, dim=5), GaussianMixture(np.zeros((1, 5)), 0.25)]
    values = [gaussian_output(DdimEta(0.5), target, schedule).kl(spectrum(target).at(schedule.end))
              for target in targets]
    assert values == pytest.approx([values[0]] * 3, rel=1e-12)


@pytest.mark.parametrize("sampler", [DdimEta(0.0), DdimEta(1.0)], ids=["ode", "sde"])
def test_the_split_of_wasserstein(sampler):
    """A start that is off by much, a sampler with many steps: what is left of the start is the exact solution's."""
    schedule, target = log_snr_schedule(4000, 0.1, 0.6), GaussianMixture([[1.0, 0.0]], [[0.5, 2.0]])
    split = wasserstein_split(sampler, target, schedule)
    law = spectrum(target)
    last = law.at(schedule.end)
    from_wrong = gaussian_output(sampler, target, schedule, "gaussian")
    assert split.initialisation == pytest.approx(from_wrong.wasserstein(last), rel=3e-3)
    assert split.discretisation < 1e-3 * split.initialisation
    assert split.truncation == pytest.approx(last.wasserstein(law), rel=1e-15)
    assert split.total == pytest.approx(from_wrong.wasserstein(law), rel=1e-15)
    assert split.total <= split.initialisation + split.truncation + split.discretisation


@pytest.mark.parametrize("sampler", [Ddpm(), ExponentialAdams(3), Heroism(3), RungeKutta("rk4"), UniPC(2)],
                         ids=lambda sampler: type(sampler).__name__)
def test_samplers_that_are_not_described_are_probed(sampler):
    """The change of variables agrees, in a dimension where both work."""
    schedule, target = log_snr_schedule(24, 0.01, 0.99), GaussianMixture([[0.5, -1.0, 0.0]], [[0.25, 2.0, 0.01]])
    out, exact = probed_output(sampler, target, schedule), spectrum(target).at(schedule.end)
    if sampler.stochastic:
        assert out.kl(exact) == pytest.approx(gaussian_output(Coefficients(), target, schedule).kl(exact), rel=1e-10)
    else:
        seen = total_variation(transport(sampler, ExactScore(target), schedule, 4000, 0), target)
        assert abs(out.total_variation(exact) - seen.value) < 4.0 * seen.stderr


class Clipped(Ddim):
    def transport(self, flow, bundle, schedule):
        return np.clip(super().transport(flow, bundle, schedule), -1.0, 1.0)


def test_a_sampler_that_is_not_linear_is_refused():
    with pytest.raises(InputError, match=r"^sampler = Clipped: is not linear"):
        probed_output(Clipped(), LINE, log_snr_schedule(6, 0.02, 0.98))


def test_the_path_begins_and_ends_where_it_should():
    schedule = log_snr_schedule(5, 0.1, 0.9)
    path = list(gaussian_path(Coefficients(), LINE, schedule))
    assert [level for level, _ in path] == list(schedule.levels[::-1])
    assert path[0][1].kl(spectrum(LINE).at(schedule.start)) == 0.0


@pytest.mark.parametrize("target", [Sphere(4), ProductMixture([-1, 1], 0.1)], ids=["sphere", "mixture"])
def test_other_targets_are_refused(target):
    with pytest.raises(InputError, match="needs a Gaussian one"):
        gaussian_output(Coefficients(), target, paper_schedule(16))


def test_an_unknown_start_is_refused():
    with pytest.raises(InputError, match=r"^start = warm"):
        gaussian_output(Coefficients(), LINE, paper_schedule(16), "warm")

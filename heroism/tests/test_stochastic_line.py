"""Propagated densities of one coordinate and of a million: against Gaussians, brute force, and sampling."""

import mpmath
import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from scipy.stats import norm

from heroism.errors import InputError
from heroism.flow import Flow
from heroism.measures.stochastic.densities import gauss_transform, integral_of_absolute, running_integral
from heroism.measures.stochastic.gaussian import gaussian_output, spectrum
from heroism.measures.stochastic.line import line_law
from heroism.measures.stochastic.overlap import affinity_of_ratios, exp_minus_linear, joint_total_variation
from heroism.measures.stochastic.product import product_kl, product_total_variation, product_wasserstein
from heroism.noise import log_snr_schedule, paper_schedule
from heroism.samplers.stochastic import (
    AcceleratedSde,
    Churn,
    Coefficients,
    DdimEta,
    DpmSde,
    OdeThenNoise,
    PredictorCorrector,
    Restart,
    SdeDpmSolver,
    Seeds,
    TwoStageAncestral,
)
from heroism.scores import ExactScore, PerturbedScore
from heroism.targets import GaussianMixture, Hypercube, ProductMixture, ScaleMixture

TWO_MODES = GaussianMixture([[-1.0], [1.0]], 0.1, [0.4, 0.6])
INSIDE = [Seeds(2), DpmSde(0.7), PredictorCorrector(1, 0.5, "underdamped"), PredictorCorrector(2, 0.5, "underdamped"),
          Seeds(3, 0.5)]  # those that draw noise inside their steps
SAMPLERS = [Coefficients(), DdimEta(0.5), TwoStageAncestral(), Churn(8.0), OdeThenNoise(0.5, "heun"),
            PredictorCorrector(2), Restart(1), AcceleratedSde(), *INSIDE]
every = pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda sampler: type(sampler).__name__)


@every
@pytest.mark.parametrize("start", ["exact", "gaussian"])
def test_on_a_gaussian_every_measure_is_the_exact_one(sampler, start):
    schedule, copies = log_snr_schedule(17, 0.01, 0.98), 50
    target = ProductMixture([0.3], 0.4, dim=copies)
    law = line_law(sampler, ExactScore(target), schedule, start)
    out, exact = gaussian_output(sampler, target, schedule, start), spectrum(target).at(schedule.end)
    one, single = (type(out)(each.mean, each.variance, np.ones(1)) for each in (out, exact))
    assert product_total_variation(law, 1).value == pytest.approx(one.total_variation(single), rel=1e-8)
    assert product_total_variation(law, copies).value == pytest.approx(out.total_variation(exact), rel=1e-8)
    assert product_kl(law, copies).value == pytest.approx(out.kl(exact), rel=1e-8)
    assert product_wasserstein(law, copies, target, schedule.end).value == pytest.approx(out.wasserstein(exact),
                                                                                        rel=1e-7)


def brute_force(sampler, score, schedule, x):
    """DDPM-like steps as plain sums over one fixed grid."""
    width = x[1] - x[0]
    q = np.exp(score.target.log_density(x[:, None], schedule.start))
    for step in sampler.steps(schedule):
        mean, sigma = Flow(score)(x[None, :, None], step.start), step.operations[-1].deviation
        weights = step.operations[-1].weights
        centre = weights["x"] * x + weights["score"] * mean[0, :, 0]
        q = width * (norm.pdf(x[:, None], centre, sigma) @ q)
    return q


def test_a_mixture_with_a_perturbed_score_against_brute_force():
    schedule, score, x = log_snr_schedule(7, 0.02, 0.99), PerturbedScore(TWO_MODES, 0.5, 3.0), np.linspace(-7, 7, 3001)
    law = line_law(DdimEta(0.8), ExactScore(TWO_MODES), schedule)
    perturbed = line_law(DdimEta(0.8), score, schedule)
    q = CubicSpline(x, brute_force(Coefficients("adapted", strength=0.64), score, schedule, x))
    assert np.allclose(perturbed.density, q(perturbed.image), rtol=0, atol=1e-8)
    p = np.exp(TWO_MODES.log_density(x[:, None], schedule.end))
    assert product_kl(perturbed, 1).value == pytest.approx(np.trapezoid(q(x) * np.log(np.maximum(q(x), 1e-300) / p), x),
                                                           rel=1e-6)
    assert product_kl(perturbed, 1).value > 1.5 * product_kl(law, 1).value


@pytest.mark.parametrize("copies", [3, 10_000])
def test_many_copies_against_sampling(copies):
    """Joint log ratios drawn node by node."""
    schedule = log_snr_schedule(65, 0.01, 0.99)
    law = line_law(Coefficients(), ExactScore(TWO_MODES), schedule)
    weights = law.density[law.sound] / law.density[law.sound].sum()
    ratio = np.log(law.image_density[law.sound] / law.density[law.sound])
    rng, n = np.random.default_rng(0), 2000
    some = ratio[rng.choice(len(ratio), size=(n, copies), p=weights)] if copies < 100 else \
        (rng.multinomial(copies, weights, size=n) @ ratio)[:, None]
    sample = -np.expm1(np.minimum(some.sum(axis=1), 0.0))
    value = product_total_variation(law, copies).value
    assert abs(value - sample.mean()) < 4.0 * sample.std() / np.sqrt(n)


def test_a_million_coordinates_keep_the_order():
    values = []
    for steps in (257, 513):
        target = ProductMixture([-1, 1], 0.1, [0.4, 0.6], dim=10**6)
        law = line_law(TwoStageAncestral(), ExactScore(target), log_snr_schedule(steps, 1e-2, 0.99))
        tv, kl = product_total_variation(law, 10**6), product_kl(law, 10**6)
        w2 = product_wasserstein(law, 10**6, target, log_snr_schedule(steps, 1e-2, 0.99).end)
        assert tv.stderr == kl.stderr == 0.0 and tv.floor < 1e-3 * tv.value and kl.floor < 1e-3 * kl.value
        values.append([tv.value, kl.value, w2.value])
    slopes = np.log2(np.divide(*values))
    assert slopes == pytest.approx([2.0, 4.0, 2.0], abs=0.1)


def test_bounded_laws_work_too():
    schedule, target = log_snr_schedule(33, 0.01, 0.99), Hypercube(100)
    law = line_law(Coefficients(), ExactScore(target), schedule)
    tv, kl = product_total_variation(law, 100), product_kl(law, 100)
    assert 0.0 < 2.0 * tv.value**2 <= kl.value  # Pinsker
    assert product_total_variation(law, 1).value < tv.value


def test_transport_of_a_mixture_against_quantiles():
    schedule = log_snr_schedule(9, 0.01, 0.99)
    law = line_law(Coefficients(), ExactScore(TWO_MODES), schedule)
    value = product_wasserstein(law, 1, TWO_MODES, schedule.end).value
    x = np.linspace(-5.0, 5.0, 400_001)
    p = np.exp(TWO_MODES.log_density(x[:, None], schedule.end))
    q = np.maximum(CubicSpline(law.image, law.density)(x), 0.0)
    share = (np.arange(400_000) + 0.5) / 400_000
    one, other = (np.interp(share, np.cumsum(f) / np.sum(f), x) for f in (p, q))
    assert value == pytest.approx(np.sqrt(np.mean((one - other) ** 2)), rel=1e-3)


class OneMode:
    """The score of one mode, on a target that has two."""

    target, known = GaussianMixture([[-8.0], [8.0]], 0.1), GaussianMixture([[-8.0]], 0.1)

    def __call__(self, bundle, level):
        return self.known.score(bundle, level)


def test_lost_mass_counts():
    """A score that knows one mode only: the other is lost, in every measure."""
    schedule = log_snr_schedule(17, 0.01, 0.98)
    score = OneMode()
    law = line_law(DdimEta(1.0), score, schedule, "gaussian")
    assert law.lost == pytest.approx(0.5, abs=1e-6)
    assert 0.5 < product_total_variation(law, 1).value < 1.0
    assert product_total_variation(law, 3).value > 1.0 - 0.5**3 - 1e-6
    assert product_kl(law, 1).value > np.log(2.0)


def test_the_affinity_knows_of_lost_mass():
    weights, ratio = np.full(1000, 1e-3), np.zeros(1000)
    assert joint_total_variation(affinity_of_ratios(weights, ratio, 1, 0.25)) == pytest.approx(0.25, rel=1e-6)
    assert joint_total_variation(affinity_of_ratios(weights, ratio, 3, 0.25)) == pytest.approx(1 - 0.75**3, rel=1e-6)
    assert joint_total_variation(affinity_of_ratios(weights, ratio, 3)) < 1e-15


def test_series_and_sums():
    x = np.array([-30.0, -0.2, -1e-5, 0.0, 1e-9, 0.0999, 0.1001, 3.0])
    with mpmath.workdps(40):
        exact = [float(mpmath.expm1(mpmath.mpf(v)) - mpmath.mpf(v)) for v in x]
    assert exp_minus_linear(x) == pytest.approx(exact, rel=1e-13)
    rng = np.random.default_rng(0)
    centres, weights = rng.uniform(-1.0, 1.0, 500), rng.uniform(0.0, 1.0, 500)
    y = -2.0 + 0.04 * np.arange(100)
    plain = norm.pdf(y[:, None], centres, 0.1) @ weights
    assert np.allclose(gauss_transform(centres, weights, -2.0, 0.04, 100, 0.1), plain, rtol=0, atol=1e-13 * plain.max())
    grid = np.arange(-9.1, 9.0, 0.25)
    assert np.allclose(running_integral(norm.pdf(grid), 0.25), norm.cdf(grid), atol=1e-13)
    bump = grid * norm.pdf(grid)
    assert integral_of_absolute(bump, 0.25) == pytest.approx(2.0 * norm.pdf(0.0), rel=1e-3)


@pytest.mark.parametrize(("sampler", "target", "argument"), [
    (SdeDpmSolver(2), TWO_MODES, "sampler = SdeDpmSolver"), (Coefficients(), ScaleMixture(3, [1.0]), "target = Scale"),
    (Coefficients(), GaussianMixture(np.zeros((1, 2)), [[1.0, 2.0]]), "target = GaussianMixture"),
])
def test_what_it_cannot_do_is_said(sampler, target, argument):
    with pytest.raises(InputError, match=f"^{argument}"):
        line_law(sampler, ExactScore(target), paper_schedule(16))


def test_steps_without_resolvable_noise_are_refused():
    with pytest.raises(InputError, match="too many nodes"):
        line_law(DdimEta(1e-6), ExactScore(TWO_MODES), log_snr_schedule(9, 0.01, 0.98))


@pytest.mark.parametrize("sampler", INSIDE, ids=lambda sampler: type(sampler).__name__)
def test_noise_inside_a_step_against_particles(sampler):
    """Means of three functions over the propagated density, and over particles of the sampler's own code."""
    schedule, rng, n = log_snr_schedule(5, 0.05, 0.95), np.random.default_rng(0), 200_000
    law = line_law(sampler, ExactScore(TWO_MODES), schedule)
    flow = Flow(TWO_MODES.score, diffusion=lambda x, deviation: x + deviation * rng.standard_normal(x.shape))
    end = sampler.transport(flow, TWO_MODES.sample(n, schedule.start, rng)[None], schedule)[0, :, 0]
    for function in (np.tanh, np.square, lambda x: np.cos(3.0 * x)):
        drawn = function(end)
        exact = law.spacing * float(law.density @ function(law.image))
        assert abs(drawn.mean() - exact) < 4.0 * drawn.std() / np.sqrt(n)


def test_too_many_nodes_inside_a_step_are_refused():
    with pytest.raises(InputError, match=r"^T = 65: .* more are drawn inside"):
        line_law(Seeds(3), ExactScore(Hypercube(1)), log_snr_schedule(65, 0.5, 0.50001))

"""Multistep samplers on a line: against Gaussians, the one-step engine, brute force, and many copies."""

import itertools

import numpy as np
import pytest
from scipy.interpolate import CubicSpline
from scipy.stats import norm

from heroism.errors import InputError
from heroism.measures.stochastic import output_law
from heroism.measures.stochastic.gaussian import gaussian_output, spectrum
from heroism.measures.stochastic.line import line_law
from heroism.measures.stochastic.multistep import check_memory, multistep_law
from heroism.measures.stochastic.product import product_kl, product_total_variation, product_wasserstein
from heroism.noise import log_snr_schedule
from heroism.samplers.stochastic import (
    Churn,
    Coefficients,
    DpmSde,
    ErSde,
    PredictorCorrector,
    SaSolver,
    SdeDpmSolver,
    Seeds,
)
from heroism.scores import ExactScore, PerturbedScore
from heroism.targets import GaussianMixture, ProductMixture, Sphere

TWO_MODES = GaussianMixture([[-1.0], [1.0]], 0.1, [0.4, 0.6])
TWO_STEP = [SdeDpmSolver(2), SdeDpmSolver(2, "heun", 0.3), SaSolver(2, 0, 0.5), ErSde(2), ErSde(2, "sde")]
THREE_STEP = [SdeDpmSolver(3), SaSolver(3, 0, 0.5), ErSde(3, "sde")]
every = pytest.mark.parametrize("sampler", TWO_STEP, ids=lambda s: f"{type(s).__name__}-{s.order}")


@every
@pytest.mark.parametrize("start", ["exact", "gaussian"])
def test_on_a_gaussian_every_measure_is_the_exact_one(sampler, start):
    schedule, target = log_snr_schedule(13, 0.01, 0.98), ProductMixture([0.3], 0.4, dim=20)
    law = multistep_law(sampler, ExactScore(target), schedule, start)
    out, exact = gaussian_output(sampler, target, schedule, start), spectrum(target).at(schedule.end)
    assert product_total_variation(law, 20).value == pytest.approx(out.total_variation(exact), rel=1e-8)
    assert product_kl(law, 20).value == pytest.approx(out.kl(exact), rel=1e-8)
    assert product_wasserstein(law, 20, target, schedule.end).value == pytest.approx(out.wasserstein(exact), rel=1e-7)


@pytest.mark.parametrize("sampler", THREE_STEP, ids=lambda s: type(s).__name__)
def test_three_states_on_a_gaussian(sampler):
    schedule, target = log_snr_schedule(8, 0.1, 0.9), ProductMixture([0.3], 0.4, dim=20)
    assert check_memory(sampler, schedule) == 2
    law = multistep_law(sampler, ExactScore(target), schedule)
    out, exact = gaussian_output(sampler, target, schedule), spectrum(target).at(schedule.end)
    assert product_total_variation(law, 20).value == pytest.approx(out.total_variation(exact), rel=1e-7)
    assert product_kl(law, 20).value == pytest.approx(out.kl(exact), rel=1e-7)
    assert product_wasserstein(law, 20, target, schedule.end).value == pytest.approx(out.wasserstein(exact), rel=1e-7)


@every
def test_the_law_is_of_second_order_on_a_mixture_too(sampler):
    """What a Gaussian target cannot show: that noise between the two points does not spoil the mean."""
    laws = [multistep_law(sampler, ExactScore(TWO_MODES), log_snr_schedule(steps, 0.05, 0.95)) for steps in (65, 129)]
    values = [product_total_variation(law, 1).value for law in laws]
    assert np.log2(values[0] / values[1]) == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize("sampler", [Coefficients(), SdeDpmSolver(1), PredictorCorrector(1)],
                         ids=lambda s: type(s).__name__)
def test_a_sampler_without_a_memory_is_the_simplest_case(sampler):
    schedule, score = log_snr_schedule(17, 0.02, 0.97), PerturbedScore(TWO_MODES, 0.3, 2.0)
    one, other = (engine(sampler, score, schedule) for engine in (multistep_law, line_law))
    assert product_kl(one, 1).value == pytest.approx(product_kl(other, 1).value, rel=1e-8)


def test_three_steps_against_plain_sums():
    """2M with the midpoint rule, written out: nested sums over a fixed grid of three states."""
    schedule, x = log_snr_schedule(4, 0.2, 0.8), np.linspace(-5.0, 5.0, 401)
    levels, width = schedule.levels[::-1], x[1] - x[0]
    data = [(x + level.tau * TWO_MODES.score(x[None, :, None], level)[0, :, 0]) / np.sqrt(level.alpha_bar)
            for level in levels]
    h = [after.half_log_snr - level.half_log_snr for level, after in itertools.pairwise(levels)]
    joint = np.exp(TWO_MODES.log_density(x[:, None], levels[0]))[None, :] / (len(x) * width)
    for i, (level, after) in enumerate(itertools.pairwise(levels)):
        whole, scale = 1.0 - np.exp(-2.0 * h[i]), np.sqrt(after.alpha_bar)
        sigma = np.sqrt(after.tau * whole)
        half = 0.5 * whole * h[i] / h[i - 1] if i else 0.0
        ahead = np.sqrt(after.tau / level.tau) * np.exp(-h[i]) * x + scale * (whole + half) * data[i]
        behind = -scale * half * data[i - 1] if i else np.zeros(len(x))
        rows = joint if i else np.repeat(joint, len(x), axis=0)
        mean = ahead[None, :] + behind[:, None]
        joint = np.array([width * rows[:, j] @ norm.pdf(x[None, :], mean[:, j : j + 1], sigma)
                          for j in range(len(x))])
    q = CubicSpline(x, width * joint.sum(axis=0))
    law = multistep_law(SdeDpmSolver(2), ExactScore(TWO_MODES), schedule)
    assert np.allclose(law.density, q(law.image), rtol=0.0, atol=3e-6)  # of the spline


def test_three_states_against_plain_sums():
    """3M's third step, the first with three data predictions: sums over a fixed grid of three states before it."""
    schedule, x, y = log_snr_schedule(4, 0.2, 0.8), np.linspace(-6.5, 6.5, 131), np.linspace(-2.0, 2.0, 17)
    steps, width = list(SdeDpmSolver(3).steps(schedule)), x[1] - x[0]
    data = [(x + step.start.tau * TWO_MODES.score(x[None, :, None], step.start)[0, :, 0])
            / np.sqrt(step.start.alpha_bar) for step in steps]
    shares = []  # of every step, by the age of the data prediction
    for i, step in enumerate(steps):
        weights = dict(step.operations[-1].weights)
        root = weights.pop("x")
        names = [f"data {(i - back) % 4}" for back in range(i + 1)]
        terms = [weights[name] * data[i - back] for back, name in enumerate(names)]
        shares.append(([root * x + terms[0], *terms[1:]], step.operations[-1].deviation))
    q = width * np.exp(TWO_MODES.log_density(x[:, None], schedule.start))
    (a,), sigma = shares[0]
    q = q[:, None] * width * norm.pdf(x, a[:, None], sigma)
    (a, b), sigma = shares[1]
    q = q[:, :, None] * width * norm.pdf(x, (a + b[:, None])[:, :, None], sigma)
    (a, b, c), sigma = shares[2]
    centre = a + b[:, None] + c[:, None, None]
    density = [np.sum(q * norm.pdf(one, centre, sigma)) for one in y]
    law = multistep_law(SdeDpmSolver(3), ExactScore(TWO_MODES), schedule)
    assert np.allclose(CubicSpline(law.image, law.density)(y), density, rtol=0.0, atol=1e-9)


def test_the_engine_is_chosen_by_what_the_sampler_remembers():
    score, schedule = ExactScore(ProductMixture([-1, 1], 0.1, dim=1000)), log_snr_schedule(33, 0.02, 0.97)
    law = output_law(SdeDpmSolver(2), score, schedule)
    alone = multistep_law(SdeDpmSolver(2), score, schedule)
    assert law.kl() == product_kl(alone, 1000)
    assert law.total_variation().value > 10.0 * product_total_variation(alone, 1).value


@pytest.mark.parametrize("sampler", [SaSolver(4), SaSolver(2, 1), Seeds(), DpmSde(), Churn(8.0)],
                         ids=lambda s: type(s).__name__)
def test_what_remembers_more_is_refused(sampler):
    with pytest.raises(InputError, match=r"^sampler = .* two earlier states"):
        multistep_law(sampler, ExactScore(TWO_MODES), log_snr_schedule(6, 0.1, 0.9))


def test_a_radius_is_refused():
    with pytest.raises(InputError, match=r"^target = Sphere"):
        multistep_law(SdeDpmSolver(2), ExactScore(Sphere(3)), log_snr_schedule(5, 0.1, 0.9))

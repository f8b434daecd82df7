"""KL between path measures: closed forms, quadrature and sampling agree, and both kernels are what they should be."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import multivariate_normal

from heroism.errors import InputError
from heroism.measures.stochastic.gaussian import gaussian_output, spectrum
from heroism.measures.stochastic.laws import output_path_kl
from heroism.measures.stochastic.path import (
    StepKernel,
    gaussian_path_kl,
    line_path_kl,
    log_kernel_ratio,
    sampled_path_kl,
)
from heroism.noise import log_snr_schedule
from heroism.samplers.stochastic import (
    AcceleratedSde,
    Churn,
    Coefficients,
    DdimEta,
    ErSde,
    EulerMaruyama,
    SaSolver,
    SdeDpmSolver,
)
from heroism.scores import ExactScore
from heroism.targets import Embedded, GaussianMixture, LinearCode, ProductMixture, RandomCodebook, ScaleMixture, Sphere

SCHEDULE = log_snr_schedule(17, 0.01, 0.98)


@pytest.mark.parametrize("start", ["exact", "gaussian"])
@pytest.mark.parametrize("sampler", [Coefficients(), EulerMaruyama(), DdimEta(0.5)], ids=lambda s: type(s).__name__)
def test_quadrature_and_sampling_agree_with_the_closed_form(sampler, start):
    target = ProductMixture([0.3], 0.4, dim=10)
    exact = gaussian_path_kl(sampler, target, SCHEDULE, start)
    line = line_path_kl(sampler, ExactScore(target), SCHEDULE, start)
    assert np.allclose(line.steps, exact.steps, rtol=1e-6)
    assert line.estimate.value == pytest.approx(exact.estimate.value, rel=1e-8)
    assert line.floor < 1e-10 and line.initial == pytest.approx(exact.initial, rel=1e-9)
    drawn = sampled_path_kl(sampler, ExactScore(target), SCHEDULE, 4000, 0, start)
    assert abs(drawn.estimate.value - exact.estimate.value) < 4.0 * drawn.stderr
    assert drawn.stderr < 0.05 * exact.estimate.value


def brute_force(sampler, target, schedule, axis):
    """Path KL as plain sums over one fixed grid: of the density before a step, and of both kernels after it."""
    points = np.stack(np.meshgrid(*[axis] * target.dim, indexing="ij"), -1).reshape(-1, target.dim)
    cell = (axis[1] - axis[0]) ** target.dim
    q, total = np.exp(target.log_density(points, schedule.start)), 0.0
    for step in sampler.steps(schedule):
        last, alpha = step.operations[-1], step.start.alpha_bar / step.end.alpha_bar
        mean = last.weights["x"] * points + last.weights["score"] * target.score(points[None], step.start)[0]
        here, there = (target.log_density(points, level) for level in (step.start, step.end))
        after = np.zeros(len(points))
        for some in np.array_split(np.arange(len(points)), max(1, len(points) // 256)):
            kernel = normal(points[None] - mean[some, None], last.deviation**2)
            exact = there[None] - here[some, None] + normal(
                points[some, None] - np.sqrt(alpha) * points[None], step.start.tau - alpha * step.end.tau)
            total += cell**2 * q[some] @ np.sum(np.exp(kernel) * (kernel - exact), axis=1)
            after += cell * q[some] @ np.exp(kernel)
        q = after
    return total


def normal(offset, variance):
    return -0.5 * (np.sum(offset**2, axis=-1) / variance + offset.shape[-1] * np.log(2.0 * np.pi * variance))


@pytest.mark.parametrize(("target", "axis"), [
    (ProductMixture([-1.0, 1.0], 0.3, [0.4, 0.6]), np.linspace(-6.0, 6.0, 800)),
    (GaussianMixture([[-1.0, 0.0], [1.0, 0.5]], [[0.4, 0.6], [0.5, 0.3]], [0.4, 0.6]), np.linspace(-4.5, 4.5, 44)),
], ids=["line", "plane"])
def test_line_and_plane_by_brute_force(target, axis):
    schedule = log_snr_schedule(4, 0.3, 0.9)
    expected = brute_force(DdimEta(0.9), target, schedule, axis)
    drawn = sampled_path_kl(DdimEta(0.9), ExactScore(target), schedule, 4000, 0).estimate
    assert abs(drawn.value - expected) < 4.0 * drawn.stderr and drawn.stderr < 0.05 * expected
    if target.dim == 1:
        assert line_path_kl(DdimEta(0.9), ExactScore(target), schedule).estimate.value == pytest.approx(expected, 1e-7)


def test_independent_gaussian_parts_add_up():
    """A Gaussian plane in R^7: its two directions with variance, and five without."""
    target = Embedded(GaussianMixture([[0.3, -1.0]], [[0.4, 2.0]]), 7)
    found = output_path_kl(Coefficients(), ExactScore(target), SCHEDULE)
    drawn = sampled_path_kl(Coefficients(), ExactScore(target), SCHEDULE, 4000, 0)
    assert found.stderr == 0.0 and found.estimate.value == pytest.approx(found.initial + found.steps.sum())
    assert abs(drawn.estimate.value - found.estimate.value) < 4.0 * drawn.stderr
    assert np.allclose(drawn.steps, found.steps, rtol=0.2)


@pytest.mark.parametrize("sampler", [SdeDpmSolver(2), SaSolver(3), ErSde(3)], ids=lambda s: type(s).__name__)
def test_samplers_with_a_memory(sampler):
    target = GaussianMixture([[0.3, -1.0]], [[0.4, 2.0]])
    exact = gaussian_path_kl(sampler, target, SCHEDULE)
    drawn = sampled_path_kl(sampler, ExactScore(target), SCHEDULE, 4000, 0)
    assert abs(drawn.estimate.value - exact.estimate.value) < 4.0 * drawn.stderr
    marginal = gaussian_output(sampler, target, SCHEDULE).kl(spectrum(target).at(SCHEDULE.end))
    assert marginal < exact.estimate.value


@pytest.mark.parametrize("d", [1, 3, 1000])
@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_a_radius_is_as_good_as_all_coordinates(d, direction):
    radial, plain = ScaleMixture(d, [0.4]), ProductMixture([0.0], 0.4, dim=d)
    one, other = (sampled_path_kl(Coefficients(), ExactScore(target), SCHEDULE, 4000, 0, direction=direction)
                  for target in (radial, plain))
    assert abs(one.estimate.value - other.estimate.value) < 4.0 * np.hypot(one.stderr, other.stderr)
    if direction == "forward":
        exact = gaussian_path_kl(Coefficients(), radial, SCHEDULE).estimate.value
        assert abs(one.estimate.value - exact) < 4.0 * one.stderr


def test_the_reverse_direction_in_one_step_has_a_closed_form():
    """KL(p || q) of a single transition between Gaussians."""
    schedule, target = log_snr_schedule(3, 0.2, 0.8), ProductMixture([0.0], 0.4)
    law, expected = spectrum(target), 0.0
    for step in Coefficients().steps(schedule):
        here, there = law.at(step.start).variance[0], law.at(step.end).variance[0]
        beta, root = step.start.tau_above(step.end) / step.end.alpha_bar, np.sqrt(step.start.alpha_bar
                                                                                 / step.end.alpha_bar)
        last = step.operations[-1]
        gap = (last.weights["x"] - last.weights["score"] / here - root * there / here) ** 2 * here
        exact = beta * there / here
        expected += 0.5 * ((exact + gap) / last.deviation**2 - 1.0 - np.log(exact / last.deviation**2))
    drawn = sampled_path_kl(Coefficients(), ExactScore(target), schedule, 20_000, 0, direction="reverse")
    assert abs(drawn.estimate.value - expected) < 4.0 * drawn.stderr


def test_the_exact_kernel_of_a_mixture_is_a_mixture():
    """Posterior weights of the components and Gaussian components, written out."""
    rng = np.random.default_rng(0)
    means, covariances, weights = np.array([[-1, 0.0], [1, 0.5]]), rng.standard_normal((2, 2, 2)), np.array([0.4, 0.6])
    covariances = covariances @ covariances.transpose(0, 2, 1)
    target = GaussianMixture(means, covariances, weights)
    start, end = list(log_snr_schedule(8, 1e-3, 0.999).transitions())[3]
    x, y = target.sample(6, start, rng), target.sample(6, end, rng)
    kernel = StepKernel(start, end, 0.3)
    alpha, parts = start.alpha_bar / end.alpha_bar, []
    for mean, covariance, weight in zip(means, covariances, weights, strict=True):
        here, there = (level.alpha_bar * covariance + level.tau * np.eye(2) for level in (start, end))
        gain = np.sqrt(alpha) * there @ np.linalg.inv(here)
        spread = there - gain @ here @ gain.T
        for i in range(6):
            centre = np.sqrt(end.alpha_bar) * mean + gain @ (x[i] - np.sqrt(start.alpha_bar) * mean)
            posterior = np.log(weight) + multivariate_normal.logpdf(x[i], np.sqrt(start.alpha_bar) * mean, here)
            parts.append((posterior, multivariate_normal.logpdf(y[i], centre, spread)))
    posterior, component = np.array(parts).reshape(2, 6, 2).transpose(2, 0, 1)
    exact = logsumexp(posterior + component, axis=0) - logsumexp(posterior, axis=0)
    q = [multivariate_normal.logpdf(y[i], 0.8 * x[i], 0.09 * np.eye(2)) for i in range(6)]
    assert np.allclose(log_kernel_ratio(target, x, y, np.zeros_like(y), 0.8 * x, kernel), exact - q, rtol=1e-9)


@pytest.mark.parametrize("target", [GaussianMixture([[-1.0, 0], [1, 0.5]], [[0.1, 0.2], [0.3, 0.05]], [0.4, 0.6]),
                                    Sphere(5)], ids=["mixture", "sphere"])
def test_path_kl_is_of_first_order_where_the_marginal_is_of_second(target):
    values = [sampled_path_kl(Coefficients(), ExactScore(target), log_snr_schedule(steps, 0.01, 0.98), 3000, 0)
              for steps in (65, 129)]
    ratio = values[0].estimate.value / values[1].estimate.value
    assert np.log2(ratio) == pytest.approx(1.0, abs=0.25)
    assert len(values[0].steps) == 64 and np.all(values[0].steps > 0.0)


def test_the_slopes_on_a_gaussian():
    """Marginal KL falls with the square of T, path KL with T: what a proof by Girsanov's theorem gives away."""
    target, rungs = ProductMixture([0.0], 4.0), []
    for steps in (257, 513):
        schedule = log_snr_schedule(steps, 0.01, 0.98)
        out = gaussian_output(Coefficients(), target, schedule)
        rungs.append([out.kl(spectrum(target).at(schedule.end)),
                      gaussian_path_kl(Coefficients(), target, schedule).estimate.value])
    assert np.log2(np.divide(*rungs)) == pytest.approx([2.0, 1.0], abs=0.03)


@pytest.mark.parametrize("call", [
    lambda: sampled_path_kl(Churn(8.0), ExactScore(ProductMixture([0.0], 1.0)), SCHEDULE, 10, 0),
    lambda: sampled_path_kl(AcceleratedSde(), ExactScore(ProductMixture([0.0], 1.0)), SCHEDULE, 10, 0),
    lambda: sampled_path_kl(DdimEta(0.0), ExactScore(ProductMixture([0.0], 1.0)), SCHEDULE, 10, 0),
    lambda: sampled_path_kl(SdeDpmSolver(2), ExactScore(Sphere(3)), SCHEDULE, 10, 0, direction="reverse"),
    lambda: sampled_path_kl(SdeDpmSolver(2), ExactScore(ProductMixture([0.0], 1.0)), SCHEDULE, 10, 0,
                            direction="reverse"),
    lambda: line_path_kl(SdeDpmSolver(2), ExactScore(ProductMixture([0.0], 1.0)), SCHEDULE),
    lambda: gaussian_path_kl(Churn(8.0), ProductMixture([0.0], 1.0), SCHEDULE),
])
def test_what_it_cannot_do_is_said(call):
    with pytest.raises(InputError, match=r"^sampler = "):
        call()


@pytest.mark.parametrize("target, direction", [(Sphere(3), "sideways"), (RandomCodebook(8), "forward")])
def test_a_direction_that_is_unknown_is_refused(target, direction):
    with pytest.raises(InputError, match=f"^direction = {direction}"):
        sampled_path_kl(Coefficients(), ExactScore(target), SCHEDULE, 10, 0, direction=direction)


def test_a_part_of_a_law_that_is_nearly_all_of_it():
    """A codebook of one word is a Gaussian."""
    word, gaussian = RandomCodebook(6, 1e-9, 0.5), GaussianMixture([[6**0.5, 0, 0, 0, 0, 0]], 0.5)
    one, other = (sampled_path_kl(Coefficients(), ExactScore(target), SCHEDULE, 4000, 0, direction="reverse").estimate
                  for target in (word, gaussian))
    assert abs(one.value - other.value) < 4.0 * np.hypot(one.stderr, other.stderr)


def test_a_codebook_s_path_costs_its_entropy():
    """Steps of h in log-SNR lose h H / 2 to first order: the mutual information is the entropy H of the words, whatever
    the dimension, and the integral of half the mean squared error of denoising over the SNR (math/0412108)."""
    steps, ends = 600, (1e-3, 1.0 - 1e-4)
    schedule = log_snr_schedule(steps, *ends)
    h = 2.0 * (schedule.end.half_log_snr - schedule.start.half_log_snr) / (steps - 1)
    for target, entropy in ((RandomCodebook(64, 0.25), 16.0), (RandomCodebook(1024, 1 / 64), 16.0),
                            (LinearCode("hamming"), 4.0 * np.log(2.0))):
        found = sampled_path_kl(Coefficients(), ExactScore(target), schedule, 1000, 0, direction="reverse").estimate
        assert abs(found.value - 0.5 * h * entropy) < 4.0 * found.stderr

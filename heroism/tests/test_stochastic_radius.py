"""The propagated radius: against Gaussians, known figures, the plane by brute force, and sample paths."""

import numpy as np
import pytest
from scipy.stats import ncx2

from heroism.errors import InputError
from heroism.flow import Flow
from heroism.measures.stochastic.gaussian import gaussian_output, spectrum
from heroism.measures.stochastic.radius import log_kernel_sum, radial_law
from heroism.measures.stochastic.spherical import radial_kl, radial_total_variation, radial_wasserstein
from heroism.noise import log_snr_schedule
from heroism.samplers.stochastic import (
    AcceleratedSde,
    Churn,
    Coefficients,
    DdimEta,
    OdeThenNoise,
    PredictorCorrector,
    SdeDpmSolver,
    TwoStageAncestral,
)
from heroism.scores import ExactScore, PerturbedScore
from heroism.targets import ProductMixture, ScaleMixture, Sphere

SHELLS = ([0.2, 1.5], [0.4, 0.6])


@pytest.mark.parametrize("d", [2, 3, 16, 1000, 100_000])
@pytest.mark.parametrize("sampler", [Coefficients(), Churn(8.0), PredictorCorrector(1), TwoStageAncestral()],
                         ids=lambda sampler: type(sampler).__name__)
def test_on_a_gaussian_every_measure_is_the_exact_one(sampler, d):
    schedule, target = log_snr_schedule(17, 0.01, 0.98), ScaleMixture(d, [0.4])
    law = radial_law(sampler, ExactScore(target), schedule)
    out, exact = gaussian_output(sampler, target, schedule), spectrum(target).at(schedule.end)
    assert radial_total_variation(law).value == pytest.approx(out.total_variation(exact), rel=1e-8)
    assert radial_kl(law).value == pytest.approx(out.kl(exact), rel=1e-9)
    assert radial_wasserstein(law, target, schedule.end).value == pytest.approx(out.wasserstein(exact), rel=1e-9)


@pytest.mark.parametrize(("d", "steps", "tv", "kl"), [(4, 16, 0.198254, 0.132141), (16, 16, 0.375210, 0.483615),
                                                      (4, 64, 0.0539338, 0.0102264)])
def test_known_figures_of_ddpm(d, steps, tv, kl):
    """From an independent trapezoidal rule in the radius; its last figures at 64 steps are not right."""
    law = radial_law(Coefficients(), ExactScore(ScaleMixture(d, *SHELLS)), log_snr_schedule(steps, 1e-3, 0.999))
    assert radial_total_variation(law).value == pytest.approx(tv, rel=5e-6)
    assert radial_kl(law).value == pytest.approx(kl, rel=2e-6 if steps == 16 else 2e-4)


def plane(sampler, target, schedule, x):
    """The density of DDPM-like steps on a grid of the plane, by sums of Gaussians, which factor."""
    a, b = (each.ravel() for each in np.meshgrid(x, x, indexing="ij"))
    r, width = np.hypot(a, b), x[1] - x[0]
    q = np.exp(target.log_density(r[:, None], schedule.start) - target.log_shell(r[:, None]))
    for step in sampler.steps(schedule):
        last = step.operations[-1]
        score = Flow(target.score)(r[None, :, None], step.start)[0, :, 0]
        factor = last.weights["x"] + last.weights["score"] * score / r
        one, other = (np.exp(-0.5 * ((x[:, None] - factor * each) / last.deviation) ** 2) for each in (a, b))
        q = ((one * q) @ other.T).ravel() * width**2 / (2.0 * np.pi * last.deviation**2)
    return r, q, width


def test_the_plane_by_brute_force():
    target, schedule, x = ScaleMixture(2, *SHELLS), log_snr_schedule(6, 0.05, 0.95), np.linspace(-7.0, 7.0, 140)
    r, q, width = plane(DdimEta(0.9), target, schedule, x)
    p = np.exp(target.log_density(r[:, None], schedule.end) - target.log_shell(r[:, None]))
    law = radial_law(DdimEta(0.9), ExactScore(target), schedule)
    assert radial_kl(law).value == pytest.approx(width**2 * np.sum(q * np.log(q / p)), rel=1e-9)
    assert radial_total_variation(law).value == pytest.approx(0.5 * width**2 * np.sum(np.abs(p - q)), rel=1e-3)


def test_two_copies_are_a_plane_too():
    """A rotationally symmetric law that is a product: the Gaussian, with a score that is not its own."""
    schedule = log_snr_schedule(9, 0.05, 0.95)
    one, other = (gaussian_output(Coefficients(), t, schedule) for t in (ScaleMixture(2, [0.3]),
                                                                         ProductMixture([0.0], 0.3, dim=2)))
    assert one.variance == pytest.approx(other.variance, rel=1e-15)


@pytest.mark.parametrize("target", [Sphere(3), Sphere(50, 5.0), ScaleMixture(30, *SHELLS)], ids=["S2", "S49", "shells"])
@pytest.mark.parametrize("sampler", [Coefficients(), AcceleratedSde(), OdeThenNoise(0.5)],
                         ids=lambda sampler: type(sampler).__name__)
def test_sample_paths_have_these_radii(target, sampler):
    """Mean and variance of the radius of 4000 paths."""
    schedule, rng, n = log_snr_schedule(9, 0.02, 0.98), np.random.default_rng(0), 4000
    law = radial_law(sampler, ExactScore(target), schedule)
    mass = law.panels.weights * np.exp(law.log_density)
    mean, square = (float(mass @ law.image**k) for k in (1, 2))
    flow = Flow(target.score, diffusion=lambda x, deviation: target.diffuse(x, deviation, rng))
    r = np.abs(sampler.transport(flow, target.sample(n, schedule.start, rng)[None], schedule)[0, :, 0])
    assert abs(r.mean() - mean) < 4.0 * r.std() / np.sqrt(n)
    assert abs((r**2).mean() - square) < 4.0 * (r**2).std() / np.sqrt(n)


@pytest.mark.parametrize("d", [2, 3, 40])
def test_the_kernel_is_noncentral_chi(d):
    b, sigma = np.array([0.5, 1.3]), 0.2
    centre = np.sqrt(b * b + (d - 1) * sigma**2)
    r = np.linspace(centre[0] - 0.3, centre[1] + 0.3, 20)
    r = r[r > 0.05]
    mine = np.exp(log_kernel_sum(r, b, centre, np.log([0.3, 0.7]), sigma, d))
    exact = ncx2.pdf((r[:, None] / sigma) ** 2, d, (b / sigma) ** 2) * (2.0 * r[:, None] / sigma**2) @ [0.3, 0.7]
    assert mine == pytest.approx(exact, rel=1e-9)


def test_many_dimensions_and_a_sphere_stay_normalised():
    for target in (ScaleMixture(4096, *SHELLS), Sphere(10_000, 100.0)):
        schedule = log_snr_schedule(64, 1e-3, 0.999)
        law = radial_law(Coefficients(), ExactScore(target), schedule)
        tv, kl = radial_total_variation(law), radial_kl(law)
        assert law.error < 1e-8 and 2.0 * tv.value**2 <= kl.value
        assert tv.stderr == 0.0 and tv.floor < 1e-8


def test_a_perturbed_score_is_seen():
    target, schedule = ScaleMixture(8, *SHELLS), log_snr_schedule(65, 0.01, 0.99)
    clean, wrong = (radial_total_variation(radial_law(Coefficients(), score, schedule)).value
                    for score in (ExactScore(target), PerturbedScore(target, 0.5, 1.0)))
    assert wrong > 1.3 * clean


@pytest.mark.parametrize(("sampler", "target", "argument"), [
    (Coefficients(), ProductMixture([0.0], 1.0), "target = ProductMixture"),
    (SdeDpmSolver(2), Sphere(3), "sampler = SdeDpmSolver"),
])
def test_what_it_cannot_do_is_said(sampler, target, argument):
    with pytest.raises(InputError, match=f"^{argument}"):
        radial_law(sampler, ExactScore(target), log_snr_schedule(5, 0.1, 0.9))


def test_steps_without_resolvable_noise_are_refused():
    with pytest.raises(InputError, match="takes too many nodes"):
        radial_law(DdimEta(1e-6), ExactScore(Sphere(3)), log_snr_schedule(5, 0.1, 0.9))

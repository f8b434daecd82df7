"""The engine that fits is chosen part by part, and independent parts are put together rightly."""

import numpy as np
import pytest
from scipy.stats import norm

from heroism.errors import InputError
from heroism.measures.distances.divergences import kl
from heroism.measures.distances.total_variation import total_variation
from heroism.measures.run import Run
from heroism.measures.stochastic import output_law, output_path_kl
from heroism.measures.stochastic.laws import GaussianFactor, LineFactor, RadialFactor, check_output_law
from heroism.measures.stochastic.monotone import folded_moves
from heroism.measures.stochastic.path import gaussian_path_kl, sampled_path_kl
from heroism.measures.stochastic.unfolded import UnfoldedScore
from heroism.noise import log_snr_schedule
from heroism.samplers import ComposedHeroism, Ddpm, ExponentialAdams, RungeKutta
from heroism.samplers.stochastic import Coefficients, DdimEta, SaSolver, SdeDpmSolver, Seeds
from heroism.scores import ExactScore, PerturbedScore
from heroism.targets import (
    Circle,
    Embedded,
    GaussianMixture,
    Hypercube,
    HypercubeVertices,
    ProductMixture,
    ScaleMixture,
    Sphere,
    StudentT,
    Torus,
)

SCHEDULE = log_snr_schedule(17, 0.01, 0.98)
MEASURES = ("total_variation", "kl", "wasserstein")


def measured(sampler, target, start="exact"):
    law = output_law(sampler, ExactScore(target), SCHEDULE, start)
    return [getattr(law, name)() for name in MEASURES]


@pytest.mark.parametrize(("target", "engines"), [
    (GaussianMixture([[0.0, 1.0]], [[0.1, 2.0]]), [GaussianFactor]),
    (ProductMixture([-1, 1], 0.1, dim=9), [LineFactor]),
    (Hypercube(9), [LineFactor]), (Sphere(9), [RadialFactor]), (ScaleMixture(9, [0.1, 2.0]), [RadialFactor]),
    (Embedded(Sphere(3), 9), [RadialFactor, GaussianFactor]), (Torus([1.0, 2.0, 1.0]), [RadialFactor] * 2),
    (Embedded(ProductMixture([-1, 1], 0.1, dim=4), 9), [LineFactor, GaussianFactor]),
], ids=lambda value: type(value).__name__ if not isinstance(value, list) else "")
@pytest.mark.parametrize("start", ["exact", "gaussian"])
def test_every_part_gets_its_engine(target, engines, start):
    law = output_law(DdimEta(0.7), ExactScore(target), SCHEDULE, start)
    assert [type(factor) for factor, _ in law.factors] == engines
    tv, kl, w2 = (getattr(law, name)() for name in MEASURES)
    assert tv.stderr == kl.stderr == w2.stderr == 0.0
    assert 0.0 < tv.value < 1.0 and 2.0 * tv.value**2 <= kl.value and w2.value > 0.0
    assert max(tv.floor / tv.value, kl.floor / kl.value, w2.floor / w2.value) < 1e-4


def test_a_gaussian_in_a_subspace_is_a_gaussian():
    plain = GaussianMixture(np.zeros((1, 12)), [[0.25] * 3 + [0.0] * 9])
    for one, other in zip(measured(Coefficients(strength=0.5), Embedded.subspace(3, 12)),
                          measured(Coefficients(strength=0.5), plain), strict=True):
        assert one.value == pytest.approx(other.value, rel=1e-11)


def test_different_engines_for_one_law():
    """A perturbed score of amplitude zero is not known to be linear: the same Gaussian by propagation."""
    for target in (ProductMixture([0.2], 0.4, dim=7), ScaleMixture(7, [0.4])):
        linear = measured(DdimEta(0.6), target)
        law = output_law(DdimEta(0.6), PerturbedScore(target, 0.0), SCHEDULE)
        assert not isinstance(law.factors[0][0], GaussianFactor)
        for name, exact in zip(MEASURES, linear, strict=True):
            assert getattr(law, name)().value == pytest.approx(exact.value, rel=1e-8)


def test_a_torus_against_draws_of_its_circles():
    law = output_law(Coefficients(), ExactScore(Torus(1.0, 3)), SCHEDULE)
    circle = output_law(Coefficients(), ExactScore(Circle(1.0)), SCHEDULE)
    single = circle.factors[0][0].law
    weights = single.panels.weights * np.exp(single.log_density)
    ratio = (single.image_log_density - single.log_density)[np.random.default_rng(0).choice(
        len(weights), size=(200_000, 3), p=weights / weights.sum())].sum(axis=1)
    sample = -np.expm1(np.minimum(ratio, 0.0))
    assert abs(law.total_variation().value - sample.mean()) < 4.0 * sample.std() / np.sqrt(len(sample))
    assert law.kl().value == pytest.approx(3.0 * circle.kl().value, rel=1e-12)
    assert law.wasserstein().value == pytest.approx(np.sqrt(3.0) * circle.wasserstein().value, rel=1e-12)


def test_samplers_of_the_main_family_are_measured_too():
    score = ExactScore(ProductMixture([-1, 1], 0.1, dim=5))
    assert output_law(Ddpm(), score, SCHEDULE).kl() == output_law(Coefficients(), score, SCHEDULE).kl()
    assert output_path_kl(Ddpm(), score, SCHEDULE).estimate == output_path_kl(Coefficients(), score, SCHEDULE).estimate
    gaussian = ExactScore(ProductMixture([0.0], 0.3, dim=5))
    assert output_law(ExponentialAdams(2), gaussian, SCHEDULE).wasserstein().value > 0.0


@pytest.mark.parametrize("target", [ProductMixture([-1, 1], 0.1, dim=20), Sphere(12), ScaleMixture(5, [0.1, 2.0]),
                                    Embedded(Sphere(3), 6)], ids=lambda target: type(target).__name__)
@pytest.mark.parametrize("sampler", [RungeKutta("heun"), ExponentialAdams(3), ComposedHeroism.frugal()],
                         ids=lambda sampler: type(sampler).__name__)
def test_a_deterministic_sampler_against_change_of_variables(sampler, target):
    """The image of the start's density on a grid, and log ratios at particles that carry their Jacobian."""
    run = Run(sampler, ExactScore(target), log_snr_schedule(33, 0.01, 0.98), particles=4000)
    for ours, drawn in ((run.law.total_variation(), total_variation(run.ensemble, target)),
                        (run.law.kl(), kl(run.ensemble, target))):
        heavy = drawn.tail is not None and drawn.tail > 0.5  # then its standard error says little
        assert heavy or abs(ours.value - drawn.value) < 4.0 * drawn.stderr + 1e-6 * drawn.value


@pytest.mark.parametrize("target", [ProductMixture([0.2], 0.4, dim=7), ScaleMixture(7, [0.4])],
                         ids=lambda target: type(target).__name__)
def test_a_deterministic_sampler_on_a_gaussian(target):
    """A perturbed score of amplitude zero is not known to be linear: as a map of densities."""
    exact = measured(RungeKutta("heun"), target)
    law = output_law(RungeKutta("heun"), PerturbedScore(target, 0.0), SCHEDULE)
    for name, each in zip(MEASURES, exact, strict=True):
        assert getattr(law, name)().value == pytest.approx(each.value, rel=1e-8)


def test_a_map_that_folds_has_a_transport_distance():
    """The law of |Z| beside that of Z: ``W2^2 = 2 - 2 E[|Z| Q(F(|Z|))]``, whose quantile function is known."""
    z = np.linspace(-9.0, 9.0, 20_001)
    weights = norm.pdf(z) / norm.pdf(z).sum()
    move = folded_moves(np.abs(z), weights, GaussianMixture([[0.0]], 1.0), SCHEDULE.end)
    known = norm.ppf(2.0 * norm.cdf(np.abs(z)) - 1.0)
    inside = (np.abs(z) < 4.0) & (np.abs(z) > 0.01)
    assert np.allclose((np.abs(z) + move)[inside], known[inside], atol=1e-2)


def test_a_memory_on_a_radius_runs_its_paths_in_all_coordinates():
    gaussian = ScaleMixture(5, [0.4])
    drawn = sampled_path_kl(SdeDpmSolver(2), ExactScore(gaussian), SCHEDULE, 4000, 0)
    exact = gaussian_path_kl(SdeDpmSolver(2), gaussian, SCHEDULE)
    assert abs(drawn.estimate.value - exact.estimate.value) < 4.0 * drawn.stderr
    sphere = ExactScore(Sphere(5))
    radii, coordinates = (sampled_path_kl(Coefficients(), score, SCHEDULE, 2000, 0).estimate
                          for score in (sphere, UnfoldedScore(sphere)))
    assert abs(radii.value - coordinates.value) < 4.0 * np.hypot(radii.stderr, coordinates.stderr)
    with pytest.raises(InputError, match=r"^paths = .* in all 1000000 coordinates"):
        sampled_path_kl(SdeDpmSolver(2), ExactScore(Sphere(10**6)), SCHEDULE, 1000, 0)


def test_zeros_that_are_reached_exactly_cost_nothing_and_others_do():
    """DDIM's coefficients are made for a point mass: the empty directions of an embedded law add no error."""
    inner = ProductMixture([-1, 1], 0.1, dim=3)
    for sampler, adapts in ((DdimEta(0.8), True), (Coefficients(variance="forward"), False)):
        alone, embedded = (output_law(sampler, ExactScore(target), SCHEDULE).total_variation().value
                           for target in (inner, Embedded(inner, 1000)))
        assert (abs(embedded / alone - 1.0) < 1e-9) == adapts


@pytest.mark.parametrize("target", [GaussianMixture([[0.0, 1.0]], [[0.1, 2.0]]), ProductMixture([-1, 1], 0.1, dim=5),
                                    Sphere(5), Embedded(Sphere(3), 6), StudentT(5, 4.0)],
                         ids=lambda target: type(target).__name__)
def test_path_kl_takes_what_fits_and_agrees_with_sampling(target):
    score = ExactScore(target)
    best = output_path_kl(Coefficients(), score, SCHEDULE, paths=2000).estimate
    drawn = sampled_path_kl(Coefficients(), score, SCHEDULE, 2000, 1).estimate
    assert abs(best.value - drawn.value) < 4.0 * np.hypot(best.stderr, drawn.stderr)


@pytest.mark.parametrize(("sampler", "score", "sentence"), [
    (Coefficients(), ExactScore(GaussianMixture([[-1.0, 0.0], [1.0, 0.3]], 0.1)), "exact law of an output is known"),
    (SdeDpmSolver(3), ExactScore(Sphere(3)), "remembers more than its state"),
    (Coefficients(), PerturbedScore(Embedded(Sphere(3), 6), 0.1), "with its exact score only"),
])
def test_what_stands_in_the_way_is_said(sampler, score, sentence):
    with pytest.raises(InputError, match=sentence):
        output_law(sampler, score, SCHEDULE)


@pytest.mark.parametrize(("sampler", "obstacle", "remedies"), [
    (SdeDpmSolver(2), "remembers an earlier state", "target, or a product of identical laws, or measure path_kl$"),
    (SaSolver(2, 1), "remembers an earlier state", "Gaussian target$"),
    (Seeds(2), "points that have noise of the step", "Gaussian target, or a product of identical laws$"),
])
def test_on_a_radius_only_what_would_work_is_recommended(sampler, obstacle, remedies):
    with pytest.raises(InputError, match=f"({obstacle}).*({remedies})"):
        check_output_law(sampler, Sphere(8))


@pytest.mark.parametrize("target", [HypercubeVertices(4), Embedded(Sphere(3), 64)])
def test_the_total_variation_keeps_below_the_bound_of_pinsker(target):
    """Affinities of nearly discrete laws vanish to round-off on the way; their logarithms stay numbers."""
    law = output_law(Ddpm(), ExactScore(target), log_snr_schedule(16, 1e-3, 0.999))
    divergence = law.kl().value
    assert 0.5 * divergence < law.total_variation().value < np.sqrt(0.5 * divergence)

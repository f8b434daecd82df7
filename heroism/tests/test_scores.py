"""Scores: the exact one, and one whose errors are of known size."""

import numpy as np
import pytest

from heroism.errors import InputError
from heroism.measures.base import OWN
from heroism.measures.distances import TotalVariation
from heroism.measures.run import Run
from heroism.noise import NoiseLevel, log_snr_schedule, paper_schedule
from heroism.samplers import Heroism, RungeKutta
from heroism.scores import ExactScore, GuidedScore, PerturbedScore, PulseScore
from heroism.targets import GaussianMixture, LabelledMixture, ProductMixture, ScaleMixture
from heroism.targets.tilted import TiltedMixture
from heroism.targets.torus import Torus
from heroism.transport import transport

LEVEL = NoiseLevel.from_tau(0.3)
DENSE = GaussianMixture([[-1.0, 0.0, 0.3], [1.0, 0.5, -0.2], [0.0, 2.0, 1.0]], 0.2)
DIAGONAL = Torus([1.0, 2.0, 0.5])
COPIES = ProductMixture([-1.0, 1.0], 0.1, [0.4, 0.6], dim=25)
RADIUS = ScaleMixture(9, [1.0, 0.05])
TARGETS = {"dense": DENSE, "diagonal": DIAGONAL, "copies": COPIES, "radius": RADIUS}


def points(target, n=200, seed=0):
    return target.sample(n, LEVEL, np.random.default_rng(seed))


def bundle_at(x, *tangents):
    return np.stack([x, *(np.broadcast_to(v, x.shape) for v in tangents)])


def error_of(score, x):
    """Difference to the exact score (n, dim) in reduced coordinates."""
    return score(x[None], LEVEL)[0] - score.target.score(x[None], LEVEL)[0]


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_the_exact_score_is_the_targets(target):
    bundle = bundle_at(points(target), 1.0)
    assert np.array_equal(ExactScore(target)(bundle, LEVEL), target.score(bundle, LEVEL))


@pytest.mark.parametrize("frequency", [1.0, 20.0])
@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_tangent_products_are_derivatives(target, frequency):
    """Central differences along any direction (for a diagonal Jacobian: all coordinates at once, each on its own)."""
    score, x, step = PerturbedScore(target, 0.3, frequency, seed=3), points(target, 30), 1e-6
    direction = np.ones(target.dim)
    if target.jacobian == "dense":
        direction = np.random.default_rng(1).standard_normal(target.dim)
    product = score(bundle_at(x, direction), LEVEL)[1]
    after, before = (score((x + sign * step * direction)[None], LEVEL)[0] for sign in (1, -1))
    difference = (after - before) / (2 * step)
    assert np.allclose(product, difference, rtol=1e-6, atol=1e-6 * np.max(np.abs(product)))
    exact = target.score(bundle_at(x, direction), LEVEL)[1]
    assert np.max(np.abs(product - exact)) > 0.03 * frequency / np.sqrt(target.ambient_dim)  # errors belong to it


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_tangents_do_not_change_positions_and_are_linear(target):
    score, x = PerturbedScore(target, 0.3, 2.0), points(target, 10)
    one, two = np.random.default_rng(2).standard_normal((2, *x.shape))
    both = score(bundle_at(x, one, two, 2.0 * one - two), LEVEL)
    assert np.allclose(both[0], score(x[None], LEVEL)[0], rtol=1e-12, atol=1e-12)
    assert np.allclose(both[3], 2.0 * both[1] - both[2], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("amplitude, frequency", [(0.01, 0.7), (0.5, 30.0)])
@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_measured_errors_are_those_made(target, amplitude, frequency):
    """What the score reports of itself, recomputed from its output alone."""
    score, x = PerturbedScore(target, amplitude, frequency, seed=1), points(target)
    error = error_of(score, x)
    assert score.score_error == pytest.approx(np.sqrt(target.copies * np.mean(np.sum(error**2, axis=1))), rel=1e-7)
    if target.jacobian == "diagonal" or target.copies > 1:
        slopes = (score(bundle_at(x, 1.0), LEVEL) - target.score(bundle_at(x, 1.0), LEVEL))[1]
        norms = np.max(np.abs(slopes), axis=1)
    else:
        tangents = np.eye(target.dim)
        both = score(bundle_at(x, *tangents), LEVEL) - target.score(bundle_at(x, *tangents), LEVEL)
        norms = np.linalg.norm(np.moveaxis(both[1:], 1, 0), ord=2, axis=(1, 2))
    assert score.jacobian_error == pytest.approx(np.sqrt(np.mean(norms**2)), rel=1e-6)


@pytest.mark.parametrize("target", [DENSE, COPIES, RADIUS], ids=["dense", "copies", "radius"])
def test_errors_are_amplitude_and_amplitude_times_frequency(target):
    """At a frequency whose period is short against the law's width the sine's phase is uniform: rms a and a omega.

    The largest of several slopes (a diagonal Jacobian of many coordinates) is larger than a typical one.
    """
    amplitude, frequency, n = 0.02, 50.0, 4000
    score = PerturbedScore(target, amplitude, frequency, seed=2)
    score(points(target, n)[None], LEVEL)
    sampling = 4.0 * 0.36 / np.sqrt(n)  # the square of a sine has mean 1/2, deviation 0.354: of its root, relatively
    assert score.score_error == pytest.approx(amplitude, rel=sampling)
    share = 1.0 / np.sqrt(target.copies)  # of one of the copies
    assert score.jacobian_error == pytest.approx(amplitude * frequency * share, rel=sampling)


def test_a_diagonal_jacobian_error_is_at_most_its_amplitude_and_not_far_below():
    score, k = PerturbedScore(DIAGONAL, 0.02, 50.0), DIAGONAL.dim
    score(points(DIAGONAL, 4000)[None], LEVEL)
    largest = np.sqrt(2.0) * 0.02 * 50.0 / np.sqrt(k)  # of one coordinate: a cosine of this amplitude
    assert 0.8 * largest < score.jacobian_error < largest
    assert score.score_error == pytest.approx(0.02, rel=0.03)


def test_errors_are_set_independently():
    """The same score error with a Jacobian error a million times larger: a fast oscillation."""
    slow, fast = (PerturbedScore(DENSE, 1e-3, frequency) for frequency in (1.0, 1e6))
    for score in (slow, fast):
        score(points(DENSE, 4000)[None], LEVEL)
    assert slow.score_error == pytest.approx(fast.score_error, rel=0.5)
    assert slow.jacobian_error < 1e-3 * np.sqrt(2.0)
    assert fast.jacobian_error == pytest.approx(1e3, rel=0.05)


def test_without_amplitude_it_is_the_exact_score():
    bundle = bundle_at(points(DENSE), 1.0)
    score = PerturbedScore(DENSE, 0.0, 1e6)
    assert np.array_equal(score(bundle, LEVEL), DENSE.score(bundle, LEVEL))
    assert score.score_error == score.jacobian_error == 0.0


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_the_seed_decides_on_the_error_and_nothing_else_does(target):
    x = points(target, 20)
    first, again, other = (error_of(PerturbedScore(target, 0.1, 3.0, seed), x) for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert np.max(np.abs(first - other)) > 0.01 / np.sqrt(target.ambient_dim)
    score = PerturbedScore(target, 0.1, 3.0, 0)
    score(points(target, 20, seed=5)[None], LEVEL)  # earlier calls leave no trace in later ones
    assert np.array_equal(error_of(score, x), first)


def test_errors_are_taken_at_the_samplers_own_iterates():
    """Assumption 2 of the theorem: every point, every refinement, every level; each particle by its weight."""
    schedule = paper_schedule(32)
    score = PerturbedScore(DENSE, 0.05, 8.0)
    seen = []

    class Watched:
        target = DENSE

        def __call__(self, bundle, level):
            out = score(bundle, level)
            seen.append(np.sum((out[0] - DENSE.score(bundle[:1], level)[0]) ** 2, axis=1))
            return out

    transport(Heroism(3, 4), Watched(), schedule, 40, 0, block=40)
    assert len(seen) == 2 * Heroism(3, 4).evaluations(32)  # the echo takes the same way
    squares = np.concatenate(seen)
    assert score.score_error == pytest.approx(np.sqrt(np.mean(squares)), rel=1e-6)


def test_weights_of_particles_count():
    score, x = PerturbedScore(COPIES, 0.1, 3.0), points(COPIES, 50)
    weights = np.linspace(0.0, 1.0, 50)
    error = error_of(PerturbedScore(COPIES, 0.1, 3.0), x)
    score.weigh(weights)
    score(x[None], LEVEL)
    expected = np.sqrt(COPIES.copies * np.sum(weights * np.sum(error**2, axis=1)) / weights.sum())
    assert score.score_error == pytest.approx(expected, rel=1e-7)
    even = PerturbedScore(COPIES, 0.1, 3.0)
    even(x[None], LEVEL)
    assert even.score_error != pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("arguments, name", [
    ((-0.1, 1.0), "amplitude = -0.1"), ((float("nan"), 1.0), "amplitude = nan"),
    ((0.1, -1.0), "frequency = -1.0"), ((0.1, float("inf")), "frequency = inf"),
])
def test_mistakes_are_named(arguments, name):
    with pytest.raises(InputError, match=f"^{name}"):
        PerturbedScore(DENSE, *arguments)


# ---- guidance ----------------------------------------------------------------------------------------------------

MEANS, WEIGHTS, LABELS = [[-1.0], [0.4], [1.5]], [0.5, 0.2, 0.3], [0, 1, 1]
LABELLED = LabelledMixture(MEANS, 0.3, LABELS, 1, WEIGHTS)


def tilted(strength):
    return TiltedMixture(MEANS, 0.3, LABELS, 1, strength, WEIGHTS)


@pytest.mark.parametrize("level", [NoiseLevel.from_tau(0.01), LEVEL, NoiseLevel.from_tau(0.99)], ids=repr)
@pytest.mark.parametrize("strength", [1.0, 2.0, 4.5])
def test_the_tilted_law_is_a_law_whose_score_is_the_guided_one(level, strength):
    target, line = tilted(strength), np.linspace(-12.0, 12.0, 20001)[:, None]
    density = np.exp(target.log_density(line, level))
    assert np.trapezoid(density, line[:, 0]) == pytest.approx(1.0, abs=0.01)
    x, guided = line[9000:11000:100], GuidedScore(LABELLED, strength)
    slope = (target.log_density(x + 1e-5, level) - target.log_density(x - 1e-5, level)) / 2e-5
    assert np.allclose(target.score(x[None], level)[0, :, 0], slope, rtol=1e-5, atol=1e-5)
    assert np.array_equal(target.score(x[None], level), guided(x[None], level))
    draws = target.sample(4000, level, np.random.default_rng(0))[:, 0]
    expected = np.trapezoid(density * line[:, 0], line[:, 0])
    assert abs(draws.mean() - expected) < 5.0 * draws.std() / np.sqrt(len(draws)) + 0.01


def test_guidance_of_strength_one_is_the_law_of_the_label_and_of_zero_the_whole():
    x = points(LABELLED, 50)
    assert np.allclose(tilted(1.0).log_density(x, LEVEL), LABELLED.log_density(x, LEVEL), rtol=1e-12)
    assert np.allclose(GuidedScore(LABELLED, 1.0)(x[None], LEVEL), LABELLED.score(x[None], LEVEL), rtol=1e-12)
    whole = GaussianMixture(MEANS, 0.3, WEIGHTS)
    assert np.allclose(GuidedScore(LABELLED, 0.0)(x[None], LEVEL), whole.score(x[None], LEVEL), rtol=1e-12)


def total_variation(score, T):
    run = Run(RungeKutta("rk4"), score, log_snr_schedule(T, 1e-3, 0.9999), "exact", 2000, 0)
    return TotalVariation()(run)[OWN].value


def test_guided_output_is_neither_the_tilted_law_nor_that_of_the_label():
    """However many steps: what is left is no error of the sampler, as strength one shows."""
    for T in (33, 65):
        assert total_variation(ExactScore(tilted(1.0)), T) < 1e-3
        assert total_variation(ExactScore(tilted(3.0)), T) > 0.03
        assert total_variation(GuidedScore(LABELLED, 3.0), T) > 0.1


@pytest.mark.parametrize("make, said", [
    (lambda: GuidedScore(DENSE), "target = GaussianMixture: guidance needs labels"),
    (lambda: GuidedScore(LABELLED, -1.0), "strength = -1"), (lambda: tilted(0.5), "strength = 0.5"),
    (lambda: LabelledMixture(MEANS, 0.3, [0, 1], 1), r"labels = \[0, 1\]: give 3 whole numbers"),
    (lambda: LabelledMixture(MEANS, 0.3, LABELS, 2), "label = 2: choose one of 0, 1")])
def test_mistakes_about_labels(make, said):
    with pytest.raises(InputError, match=said):
        make()


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_a_pulse_is_wrong_between_two_levels_and_nowhere_else(target):
    x = bundle_at(points(target, 10), np.ones(target.dim))
    always, pulse = PerturbedScore(target, 0.3, 2.0), PulseScore(target, 0.3, -1.0, 1.0, 2.0)
    for half_log_snr, inside in ((-1.1, False), (0.9, True), (1.1, False)):
        level = NoiseLevel.from_half_log_snr(half_log_snr)
        assert np.array_equal(pulse(x, level), (always if inside else ExactScore(target))(x, level))
    with pytest.raises(InputError, match=r"^last = "):
        PulseScore(target, 0.3, 1.0, 1.0)

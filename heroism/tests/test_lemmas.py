"""Measures of the lemmas: against closed forms and against each other."""

from math import comb

import numpy as np
import pytest
from scipy.special import poch
from scipy.stats import chi2, norm

from heroism.collocation import collocation
from heroism.errors import InputError
from heroism.map import Map
from heroism.measures.base import OWN
from heroism.measures.distances.total_variation import total_variation
from heroism.measures.estimate import Estimate
from heroism.measures.lemmas import (
    Budget,
    DerivativeGrowth,
    IterateError,
    JacobianBound,
    RefinementContraction,
    RefinementDistance,
    RefinementsNeeded,
    ScoreBound,
)
from heroism.measures.lemmas.bounds import spectral_norms
from heroism.measures.lemmas.budget import CONVERGED, PARTS
from heroism.measures.lemmas.derivatives import derivative
from heroism.measures.lemmas.exact_flow import carry
from heroism.measures.lemmas.spread import spread_over
from heroism.measures.run import Run
from heroism.noise import NoiseLevel, NoiseSchedule, paper_schedule
from heroism.samplers import Ddim, Ddpm, Euler, ExponentialAdams, Heroism
from heroism.scores import ExactScore, PerturbedScore
from heroism.targets import GaussianMixture, ProductMixture, ScaleMixture
from heroism.targets.sphere import Sphere
from heroism.transport import transport

SCHEDULE = paper_schedule(64)
PLANE = GaussianMixture([[-1.0, 0.0], [1.0, 0.5], [0.0, 2.0]], 0.1)
TARGETS = {"product": ProductMixture([-1.0, 1.0], 0.1, [0.4, 0.6], dim=16), "scale": ScaleMixture(16, [1.0, 0.05]),
           "sphere": Sphere(16), "plane": PLANE}


def gaussian(variance):
    return GaussianMixture([[0.0]], variance)


def estimate_of(measure, target, schedule=SCHEDULE, sampler=Ddim()) -> Estimate:  # noqa: B008
    """What a measure says of a run, which no ensemble is made for."""
    run = Run(sampler, ExactScore(target), schedule)
    estimate = measure(run)[OWN]
    assert run.population is None
    return estimate


# ---- the exact flow --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("variance", [0.0, 0.3, 1.0])
def test_the_exact_flow_of_a_gaussian_scales(variance):
    x = np.linspace(-3.0, 3.0, 7)[:, None]
    start, end = SCHEDULE.start, SCHEDULE.end
    scale = np.sqrt((end.alpha_bar * variance + end.tau) / (start.alpha_bar * variance + start.tau))
    assert np.allclose(carry(ExactScore(gaussian(variance)), x, start, end), scale * x, rtol=3e-13, atol=0)


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_the_exact_flow_does_not_depend_on_its_steps(target):
    """Over the noise levels where all the decisions fall; steps twenty times as long are seen to be too long."""
    start, end, score = NoiseLevel.from_tau(0.9), NoiseLevel.from_tau(0.05), ExactScore(target)
    x = target.sample(50, start, np.random.default_rng(0))
    long, usual, short = (carry(score, x, start, end, reach) for reach in (2.0, 0.1, 0.05))
    assert np.max(np.abs(usual - short)) < 2e-12 * np.max(np.abs(x))
    assert np.max(np.abs(long - short)) > 1e-9


# ---- derivatives in time ---------------------------------------------------------------------------------------------

def point_mass_derivative(order, tau):
    """Of ``(1-tau)^(-3/2) tau^(-1/2)``, by Leibniz' rule."""
    return sum(comb(order, j) * poch(1.5, j) * (1 - tau) ** (-1.5 - j) * (-1) ** (order - j) * poch(0.5, order - j)
               * tau ** (-0.5 - order + j) for j in range(order + 1))


@pytest.mark.parametrize("tau", [1e-4, 0.3, 0.999])
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_derivatives_along_the_paths_of_two_gaussians(order, tau):
    """v = 1: x stays and ``g = -(1-tau)^(-3/2) x``; v = 0: ``x ~ sqrt(tau)`` and ``g = -(1-tau)^(-3/2) x_0 / tau``."""
    x, level = np.array([[1.0], [-0.4]]), NoiseLevel.from_tau(tau)
    exact = {1.0: -x * poch(1.5, order) * (1 - tau) ** -order,
             0.0: -x / np.sqrt(tau) * point_mass_derivative(order, tau) * (1 - tau) ** 1.5}
    for variance, expected in exact.items():
        found = derivative(gaussian(variance), x, level, order)
        scale = np.abs(x) / tau * (tau * (1 - tau)) ** -float(order)  # the size of the lemma's bound
        assert np.all(np.abs(found.slope - expected) < 1e-6 * scale)
        assert np.all(np.abs(found.slope - expected) < 30 * found.error + 1e-14 * scale)


def test_a_sharp_turn_is_resolved():
    """Between two points, where the score turns within a fraction of tau: against differences of the exact flow."""
    target, level = GaussianMixture([[-1.0], [1.0]], 0.0), NoiseLevel.from_tau(0.02)
    x, step = np.array([[0.01], [0.03], [0.1]]), 2e-6
    found = derivative(target, x, level, 1)
    after = NoiseLevel.from_tau(level.tau - step)
    moved = carry(ExactScore(target), x, level, after)
    g = [(1 - one.tau) ** -1.5 * target.score(at[None], one)[0] for one, at in ((level, x), (after, moved))]
    assert np.allclose(found.slope, (g[0] - g[1]) / step * (1 - level.tau) ** 1.5, rtol=2e-3)
    assert np.abs(found.slope[0]) * level.tau > 20 * np.abs(found.value[0])  # and it is sharp


@pytest.mark.parametrize(("order", "expected"), [(1, 1.5), (2, np.sqrt(1.5 * 2.5)), (4, poch(1.5, 4) ** 0.25)])
def test_growth_for_white_noise_is_that_of_the_clock(order, expected):
    """``s = -x`` and x stays: all that changes is ``(1-tau)^(-3/2)``, the same in every dimension."""
    for d in (1, 10_000):
        estimate = estimate_of(DerivativeGrowth(order=order, particles=20, levels=5), ProductMixture([0.0], 1.0, dim=d))
        assert estimate.value == pytest.approx(expected * SCHEDULE.start.tau, rel=1e-6)
        assert estimate.floor < 0.05


def test_noise_levels_can_be_left_out():
    target, below = ProductMixture([0.0], 1.0), max(tau for tau in SCHEDULE.tau if tau <= 0.5)
    estimate = estimate_of(DerivativeGrowth(particles=5, levels=4, largest_tau=0.5), target)
    assert estimate.value == pytest.approx(1.5 * below, rel=1e-6)


# ---- sizes of score and Jacobian -------------------------------------------------------------------------------------

def test_the_score_of_white_noise_has_the_length_of_a_normal_vector():
    """As joint coordinates, as copies of one coordinate, and as a radius: three descriptions, one law."""
    for target in (GaussianMixture(np.zeros((1, 40)), 1.0), ProductMixture([0.0], 1.0, dim=40)):
        estimate = estimate_of(ScoreBound(quantile=0.9, particles=400, levels=1), target)
        exact = np.sqrt(chi2.ppf(0.9, 40) * SCHEDULE.end.tau)
        assert estimate.value == pytest.approx(exact, abs=5 * estimate.stderr)
        assert 0 < estimate.stderr < 0.05 * exact


def test_the_jacobian_of_a_gaussian_is_known():
    estimate = estimate_of(JacobianBound(levels=64, particles=10), ProductMixture([0.0], 0.2, dim=1000))
    assert estimate.value == pytest.approx(max(one.tau / (0.2 * one.alpha_bar + one.tau) for one in SCHEDULE.levels))


def test_the_jacobian_of_a_radius_has_its_transversal_part():
    """A scale mixture in the plane: the radius with ``s_r / r`` against finite differences in both coordinates."""
    target, level, r = ScaleMixture(2, [4.0, 0.01], [0.5, 0.5]), NoiseLevel.from_tau(0.3), np.linspace(0.3, 2.5, 9)

    def score(x):
        radius = np.linalg.norm(x, axis=1, keepdims=True)
        return target.score(radius[None], level)[0] * x / radius

    x, step = np.stack([r * np.cos(0.7), r * np.sin(0.7)], axis=1), 1e-5
    columns = [(score(x + step * e) - score(x - step * e)) / (2 * step) for e in np.eye(2)]
    exact = np.linalg.norm(np.stack(columns, axis=2), ord=2, axis=(1, 2))
    assert np.allclose(spectral_norms(target, r[:, None], level), exact, rtol=1e-6)
    along = np.abs(target.score(np.array([r[:, None], np.ones((9, 1))]), level)[1, :, 0])
    assert np.any(exact > 1.1 * along) and np.any(exact < 1.1 * along)  # each of the two parts wins somewhere


def test_the_jacobian_of_copies_is_the_largest_of_them():
    """The quantile of the largest of 300 is a quantile of one, much nearer to 1."""
    target, rng = ProductMixture([-1.0, 1.0], 0.1, dim=300), np.random.default_rng(0)
    estimate = estimate_of(JacobianBound(quantile=0.5, particles=1000, levels=8), target)
    exact = []
    for level in spread_over(SCHEDULE, 8):
        x = target.sample(100_000, level, rng)
        slopes = target.score(np.stack([x, np.ones_like(x)]), level)[1]
        exact.append(level.tau * np.quantile(np.abs(slopes), 0.5 ** (1 / 300)))
    assert estimate.value == pytest.approx(max(exact), rel=0.03)
    single = estimate_of(JacobianBound(quantile=0.5, levels=8), ProductMixture([-1.0, 1.0], 0.1, dim=1))
    assert estimate.value > 1.5 * single.value


# ---- single steps ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("sampler", "order"), [(Heroism(1), 1), (Heroism(2), 2), (Heroism(3), 4), (Heroism(3, 2), 2),
                                                (Heroism(4), 4), (Ddim(), 1)])
def test_a_step_loses_one_order_more_than_the_sampler_declares(sampler, order):
    """Lemma 7 asks for at least min(N, K) + 1 in h = log T / T."""
    steps = np.array([512, 2048])
    errors = [estimate_of(IterateError(40, 8), PLANE, paper_schedule(t), sampler) for t in steps]
    measured = np.log(errors[0].value / errors[1].value) / -np.diff(np.log(np.log(steps) / steps))[0]
    assert measured == pytest.approx(order + 1, abs=0.35)
    assert sampler.order == order
    assert all(error.value > 5 * error.floor for error in errors)


def test_ddim_makes_no_error_on_a_point_mass():
    estimate = estimate_of(IterateError(20), gaussian(0.0))
    assert estimate.value < 1e-12 and estimate.floor < 1e-11
    assert estimate_of(IterateError(20), gaussian(0.0), sampler=Euler()).value > 1e-3


def test_errors_of_a_step_grow_like_the_root_of_the_number_of_copies():
    few, many = (estimate_of(IterateError(), ProductMixture([-1.0, 1.0], 0.1, dim=d), sampler=Heroism(3))
                 for d in (1, 10_000))
    assert many.value == pytest.approx(100 * few.value)


def one_step(start_tau, end_tau):
    return NoiseSchedule(np.array([1 - end_tau, 1 - start_tau]), np.array([end_tau, start_tau]))


def test_contraction_of_a_linear_score_is_the_product_of_its_factors():
    """White noise, two points: each move of the second is ``gamma_11 / 2 (1-tau_1)^(-1)`` of its last."""
    schedule = one_step(0.3, 0.2)
    factor = 0.5 * 0.1 * collocation(2).matrix[1, 1] / 0.8
    for round in (2, 3):
        estimate = estimate_of(RefinementContraction(round=round), gaussian(1.0), schedule, Heroism(2))
        assert estimate.value == pytest.approx(factor, rel=1e-6)


@pytest.mark.parametrize("name", ["product", "sphere", "plane"])  # of the scale mixture a few rare points decide
def test_refinements_contract_faster_the_shorter_the_step(name):
    factors = [estimate_of(RefinementContraction(32, 8), TARGETS[name], paper_schedule(t), Heroism(3)).value
               for t in (64, 256)]
    h = np.log([64, 256]) / [64, 256]
    assert factors[0] < 0.2
    assert np.log(factors[0] / factors[1]) / np.log(h[0] / h[1]) == pytest.approx(1.0, abs=0.3)


def test_refinement_distance_shrinks_to_round_off_and_iterate_error_to_the_collocation():
    left, total = ([estimate_of(measure, PLANE, sampler=Heroism(3, n)) for n in (1, 2, 4, 30)]
                   for measure in (RefinementDistance(32, 8), IterateError(32, 8)))
    assert left[0].value > 10 * left[1].value > 100 * left[2].value
    assert left[3].value <= left[3].floor
    assert total[0].value == pytest.approx(left[0].value, rel=0.05)  # all of it is unfinished refinement
    assert total[2].value == pytest.approx(total[3].value, rel=0.05)
    assert total[3].value > 50 * left[2].value  # none of it is


@pytest.mark.parametrize("points", [2, 3, 4])
def test_the_refinements_that_are_needed_suffice_and_one_fewer_does_not(points):
    needed = estimate_of(RefinementsNeeded(32, 8), PLANE, sampler=Heroism(points))
    goal = 0.1 * estimate_of(IterateError(32, 8), PLANE, sampler=Heroism(points, 40)).value
    enough = int(np.ceil(needed.value))
    after = [estimate_of(RefinementDistance(32, 8), PLANE, sampler=Heroism(points, enough - few)) for few in (0, 1)]
    assert after[0].value <= goal < after[1].value
    assert needed.value > 1 and needed.stderr < 0.2


def test_no_number_of_refinements_is_enough_when_they_do_not_converge():
    schedule = one_step(0.97, 0.01)
    assert estimate_of(RefinementContraction(), gaussian(0.0), schedule, Heroism(2)).value > 1
    assert np.isnan(estimate_of(RefinementsNeeded(8), gaussian(0.0), schedule, Heroism(2)).value)


# ---- the budget ------------------------------------------------------------------------------------------------------

RUNS = {  # target, amplitude of the score error, sampler
    "exact": ("sphere", 0.0, Heroism(3)), "copies": ("product", 0.01, Heroism(3)),
    "radius": ("scale", 0.01, Heroism(3)), "plane": ("plane", 0.01, Heroism(3)),
    "unfinished": ("plane", 1e-3, Heroism(3, 2)), "unfinished copies": ("product", 1e-3, Heroism(3, 2)),
    "unrefined": ("sphere", 0.01, Ddim()),
}


def score_of(target, amplitude):
    return PerturbedScore(target, amplitude, 2.0) if amplitude else ExactScore(target)


@pytest.mark.parametrize(("name", "amplitude", "sampler"), RUNS.values(), ids=RUNS)
def test_shares_add_up_to_the_end_to_end_error(name, amplitude, sampler):
    target, schedule, n = TARGETS[name], paper_schedule(32), 250
    score = score_of(target, amplitude)
    found = Budget(n)(Run(sampler, score, schedule, "gaussian", 1, 7))
    assert set(found) == {OWN, "bounds", *PARTS, *(f"bounds_{part}" for part in PARTS)}
    total, *shares = (found[name] for name in (OWN, *PARTS))
    bound, *distances = (found[name] for name in ("bounds", *(f"bounds_{part}" for part in PARTS)))
    assert sum(share.value for share in shares) == pytest.approx(total.value, rel=1e-9)
    measured = total_variation(transport(sampler, score_of(target, amplitude), schedule, n, 3, "gaussian"), target)
    assert abs(total.value - measured.value) < 4 * np.hypot(total.stderr, measured.stderr)
    assert 0 < total.stderr < 0.2 * total.value
    assert total.value <= bound.value * (1 + 1e-9) + 4 * total.stderr
    for share, distance in zip(shares, distances, strict=True):
        noise = 4 * np.hypot(share.stderr, distance.stderr)
        assert distance.value >= 0 and abs(share.value) <= distance.value + noise + share.floor
    absent = {"jacobian", "score"} if not amplitude else set()
    absent |= {"refinement"} if isinstance(sampler, Ddim) else set()
    for part, share, distance in zip(PARTS, shares, distances, strict=True):
        assert (distance.value == 0.0) == (part in absent)
        assert share.value == 0.0 or part not in absent


def gaussian_total_variation(v, w):
    v, w = sorted((v, w))
    edge = np.sqrt(np.log(w / v) / (1.0 / v - 1.0 / w))
    return 2.0 * (norm.cdf(edge / np.sqrt(v)) - norm.cdf(edge / np.sqrt(w)))


def test_the_budget_of_a_gaussian_is_known():
    """All laws are Gaussian: the neighbours' distances in closed form from the factors of the two maps."""
    v, schedule, n = 0.05, paper_schedule(24, 1.0, 3.0), 4000
    target = gaussian(v)
    start, end = (one.alpha_bar * v + one.tau for one in (schedule.start, schedule.end))
    given, finished = (Map(sampler, ExactScore(target), schedule)(np.ones((1, 1))).positions[0, 0] ** 2
                       for sampler in (Heroism(2, 2), Heroism(2, 40)))
    exact = {"initialisation": (given, given * start), "refinement": (given * start, finished * start),
             "discretisation": (finished * start, end)}
    parts = Budget(n)(Run(Heroism(2, 2), ExactScore(target), schedule, "gaussian"))
    for part, variances in exact.items():
        found = parts[f"bounds_{part}"]
        assert found.value == pytest.approx(gaussian_total_variation(*variances), abs=4 * found.stderr, rel=1e-9)
        assert found.stderr < 0.1 * found.value
    total = parts[OWN]
    assert total.value == pytest.approx(gaussian_total_variation(given, end), abs=4 * total.stderr, rel=1e-9)


def test_the_refinements_that_stand_for_infinitely_many_do():
    """Twice as many change no preimage, at a T where steps are long."""
    target, schedule = TARGETS["plane"], paper_schedule(32)
    z = target.sample(50, schedule.start, np.random.default_rng(0))
    once, twice = (Map(Heroism(3, CONVERGED * times), ExactScore(target), schedule)(z) for times in (1, 2))
    assert np.max(np.abs(once.positions - twice.positions)) < 1e-12
    assert np.max(np.abs(once.log_volume - twice.log_volume)) < 1e-11


def test_with_an_exact_start_there_is_no_error_of_initialisation():
    score = ExactScore(PLANE)
    exact, white = (Budget(50)(Run(Ddim(), score, SCHEDULE, start)) for start in ("exact", "gaussian"))
    assert exact["initialisation"].value == 0.0 != white["initialisation"].value


def test_measurements_leave_no_trace_in_the_score_even_after_a_weighted_run():
    target = TARGETS["product"]
    score = PerturbedScore(target, 0.01, 1.0)
    transport(Heroism(2), score, SCHEDULE, 100, 0)
    before = score.score_error, score.jacobian_error
    Budget(100)(Run(Heroism(2), score, SCHEDULE))
    assert (score.score_error, score.jacobian_error) == before


# ---- mistakes --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("measure", "sampler", "argument"), [
    (DerivativeGrowth(order=5), Ddim(), "order = 5"), (DerivativeGrowth(order=0), Ddim(), "order = 0"),
    (DerivativeGrowth(largest_tau=2.0), Ddim(), "largest_tau = 2.0"),
    (DerivativeGrowth(largest_tau=1e-9), Ddim(), "largest_tau = 1e-09"),
    (ScoreBound(quantile=1.0), Ddim(), "quantile = 1.0"), (ScoreBound(levels=0), Ddim(), "levels = 0"),
    (IterateError(), ExponentialAdams(3), "sampler = ExponentialAdams"), (IterateError(), Ddpm(), "sampler = Ddpm"),
    (IterateError(transitions=-1), Ddim(), "transitions = -1"),
    (RefinementContraction(), Heroism(1), "K = 1"), (RefinementContraction(), Ddim(), "sampler = Ddim"),
    (RefinementContraction(round=1), Heroism(3), "round = 1"), (RefinementsNeeded(share=0.0), Heroism(3), "share = 0"),
    (Budget(), Ddpm(), "sampler = Ddpm"), (Budget(particles=0), Heroism(3), "particles = 0"),
])
def test_mistakes_are_named(measure, sampler, argument):
    with pytest.raises(InputError, match=f"^{argument}"):
        measure(Run(sampler, ExactScore(PLANE), SCHEDULE))

"""The composed sampler: what it reproduces, what its parts promise, and that its presets are as good as they say."""

import numpy as np
import pytest

from heroism.distances import total_variation
from heroism.errors import InputError
from heroism.flow import BudgetExceeded, Flow
from heroism.integrals.paths import in_turn
from heroism.integrals.predictions import prediction
from heroism.integrals.weights import basis_integrals
from heroism.noise import log_snr_schedule, paper_schedule
from heroism.samplers import ComposedHeroism, ExponentialAdams, Heroism, RungeKutta, UniPC
from heroism.samplers.composed.pilot import Watch, local_errors
from heroism.samplers.composed.placement import even_errors
from heroism.samplers.composed.stability import amplification, stable_memory
from heroism.samplers.linearity import tangent_error
from heroism.scores import ExactScore
from heroism.targets import Sphere
from heroism.tests.small_targets import ENDS, PLANE, STARTS, TWO_PEAKS, NaiveMixture, exact_ends, gaussian
from heroism.transport import transport

WIDE = log_snr_schedule(9, 1e-4, 1.0 - 1e-4)
FINE = log_snr_schedule(40, 1e-4, 1.0 - 1e-4)
MODES = np.random.default_rng(3).normal(scale=2.0, size=(5, 2))
MIXTURE = NaiveMixture(np.full(5, 0.2), MODES, np.linspace(0.1, 0.3, 5))


def end(sampler, schedule=WIDE, score=PLANE.score, start=None):
    start = np.random.default_rng(0).normal(size=(3, 5, 2)) if start is None else start
    return sampler.transport(Flow(score), start, schedule)


def spectral(steps):
    """From sigma = 80 to sigma = 0.01, as the presets were made for."""
    return log_snr_schedule(steps, 1e-4 / (1 + 1e-4), 6400.0 / 6401.0)


@pytest.mark.parametrize(("points", "refinements", "spacing"), [
    (1, 1, "equispaced"), (2, 3, "equispaced"), (5, "auto", "equispaced"), (4, 5, "chebyshev"),
    (3, 4, "gauss_legendre"),
])
@pytest.mark.parametrize("schedule", [paper_schedule(32), FINE], ids=lambda schedule: schedule.name)
def test_defaults_are_heroism_to_round_off(points, refinements, spacing, schedule):
    paper, ours = Heroism(points, refinements, spacing), ComposedHeroism(points, refinements, spacing)
    expected = end(paper, schedule)
    assert np.abs(end(ours, schedule) - expected).max() < 1e-12 * np.abs(expected).max()
    for cost in ("evaluations", "rounds"):
        assert getattr(ours, cost)(schedule.steps) == getattr(paper, cost)(schedule.steps)


@pytest.mark.parametrize("std", [0.0, 0.4, 3.0])
def test_one_long_step_of_the_velocity_is_exact_for_its_gaussian_and_no_other(std):
    schedule = log_snr_schedule(3, 1e-3, 1.0 - 1e-3)
    x, spread = np.array([[[-1.2], [0.3]]]), [std**2 * level.alpha_bar + level.tau for level in
                                              (schedule.start, schedule.end)]
    sampler = ComposedHeroism.frugal(data_std=std, memory=0, startup="growing", placement="clock")
    exact = x * np.sqrt(spread[1] / spread[0])
    assert np.allclose(end(sampler, schedule, gaussian(std**2).score, x), exact, rtol=1e-12)
    assert not np.allclose(end(sampler, schedule, gaussian(std**2 + 0.5).score, x), exact, rtol=1e-2)


def test_all_sweeps_have_the_same_fixed_point_and_serial_ones_reach_it_sooner():
    def run(sweep, refinements):
        return end(ComposedHeroism(5, refinements, "gauss_radau", sweep, clock="log_snr", prediction="velocity"))

    fixed = run("picard", 60)
    error = {}
    for sweep in ("picard", "gauss_seidel", "lu"):
        assert np.allclose(run(sweep, 60), fixed, rtol=1e-11, atol=1e-12)
        error[sweep] = np.abs(run(sweep, 5) - fixed).max()
    assert max(error["gauss_seidel"], error["lu"]) < error["picard"]


def test_overlapping_steps_find_what_steps_in_turn_find():
    one_by_one, overlapping = (ComposedHeroism.parallel(refinements=60, overlap=overlap, placement="clock")
                                for overlap in (False, True))
    assert np.allclose(end(overlapping), end(one_by_one), rtol=1e-11, atol=1e-12)
    assert one_by_one.evaluations(9) == overlapping.evaluations(9)
    assert (one_by_one.rounds(9), overlapping.rounds(9)) == (8 * 60, 8 + 60 - 1)


def slope(sampler):
    """Order between 32 and 128 steps, on the flow of two peaks."""
    error = [np.linalg.norm(end(sampler, log_snr_schedule(n + 1, *ENDS), TWO_PEAKS.score, STARTS[None]).ravel()
                            - exact_ends()) for n in (32, 64, 128)]
    return 0.5 * np.log2(error[0] / error[-1])


def test_degree_grows_with_log_t():
    sampler = ComposedHeroism.growing()
    assert [len(sampler.undecided.shape.rule_for(steps).nodes) for steps in (7, 8, 20, 21, 10**6)] == [2, 3, 3, 4, 12]
    chebyshev = ComposedHeroism.chebyshev(points=3, refinements=8)
    assert chebyshev.evaluations(9) == 8 * (1 + 2 * 8) and chebyshev.rounds(9) == 8 * (1 + 2 * 7)


def test_a_growing_start_loses_the_order_that_a_collocation_start_keeps():
    kept, lost = (ComposedHeroism.frugal(memory=4, startup=start, placement="clock")
                  for start in ("collocation", "growing"))
    assert kept.order == lost.order == 5
    assert slope(kept) > 4.75 and slope(lost) < 3.5


def test_memory_raises_the_order_by_one_each():
    assert [ComposedHeroism.frugal(memory=m, startup="collocation").order for m in (1, 2, 3)] == [2, 3, 4]
    assert ComposedHeroism.frugal(memory=3, guess_points=1).order == 2  # a poor guess holds it back
    frugal = ComposedHeroism.frugal().undecided.shape
    assert [frugal.memory_for(steps) for steps in (3, 73, 74, 150, 800)] == [3, 3, 4, 5, 6]


COMBINATIONS = [
    ComposedHeroism.frugal(),
    ComposedHeroism.frugal(placement="embedded"),
    ComposedHeroism.piloted(),
    ComposedHeroism.parallel(placement="embedded"),
    ComposedHeroism.parallel(overlap=False, refinements=9, tolerance=1e-3),
    ComposedHeroism.frugal(points=2, refinements=12, sweep="lu", memory=2, placement="embedded", tolerance=1e-4),
    ComposedHeroism.frugal(points=3, spacing="gauss_lobatto", refinements=2, sweep="gauss_seidel", memory=4),
]


@pytest.mark.parametrize("sampler", COMBINATIONS)
@pytest.mark.parametrize("steps", [3, 12])
def test_pilots_are_charged_and_results_do_not_depend_on_blocks(sampler, steps):
    score, schedule = ExactScore(MIXTURE), spectral(steps)
    whole, parts = (transport(sampler, score, schedule, 40, seed=1, block=block) for block in (40, 7))
    assert np.allclose(whole.positions, parts.positions, rtol=1e-9, atol=1e-11)
    assert np.allclose(whole.log_density, parts.log_density, rtol=1e-9, atol=1e-9)
    assert (whole.evaluations, whole.rounds) == (parts.evaluations, parts.rounds)
    most = sampler.evaluations(steps), sampler.rounds(steps)
    if sampler.pilot.tolerance is None:
        assert (whole.evaluations, whole.rounds) == most
    else:
        assert whole.evaluations < most[0] and whole.rounds < most[1]


def decided(sampler, target, schedule):
    starts = target.sample(sampler.pilots, schedule.start, np.random.default_rng(2))
    return sampler.decide(ExactScore(target), schedule, starts).sampler


def test_a_decided_sampler_knows_its_cost_and_carries_tangents_as_positions():
    schedule = spectral(10)
    sampler = decided(ComposedHeroism.frugal(tolerance=1e-6, refinements=4, placement="embedded"), MIXTURE, schedule)
    flow, start = Flow(MIXTURE.score), np.zeros((2, 4, 2))
    start[0], start[1] = MIXTURE.sample(4, schedule.start, np.random.default_rng(4)), [1.0, -0.5]
    sampler.transport(flow, start, schedule)
    assert (flow.evaluations, flow.rounds) == (sampler.evaluations(10), sampler.rounds(10))
    miss, round_off = tangent_error(sampler, MIXTURE.score, start, schedule)
    assert miss <= round_off < 1e-10


def test_steps_are_dense_where_errors_are_large():
    """Errors that fall by 2^4 from step to step ask, at order 4, for steps that double; half of the steps stay even."""
    warp = even_errors(16.0 ** -np.arange(6.0), 4)
    units = warp(np.linspace(0.0, 1.0, 200))
    steps = np.diff(units)
    assert units[0] == 0.0 and units[-1] == 1.0 and np.all(steps > 0)
    density = 0.5 + 0.5 * 2.0 ** -np.arange(6.0) / np.mean(2.0 ** -np.arange(6.0))
    for i in range(6):
        inside = (units[:-1] > i / 6) & (units[1:] < (i + 1) / 6)
        assert 1 / np.mean(steps[inside]) == pytest.approx(199 * density[i], rel=0.05)
    assert np.allclose(even_errors(np.ones(6), 4)(units), units)


def test_embedded_errors_shrink_with_the_step_at_their_order():
    """The scout's difference of predictor and corrector, memory 2, is of order 4 in the step."""
    total = []
    for levels in (33, 65):
        schedule, flow = log_snr_schedule(levels, *ENDS), Watch(TWO_PEAKS.score)
        scout = ComposedHeroism.frugal(memory=2, startup="collocation", placement="schedule", clock="log_snr")
        plan = scout.undecided.plan(schedule)
        corrected = np.array([bundle[0] for bundle, _ in in_turn(flow, STARTS[None], plan)])
        total.append(np.sum(local_errors(corrected[1:], flow.seen[2 - levels :], 0)))
    assert np.log2(total[0] / total[1]) == pytest.approx(3.0, abs=0.3)  # summed over the steps


def test_the_pilot_counts_towards_the_budget():
    sampler = ComposedHeroism.frugal(placement="embedded")
    needed = sampler.evaluations(20)
    transport(sampler, ExactScore(MIXTURE), spectral(20), 5, seed=0, budget=needed)
    with pytest.raises(BudgetExceeded):
        transport(sampler, ExactScore(MIXTURE), spectral(20), 5, seed=0, budget=needed - 1)
    with pytest.raises(BudgetExceeded, match="pilot run"):
        transport(sampler, ExactScore(MIXTURE), spectral(20), 5, seed=0, budget=8)


def cost_of(sampler_for, ladder, attribute, epsilon, target=MIXTURE):
    """Least evaluations or rounds on the ladder of T with a total variation of at most epsilon."""
    for steps in ladder:
        ensemble = transport(sampler_for(steps), ExactScore(target), spectral(steps), 60, seed=5)
        if total_variation(ensemble, target).value <= epsilon:
            return getattr(ensemble, attribute)
    raise AssertionError(f"never reached {epsilon}")


def test_presets_need_fewer_evaluations_and_far_fewer_rounds_than_the_rivals_at_1e_minus_6():
    ladder = [int(60 * 1.1**i) for i in range(16)]
    rivals = [ExponentialAdams(6), ExponentialAdams(8), UniPC(5), UniPC(5, startup="growing"), UniPC(7)]
    evaluations = min(cost_of(lambda _, s=s: s, ladder, "evaluations", 1e-6) for s in rivals)
    rounds = min(cost_of(lambda _, s=s: s, ladder, "rounds", 1e-6) for s in rivals)
    rounds = min(rounds, cost_of(lambda _: RungeKutta("dop853"), range(8, 40, 2), "rounds", 1e-6))
    assert cost_of(lambda _: ComposedHeroism.frugal(), ladder, "evaluations", 1e-6) < 0.85 * evaluations
    assert cost_of(lambda _: ComposedHeroism.frugal(placement="embedded"), ladder, "evaluations", 1e-6) < evaluations
    assert cost_of(lambda _: ComposedHeroism.parallel(), range(3, 20), "rounds", 1e-6) < rounds / 3


def test_presets_are_as_good_on_a_sphere_where_few_steps_suffice():
    sphere, ladder = Sphere(16), [*range(8, 40), *range(40, 70, 2)]
    rivals = [ExponentialAdams(k, "noise", "growing") for k in (3, 4, 5)]
    rivals += [ExponentialAdams(5, "data", "growing"), UniPC(7, "data", "exact", "growing")]
    for epsilon, share in ((1e-2, 1.1), (1e-4, 0.8), (1e-6, 0.8)):
        able = rivals if epsilon == 1e-2 else rivals[-2 if epsilon == 1e-4 else -1 :]
        best = min(cost_of(lambda _, s=s: s, ladder, "evaluations", epsilon, sphere) for s in able)
        assert cost_of(lambda _: ComposedHeroism.frugal(), ladder, "evaluations", epsilon, sphere) <= share * best
    assert cost_of(lambda _: ComposedHeroism.parallel(), range(3, 20), "rounds", 1e-6, sphere) < best / 3


@pytest.mark.parametrize(("arguments", "sentence"), [
    ({"clock": "sundial"}, "clock = sundial: choose one of tau, sigma, time, flow, vp, log_snr, focused"),
    ({"prediction": "weather"}, "prediction = weather: choose one of"),
    ({"sweep": "broom"}, "sweep = broom: choose one of picard"),
    ({"predictor": "oracle"}, "predictor = oracle"),
    ({"startup": "cold"}, "startup = cold"),
    ({"placement": "random"}, "placement = random"),
    ({"placement": "embedded"}, "placement = embedded: a pilot run chooses a focused clock"),
    ({"memory": -1}, "memory = -1: give a whole number"),
    ({"guess_points": 0}, "guess_points = 0"),
    ({"refinements": 0}, "N = 0"),
    ({"tolerance": 0.0}, "tolerance = 0.0"),
    ({"points": "auto", "memory": 2}, "points = auto: only without memory"),
    ({"overlap": True}, "overlap = True: only for picard sweeps"),
    ({"overlap": True, "spacing": "gauss_radau", "tolerance": 1e-3}, "overlap = True: steps that overlap"),
    ({"clock": "focused", "width": 0.0}, "width = 0.0"),
    ({"prediction": "velocity", "data_std": -1.0}, "data_std = -1.0"),
])
def test_mistakes_are_named(arguments, sentence):
    with pytest.raises(InputError, match=sentence):
        ComposedHeroism(**arguments)


def test_a_pilot_must_have_been_made():
    with pytest.raises(InputError, match="decided by a pilot run"):
        end(ComposedHeroism.frugal(placement="embedded"))


def test_amplification_is_what_the_recursion_does():
    """Of y' = -y, predict through M + 1 points, evaluate, correct with M: run as written, against the radius."""
    for memory, z in ((1, 0.4), (2, 0.5), (3, 0.25), (4, 0.2)):
        before, one = -np.arange(memory + 1.0), np.ones(1)
        predict = basis_integrals(before, one, np.ones_like)[0]
        correct = basis_integrals(np.append(before[:-1], 1.0), one, np.ones_like)[0]
        y, values, size = 1.0, list(np.random.default_rng(memory).normal(size=memory + 1)), []
        for _ in range(400):
            guess = y - z * np.dot(predict, values)
            y -= z * (np.dot(correct[:-1], values[:-1]) + correct[-1] * guess)
            values = [guess, *values[:-1]]
            size.append(np.linalg.norm([y, *values]))
        growth = (size[-1] / size[200]) ** (1 / 199)
        assert growth == pytest.approx(amplification(memory, np.array([z]))[0], rel=0.01)


def test_each_point_of_memory_halves_the_longest_stable_step():
    z = np.linspace(0.01, 1.0, 991)
    longest = np.array([z[amplification(memory, z) > 1.0 + 1e-9][0] for memory in (1, 2, 3, 4)])
    assert np.all(np.abs(longest[1:] / longest[:-1] - 0.55) < 0.05)


def test_memory_is_cut_where_a_point_mass_would_amplify_errors():
    """On the same steps, modes far narrower than the data allow less than modes as wide as the data."""
    schedule = spectral(100)
    wide, narrow = (stable_memory(prediction("velocity", std), schedule, 6, 1) for std in (0.0, 3.0))
    assert narrow < wide == 6


@pytest.mark.parametrize("scale", [0.3, 1.0, 5.0])
def test_one_evaluation_tells_the_size_of_the_data(scale):
    """The standard deviation of a mixture, over all coordinates and modes, up to what 48 paths tell of it."""
    target = NaiveMixture(np.full(5, 0.2), scale * MODES, scale**2 * np.linspace(0.1, 0.3, 5))
    variance = np.mean(MODES.var(axis=0)) + np.mean(np.linspace(0.1, 0.3, 5))
    method = decided(ComposedHeroism.frugal(centre=0.0, data_std=1.0), target, spectral(40)).method
    assert np.sqrt(method.prediction.variance) == pytest.approx(scale * np.sqrt(variance), rel=0.15)
    assert np.exp(-method.clock.centre) == pytest.approx(np.sqrt(method.prediction.variance), rel=1e-12)

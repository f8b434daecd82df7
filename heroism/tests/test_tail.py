"""The start law tail: exact weights, the same figure as plain starting points, far less chance in it."""

import numpy as np
import pytest
from scipy.stats import kstest

from heroism.distances import quadrature_total_variation, total_variation
from heroism.errors import InputError
from heroism.map import Map
from heroism.measures.distances.total_variation import TotalVariation, excess, masses
from heroism.measures.run import Run
from heroism.noise import NoiseLevel, log_snr_schedule
from heroism.samplers import (
    ComposedHeroism,
    Ddim,
    Ddpm,
    ExponentialAdams,
    Heroism,
    RungeKutta,
    UniPC,
    transition_schedule,
)
from heroism.scores import ExactScore, PerturbedScore
from heroism.tail import Tail
from heroism.tail import ways as ways_up
from heroism.tail.proposal import Noisier, Proposal, Shifted, parts_for
from heroism.targets import Empirical, GaussianMixture, ProductMixture, RandomCodebook, ScaleMixture, Sphere, Torus
from heroism.tests.small_targets import PLANE, TWO_PEAKS, gaussian
from heroism.transport import transport

SCHEDULE = log_snr_schedule(17, 0.01, 0.99)
PARTED = ProductMixture([-6.0, 4.0, 6.0], 0.25, [0.1, 0.4, 0.5])  # 2404.09730, its one-dimensional target
SHELL = GaussianMixture.low_rank(9, 2, 4, 0.1, 2.0)
POINTS = Empirical(np.random.default_rng(0).normal(size=(12, 3)))
MEASURED = UniPC(3), log_snr_schedule(64, 1e-4, 1 - 1e-4)
TARGETS = {"line": TWO_PEAKS, "plane": PLANE, "parted": PARTED, "shell": SHELL, "points": POINTS,
           "sphere": Sphere(7, 1.5), "torus": Torus([1.0, 0.5]), "scales": ScaleMixture(4, [0.1, 1.0], [0.5, 0.5]),
           "gaussian": gaussian(0.3, 2), "axes": GaussianMixture(2.0 * np.eye(3), np.array([[0.1, 0.4, 0.01]] * 3)),
           "full": GaussianMixture(3.0 * np.eye(2), np.array([[[1.0, 0.5], [0.5, 1.0]]] * 2))}


def near(estimate, other=1.0, sigmas=4.0):
    """Whether an estimate agrees with a number, or with another estimate."""
    value, stderr = getattr(other, "value", other), getattr(other, "stderr", 0.0)
    return abs(estimate.value - value) < sigmas * np.hypot(estimate.stderr, stderr) + 3 * estimate.floor


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
@pytest.mark.parametrize("nominal", ["exact", "gaussian"])
def test_weights_turn_the_draws_into_the_nominal_law(target, nominal):
    """Mass and second moments, of draws that are not from that law."""
    law = Tail(nominal, 4).on(target, SCHEDULE)
    starts = law.draw(3000, np.random.default_rng(1))
    assert np.array_equal(starts.log_density, law.log_density(starts.positions))
    w = np.exp(starts.log_weights)
    assert abs(w.mean() - 1.0) < 4 * w.std() / np.sqrt(3000) and w.std() < 3.0
    exact = np.mean(law.sample(100_000, np.random.default_rng(2)) ** 2, axis=0)
    moments = w[:, None] * starts.positions**2
    assert np.all(np.abs(moments.mean(axis=0) - exact) < 4.5 * moments.std(axis=0) / np.sqrt(3000))


@pytest.mark.parametrize("target", TARGETS.values(), ids=TARGETS)
def test_every_part_of_the_proposal_is_normalised_and_drawn_as_it_says(target):
    """``E_k[p_j / sum_i p_i]`` over the parts k, averaged, is the mass of part j over their number."""
    parts = parts_for(target, SCHEDULE.end)
    even = Proposal(parts, np.full(len(parts), 1.0 / len(parts)))
    logs = even.log_parts(even.groups(4000, len(parts), np.random.default_rng(0)))
    member = np.exp(logs - even.log_density(logs))
    spread = member.reshape(len(parts), 4000, -1).mean(axis=2).std(axis=1) / np.sqrt(4000)
    assert np.all(np.abs(member.mean(axis=1) - 1.0) < 4.5 * spread + 1e-12)
    assert np.array_equal(logs[0], target.log_density(even.groups(4000, len(parts), np.random.default_rng(0)),
                                                      SCHEDULE.end))


def test_a_noisier_part_is_the_scaled_variable():
    level, end = NoiseLevel.from_tau(0.5), NoiseLevel.from_tau(0.1)
    x = Noisier(gaussian(0.3), level, end).sample(5000, np.random.default_rng(0))
    spread = np.sqrt((0.3 * level.alpha_bar + level.tau) * end.alpha_bar / level.alpha_bar)
    assert kstest(x[:, 0] / spread, "norm").pvalue > 1e-3


def test_modes_move_towards_their_neighbours_and_not_past_half_way():
    components = GaussianMixture([[-10.0], [0.0], [0.5]], 0.04).components
    end = NoiseLevel.from_tau(1e-6)
    moved = Shifted(components, end, 2.5).moved
    assert moved.weights.sum() == pytest.approx(1.0)
    assert np.allclose(np.sort(moved.means[:, 0]), [-9.5, -9.5, -0.5, 0.0, 0.25, 0.25], atol=1e-5)


def test_modes_move_by_their_own_standard_deviations():
    """2.5 of them towards the other mode, whatever the covariance; the shift has the length it has in that metric."""
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    covariance = turn @ np.diag([0.04, 1e-4]) @ turn.T
    means, end = np.array([[0.0, 0.0], [3.0, 1.0]]), NoiseLevel.from_tau(1e-9)
    full = Shifted(GaussianMixture(means, np.array([covariance] * 2)).components, end, 2.5).moved
    step = full.means[0]
    assert step @ np.linalg.solve(covariance, step) == pytest.approx(2.5**2, rel=1e-4)
    assert step[1] / step[0] == pytest.approx(1.0 / 3.0)
    axes = Shifted(GaussianMixture(means, np.array([[0.04, 1e-4]] * 2)).components, end, 2.5).moved
    assert np.sum(axes.means[0] ** 2 / [0.04, 1e-4]) == pytest.approx(2.5**2, rel=1e-4)


def test_shares_follow_what_the_draws_are_worth():
    """Worth only far out, in the law of the last part: that part gets what the first may spare."""
    parts = [Noisier(gaussian(1e-4), NoiseLevel.from_tau(tau), NoiseLevel.from_tau(0.01)) for tau in (0.01, 0.05, 0.5)]
    even = Proposal(parts, np.full(3, 1 / 3))
    y = even.groups(1, 3000, np.random.default_rng(0))
    logs = even.log_parts(y)
    fitted = even.reshared(logs, np.exp(logs[2] - even.log_density(logs)), 0.3)
    assert fitted.parts == [parts[0], parts[2]] and np.allclose(fitted.shares, [0.3, 0.7])


@pytest.mark.parametrize("nominal", ["exact", "gaussian"])
@pytest.mark.parametrize("sampler", [UniPC(3), ComposedHeroism.frugal()], ids=["unipc", "frugal"])
def test_agrees_with_the_quadrature_where_few_paths_carry_it_all(sampler, nominal):
    schedule = MEASURED[1]
    exact = quadrature_total_variation(sampler, ExactScore(PARTED), schedule, nominal).value
    ensemble = transport(sampler, ExactScore(PARTED), schedule, 2000, 3, Tail(nominal))
    estimate = total_variation(ensemble, PARTED)
    assert near(estimate, exact) and estimate.stderr < 0.04 * exact and not estimate.heavy
    assert all(near(mass) for mass in masses(ensemble, PARTED).values())


@pytest.mark.parametrize("target", [PLANE, SHELL, POINTS, TARGETS["torus"], TARGETS["full"]],
                         ids=["plane", "shell", "points", "torus", "full"])
def test_the_estimand_is_that_of_plain_starting_points(target):
    for sampler in (Ddim(), RungeKutta("heun")):
        plain = total_variation(transport(sampler, ExactScore(target), SCHEDULE, 20_000, 0), target, controls=True)
        weighted = total_variation(transport(sampler, ExactScore(target), SCHEDULE, 2000, 1, Tail()), target)
        assert near(weighted, plain)


@pytest.mark.parametrize("target", [PLANE, PARTED, SHELL, POINTS], ids=["plane", "parted", "shell", "points"])
def test_both_sides_agree(target):
    """``E_p (1 - q/p)_+`` over the ends that the weights are made of, pulled back through the sampler's inverse."""
    schedule = log_snr_schedule(33, 0.01, 0.99)
    sampler_map = Map(UniPC(3), ExactScore(target), schedule)
    y = target.sample(6000, schedule.end, np.random.default_rng(5))
    z, volume, _ = sampler_map.preimages(y, ways_up.climb(target, y, schedule)[0])
    shares = excess(target.log_density(z, schedule.start) - volume - target.log_density(y, schedule.end))
    ensemble = transport(UniPC(3), ExactScore(target), schedule, 3000, 1, Tail())
    estimate = total_variation(ensemble, target)
    assert ensemble.folded < 0.01 * estimate.value and estimate.value > 100 * estimate.floor
    assert abs(estimate.value - shares.mean()) < 4 * np.hypot(estimate.stderr, shares.std() / np.sqrt(6000))


@pytest.mark.parametrize("target", [PARTED, GaussianMixture.low_rank(2, 2, 6, 0.2, 5.0, 11)], ids=["line", "plane"])
def test_intervals_cover_and_are_narrow(target):
    """At most 10 % of the figure from 300 paths, where plain starting points leave 130 %, and nine in ten cover."""
    sampler, schedule = MEASURED
    few = [total_variation(transport(sampler, ExactScore(target), schedule, 300, seed, Tail(candidates=4)), target)
           for seed in range(30)]
    values, errors = np.array([(each.value, each.stderr) for each in few]).T
    many = transport(sampler, ExactScore(target), schedule, 20_000, 99, Tail(candidates=4))
    exact = total_variation(many, target)
    assert values.std() < 0.1 * exact.value and np.mean(np.abs(values - exact.value) < 1.96 * errors) >= 0.8
    plain = [total_variation(transport(sampler, ExactScore(target), schedule, 300, seed), target) for seed in range(30)]
    assert np.std([each.value for each in plain]) > 3 * values.std()
    assert np.mean([each.heavy for each in plain]) > 0.5 and not any(each.heavy for each in few)


def test_starting_points_are_made_once_for_targets_of_the_same_values():
    def draw(target, seed=0, n=50, schedule=SCHEDULE):
        rng = np.random.default_rng(seed)
        return Tail(candidates=2).on(target, schedule).draw(n, rng), rng.random()

    one, other = (GaussianMixture([[0.0], [shift]], 0.1) for shift in (3.0, 3.1))
    first, again = draw(one), draw(GaussianMixture([[0.0], [3.0]], 0.1))
    assert first[0] is again[0] and first[1] == again[1]  # and what is drawn next is the same
    finer = log_snr_schedule(65, 0.01, 0.99)
    assert draw(one, schedule=finer)[0] is first[0]  # the rungs of a ladder share them
    others = [draw(other), draw(one, seed=1), draw(one, n=49), draw(one, schedule=log_snr_schedule(17, 0.02, 0.99))]
    assert all(each[0] is not first[0] for each in others)


def test_a_run_records_the_masses_and_shares_of_the_nominal_law():
    run = Run(Heroism(3, 3), PerturbedScore(PLANE, 0.1), SCHEDULE, Tail(candidates=2), 500, 0)
    found = TotalVariation()(run)
    assert set(found) == {"", "start_mass", "target_mass"} and near(found["start_mass"]) and near(found["target_mass"])
    plain = Run(Heroism(3, 3), PerturbedScore(PLANE, 0.1), SCHEDULE, "exact", 500, 0)
    assert set(TotalVariation()(plain)) == {""}
    assert run.score.score_error == pytest.approx(plain.score.score_error, rel=0.1)


def test_where_it_does_not_apply():
    with pytest.raises(InputError, match="start = tail: a target with independent copies"):
        Tail().on(ProductMixture([-1.0, 1.0], 0.1, dim=3), SCHEDULE)
    with pytest.raises(InputError, match="start = importance-sampled: a stochastic sampler has no densities"):
        transport(Ddpm(), ExactScore(PLANE), SCHEDULE, 10, 0, Tail())
    with pytest.raises(InputError, match="start = tail: a stochastic sampler has no densities"):
        Tail().check(PLANE, stochastic=True)
    with pytest.raises(InputError, match="nominal = wide: choose exact or gaussian"):
        Tail("wide")
    with pytest.raises(InputError, match="candidates = 0"):
        Tail(candidates=0)
    with pytest.raises(InputError, match="ensemble = all particles count the same"):
        masses(transport(Ddim(), ExactScore(PLANE), SCHEDULE, 10, 0), PLANE)


def test_a_way_up_that_folds_is_refined_or_refused(monkeypatch):
    y, schedule = np.linspace(-7.0, 7.0, 501)[:, None], log_snr_schedule(17, 1e-4, 0.99)
    fine = ways_up.climb(PARTED, y, schedule)
    monkeypatch.setattr(ways_up, "CLIMB_REACH", 2.0 * ways_up.CLIMB_REACH)
    assert np.array_equal(ways_up.climb(PARTED, y, schedule)[0], fine[0])
    monkeypatch.setattr(ways_up, "CLIMB_REACH", 8.0)
    with pytest.raises(ArithmeticError, match="folds in steps of 2 in half-log-SNR"):
        ways_up.climb(PARTED, y, schedule)


def test_the_way_up_inverts_the_way_down():
    y = PLANE.sample(50, SCHEDULE.end, np.random.default_rng(0))
    z, log_volume = ways_up.climb(PLANE, y, SCHEDULE)
    down = Map(Heroism(5, 12), ExactScore(PLANE), log_snr_schedule(129, 0.01, 0.99))(z)
    assert np.allclose(down.positions, y, atol=1e-5) and np.allclose(down.log_volume, -log_volume, atol=1e-4)


def test_weights_that_cannot_be_right_are_refused():
    """A target whose density is too small by a tenth at the noisy end."""

    class Wrong(type(PLANE)):
        def log_density(self, x, level):
            return super().log_density(x, level) - 0.1 * (level.tau > 0.5)

    wrong = Wrong(PLANE.weights, PLANE.means, PLANE.variances)
    with pytest.raises(ArithmeticError, match=r"starting points have a mean of 0.9\d* instead of 1"):
        Tail(candidates=2).on(wrong, SCHEDULE).draw(20_000, np.random.default_rng(0))


def test_where_everything_folds_the_share_is_all():
    """Weights are one in the mean only: their sum may be a little more than their number."""
    target = Sphere(25, 2.6)
    coarse = log_snr_schedule(5, 1e-4, 0.99984)
    folded = [transport(ComposedHeroism.frugal(), ExactScore(target), coarse, 200, start=Tail(), seed=seed).folded
              for seed in range(3)]
    assert 0.0 <= min(folded) <= max(folded) <= 1.0


def test_levels_that_a_pilot_run_places_go_with_the_tail():
    """A pilot run starts from the nominal law; a law of which one part is followed is refused before anything runs."""
    rival, levels = ExponentialAdams(2), transition_schedule(30, 1e-4, 0.99984)
    target = GaussianMixture.low_rank(2, 2, 6, 0.2, 5.0, 11)
    plain, tail = (transport(rival, ExactScore(target), levels, 400, 1, start) for start in ("exact", Tail()))
    assert plain.evaluations == tail.evaluations
    values = [total_variation(each, target) for each in (plain, tail)]
    assert values[1].stderr < values[0].stderr
    assert abs(values[0].value - values[1].value) < 4.0 * np.hypot(values[0].stderr, values[1].stderr)
    with pytest.raises(InputError, match="start = tail: the paths that are followed are those to one part of the law"):
        transport(rival, ExactScore(RandomCodebook(64)), levels, 8, 1, Tail())

"""Populations of particles: densities by change of variables, blocks, starts, folds, divergence, budgets."""

import numpy as np
import pytest
from scipy.stats import kstest, norm

from heroism.distances import total_variation
from heroism.errors import InputError
from heroism.flow import BudgetExceeded
from heroism.noise import log_snr_schedule
from heroism.samplers import Ddim, Ddpm, ExponentialAdams, Heroism, OneStepSampler, Sampler
from heroism.scores import ExactScore
from heroism.tests.small_targets import PLANE, TWO_PEAKS, GaussianRadius, gaussian
from heroism.transport import transport

SCHEDULE = log_snr_schedule(9, 0.02, 0.97)


class Stay(Sampler):
    """The identity."""

    order = 0

    def evaluations(self, steps):
        return 0

    def rounds(self, steps):
        return 0

    def transport(self, flow, bundle, schedule):
        return bundle.copy()


class Fold(Stay):
    """``x + c s(x)`` at the largest noise level: for c large the map turns back wherever ``1 + c s'(x) < 0``."""

    def __init__(self, c):
        self.c = c

    def transport(self, flow, bundle, schedule):
        return bundle + self.c * flow(bundle, schedule.end)


class Explode(OneStepSampler):
    """Leaves the floating-point numbers."""

    order = 0

    def step(self, flow, bundle, start, end):
        return 1e200 * bundle + 0.0 * flow(bundle, start)


def run(sampler, target=PLANE, particles=300, seed=0, **options):
    return transport(sampler, ExactScore(target), SCHEDULE, particles, seed, **options)


@pytest.mark.parametrize("sampler", [Ddim(), Heroism(3, 4), ExponentialAdams(4)], ids=lambda s: type(s).__name__)
def test_result_does_not_depend_on_blocks(sampler):
    whole = run(sampler, particles=100, block=100)
    for block in (1, 7, None):
        parts = run(sampler, particles=100, block=block)
        assert np.allclose(parts.positions, whole.positions, rtol=1e-11, atol=1e-12)
        assert np.allclose(parts.log_density, whole.log_density, rtol=1e-11, atol=1e-11)
        assert (parts.evaluations, parts.rounds) == (whole.evaluations, whole.rounds)
        assert np.array_equal(parts.echoed, whole.echoed)


def test_density_of_a_linear_map_in_closed_form():
    """DDIM maps N(0, v I_2) by a factor f: the output is N(0, f^2 v_T I_2)."""
    target = gaussian(0.3, dim=2)
    ends = run(Ddim(), target)
    unit = run(Stay(), target)
    factor = ends.positions[0, 0] / unit.positions[0, 0]
    assert np.allclose(ends.positions, factor * unit.positions, rtol=1e-12)
    spread = factor * np.sqrt(0.3 * SCHEDULE.start.alpha_bar + SCHEDULE.start.tau)
    assert np.allclose(ends.log_density, norm.logpdf(ends.positions, scale=spread).sum(axis=1), atol=1e-12)


@pytest.mark.parametrize("target", [PLANE, TWO_PEAKS], ids=["plane", "line"])
def test_density_has_mass_one(target):
    """``E_q[p / q] = 1`` for any law p that q covers, if and only if q is normalised; p is the exact law."""
    ends = run(Heroism(3, 3), target, particles=4000)
    ratio = np.exp(target.log_density(ends.positions, ends.level) - ends.log_density)
    assert abs(ratio.mean() - 1.0) < 4 * ratio.std() / np.sqrt(4000) and ratio.std() < 0.5


def test_every_sampler_gets_the_same_start_and_every_seed_its_own():
    first, second = run(Stay()), run(Stay())
    assert np.array_equal(first.positions, second.positions)
    assert np.array_equal(run(Stay(), seed=np.random.SeedSequence(0)).positions, first.positions)
    assert not np.any(np.isclose(run(Stay(), seed=1).positions, first.positions))
    assert np.allclose(run(Fold(0.0)).positions, first.positions)


def test_exact_start_is_the_law_at_the_largest_noise_level():
    target = GaussianRadius(0.3, 5)
    ends = run(Stay(), target, particles=2000)
    assert np.array_equal(ends.log_density, target.log_density(ends.positions, SCHEDULE.start))
    spread = 0.3 * SCHEDULE.start.alpha_bar + SCHEDULE.start.tau
    assert kstest(ends.positions[:, 0] ** 2 / spread, "chi2", args=(5,)).pvalue > 1e-3


def test_gaussian_start_is_standard_normal_in_reduced_coordinates():
    ends = run(Stay(), PLANE, particles=2000, start="gaussian")
    assert np.allclose(ends.log_density, norm.logpdf(ends.positions).sum(axis=1), atol=1e-13)
    assert kstest(ends.positions.ravel(), "norm").pvalue > 1e-3
    ends = run(Stay(), GaussianRadius(0.3, 5), particles=2000, start="gaussian")
    assert kstest(ends.positions[:, 0] ** 2, "chi2", args=(5,)).pvalue > 1e-3


def test_ensemble_reports_level_and_cost():
    ends = run(Heroism(3, 4))
    assert ends.level == SCHEDULE.end
    assert (ends.evaluations, ends.rounds) == (Heroism(3, 4).evaluations(9), Heroism(3, 4).rounds(9))
    assert (ends.folded, ends.diverged, ends.stochastic) == (0.0, 0.0, False)


def test_a_fold_is_noticed_where_it_is():
    """The share of folded particles is that of a negative derivative, which is known here."""
    h = 1e-6
    start = run(Stay(), TWO_PEAKS, particles=1000).positions
    ahead, behind = (TWO_PEAKS.score((start + move)[None], SCHEDULE.end)[0] for move in (h, -h))
    slope = (ahead - behind) / (2 * h)
    shares = []
    for strength in (0.1, 1.0, 3.0):
        shares.append(run(Fold(strength), TWO_PEAKS, particles=1000).folded)
        assert shares[-1] == pytest.approx(np.mean(1.0 + strength * slope < 0.0), abs=2e-3)
    assert shares[0] == 0.0 and 0.1 < shares[1] < shares[2] < 0.9


def test_a_diverging_sampler_has_lost_its_mass():
    ends = run(Explode())
    assert (ends.diverged, ends.folded) == (1.0, 0.0)
    estimate = total_variation(ends, PLANE)
    assert (estimate.value, estimate.stderr) == (1.0, 0.0)


def test_the_budget_reaches_the_flow():
    assert run(Ddim(), budget=8).evaluations == 8
    with pytest.raises(BudgetExceeded):
        run(Ddim(), budget=7)


def test_the_echo_takes_the_same_paths_a_few_ulps_apart():
    ends = run(Heroism(3, 4))
    assert len(ends.echo.positions) == len(ends.echoed) == 32
    distance = np.abs(ends.echo.positions - ends.positions[ends.echoed])
    assert 0.0 < distance.max() < 1e-12


def test_a_stochastic_sampler_has_positions_and_no_density():
    ends = run(Ddpm(), seed=4)
    assert ends.stochastic and np.all(np.isfinite(ends.positions)) and np.all(np.isnan(ends.log_density))
    assert np.array_equal(run(Ddpm(), seed=4).positions, ends.positions)
    assert (ends.evaluations, ends.rounds) == (8, 8)


@pytest.mark.parametrize(("options", "sentence"), [
    ({"particles": 0}, "particles = 0: give a whole number of at least 1"),
    ({"particles": 2.5}, "particles = 2.5"),
    ({"start": "zero"}, "start = zero: choose exact or gaussian"),
])
def test_mistakes_are_named(options, sentence):
    with pytest.raises(InputError, match="^" + sentence):
        run(Ddim(), **options)

"""Grids under the names that people know: beside the code that they come from, where a package has it, and tables."""

import importlib.util
from functools import partial

import numpy as np
import pytest
from scipy.stats import beta as beta_law

from heroism import grids
from heroism.errors import InputError
from heroism.grids import SIGMA_MAX, SIGMA_MIN
from heroism.report.measuring import GRIDS, measure
from heroism.samplers.known import KNOWN, known
from heroism.tabulated import table_schedule
from heroism.targets import GaussianMixture
from heroism.tests.shipped import k_diffusion

EVERY = {**{name: getattr(grids, name) for name in GRIDS}, "beta57": partial(grids.beta, alpha=0.5, beta=0.7),
         "flow, shifted": partial(grids.flow, shift=3.0), "flow, terminal": partial(grids.flow, terminal=0.02)}
every = pytest.mark.parametrize("grid", EVERY.values(), ids=EVERY)


def sigmas(schedule):
    return np.array([level.sigma for level in schedule.levels[::-1]])


@every
@pytest.mark.parametrize("T", [6, 9, 13, 17, 25, 33, 51])
def test_levels_fall_to_the_end_that_was_asked_for(grid, T):
    low, zero = grid(T), grid(T, end="zero")
    assert len(low) == len(zero) == T
    assert zero.end.tau == pytest.approx(1e-30) and low.end.tau > 1e-7
    assert np.all(np.diff(sigmas(low)) < 0) and low.start.sigma == pytest.approx(zero.start.sigma)
    assert np.allclose(low.alpha_bar + low.tau, 1.0)


@every
def test_another_end_is_refused(grid):
    with pytest.raises(InputError, match="end = one: choose one of sigma_min, zero"):
        grid(9, end="one")
    with pytest.raises(InputError, match="T = 2"):
        grid(2)


@pytest.mark.parametrize("make, said", [
    (lambda: grids.karras(9, 2.0, 1.0), "sigma_min = 2.0: must be below sigma_max = 1"),
    (lambda: grids.karras(9, rho=0.0), "rho = 0.0"), (lambda: grids.vp(9, eps_s=1.0), "eps_s = 1.0"),
    (lambda: grids.align_your_steps(9, "sd3"), "model = sd3: choose one of sd1, sdxl, svd"),
    (lambda: grids.beta(900), "T = 900: the quantiles of the beta law make no such number of levels"),
    (lambda: grids.simple(1200), "two levels of simple"), (lambda: grids.flow(9, terminal=1.0), "terminal = 1.0"),
    (lambda: grids.ddim_uniform(100), "T = 100: no whole stride makes so many levels; take 101"),
    (lambda: grids.linear_quadratic(9, threshold=1.0), "threshold"),
    (lambda: grids.bong_tangent(9, pivot=1.0), "pivot = 1.0: give a number"),
    (lambda: grids.bong_tangent(9, pivot=0.1), "pivot = 0.1: leave two levels"),
    (lambda: grids.flow(9, shift=-1.0), "shift = -1")])
def test_one_sentence_for_a_mistake(make, said):
    with pytest.raises(InputError, match=said):
        make()


def test_grids_of_k_diffusion():
    shipped, n = k_diffusion(), 12
    powers = partial(grids.polyexponential, rho=2.0), partial(shipped.get_sigmas_polyexponential, rho=2.0)
    for mine, theirs in ((grids.karras, shipped.get_sigmas_karras),
                         (grids.exponential, shipped.get_sigmas_exponential), powers):
        expected = theirs(n, SIGMA_MIN, SIGMA_MAX).double().numpy()
        assert np.allclose(sigmas(mine(n + 1, end="zero"))[:-1], expected[:-1], rtol=1e-5)
        assert np.allclose(sigmas(mine(n)), expected[:-1], rtol=1e-5)  # theirs are in single precision
    vp = shipped.get_sigmas_vp(n).double().numpy()[:-1]  # exp(B) - 1 in single precision
    assert np.allclose(sigmas(grids.vp(n)), vp, rtol=1e-3)


@pytest.mark.skipif(importlib.util.find_spec("diffusers") is None, reason="the extra is not installed")
def test_tables_and_timesteps_of_diffusers():
    from diffusers import EulerDiscreteScheduler, FlowMatchEulerDiscreteScheduler
    from diffusers.schedulers import AysSchedules

    from heroism.samplers.external.diffusers_schedulers import TRAINED, known_warnings

    with known_warnings():
        euler = EulerDiscreteScheduler(**TRAINED)
        assert np.allclose(euler.alphas_cumprod, 1.0 / (1.0 + grids.trained_sigmas() ** 2), rtol=2e-6)
        euler.set_timesteps(20)
        assert np.allclose(sigmas(grids.normal(21, end="zero"))[:-1], euler.sigmas.numpy()[:-1], rtol=2e-2)
        karras = EulerDiscreteScheduler(**TRAINED, use_karras_sigmas=True)
        karras.set_timesteps(20)
        assert np.allclose(sigmas(grids.karras(21, end="zero"))[:-1], karras.sigmas.numpy()[:-1], rtol=1e-3)
        trailing = EulerDiscreteScheduler(**TRAINED, timestep_spacing="trailing")
        trailing.set_timesteps(20)
        assert np.allclose(sigmas(grids.simple(21, end="zero"))[:-1], trailing.sigmas.numpy()[:-1], rtol=1e-5)
        for model, name in (("sd1", "StableDiffusionSigmas"), ("sdxl", "StableDiffusionXLSigmas"),
                            ("svd", "StableDiffusionVideoSigmas")):
            assert np.allclose(grids.ALIGNED[model][:-1], AysSchedules[name][:-1], rtol=2e-2)
        for shift in (1.0, 3.0):
            match = FlowMatchEulerDiscreteScheduler(shift=shift)
            match.set_timesteps(sigmas=np.linspace(1.0, 1e-3, 12))
            expected = grids.flow_sigmas(match.sigmas.double().numpy())
            assert np.allclose(sigmas(grids.flow(13, shift, end="zero"))[:-1], expected[:-1], rtol=1e-4)


def test_quantiles_of_the_beta_law_are_those_of_scipy():
    shares = 1.0 - np.linspace(0.0, 1.0, 20, endpoint=False)
    chosen = np.rint(beta_law.ppf(shares, 0.6, 0.6) * 999).astype(int)
    assert np.allclose(sigmas(grids.beta(21, end="zero"))[:-1], grids.trained_sigmas()[chosen], rtol=1e-12)


def test_two_arctangents_meet_at_equal_shares():
    """At 20 steps, against levels of the code that it comes from."""
    found = sigmas(grids.bong_tangent(21, end="zero"))[:-1]
    expected = [1.0, 0.9917, 0.982, 0.9705, 0.9565, 0.9395, 0.9182, 0.8908, 0.8548, 0.8057, 0.7368, 0.6381, 0.5, 0.3593,
                0.2464, 0.1657, 0.1094, 0.0693, 0.0398, 0.0174]
    assert np.allclose(found / (1.0 + found), expected, atol=1e-4)


def test_dynamic_shift_of_flux():
    assert grids.dynamic_shift(256) == pytest.approx(np.exp(0.5))
    assert grids.dynamic_shift(4096) == pytest.approx(np.exp(1.15))


def test_time_is_dilated_up_to_the_middle():
    alpha = np.sqrt(grids.dilated(9, 0.1, tau_min=0.04).alpha_bar[::-1])
    assert alpha[[0, 4, 8]] == pytest.approx([1e-5, 0.1, np.sqrt(0.96)])
    assert np.ptp(np.diff(alpha[:5])) < 1e-12 and np.ptp(np.diff(alpha[4:])) < 1e-12
    for wrong in ({"middle": 1.0}, {"middle": 0.0}, {"tau_min": 1.0}):
        with pytest.raises(InputError, match=next(iter(wrong))):
            grids.dilated(9, **wrong)


def test_shares_of_flow_matching_are_what_they_say():
    level = grids.flow(5, end="zero").levels[2]
    share = np.linspace(1.0, 1e-3, 4)[2]
    total = np.sqrt(level.alpha_bar) + np.sqrt(level.tau)  # x = (1 - s) X_0 + s Z is that many times ours
    assert np.sqrt(level.tau) / total == pytest.approx(share, rel=1e-12)


def test_a_table_three_ways_and_from_a_file(tmp_path):
    listed = [10.0, 3.0, 1.0, 0.1]
    alpha_bar = [1.0 / (1.0 + sigma**2) for sigma in listed]
    flow = [sigma / (1.0 + sigma) for sigma in listed]
    (tmp_path / "levels.csv").write_text("sigma\n" + "\n".join(map(str, listed)))
    np.save(tmp_path / "levels.npy", np.array([listed]))
    for made in (table_schedule(4, listed), table_schedule(sigmas=listed[::-1]), table_schedule(alpha_bar=alpha_bar),
                 table_schedule(flow=flow), table_schedule(4, str(tmp_path / "levels.csv")),
                 table_schedule(sigmas=tmp_path / "levels.npy")):
        assert np.allclose(sigmas(made), listed, rtol=1e-12)


def test_both_ends_of_noise_in_a_table():
    for made in (table_schedule(alpha_bar=[0.0, 0.5, 1.0]), table_schedule(flow=[1.0, 0.5, 0.0]),
                 table_schedule(sigmas=[float("inf"), 1.0, 0.0])):
        assert made.start.alpha_bar == pytest.approx(1e-10) and made.end.tau == pytest.approx(1e-30)


CANNOT = {"heun", "dpm_fast"}


@pytest.mark.parametrize("name", [name for name in KNOWN if not known(name).stochastic])
def test_who_starts_at_pure_noise(name):
    """From s = 1 as from s = 0.999, for all but those that are said not to."""
    target, shares = GaussianMixture([[-1.0, 0.2], [1.0, 0.5]], 0.3, [0.4, 0.6]), np.linspace(1.0, 0.03, 33)
    near, pure = (measure(name, target, schedule=table_schedule(flow=[first, *shares[1:]]), particles=60).rungs[0].tv
                  for first in (0.999, 1.0))
    assert (pure.value < 2.0 * near.value + 0.003) is (name not in CANNOT)


@pytest.mark.parametrize("given, said", [
    ({}, "schedule = no table: give one of sigmas, alpha_bar and flow"),
    ({"sigmas": [2, 1], "flow": [0.5, 0.1]}, "schedule = sigmas and flow"),
    ({"sigmas": [2.0, 1.0], "steps": 5}, "T = 5: the table has 2 levels"),
    ({"sigmas": [2.0, -1.0]}, r"schedule.sigmas = \[-1.0\]: give numbers from 0 to inf"),
    ({"alpha_bar": [0.2, 1.5]}, r"schedule.alpha_bar = \[1.5\]"), ({"flow": [0.2, float("nan")]}, "schedule.flow"),
    ({"sigmas": ["a", 1.0]}, "schedule.sigmas"), ({"sigmas": 3.0}, "schedule.sigmas = 3.0: give a list of numbers"),
    ({"sigmas": [1.0, 1.0, 0.5]}, "two levels are the same: give at least two numbers, all different"),
    ({"alpha_bar": [0.5, 0.5]}, "all different"), ({"flow": [0.5]}, "at least two"),
    ({"sigmas": "nowhere.csv"}, "there is no such file")])
def test_a_table_that_is_none(given, said):
    with pytest.raises(InputError, match=said):
        table_schedule(**given)

"""Samplers under the names that people know: each is what its file says, and to round-off the shipped code."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import yaml
from hydra.utils import instantiate

import heroism as hs
from heroism.errors import InputError
from heroism.flow import Flow
from heroism.grids import from_sigmas
from heroism.noise import NoiseSchedule, log_snr_schedule, rho_schedule
from heroism.samplers import DpmFast
from heroism.samplers.dpm_fast import step_orders
from heroism.samplers.external import as_sampler
from heroism.samplers.known import KNOWN, known
from heroism.targets import GaussianMixture
from heroism.tests.shipped import k_diffusion
from heroism.tests.small_targets import PLANE

CONF = Path(__file__).parents[2] / "conf" / "sampler"
SCHEDULE = rho_schedule(9, 1e-3, 0.995)
STARTS = np.random.default_rng(3).normal(size=(1, 5, 2))


def ends(sampler, schedule: NoiseSchedule = SCHEDULE) -> np.ndarray:
    return sampler.transport(Flow(PLANE.score), STARTS, schedule)[0]


@pytest.mark.parametrize("name", KNOWN)
def test_a_name_is_what_its_file_says(name):
    assert repr(instantiate(yaml.safe_load((CONF / f"{name}.yaml").read_text()))) == repr(known(name))


def test_names_are_taken_where_samplers_are():
    target = GaussianMixture([[-1.0, 0.0], [1.0, 0.5]], 0.2)
    report = hs.compare(["dpmpp_2m", "uni_pc"], target, steps=[8], schedule="karras", particles=20)
    assert len(report.reports) == 2 and "karras(0.02917, 14.61)" in repr(report)
    with pytest.raises(InputError, match="sampler = dpmpp_4m: choose one of ddim, "):
        hs.measure("dpmpp_4m", target)


@pytest.mark.parametrize("name, function, settings", [
    ("ddim", "sample_euler", {}), ("ddim", "sample_euler_ancestral", {"eta": 0.0}), ("heun", "sample_heun", {}),
    ("dpm_2", "sample_dpm_2", {}), ("dpm_2", "sample_dpm_2_ancestral", {"eta": 0.0}), ("lms", "sample_lms", {}),
    ("ipndm_v", "sample_lms", {}), ("dpmpp_2s", "sample_dpmpp_2s_ancestral", {"eta": 0.0}),
    ("dpmpp_2m", "sample_dpmpp_2m", {}), ("dpmpp_2m", "sample_dpmpp_2m_sde", {"eta": 0.0}),
    ("res_multistep", "sample_dpmpp_2m_sde", {"eta": 0.0, "solver_type": "heun"}),
    ("dpmpp_3m", "sample_dpmpp_3m_sde", {"eta": 0.0})])
def test_a_deterministic_one_is_that_of_k_diffusion(name, function, settings):
    theirs = partial(getattr(k_diffusion(), function), disable=True, **settings)
    if "eta" in settings:
        theirs = partial(theirs, noise_sampler=lambda sigma, sigma_next: 0.0)
    assert np.allclose(ends(known(name)), ends(as_sampler(theirs, "denoiser", array="torch")), rtol=0, atol=1e-11)


@pytest.mark.parametrize("T", [3, 4, 5, 6, 7, 12, 13, 14])
def test_dpm_fast_is_that_of_k_diffusion(T):
    shipped, schedule = k_diffusion(), log_snr_schedule(T, 1e-3, 0.995)

    def sample(model, x, sigmas):
        return shipped.sample_dpm_fast(model, x, sigmas[-1].item(), sigmas[0].item(), len(sigmas) - 1, disable=True)

    torch, mine = pytest.importorskip("torch"), ends(DpmFast(), schedule)
    torch.set_default_dtype(torch.float64)  # of the ends, which theirs would round to single precision
    try:
        theirs = ends(as_sampler(sample, "denoiser", array="torch"), schedule)
    finally:
        torch.set_default_dtype(torch.float32)
    assert np.allclose(mine, theirs, rtol=0, atol=1e-11)


def test_dpm_adaptive_is_dpm_solver_3_at_the_levels_that_it_chose():
    """Its steps depend on the state, so it has no Jacobian; frozen (grid=table) it is one that has."""
    torch, shipped, chosen = pytest.importorskip("torch"), k_diffusion(), [SCHEDULE.start.sigma]

    def sample(model, x, sigmas):
        return shipped.sample_dpm_adaptive(model, x, sigmas[-1].item(), sigmas[0].item(), disable=True,
                                           callback=lambda info: chosen.append(info["sigma"].item()))

    torch.set_default_dtype(torch.float64)
    try:
        theirs = ends(as_sampler(sample, "denoiser", array="torch"))
    finally:
        torch.set_default_dtype(torch.float32)
    kept = -np.unique(-np.array(chosen))  # a step that was refused leaves the level as it was
    assert len(kept) > 5 and np.allclose(kept[-1], SCHEDULE.end.sigma)
    assert np.allclose(ends(known("dpm_solver_3"), from_sigmas("chosen", kept)), theirs, rtol=0, atol=1e-11)


def test_dpm_fast_spends_what_it_is_granted():
    assert [step_orders(n) for n in (1, 2, 3, 4, 6, 7)] == [[1], [2], [2, 1], [3, 1], [3, 2, 1], [3, 3, 1]]
    assert all(sum(step_orders(n)) == n for n in range(1, 40))


@pytest.mark.parametrize("name, function, settings", [
    ("euler_ancestral", "sample_euler_ancestral", {}), ("dpm_2_ancestral", "sample_dpm_2_ancestral", {}),
    ("dpmpp_2s_ancestral", "sample_dpmpp_2s_ancestral", {}),
    ("dpmpp_2m_sde", "sample_dpmpp_2m_sde", {}), ("dpmpp_2m_sde_heun", "sample_dpmpp_2m_sde", {"solver_type": "heun"}),
    ("dpmpp_3m_sde", "sample_dpmpp_3m_sde", {})])
def test_a_stochastic_one_is_that_of_k_diffusion(name, function, settings):
    """From the same noise, drawn in the same order. (The two draws of a step of dpmpp_sde are correlated.)"""
    torch = pytest.importorskip("torch")
    ours, theirs = (np.random.default_rng(5) for _ in range(2))
    mine = known(name).transport(
        Flow(PLANE.score, diffusion=lambda x, by: x + by * ours.normal(size=x.shape)), STARTS, SCHEDULE)[0]
    shipped = partial(getattr(k_diffusion(), function), disable=True, **settings, noise_sampler=lambda now, then:
                      torch.from_numpy(theirs.normal(size=STARTS[0].shape)))
    assert np.allclose(mine, ends(as_sampler(shipped, "denoiser", array="torch")), rtol=0, atol=1e-11)


@pytest.mark.parametrize("name, scheduler, options", [
    ("ddim", "DDIM", {}), ("ddim", "EulerDiscrete", {}), ("heun", "HeunDiscrete", {}), ("dpm_2", "KDPM2Discrete", {}),
    ("lms", "LMSDiscrete", {}), ("dpmpp_2m", "DPMSolverMultistep", {}),
    ("res_multistep", "DPMSolverMultistep", {"solver_type": "heun"}),
    ("dpmpp_3m", "DPMSolverMultistep", {"solver_order": 3, "solver_type": "heun"}),
    ("uni_pc", "UniPCMultistep", {"solver_order": 3, "solver_type": "bh1"}),
    ("uni_pc_bh2", "UniPCMultistep", {"solver_order": 3, "solver_type": "bh2"})])
def test_a_deterministic_one_is_that_of_diffusers(name, scheduler, options):
    pytest.importorskip("diffusers")
    options = options | ({"lower_order_final": False} if "Multistep" in scheduler else {})
    theirs = hs.Diffusers(scheduler, options, precision="double")
    # what is left: their tables of timesteps are in single precision for some
    assert np.allclose(ends(known(name)), ends(theirs), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in KNOWN if not known(name).stochastic and name != "dpm_fast"])
def test_every_deterministic_name_has_its_order(name):
    hs.testing.assert_order(name, known(name).order)

"""Functions on tensors, and schedulers of ``diffusers`` that somebody made; left out where the extra is missing."""

import functools

import numpy as np
import pytest

import heroism as hs
from heroism.errors import InputError
from heroism.noise import rho_schedule
from heroism.samplers import RungeKutta
from heroism.samplers.external import Diffusers, DiffusersNoise, as_sampler
from heroism.samplers.external.catalogue import METHODS
from heroism.samplers.external.diffusers_schedulers import known_warnings
from heroism.scores import ExactScore
from heroism.targets import GaussianMixture
from heroism.transport import transport

torch = pytest.importorskip("torch", reason="the extra is not installed: pip install -e '.[diffusers]'")
diffusers = pytest.importorskip("diffusers", reason="the extra is not installed: pip install -e '.[diffusers]'")

SCHEDULE = rho_schedule(9, 1e-4, 0.9999)
TARGET = GaussianMixture([[2.0, 0.0, 0.0], [-1.0, 1.0, 0.3], [0.0, 1.0, 2.0]], [0.2, 0.1, 0.3])


def append_dims(x, target_dims):
    return x[(...,) + (None,) * (target_dims - x.ndim)]


def to_d(x, sigma, denoised):
    return (x - denoised) / append_dims(sigma, x.ndim)


@torch.no_grad()
def sample_heun(model, x, sigmas, extra_args=None, callback=None, s_churn=0.0, s_noise=1.0):
    """As k-diffusion has it, churn included."""
    extra_args = {} if extra_args is None else extra_args
    s_in = x.new_ones([x.shape[0]])
    for i in range(len(sigmas) - 1):
        gamma = min(s_churn / (len(sigmas) - 1), 2**0.5 - 1)
        sigma_hat = sigmas[i] * (gamma + 1)
        if gamma > 0:
            x = x + torch.randn_like(x) * s_noise * (sigma_hat**2 - sigmas[i] ** 2) ** 0.5
        denoised = model(x, sigma_hat * s_in, **extra_args)
        d = to_d(x, sigma_hat * s_in, denoised)
        if callback is not None:
            callback({"x": x, "i": i, "sigma": sigmas[i], "denoised": denoised})
        dt = sigmas[i + 1] - sigma_hat
        if sigmas[i + 1] == 0:
            x = x + d * dt
        else:
            x_2 = x + d * dt
            denoised_2 = model(x_2, sigmas[i + 1] * s_in, **extra_args)
            d_prime = (d + to_d(x_2, sigmas[i + 1] * s_in, denoised_2)) / 2
            x = x + d_prime * dt
    return x


def step_ddim(score, x, level, next_level):
    noise = -torch.sqrt(torch.tensor(level.tau, dtype=x.dtype)) * score(x, level)
    data = (x - level.tau**0.5 * noise) / level.alpha_bar**0.5
    return next_level.alpha_bar**0.5 * data + next_level.tau**0.5 * noise


def carried(sampler):
    return transport(sampler, ExactScore(TARGET), SCHEDULE, particles=60, seed=0)


def test_a_function_on_tensors_is_what_it_says():
    mine, known = carried(as_sampler(sample_heun)), carried(RungeKutta("heun", "sigma"))
    assert np.allclose(mine.positions, known.positions, rtol=1e-12, atol=1e-12)
    assert np.allclose(mine.log_density, known.log_density, rtol=1e-11, atol=1e-11)
    assert mine.evaluations == known.evaluations


@pytest.mark.parametrize("function", [sample_heun, functools.partial(sample_heun, s_churn=0.0), step_ddim,
                                      lambda model, x, sigmas: sample_heun(model, x, sigmas)])
def test_that_it_works_on_tensors_is_read_off_its_source(function):
    assert as_sampler(function).array == "torch"


def test_single_precision_of_tensors_is_seen():
    sampler = as_sampler(lambda model, x, sigmas: sample_heun(model, x.float(), sigmas.float()))
    report = hs.measure(sampler, TARGET, steps=[8], particles=40)
    assert "not in double precision" in repr(report) and 1e-9 < report.rungs[0].tv.floor < 1e-4


def test_churn_and_clipping_are_told_so():
    with pytest.raises(InputError, match="adds noise"):
        carried(as_sampler(functools.partial(sample_heun, s_churn=10.0)))

    def clipped(model, x, sigmas):
        return sample_heun(lambda x, sigma: model(x, sigma).clamp(-1, 1), x, sigmas)

    with pytest.raises(InputError, match="not linear"):
        carried(as_sampler(clipped))


def test_order_of_a_function_on_tensors():
    hs.testing.assert_order(sample_heun, 2)
    hs.testing.assert_order(step_ddim, 1)
    with pytest.raises(AssertionError):
        hs.testing.assert_order(lambda model, x, sigmas: sample_heun(lambda x, s: 1.01 * model(x, s), x, sigmas), 2)


UNCLIPPED = {"DDIMScheduler": {"clip_sample": False}}
# (scheduler, options, order that it has at all steps of a ladder): what starts or ends with a lower order keeps that.
MEASURED = [("DDIM", {}, 1), ("EulerDiscrete", {}, 1), ("HeunDiscrete", {}, 2), ("KDPM2Discrete", {}, 2),
            ("DPMSolverSinglestep", {}, 2), ("DPMSolverMultistep", {}, 2),
            ("DPMSolverMultistep", {"solver_order": 3}, 2), ("DEISMultistep", {"solver_order": 3}, 2),
            ("UniPCMultistep", {"solver_order": 1}, 2), ("UniPCMultistep", {}, 2),
            ("UniPCMultistep", {"lower_order_final": False}, 3), ("LMSDiscrete", {}, 2),
            ("PNDM", {}, 2), ("FlowMatchEulerDiscrete", {}, 1)]


@pytest.mark.parametrize("name", [name for name, method in METHODS.items() if method.takes_sigmas or not method.flow])
def test_an_instance_runs_as_its_class_does(name):
    with known_warnings():
        sampler = as_sampler(getattr(diffusers, name)(**UNCLIPPED.get(name, {})))
        assert np.array_equal(carried(sampler).positions, carried(Diffusers(name)).positions)


@pytest.mark.parametrize("name, options, order", MEASURED, ids=str)
def test_schedulers_have_their_order(name, options, order):
    with known_warnings():
        scheduler = getattr(diffusers, f"{name}Scheduler")(**UNCLIPPED.get(f"{name}Scheduler", {}), **options)
    hs.testing.assert_order(scheduler, order)
    with pytest.raises(AssertionError, match="the order is not"):
        hs.testing.assert_order(scheduler, order + 1)


@pytest.mark.parametrize("name, options", [
    ("DDPMScheduler", {"clip_sample": False}), ("EulerAncestralDiscreteScheduler", {}),
    ("KDPM2AncestralDiscreteScheduler", {}), ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    ("DPMSolverSinglestepScheduler", {"algorithm_type": "sde-dpmsolver++"})])
def test_a_stochastic_instance_draws_noise_of_ours(name, options):
    """And its law is what its class has."""
    import torch

    line = hs.GaussianMixture([[-1.0], [1.5]], [0.1, 0.3], [0.3, 0.7])
    with known_warnings():
        before = torch.get_rng_state()
        tv = [hs.measure(one, line, steps=[12], particles=2).rungs[0].tv.value
              for one in (getattr(diffusers, name)(**options), DiffusersNoise(name, options))]
    assert tv[0] == pytest.approx(tv[1], rel=1e-12) and 0.0 < tv[0] < 1.0
    assert torch.equal(torch.get_rng_state(), before)


def test_options_of_an_instance_are_kept():
    scheduler = diffusers.DPMSolverMultistepScheduler(solver_order=3, solver_type="heun", beta_start=0.001)
    assert as_sampler(scheduler).options.items() >= {"solver_order": 3, "solver_type": "heun"}.items()
    assert hs.measure(scheduler, TARGET, steps=[8], particles=20).name == "DPMSolverMultistepScheduler"


@pytest.mark.parametrize("name, options, said", [
    ("DDIMScheduler", {}, "clip_sample = True: .* make it with clip_sample=False"),
    ("DPMSolverMultistepScheduler", {"thresholding": True}, "make it with thresholding=False"),
    ("DPMSolverMultistepScheduler", {"use_karras_sigmas": True}, "moves the noise levels"),
    ("EulerDiscreteScheduler", {"timestep_spacing": "trailing"}, "moves the noise levels"),
    ("DDPMScheduler", {}, "clip_sample = True"), ("LCMScheduler", {}, "adds noise"),
    ("SASolverScheduler", {}, "sampler=sa_solver is its method"),
    ("EDMDPMSolverMultistepScheduler", {}, "sampler=dpmpp_2m is its method"),
    ("VQDiffusionScheduler", {"num_vec_classes": 5}, "not known")])
def test_an_instance_that_cannot_be_measured(name, options, said):
    with known_warnings(), pytest.raises(InputError, match=said):
        as_sampler(getattr(diffusers, name)(**options))

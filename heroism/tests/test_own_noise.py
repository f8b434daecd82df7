"""Stochastic samplers of other people's, unmodified: noise of ours, and the law of what comes out."""

from functools import partial

import numpy as np
import pytest

import heroism as hs
from heroism.errors import InputError
from heroism.flow import Flow
from heroism.measures.stochastic.laws import output_law
from heroism.noise import log_snr_schedule
from heroism.samplers.external import OwnDenoiser, OwnNoise, as_sampler
from heroism.samplers.known import known
from heroism.samplers.stochastic.recursion import Recursion
from heroism.scores import ExactScore
from heroism.tests import own_functions as own
from heroism.tests.shipped import k_diffusion
from heroism.tests.small_targets import PLANE

SCHEDULE = log_snr_schedule(9, 1e-3, 0.995)
STARTS = np.random.default_rng(3).normal(size=(1, 5, 2))
LINE = hs.GaussianMixture([[-1.0], [1.5]], [0.1, 0.3], [0.3, 0.7])
GAUSSIAN = hs.GaussianMixture([[0.5, -0.2]], [[[0.5, 0.1], [0.1, 0.2]]])


def run(sampler, seed=5):
    """The function itself, or whatever runs a sampler."""
    rng = np.random.default_rng(seed)
    flow = Flow(PLANE.score, diffusion=lambda x, by: x + by * rng.normal(size=x.shape))
    return sampler.transport(flow, STARTS, SCHEDULE), flow.evaluations


def laws(sampler, targets=(LINE, GAUSSIAN)):
    for target in targets:
        law = output_law(sampler, ExactScore(target), SCHEDULE)
        yield law.total_variation().value, law.kl().value


def test_its_noise_is_what_it_is_handed():
    (mine, cost), (ours, _) = run(as_sampler(own.ancestral)), run(known("euler_ancestral"))
    assert np.allclose(mine, ours, rtol=0, atol=1e-12) and cost == as_sampler(own.ancestral).evaluations(9) == 8
    assert not np.allclose(mine, run(as_sampler(own.ancestral), seed=6)[0])


def test_noise_without_a_default_is_no_fourth_argument_of_a_step():
    made = as_sampler(lambda model, x, sigmas, noise_sampler: own.ancestral(model, x, sigmas, noise_sampler))
    assert type(made) is OwnNoise and np.array_equal(run(made)[0], run(as_sampler(own.ancestral))[0])


def test_its_law_is_that_of_the_same_sampler_of_ours():
    assert np.allclose([*laws(as_sampler(own.ancestral))], [*laws(known("euler_ancestral"))], rtol=1e-9)


def test_it_is_measured_like_any_other():
    report = hs.measure(own.ancestral, LINE, steps=[16, 32, 64])
    assert report.name == "ancestral" and report.order.slope == pytest.approx(1.0, abs=0.2)


def test_without_noise_it_is_deterministic_and_carries_its_jacobian():
    made = as_sampler(partial(own.ancestral, eta=0.0))
    assert type(made) is OwnDenoiser
    hs.testing.assert_order(partial(own.ancestral, eta=0.0), 1)
    with pytest.raises(InputError, match="adds noise"):
        hs.testing.assert_order(own.ancestral, 1)


@pytest.mark.parametrize("function", [own.clipped_ancestral, own.noisy_besides])
def test_what_has_no_law_is_told_so(function):
    with pytest.raises(InputError, match="not linear in its state, in what the model answers"):
        as_sampler(function)


@pytest.mark.parametrize("name, function, settings", [
    ("euler_ancestral", "sample_euler_ancestral", {}), ("dpm_2_ancestral", "sample_dpm_2_ancestral", {}),
    ("dpmpp_2s_ancestral", "sample_dpmpp_2s_ancestral", {}), ("dpmpp_2m_sde", "sample_dpmpp_2m_sde", {}),
    ("dpmpp_2m_sde_heun", "sample_dpmpp_2m_sde", {"solver_type": "heun"}), ("dpmpp_3m_sde", "sample_dpmpp_3m_sde", {})])
def test_those_of_k_diffusion_as_they_are(name, function, settings):
    sampler = as_sampler(partial(getattr(k_diffusion(), function), disable=True, **settings), array="torch")
    assert isinstance(sampler, OwnNoise)
    mine, known_ones = (list(Recursion.transport(each, *arguments())[0].ravel()) for each in (sampler, known(name)))
    assert np.allclose(mine, known_ones, rtol=0, atol=1e-10)
    assert np.allclose(run(sampler)[0], run(known(name))[0], rtol=0, atol=1e-10)
    targets = [GAUSSIAN] if name == "dpmpp_3m_sde" else [LINE, GAUSSIAN]  # three steps of memory take long on a line
    assert np.allclose([*laws(sampler, targets)], [*laws(known(name), targets)], rtol=1e-6)


def arguments():
    rng = np.random.default_rng(7)
    return Flow(PLANE.score, diffusion=lambda x, by: x + by * rng.normal(size=x.shape)), STARTS, SCHEDULE


def test_two_draws_a_step():
    """dpmpp_sde draws in the middle of its steps too, so what the model sees has noise that the end has as well."""
    sampler = as_sampler(partial(k_diffusion().sample_dpmpp_sde, disable=True), array="torch")
    (whole, cost), parts = run(sampler), Recursion.transport(sampler, *arguments())
    assert cost == 16 and np.all(np.isfinite(parts)) and whole.shape == parts.shape
    tv = [value for value, _ in laws(sampler)]
    assert min(tv) > 0.0 and max(tv) < 0.5

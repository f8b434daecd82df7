"""The stochastic schedulers of ``diffusers``: measured kernels against runs of their own code, and what they turn out
to be. Left out with one line where the extra is not installed.
"""

import numpy as np
import pytest

from heroism.errors import InputError
from heroism.flow import Flow
from heroism.measures.stochastic import output_law
from heroism.measures.stochastic.gaussian import gaussian_output, spectrum
from heroism.measures.stochastic.path import gaussian_path_kl
from heroism.measures.stochastic.probe import probed_output
from heroism.noise import log_snr_schedule
from heroism.samplers.stochastic import Churn, Coefficients, DdimEta, SdeDpmSolver, TwoStageAncestral
from heroism.scores import ExactScore
from heroism.targets import GaussianMixture, ProductMixture
from heroism.tests.small_targets import assert_cost_as_declared

pytest.importorskip("diffusers", reason="the extra is not installed: pip install -e '.[diffusers]'")

from heroism.samplers.external import DiffusersNoise
from heroism.samplers.external.catalogue import NOISY, NOISY_REFUSED

PLUS, PLAIN = {"algorithm_type": "sde-dpmsolver++"}, {"algorithm_type": "sde-dpmsolver"}
MULTI, SINGLE = "DPMSolverMultistep", "DPMSolverSinglestep"
# Scheduler, options, options of its step, the sampler of this suite that it is (None: none), its order as measured.
CASES = [
    ("DDPM", {}, {}, Coefficients(), 1),
    ("DDPM", {"variance_type": "fixed_large"}, {}, Coefficients(variance="forward"), 1),
    ("DDIM", {}, {"eta": 1.0}, Coefficients(), 1),
    ("DDIM", {}, {"eta": 0.5}, DdimEta(0.5), 1),
    ("EulerAncestralDiscrete", {}, {}, Coefficients(), 1),
    ("EulerDiscrete", {}, {"s_churn": 5.0}, None, 1),
    ("KDPM2AncestralDiscrete", {}, {}, TwoStageAncestral("dpm_2"), 2),
    (MULTI, {**PLUS, "solver_order": 1}, {}, SdeDpmSolver(1), 1),
    (MULTI, PLUS, {}, SdeDpmSolver(2), 2),
    (MULTI, {**PLUS, "solver_type": "heun"}, {}, SdeDpmSolver(2, "heun"), 2),
    (MULTI, {**PLUS, "solver_order": 3}, {}, None, 1),  # claims 3
    (MULTI, {**PLAIN, "solver_order": 1}, {}, None, 1),
    (MULTI, PLAIN, {}, None, 2),
    (SINGLE, {**PLUS, "solver_order": 1}, {}, SdeDpmSolver(1), 1),
    (SINGLE, PLUS, {}, None, 1),  # claims 2
    (SINGLE, {**PLUS, "solver_order": 3}, {}, None, 1),  # claims 3
]
every = pytest.mark.parametrize(("name", "options", "step_options", "ours", "order"), CASES, ids=str)
SCHEDULE = log_snr_schedule(21, 0.01, 0.98)
GAUSSIAN = GaussianMixture([[0.5, -1.0, 2.0]], [[0.25, 4.0, 0.01]])


def w2(sampler, schedule):
    return gaussian_output(sampler, GAUSSIAN, schedule).wasserstein(spectrum(GAUSSIAN).at(schedule.end))


@every
def test_the_measured_kernels_are_those_of_its_own_code(name, options, step_options, ours, order):
    """The law from weights of unit vectors, and from runs of the scheduler with each of its draws set to one."""
    sampler = DiffusersNoise(name, options, step_options, precision="double")
    measured, probed = gaussian_output(sampler, GAUSSIAN, SCHEDULE), probed_output(sampler, GAUSSIAN, SCHEDULE)
    assert np.allclose(measured.variance, probed.variance, rtol=1e-11)
    assert np.allclose(measured.mean, probed.mean, rtol=0.0, atol=1e-12)
    single = gaussian_output(DiffusersNoise(name, options, step_options), GAUSSIAN, SCHEDULE)
    assert np.allclose(single.variance, measured.variance, rtol=1e-3)
    assert_cost_as_declared(sampler, 9)


@every
def test_what_it_is_and_of_which_order(name, options, step_options, ours, order):
    sampler = DiffusersNoise(name, options, step_options, precision="double")
    errors = [w2(sampler, log_snr_schedule(steps, 0.01, 0.98)) for steps in (129, 257)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.15)
    if ours is not None:
        assert w2(ours, SCHEDULE) == pytest.approx(w2(sampler, SCHEDULE), rel=1e-10)
    else:  # of the sampler that it is named after
        named = {MULTI: SdeDpmSolver(options.get("solver_order", 2)), SINGLE: SdeDpmSolver(2)}
        other = named.get(name, Churn(5.0, solver="ddim"))
        assert w2(other, SCHEDULE) != pytest.approx(w2(sampler, SCHEDULE), rel=1e-3)


def test_the_third_order_of_sde_dpmsolver_has_no_branch():
    with pytest.raises(InputError, match=r"DPMSolverMultistepScheduler has no branch for them: .*'x_t'"):
        DiffusersNoise(MULTI, {**PLAIN, "solver_order": 3})


def test_the_third_order_of_sde_dpmsolver_plus_has_its_curvature_with_a_wrong_sign():
    """With the second difference D_2 of the data predictions added once more, its step is that of k-diffusion."""
    shipped, ours = (list(sampler.steps(SCHEDULE))[7].operations[-1].weights for sampler in (
        DiffusersNoise(MULTI, {**PLUS, "solver_order": 3, "prediction_type": "sample"}, precision="double"),
        SdeDpmSolver(3)))
    theirs = {j: shipped[f"out {(7 - j) % 3}"] for j in range(3)}
    wanted = {j: ours[f"data {(7 - j) % 4}"] for j in range(3)}
    missing = np.array([wanted[j] - theirs[j] for j in range(3)])
    root = np.sqrt(SCHEDULE.levels[-9].alpha_bar)
    assert np.allclose(missing, 0.5 * root * np.array([1.0, -2.0, 1.0]), rtol=1e-9)  # equal steps: r0 + r1 = 2


def test_churn_asks_the_model_before_its_noise_is_added():
    """EDM's algorithm 2 adds noise, then asks at the larger sigma; this one asks first."""
    sampler = DiffusersNoise("EulerDiscrete", {}, {"s_churn": 5.0}, precision="double")
    for step in sampler.steps(SCHEDULE):
        assert [type(each).__name__ for each in step.operations] == ["Evaluate", "Combine"]
        assert step.operations[0].level.sigma == pytest.approx(step.start.sigma, rel=1e-6)


def test_every_measure_of_a_recursion_is_had():
    target = ProductMixture([-1.0, 1.0], 0.1, dim=1000)
    shipped = output_law(DiffusersNoise(MULTI, PLUS, precision="double"), ExactScore(target), SCHEDULE)
    ours = output_law(SdeDpmSolver(2), ExactScore(target), SCHEDULE)
    assert shipped.kl().value == pytest.approx(ours.kl().value, rel=1e-8)
    path = gaussian_path_kl(DiffusersNoise("DDPM", precision="double"), GAUSSIAN, SCHEDULE).estimate.value
    assert path == pytest.approx(gaussian_path_kl(Coefficients(), GAUSSIAN, SCHEDULE).estimate.value, rel=1e-8)


def test_noise_comes_from_the_flow_alone():
    sampler, starts = DiffusersNoise("EulerAncestralDiscrete"), np.array([[[0.3, -1.0, 2.0], [1.0, 0.0, 0.5]]])

    def end(seed):
        rng = np.random.default_rng(seed)
        flow = Flow(GAUSSIAN.score, diffusion=lambda x, by: x + by * rng.standard_normal(x.shape))
        return sampler.transport(flow, starts, SCHEDULE)

    ends = [end(seed) for seed in (0, 0, 1)]
    assert np.array_equal(ends[0], ends[1]) and not np.allclose(ends[0], ends[2])
    with pytest.raises(TypeError, match="adds no noise"):
        sampler.transport(Flow(GAUSSIAN.score), starts, SCHEDULE)


@pytest.mark.parametrize(("make", "argument"), [
    (lambda: DiffusersNoise("DDIM"), "scheduler"),
    (lambda: DiffusersNoise("DDIM", {}, {"s_churn": 1.0}), "step_options.s_churn"),
    (lambda: DiffusersNoise(MULTI, {"algorithm_type": "dpmsolver++"}), "scheduler"),
    (lambda: DiffusersNoise("DDPM", {"prediction_type": "v_prediction"}), "options.prediction_type"),
    *((lambda name=name: DiffusersNoise(name), "scheduler") for name in (*NOISY_REFUSED, "UniPCMultistepScheduler")),
])
def test_mistakes_are_named(make, argument):
    with pytest.raises(InputError, match=f"^{argument} = "):
        make()


def test_all_of_the_catalogue_are_measured_here():
    assert {f"{case[0]}Scheduler" for case in CASES} == set(NOISY)

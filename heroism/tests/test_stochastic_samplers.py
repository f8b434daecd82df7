"""The contract of stochastic samplers: order of the law, cost, identities between methods, and what they preserve."""

import inspect
import itertools

import numpy as np
import pytest

import heroism.samplers.stochastic
from heroism.errors import InputError
from heroism.flow import Flow
from heroism.measures.stochastic.gaussian import gaussian_output, spectrum
from heroism.measures.stochastic.line import line_law
from heroism.measures.stochastic.product import product_total_variation
from heroism.measures.stochastic.transitions import transitions
from heroism.noise import log_snr_schedule, paper_schedule
from heroism.samplers import Ddim, Ddpm, ExponentialAdams, RungeKutta, UniPC
from heroism.samplers.stochastic import (
    Churn,
    Coefficients,
    DdimEta,
    DpmSde,
    ErSde,
    EulerMaruyama,
    Memoryless,
    OdeThenNoise,
    PredictorCorrector,
    Recursion,
    Restart,
    SaSolver,
    SdeDpmSolver,
    Seeds,
    TwoStageAncestral,
)
from heroism.scores import ExactScore
from heroism.targets import GaussianMixture
from heroism.tests.small_targets import assert_cost_as_declared
from heroism.tests.stochastic_examples import EXAMPLES

every = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
GAUSSIAN = GaussianMixture([[0.5, -1.0, 2.0]], [[0.25, 4.0, 0.01]])
TWO_MODES = GaussianMixture([[-1.0], [1.0]], 0.1, [0.4, 0.6])


def has_kernel(sampler):
    try:
        return len(transitions(sampler, log_snr_schedule(4, 0.1, 0.9))) > 0
    except InputError:
        return False


def test_every_exported_sampler_has_an_example():
    classes = filter(inspect.isclass, vars(heroism.samplers.stochastic).values())
    exported = {thing for thing in classes if issubclass(thing, Recursion)} - {Recursion, Memoryless}
    assert exported == {type(example.sampler) for example in EXAMPLES}


@every
def test_the_order_of_the_covariances_is_the_declared_one_and_no_more(example):
    errors = []
    for steps in (129, 257):
        schedule = log_snr_schedule(steps, 0.1, 0.9)
        exact, out = spectrum(GAUSSIAN).at(schedule.end), gaussian_output(example.sampler, GAUSSIAN, schedule)
        errors.append([np.abs(out.variance / exact.variance - 1.0).max(), np.abs(out.mean - exact.mean).max()])
    slope = np.log2(errors[0][0] / errors[1][0])
    assert slope == pytest.approx(example.gaussian_order or example.sampler.order, abs=0.2)
    assert errors[1][1] < 2.0 * errors[1][0] + 1e-12  # means are no worse


KERNELS = [example for example in EXAMPLES if example.sampler.stochastic and has_kernel(example.sampler)]


@pytest.mark.parametrize("example", KERNELS, ids=lambda example: example.name)
def test_the_order_of_the_law_on_a_mixture_is_the_declared_one_and_no_more(example):
    """A Gaussian target does not see what a curved score does to a mean; total variation on two modes does."""
    laws = [line_law(example.sampler, ExactScore(TWO_MODES), log_snr_schedule(steps, 0.05, 0.95))
            for steps in example.ladder]
    values = [product_total_variation(law, 1).value for law in laws]
    assert np.log2(values[0] / values[1]) == pytest.approx(example.sampler.order, abs=0.2)


@every
@pytest.mark.parametrize("steps", [3, 4, 5, 8, 33])
def test_declared_cost_is_what_the_flow_counts(example, steps):
    assert_cost_as_declared(example.sampler, steps)


@every
def test_those_without_noise_carry_tangents_and_the_others_refuse_them(example):
    bundle, schedule = np.ones((2, 3, 1)), log_snr_schedule(5, 0.1, 0.9)
    if example.sampler.stochastic:
        with pytest.raises(TypeError, match="tangents"):
            example.sampler.transport(Flow(TWO_MODES.score, diffusion=lambda x, _: x), bundle, schedule)
    else:
        bundle[0, :, 0] = [-1.0, 0.1, 0.7]
        moved = bundle[:1] + 1e-6
        end, ahead = (example.sampler.transport(Flow(TWO_MODES.score), start, schedule) for start in (bundle, moved))
        assert np.allclose((ahead[0] - end[0]) / 1e-6, end[1], rtol=1e-3, atol=1e-4)


@every
def test_a_point_mass_is_reached_exactly_or_not(example):
    point, schedule = GaussianMixture([[0.7]], 0.0), log_snr_schedule(6, 1e-3, 0.999)
    out, exact = gaussian_output(example.sampler, point, schedule), spectrum(point).at(schedule.end)
    error = max(abs(out.variance[0] / exact.variance[0] - 1.0), abs(out.mean[0] - exact.mean[0]))
    assert (error < 1e-10) == example.keeps_point


def run(sampler, schedule, target=TWO_MODES, n=5):
    """Positions from fixed starts; noise that depends on nothing but how many times it was drawn."""
    rng = np.random.default_rng(0)
    flow = Flow(target.score, diffusion=lambda x, deviation: x + deviation * rng.standard_normal(x.shape))
    start = np.linspace(-1.5, 2.0, n * target.dim).reshape(1, n, target.dim)
    return sampler.transport(flow, start, schedule)[0]


SAME = {
    "DDPM": (Coefficients(), Ddpm()),
    "DDIM with eta = 1 is DDPM": (DdimEta(1.0), Ddpm()),
    "the first SDE-DPM-Solver++ is DDPM": (SdeDpmSolver(1), Ddpm()),
    "ER-SDE-1 with phi = sigma^2 is DDPM": (ErSde(1, "sde"), Ddpm()),
    "DDIM to twice as far, then noise, is DDPM": (OdeThenNoise(1.0), Ddpm()),
    "SA-Solver 1 is DDPM": (SaSolver(1), Ddpm()),
    "SA-Solver 2 is 2M, heun": (SaSolver(2), SdeDpmSolver(2, "heun")),
    "but SA-Solver 3 is not 3M": (SaSolver(3), SdeDpmSolver(3)),
    "DDIM": (DdimEta(0.0), Ddim()),
    "ER-SDE-1 with phi = sigma is DDIM": (ErSde(1, "ode"), Ddim()),
    "SA-Solver 3 without noise is exponential Adams": (SaSolver(3, 0, 0.0), ExponentialAdams(3, "data", "growing")),
    "SA-Solver 2, 2 without noise is UniPC": (SaSolver(2, 2, 0.0), UniPC(2, "data", startup="growing")),
    "without churn, EDM": (Churn(0.0), RungeKutta("heun", "sigma")),
    "no restart": (Restart(0), RungeKutta("heun", "sigma")),
    "but Euler in time is not Heun": (EulerMaruyama(0.0), RungeKutta("heun", "time")),
}


@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("schedule", [log_snr_schedule(9, 1e-3, 0.999), paper_schedule(24)], ids=["log_snr", "paper"])
def test_two_names_of_one_method(name, schedule):
    one, other = (run(sampler, schedule) for sampler in SAME[name])
    same = np.allclose(one, other, rtol=1e-10, atol=1e-10)
    assert same != name.startswith("but")


def k_diffusion_3m(x, sigmas, denoiser, eta, noise):
    """dpmpp_3m_sde as its library writes it, in ``y = x / sqrt(alpha_bar)``."""
    known, lengths = [], []
    for sigma, after in itertools.pairwise(sigmas):
        known.append(denoiser(x, sigma))
        h = np.log(sigma / after)
        g = h * (eta + 1.0)
        x = np.exp(-g) * x - np.expm1(-g) * known[-1]
        phi_2 = np.expm1(-g) / g + 1.0
        if len(known) > 2:
            r0, r1 = lengths[-1] / h, lengths[-2] / h
            one, two = (known[-1] - known[-2]) / r0, (known[-2] - known[-3]) / r1
            x = x + phi_2 * (one + (one - two) * r0 / (r0 + r1)) - (phi_2 / g - 0.5) * (one - two) / (r0 + r1)
        elif len(known) > 1:
            x = x + phi_2 * (known[-1] - known[-2]) / (lengths[-1] / h)
        x = x + noise(x.shape) * after * np.sqrt(-np.expm1(-2.0 * h * eta))
        lengths.append(h)
    return x


@pytest.mark.parametrize("eta", [1.0, 0.4])
def test_three_steps_back_against_the_formula_of_k_diffusion(eta):
    schedule = paper_schedule(20)
    rng = np.random.default_rng(0)
    levels = {level.sigma: level for level in schedule.levels}

    def denoiser(y, sigma):
        level = levels[sigma]
        x = np.sqrt(level.alpha_bar) * y
        return (x + level.tau * TWO_MODES.score(x[None], level)[0]) / np.sqrt(level.alpha_bar)

    start = np.linspace(-1.5, 2.0, 5)[:, None] / np.sqrt(schedule.start.alpha_bar)
    end = k_diffusion_3m(start, [level.sigma for level in schedule.levels[::-1]], denoiser, eta, rng.standard_normal)
    mine = run(SdeDpmSolver(3, eta=eta), schedule)
    assert np.allclose(mine, np.sqrt(schedule.end.alpha_bar) * end, rtol=1e-9, atol=1e-9)


def test_restart_repeats_its_stretch():
    assert Restart(3, 0.25, 0.75).evaluations(9) == 2 * (8 + 3 * 4)
    assert Restart(1, 0.99, 1.0).evaluations(3) > Restart(0).evaluations(3)


@pytest.mark.parametrize(("make", "argument"), [
    (lambda: Coefficients("curved"), "drift"), (lambda: Coefficients(strength=-1.0), "strength"),
    (lambda: Coefficients(excess=float("nan")), "excess"), (lambda: DdimEta(1.5), "eta"),
    (lambda: EulerMaruyama(-1.0), "strength"), (lambda: TwoStageAncestral("euler"), "variant"),
    (lambda: SdeDpmSolver(4), "order"), (lambda: SdeDpmSolver(2, "euler"), "variant"),
    (lambda: SaSolver(0), "predictor"), (lambda: SaSolver(2, 9), "corrector"), (lambda: Churn(-1.0), "churn"),
    (lambda: Churn(1.0, solver="rk4"), "solver"), (lambda: OdeThenNoise(0.0), "overshoot"),
    (lambda: Restart(1, 0.8, 0.4), "high"), (lambda: PredictorCorrector(damping="none"), "damping"),
    (lambda: ErSde(3, "cubic"), "scale"), (lambda: Seeds(4), "stages"), (lambda: DpmSde(2.0), "eta"),
])
def test_mistakes_are_named(make, argument):
    with pytest.raises(InputError, match=f"^{argument} = "):
        make()


def test_more_noise_than_a_step_leads_to_is_refused():
    sampler = Coefficients("adapted", "forward")
    with pytest.raises(InputError, match=r"^strength = 1\.0"):
        run(sampler, log_snr_schedule(3, 1e-3, 0.999))

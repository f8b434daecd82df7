"""The schedulers of ``diffusers``; left out with one line where the extra is not installed."""

import sys
from functools import cache

import numpy as np
import pytest

from heroism.errors import InputError
from heroism.flow import BudgetExceeded, Flow
from heroism.grids import flow, flow_sigmas, karras
from heroism.integrals.predictions import Data
from heroism.noise import log_snr_schedule, rho_schedule
from heroism.samplers import Ddim, ExponentialAdams, RungeKutta, UniPC
from heroism.samplers.known import known
from heroism.samplers.linearity import tangent_error
from heroism.tests.small_targets import PLANE, TWO_PEAKS, bundle

pytest.importorskip("diffusers", reason="the extra is not installed: pip install -e '.[diffusers]'")

from heroism.samplers.external import Diffusers, trained_schedule
from heroism.samplers.external.catalogue import EDM, METHODS, REFUSED
from heroism.samplers.external.diffusers_schedulers import known_warnings

CASES = [(name, {}) for name in METHODS if name != "FlowMatchHeunDiscreteScheduler"] + [
    ("PNDMScheduler", {"skip_prk_steps": True}),
    ("DPMSolverMultistepScheduler", {"solver_order": 3}),
    ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver"}),
    ("DPMSolverSinglestepScheduler", {"solver_order": 3, "lower_order_final": True}),
    ("UniPCMultistepScheduler", {"solver_order": 3, "solver_type": "bh1"}),
    ("DEISMultistepScheduler", {"solver_order": 3}),
    ("DDIMScheduler", {"prediction_type": "v_prediction"}),
    ("DDIMScheduler", {"prediction_type": "sample"}),
]
every = pytest.mark.parametrize("name, options", CASES, ids=lambda value: str(value).replace("Scheduler", ""))
SCHEDULE = log_snr_schedule(13, 1e-3, 0.99)


@every
@pytest.mark.parametrize("steps", [5, 8, 33])
def test_declared_cost_is_what_the_flow_counts(name, options, steps):
    sampler, flow = Diffusers(name, options), Flow(PLANE.score)
    sampler.transport(flow, np.zeros((1, 2, 2)), log_snr_schedule(steps, 1e-2, 0.99))
    assert (flow.evaluations, flow.rounds) == (sampler.evaluations(steps), sampler.rounds(steps))


def test_no_evaluation_beyond_the_budget():
    sampler = Diffusers("HeunDiscrete")
    flow = Flow(PLANE.score, budget=sampler.evaluations(9) - 1)
    with pytest.raises(BudgetExceeded):
        sampler.transport(flow, bundle(), log_snr_schedule(9, 1e-2, 0.99))


@every
def test_tangents_are_carried_as_positions_are(name, options):
    """In double precision: single precision would drown a small difference, not the tangents."""
    sampler = Diffusers(name, options, precision="double")
    miss, round_off = tangent_error(sampler, PLANE.score, bundle(), SCHEDULE)
    assert miss <= round_off < 1e-10


@every
def test_what_is_shipped_differs_from_its_double_by_single_precision(name, options):
    shipped, double = (Diffusers(name, options, precision=precision).transport(Flow(PLANE.score), bundle(), SCHEDULE)
                       for precision in ("shipped", "double"))
    apart = np.abs(shipped - double).max() / np.abs(double).max()
    assert 1e-12 < apart < 1e-3


@every
def test_particles_do_not_know_of_each_other_and_runs_not_of_earlier_ones(name, options):
    sampler, start = Diffusers(name, options), bundle(n=7)
    before = start.copy()
    whole = sampler.transport(Flow(PLANE.score), start, SCHEDULE)
    parts = [sampler.transport(Flow(PLANE.score), start[:, part], SCHEDULE) for part in (slice(0, 3), slice(3, 7))]
    assert np.allclose(whole, np.concatenate(parts, axis=1), rtol=1e-6, atol=1e-6)
    assert np.array_equal(start, before) and not np.shares_memory(start, whole) and whole.dtype == np.float64


STARTS = np.array([[[-1.5], [-0.5], [0.1], [0.6], [2.0]]])


def end(sampler, steps):
    return sampler.transport(Flow(TWO_PEAKS.score), STARTS, log_snr_schedule(steps + 1, 0.1, 0.9))


@cache
def exact_end():
    """By a method of order 6 that another test holds to a reference of scipy's."""
    return end(ExponentialAdams(6, "data"), 2048)


def order(sampler, ladder):
    errors = [np.linalg.norm(end(sampler, steps) - exact_end()) for steps in ladder]
    return -np.polyfit(np.log(ladder), np.log(errors), 1)[0]


# What the order really is, in double precision and in long ladders, beside what is claimed.
MEASURED = {
    ("DDIMScheduler", ()): 1, ("EulerDiscreteScheduler", ()): 1, ("HeunDiscreteScheduler", ()): 2,
    ("KDPM2DiscreteScheduler", ()): 2, ("DPMSolverMultistepScheduler", ()): 2,
}


@pytest.mark.parametrize("case, expected", MEASURED.items(), ids=str)
def test_orders(case, expected):
    sampler = Diffusers(case[0], dict(case[1]), precision="double")
    assert sampler.order == expected
    assert order(sampler, [48, 96, 192]) == pytest.approx(expected, abs=0.25)


def test_ddim_is_ddim():
    """The shipped step is the formula that this suite has, up to single precision."""
    ours, theirs = (sampler.transport(Flow(PLANE.score), bundle(), SCHEDULE)
                    for sampler in (Ddim(), Diffusers("DDIM", precision="double")))
    assert np.allclose(ours, theirs, rtol=1e-11, atol=1e-11)


# Why some do not reach the order that they claim; analysis.studies.diffusers says it in words.


def test_third_order_multistep_has_half_of_its_second_difference():
    """With the missing half put in, the class is what this suite has as exponential Adams with a growing start.

    (``solver_type="heun"`` has the exact weights of order 2 for the start.)
    """
    options = {"solver_order": 3, "lower_order_final": False, "solver_type": "heun"}
    shipped = Diffusers("DPMSolverMultistep", options, precision="double")
    ours = ExponentialAdams(3, "data", "growing").transport(Flow(PLANE.score), bundle(), SCHEDULE)
    assert not np.allclose(shipped.transport(Flow(PLANE.score), bundle(), SCHEDULE), ours, rtol=1e-4)

    class Whole(shipped.kind):
        def multistep_dpm_solver_third_order_update(self, outputs, *args, sample=None, noise=None, **kwargs):
            half = super().multistep_dpm_solver_third_order_update(outputs, *args, sample=sample, noise=noise, **kwargs)
            levels = [self._sigma_to_alpha_sigma_t(self.sigmas[self.step_index + i]) for i in (1, 0, -1, -2)]
            then, now, before, earlier = (alpha.log() - sigma.log() for alpha, sigma in levels)
            h, r0, r1 = then - now, (now - before) / (then - now), (before - earlier) / (then - now)
            second = ((outputs[-1] - outputs[-2]) / r0 - (outputs[-2] - outputs[-3]) / r1) / (r0 + r1)
            return half - levels[0][0] * (((-h).exp() - 1 + h) / h**2 - 0.5) * second

    Whole.__module__ = shipped.kind.__module__
    shipped.kind = Whole
    assert np.allclose(shipped.transport(Flow(PLANE.score), bundle(), SCHEDULE), ours, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("name, solver_order, ours", [
    ("DEISMultistep", 2, ExponentialAdams(2, "noise", "growing")),
    ("DEISMultistep", 3, ExponentialAdams(3, "noise", "growing")),
    ("UniPCMultistep", 2, UniPC(2, startup="growing", variant="bh2"))])
def test_deis_and_unipc_are_ours(name, solver_order, ours):
    """Two writings of one formula: what it does in double precision is not a matter of who wrote it."""
    theirs = Diffusers(name, {"solver_order": solver_order, "lower_order_final": False}, precision="double")
    assert np.allclose(theirs.transport(Flow(PLANE.score), bundle(), SCHEDULE),
                       ours.transport(Flow(PLANE.score), bundle(), SCHEDULE), rtol=1e-8, atol=1e-9)


def test_pndm_has_order_four_in_even_steps_of_sigma_and_two_in_those_of_its_logarithm():
    sampler, ladder = Diffusers("PNDM", precision="double"), [32, 64, 128]

    def order_in(schedule):
        errors = [np.linalg.norm(sampler.transport(Flow(TWO_PEAKS.score), STARTS, schedule(steps + 1)) - exact_end())
                  for steps in ladder]
        return -np.polyfit(np.log(ladder), np.log(errors), 1)[0]

    assert order_in(lambda steps: rho_schedule(steps, 0.1, 0.9, rho=1.0)) == pytest.approx(4, abs=0.4)
    assert order_in(lambda steps: log_snr_schedule(steps, 0.1, 0.9)) == pytest.approx(2, abs=0.4)


def asked(name, steps, **options):
    with known_warnings():
        return Diffusers(name, options, "trained")._asked(steps).scheduler


def test_ddim_steps_to_where_it_is_not_asked_next():
    leading, trailing = (asked("DDIM", 300, timestep_spacing=spacing) for spacing in ("leading", "trailing"))
    assert set((leading.timesteps[:-1] - leading.timesteps[1:]).tolist()) == {1000 // 300}
    assert set((trailing.timesteps[:-1] - trailing.timesteps[1:]).tolist()) == {1000 // 300, 1000 // 300 + 1}


def test_the_last_karras_step_has_length_zero_and_the_third_order_divides_by_it():
    options = {"use_karras_sigmas": True, "final_sigmas_type": "sigma_min"}
    assert len(set(asked("DPMSolverMultistep", 20, **options).sigmas[-2:].tolist())) == 1
    ends = {order: Diffusers("DPMSolverMultistep", {**options, "solver_order": order}, "trained").transport(
        Flow(PLANE.score), bundle(), trained_schedule(21)) for order in (2, 3)}
    assert np.isfinite(ends[2]).all() and not np.isfinite(ends[3]).any()


def test_equal_first_timesteps_send_it_to_the_second():
    scheduler = asked("DPMSolverMultistep", 100, use_beta_sigmas=True, final_sigmas_type="sigma_min")
    assert scheduler.timesteps[0] == scheduler.timesteps[1]
    assert scheduler.index_for_timestep(scheduler.timesteps[0]) == 1


def test_leading_timesteps_start_below_the_noise_of_the_sample():
    assert asked("DPMSolverMultistep", 500, timestep_spacing="leading").timesteps[0] == 500
    assert asked("DDIM", 300).timesteps[0] == 897


@pytest.mark.parametrize("name", sorted(REFUSED.keys() - EDM.keys()))
def test_what_is_refused_draws_noise(name):
    import diffusers
    import torch

    ends = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        sample = torch.ones(1, 1, 4, 4)
        with known_warnings():
            scheduler = getattr(diffusers, name)()
            scheduler.set_timesteps(10)
            for timestep in scheduler.timesteps[:3]:
                seen = scheduler.scale_model_input(sample, timestep)
                sample = scheduler.step(0.1 * seen, timestep, sample, return_dict=False)[0]
        ends.append(sample)
    assert not torch.equal(*ends)


def test_a_clipped_step_is_not_linear():
    import diffusers
    import torch

    scheduler = diffusers.DDIMScheduler()
    scheduler.set_timesteps(10)
    one = torch.ones(1, 1, 2, 2, dtype=torch.float64)
    step = [scheduler.step(0.1 * x, scheduler.timesteps[-2], x, return_dict=False)[0] for x in (one, 2 * one)]
    assert not torch.allclose(2 * step[0], step[1], rtol=1e-3)


def test_double_precision_leaves_no_trace():
    import torch

    before = vars(sys.modules[Diffusers("DDIM").kind.__module__])["torch"]
    with pytest.raises(BudgetExceeded):
        Diffusers("DDIM", precision="double").transport(Flow(PLANE.score, budget=1), bundle(), SCHEDULE)
    assert vars(sys.modules[Diffusers("DDIM").kind.__module__])["torch"] is before is torch
    assert torch.get_default_dtype() is torch.float32


@pytest.mark.parametrize("end, options", [("sigma_min", {"final_sigmas_type": "sigma_min"}), ("zero", {})])
def test_a_trained_table_has_its_own_ends(end, options):
    schedule, flow = trained_schedule(21, end), Flow(PLANE.score)
    assert schedule.steps == 21 and schedule.start.sigma == pytest.approx(14.6, abs=0.05)
    assert schedule.end.sigma == pytest.approx({"sigma_min": 0.0292, "zero": 0.0}[end], abs=1e-4)
    sampler = Diffusers("UniPCMultistep", options, "trained")
    assert np.isfinite(sampler.transport(flow, bundle(), schedule)).all()
    assert flow.evaluations == sampler.evaluations(21)
    with pytest.raises(InputError, match="take schedule=trained"):
        sampler.transport(Flow(PLANE.score), bundle(), SCHEDULE)


@pytest.mark.parametrize("name, first_order", [
    *((name, True) for name in ("DDIM", "EulerDiscrete", "HeunDiscrete", "KDPM2Discrete", "DPMSolverMultistep",
                                "DPMSolverSinglestep", "UniPCMultistep")), ("LMSDiscrete", False)])
def test_the_step_to_zero_noise_is_the_data_prediction(name, first_order):
    """Of first order, and from sigma_min: as long at every T."""
    asked_last = {}

    def score(x, level):
        out = PLANE.score(x, level)
        asked_last["data"] = (x + level.tau * out) / np.sqrt(level.alpha_bar)
        return out

    ends = Diffusers(name, table="trained", precision="double").transport(
        Flow(score), bundle(), trained_schedule(21, "zero"))
    assert np.allclose(ends, asked_last["data"], rtol=1e-4, atol=1e-4) is first_order

@pytest.mark.parametrize("name, ours", EDM.items())
def test_those_of_edm_are_a_known_sampler_on_the_karras_grid(name, ours):
    """From their network's units (2206.00364, table 1), up to single precision; without their step to zero noise."""
    import diffusers
    import torch

    scheduler = getattr(diffusers, name)()
    scheduler.set_timesteps(8)
    levels = scheduler.sigmas[:-1].double().numpy()
    schedule = karras(8, sigma_min=scheduler.config.sigma_min, sigma_max=scheduler.config.sigma_max)
    assert np.allclose(levels, [level.sigma for level in schedule.levels[::-1]], rtol=1e-5)
    start = bundle()[:1]
    sample, spread = torch.from_numpy(start[0] / np.sqrt(schedule.start.alpha_bar)), scheduler.config.sigma_data
    for timestep, level in zip(scheduler.timesteps[:-1], schedule.levels[:0:-1], strict=True):
        state = np.sqrt(level.alpha_bar) * sample.double().numpy()[None]
        data, total = Data().of(state, PLANE.score(state, level), level)[0], spread**2 + level.sigma**2
        asked = (data - spread**2 / total * sample.double().numpy()) * np.sqrt(total) / (spread * level.sigma)
        sample = scheduler.step(torch.from_numpy(asked), timestep, sample, return_dict=False)[0]
    mine = known(ours).transport(Flow(PLANE.score), start, schedule)[0]
    assert np.allclose(mine, np.sqrt(schedule.end.alpha_bar) * sample.double().numpy(), rtol=1e-4, atol=1e-5)


def test_asked_at_sigma_only_matters_where_timesteps_are_rounded():
    options = {"final_sigmas_type": "sigma_min"}
    for rounded in (False, True):
        one, other = (Diffusers("DPMSolverMultistep", {**options, "use_karras_sigmas": rounded}, "trained",
                                asked_at=asked_at).transport(Flow(PLANE.score), bundle(), trained_schedule(21))
                      for asked_at in ("timestep", "sigma"))
        assert np.allclose(one, other, rtol=1e-5, atol=1e-6) is not rounded


@pytest.mark.parametrize("arguments, word", [
    (("Nope",), "choose one of DDIMScheduler"),
    *((((name,), why[:30])) for name, why in REFUSED.items()),
    (("DDIM", {"clip_sample": True}), "not linear"),
    (("DPMSolverMultistep", {"thresholding": True}), "not linear"),
    (("DPMSolverMultistep", {"algorithm_type": "sde-dpmsolver++"}), "adds noise"),
    (("DPMSolverMultistep", {"algorithm_type": "nope"}), "refuses them"),
    (("DDIM", {"solver_order": 3}), "has no such option"),
    (("DDIM", {"prediction_type": "nope"}), "choose epsilon"),
    (("DDIM", {}, "nope"), "choose one of schedule"),
    (("DDIM", {}, "schedule", "nope"), "choose one of shipped"),
])
def test_a_mistake_is_one_sentence(arguments, word):
    with pytest.raises(InputError, match=word):
        Diffusers(*arguments).transport(Flow(PLANE.score), bundle(), SCHEDULE)


@pytest.mark.parametrize("name, options", [
    ("DPMSolverMultistep", {"final_sigmas_type": "zero"}), ("DPMSolverMultistep", {"timestep_spacing": "trailing"}),
    ("DPMSolverMultistep", {"use_flow_sigmas": True}), ("DPMSolverMultistep", {"rescale_betas_zero_snr": True}),
    ("DPMSolverMultistep", {"lambda_min_clipped": -2.0}), ("DPMSolverMultistep", {"use_karras_sigmas": True}),
    ("DPMSolverMultistep", {"use_exponential_sigmas": True}), ("DPMSolverMultistep", {"use_lu_lambdas": True}),
    ("DPMSolverSinglestep", {"final_sigmas_type": "zero"}), ("DEISMultistep", {"timestep_spacing": "trailing"}),
    ("UniPCMultistep", {"final_sigmas_type": "zero"}), ("DDIM", {"timestep_spacing": "trailing"}),
    ("DDIM", {"steps_offset": 0}), ("DDIM", {"rescale_betas_zero_snr": True}), ("PNDM", {"steps_offset": 1}),
    ("PNDM", {"timestep_spacing": "linspace"}), ("EulerDiscrete", {"interpolation_type": "log_linear"}),
    ("EulerDiscrete", {"use_karras_sigmas": True}), ("FlowMatchEulerDiscrete", {"shift": 3.0}),
    ("FlowMatchEulerDiscrete", {"shift_terminal": 0.1})], ids=str)
def test_options_that_move_the_levels_are_named(name, options):
    (option, value), = options.items()
    with pytest.raises(InputError, match=f"options.{option} = {value}: moves the noise levels"):
        Diffusers(name, options)


def test_of_several_options_the_one_that_moves_levels_is_named():
    with pytest.raises(InputError, match="final_sigmas_type = zero: moves"):
        Diffusers("DPMSolverMultistep", {"solver_order": 3, "final_sigmas_type": "zero", "solver_type": "heun"})


@pytest.mark.parametrize("name, options", [
    ("DPMSolverMultistep", {"steps_offset": 5}), ("DPMSolverMultistep", {"flow_shift": 3.0}),
    ("DPMSolverMultistep", {"sample_max_value": 2.0}), ("DDIM", {"set_alpha_to_one": False}),
    ("EulerDiscrete", {"timestep_spacing": "trailing"}), ("EulerDiscrete", {"sigma_max": 5.0}),
    ("HeunDiscrete", {"steps_offset": 3}), ("UniPCMultistep", {"sigma_min": 0.1})], ids=str)
def test_options_without_any_effect_are_refused(name, options):
    (option, value), = options.items()
    with pytest.raises(InputError, match=f"options.{option} = {value}: has no effect here; leave it out"):
        Diffusers(name, options)


@pytest.mark.parametrize("name, options", [("DDIM", {"steps_offset": 3}), ("UniPCMultistep", {"use_flow_sigmas": True}),
                                           ("DPMSolverMultistep", {"use_beta_sigmas": True})], ids=str)
def test_options_with_which_the_scheduler_fails_are_named(name, options):
    with pytest.raises(InputError, match=f"options.{next(iter(options))} = .*: the scheduler fails with it here"):
        Diffusers(name, options)


@pytest.mark.parametrize("options", [{"solver_order": 3}, {"solver_type": "heun"}, {"euler_at_final": True},
                                     {"lower_order_final": False}, {"algorithm_type": "dpmsolver"},
                                     {"final_sigmas_type": "sigma_min"}, {"timestep_spacing": "linspace"}], ids=str)
def test_options_that_leave_the_levels_alone_are_taken(options):
    assert Diffusers("DPMSolverMultistep", options).options.items() >= options.items()


@pytest.mark.parametrize("options", [{"num_train_timesteps": 500}, {"trained_betas": [0.1, 0.2]},
                                     {"beta_schedule": "scaled_linear"}, {"beta_start": 0.1}], ids=str)
def test_a_table_of_its_own_is_no_table_of_the_schedule(options):
    with pytest.raises(InputError, match="take table=trained, with the same in schedule=trained"):
        Diffusers("DPMSolverMultistep", options)


@pytest.mark.parametrize("table", [
    {"beta_schedule": "squaredcos_cap_v2"}, {"beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.02},
    {"num_train_timesteps": 500}, {"beta_end": 0.02},
    {"trained_betas": np.linspace(1e-4, 0.03, 700).tolist(), "num_train_timesteps": 700}],
    ids=lambda table: "+".join(table))
def test_any_table_that_the_class_offers(table):
    sampler = Diffusers("DDIM", {**table, "set_alpha_to_one": False, "timestep_spacing": "trailing"}, "trained")
    ends = sampler.transport(Flow(PLANE.score), bundle(), trained_schedule(11, **table))
    assert np.isfinite(ends).all()
    sampler.check(trained_schedule(11, **table))
    for use in (sampler.check, lambda schedule: sampler.transport(Flow(PLANE.score), bundle(), schedule)):
        with pytest.raises(InputError, match="take schedule=trained, with its table"):
            use(trained_schedule(11))


@pytest.mark.parametrize("table, said", [({"beta_schedule": "mine"}, "diffusers makes no table of it"),
                                         ({"betas": [0.1]}, "schedule = betas: choose from num_train_timesteps")])
def test_a_table_that_is_none(table, said):
    with pytest.raises(InputError, match=said):
        trained_schedule(11, **table)


@pytest.mark.parametrize("table, said", [
    ({"num_train_timesteps": "many"}, "num_train_timesteps = many: give a whole number of at least 3"),
    ({"num_train_timesteps": 2}, "num_train_timesteps = 2: give a whole number of at least 3"),
    ({"beta_start": "small"}, r"beta_start = small: give a number in \[0, 1\]"),
    ({"beta_end": 12}, r"beta_end = 12: give a number in \[0, 1\]"),
    ({"trained_betas": 0.1}, "trained_betas = 0.1: give a list of numbers"),
    ({"trained_betas": [0.1, "x"], "num_train_timesteps": 2}, "num_train_timesteps = 2: give a whole number"),
    ({"trained_betas": [0.1, "x", 0.1], "num_train_timesteps": 3}, "trained_betas = x: give a number"),
    ({"trained_betas": [0.1, 0.2]}, "trained_betas = a list of 2: there are 1000 timesteps")], ids=str)
def test_numbers_that_make_no_table_are_named(table, said):
    with pytest.raises(InputError, match=f"schedule.{said}"):
        trained_schedule(11, **table)
    with pytest.raises(InputError, match=f"options.{said}"):
        Diffusers("DDIM", table, "trained")


def test_zero_terminal_snr_where_the_prediction_allows_it():
    """The network answers v there; from the noise alone nothing could be told of the data."""
    schedule = trained_schedule(11, "zero", rescale_betas_zero_snr=True)
    assert schedule.start.alpha_bar == pytest.approx(1e-10)
    sampler = Diffusers("DDIM", {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing",
                                 "prediction_type": "v_prediction"}, "trained", "double")
    assert np.abs(sampler.transport(Flow(PLANE.score), bundle(), schedule)[0]).max() < 10.0


def test_flow_matching_is_ddim_in_other_units():
    theirs = Diffusers("FlowMatchEulerDiscrete", precision="double")
    assert np.allclose(theirs.transport(Flow(PLANE.score), bundle(), SCHEDULE),
                       Ddim().transport(Flow(PLANE.score), bundle(), SCHEDULE), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name, ours", [("FlowMatchEulerDiscrete", Ddim()),
                                        ("FlowMatchHeunDiscrete", RungeKutta("heun", "flow"))])
def test_flow_matching_as_it_is_used_starts_and_ends_where_its_schedule_does(name, ours):
    """From pure noise; to zero noise the last step of both is Euler's, so all but that is compared."""
    theirs, schedule = Diffusers(name, {}, "trained", "double"), flow(9, end="zero")
    seen = []

    def score(x, level):
        seen.append((level.sigma, x.copy()))
        return PLANE.score(x, level)

    start = bundle(tangents=0)
    ends = theirs.transport(Flow(score), start, schedule)
    assert np.isfinite(ends).all() and seen[0][0] == pytest.approx(1e5)
    mine = ours.transport(Flow(PLANE.score), start, flow(8))
    sigma, at_last = seen[-1]
    assert sigma == pytest.approx(flow(8).end.sigma, rel=1e-6)
    assert np.allclose(mine, at_last, rtol=1e-5, atol=1e-5)
    with pytest.raises(InputError, match=r"schedule.start.sigma = .*: take schedule=flow"):
        theirs.transport(Flow(PLANE.score), start, SCHEDULE)


def test_heun_of_flow_matching_takes_no_levels_of_others():
    with pytest.raises(InputError, match="takes no levels of others: take table=trained, with schedule=flow"):
        Diffusers("FlowMatchHeunDiscrete").transport(Flow(PLANE.score), bundle(), SCHEDULE)


def test_the_installed_flow_matching_still_shifts_its_smallest_sigma_twice():
    with known_warnings():
        scheduler = Diffusers("FlowMatchEulerDiscrete", {"shift": 3.0}, "trained")._asked(8).scheduler
    last, once = flow_sigmas(scheduler.sigmas[-2:-1].numpy())[0], flow(8, 3.0).end.sigma
    assert last == pytest.approx(3.0 * once, rel=1e-2)

"""The schedulers of ``diffusers``; left out with one line where the extra is not installed."""

from functools import cache

import numpy as np
import pytest

from heroism.errors import InputError
from heroism.flow import BudgetExceeded, Flow
from heroism.noise import log_snr_schedule
from heroism.samplers import Ddim, ExponentialAdams
from heroism.tests.small_targets import PLANE, TWO_PEAKS

pytest.importorskip("diffusers", reason="the extra is not installed: pip install -e '.[diffusers]'")

from heroism.samplers.external import Diffusers
from heroism.samplers.external.catalogue import METHODS, REFUSED

CASES = [(name, {}) for name in METHODS] + [
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


def bundle(n=6, tangents=2):
    out = np.zeros((1 + tangents, n, 2))
    out[0] = np.random.default_rng(5).normal(size=(n, 2))
    for i in range(tangents):
        out[1 + i, :, i] = 1.0
    return out


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
def test_tangents_are_derivatives_of_positions(name, options):
    """In double precision: single precision would drown a small difference, not the tangents."""
    sampler, start, step = Diffusers(name, options, precision="double"), bundle(), 1e-5
    carried = sampler.transport(Flow(PLANE.score), start, SCHEDULE)[1:]
    moved = np.concatenate([start[0] + step * start[1:], start[0] - step * start[1:]]).reshape(1, -1, 2)
    ahead, behind = sampler.transport(Flow(PLANE.score), moved, SCHEDULE).reshape(2, *carried.shape)
    assert np.abs(carried - (ahead - behind) / (2 * step)).max() < 1e-7 * np.abs(carried).max() + 1e-9


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


def end(sampler, steps):
    return sampler.transport(Flow(TWO_PEAKS.score), np.array([[[-1.5], [-0.5], [0.1], [0.6], [2.0]]]),
                             log_snr_schedule(steps + 1, 0.1, 0.9))


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

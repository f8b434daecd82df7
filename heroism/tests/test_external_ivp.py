"""SciPy's and diffrax's steppers; the latter are left out with one line where the extra is not installed."""

import importlib.util
from functools import cache

import numpy as np
import pytest
import scipy.integrate

from heroism.errors import InputError
from heroism.flow import BudgetExceeded, Flow
from heroism.noise import log_snr_schedule, rho_schedule
from heroism.samplers import RungeKutta
from heroism.samplers.external import Diffrax, SolveIvp
from heroism.samplers.external.diffrax_solvers import SOLVERS
from heroism.samplers.external.solve_ivp import ANY_ERROR, REFUSED_STEPPERS, STEPPERS, pf_ode_slope
from heroism.samplers.linearity import tangent_error
from heroism.tests.small_targets import PLANE, TWO_PEAKS, bundle

diffrax = pytest.mark.skipif(importlib.util.find_spec("diffrax") is None,
                             reason="the extra is not installed: pip install -e '.[diffrax]'")
CASES = [*(pytest.param(SolveIvp, name, id=name) for name in STEPPERS),
         *(pytest.param(Diffrax, name, id=name, marks=diffrax) for name in SOLVERS)]
every = pytest.mark.parametrize("kind, name", CASES)
STARTS = np.array([[[-1.5], [-0.5], [0.1], [0.6], [2.0]]])
SCHEDULES = [log_snr_schedule(9, 1e-3, 0.99), rho_schedule(12, 1e-2, 0.9)]
# The same formulas, written by somebody else.
SAME = {"RK23": "rk23", "RK45": "rk45", "DOP853": "dop853", "Heun": "heun", "Bosh3": "rk23", "Dopri5": "rk45"}


@cache
def made(kind, name):
    """One of each: what JAX compiled is used again."""
    return kind(name)


@every
@pytest.mark.parametrize("steps", [3, 8])
def test_declared_cost_is_what_the_flow_counts(kind, name, steps):
    sampler, flow = made(kind, name), Flow(PLANE.score)
    sampler.transport(flow, bundle(), log_snr_schedule(steps, 1e-2, 0.99))
    assert (flow.evaluations, flow.rounds) == (sampler.evaluations(steps), sampler.rounds(steps))


@every
def test_no_evaluation_beyond_the_budget(kind, name):
    sampler = made(kind, name)
    flow = Flow(PLANE.score, budget=sampler.evaluations(9) - 1)
    with pytest.raises(BudgetExceeded):
        sampler.transport(flow, bundle(), SCHEDULES[0])
    assert flow.evaluations < sampler.evaluations(9)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.name)
@pytest.mark.parametrize("kind, name", [case for case in CASES if case.values[1] in SAME])
def test_the_same_formula_gives_the_same_end(kind, name, schedule):
    """Positions and tangents, at even and at uneven steps: no step was cut, stretched or rejected."""
    ours = RungeKutta(SAME[name], "half_log_snr").transport(Flow(PLANE.score), bundle(), schedule)
    assert np.allclose(made(kind, name).transport(Flow(PLANE.score), bundle(), schedule), ours, rtol=1e-11, atol=1e-12)


@every
def test_tangents_are_carried_as_positions_are(kind, name):
    miss, round_off = tangent_error(made(kind, name), PLANE.score, bundle(), SCHEDULES[0])
    assert miss <= round_off < 1e-10


@every
def test_blocks_and_earlier_runs_do_not_matter(kind, name):
    sampler, start = made(kind, name), bundle(n=7)
    before = start.copy()
    whole = sampler.transport(Flow(PLANE.score), start, SCHEDULES[0])
    parts = [sampler.transport(Flow(PLANE.score), start[:, part], SCHEDULES[0]) for part in (slice(0, 3), slice(3, 7))]
    assert np.allclose(whole, np.concatenate(parts, axis=1), rtol=1e-12, atol=1e-13)
    assert np.array_equal(start, before) and not np.shares_memory(start, whole) and whole.dtype == np.float64


def end(sampler, steps):
    return sampler.transport(Flow(TWO_PEAKS.score), STARTS, log_snr_schedule(steps + 1, 0.1, 0.9))


@cache
def exact_end():
    return end(RungeKutta("dop853"), 256)


@every
def test_order_is_the_claimed_one(kind, name):
    sampler = made(kind, name)
    ladder = [8, 12, 16] if sampler.order > 6 else [32, 48, 64]
    errors = [np.linalg.norm(end(sampler, steps) - exact_end()) for steps in ladder]
    assert -np.polyfit(np.log(ladder), np.log(errors), 1)[0] == pytest.approx(sampler.order, abs=0.35)


def test_a_diverged_path_takes_no_other_with_it():
    start = bundle()
    start[0, 2] = 1e200  # its square is no number
    with np.errstate(all="ignore"):
        ends = SolveIvp().transport(Flow(lambda x, level: x**2 * 1e3), start[:1], SCHEDULES[0])
        alone = SolveIvp().transport(Flow(lambda x, level: x**2 * 1e3), start[:1, :1], SCHEDULES[0])
    assert np.isnan(ends[0, 2]).all() and np.array_equal(np.isnan(ends[0, :1]), np.isnan(alone[0]))


@pytest.mark.parametrize("kind, name, word", [
    *((SolveIvp, name, why[:30]) for name, why in REFUSED_STEPPERS.items()),
    (SolveIvp, "nope", "choose one of RK23"), (Diffrax, "Kvaerno5", "choose one of Euler")])
def test_others_are_refused_with_the_reason(kind, name, word):
    with pytest.raises(InputError, match=word):
        kind(name)


def held_to_steps(name, steps, rtol=ANY_ERROR):
    """(error, steps made) of a refused stepper that is held to the steps of the schedule as the others are.

    It takes differences of the size of its absolute tolerance, which therefore stays small.
    """
    schedule = log_snr_schedule(steps + 1, 0.1, 0.9)
    times = [level.half_log_snr for level in schedule.levels[::-1]]
    length = times[1] - times[0]
    stepper = getattr(scipy.integrate, name)(
        lambda time, x: pf_ode_slope(Flow(TWO_PEAKS.score), x.reshape(STARTS.shape), time).ravel(), times[0],
        STARTS.ravel(), t_bound=times[-1], first_step=length, max_step=length, rtol=rtol, atol=min(rtol, 1e-8))
    made = 0
    while stepper.status == "running":
        stepper.step()
        made += 1
    return np.linalg.norm(stepper.y.reshape(STARTS.shape) - exact_end()), made


@pytest.mark.parametrize("name, left", [("Radau", 3), ("BDF", 1), ("LSODA", 2)])
def test_why_the_others_are_refused(name, left):
    """Without tolerances little is left of their order; with tolerances that keep it the steps are their own."""
    ladder = [32, 64, 128]
    errors = [held_to_steps(name, steps)[0] for steps in ladder]
    assert -np.polyfit(np.log(ladder), np.log(errors), 1)[0] == pytest.approx(left, abs=0.6)
    assert str(left) in REFUSED_STEPPERS[name]
    assert held_to_steps(name, 32, 1e-10)[1] > 2 * 32

"""The contract of a sampler, held against every one that is exported."""

import inspect

import numpy as np
import pytest

import heroism.samplers
from heroism.flow import BudgetExceeded, Flow
from heroism.noise import NoiseSchedule, log_snr_schedule, paper_schedule, rho_schedule
from heroism.samplers import Ddim, OneStepSampler, Piloted, Sampler
from heroism.samplers.linearity import tangent_error
from heroism.testing import PROBLEMS, measured
from heroism.tests.sampler_examples import EXAMPLES
from heroism.tests.small_targets import PLANE, assert_cost_as_declared, bundle, gaussian, point_mass

every = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
DETERMINISTIC = [example for example in EXAMPLES if not example.sampler.stochastic]
every_map = pytest.mark.parametrize("example", DETERMINISTIC, ids=lambda example: example.name)
ORDERED = [example for example in EXAMPLES if example.measures_order]

SCHEDULES = [log_snr_schedule(9, 1e-3, 0.99), paper_schedule(24), rho_schedule(12, 1e-2, 0.9)]
EXTREME, MEDIUM, FINE = (log_snr_schedule(steps, 1e-6, 1.0 - 1e-6) for steps in (24, 48, 200))


def test_every_exported_sampler_has_an_example():
    classes = filter(inspect.isclass, vars(heroism.samplers).values())
    exported = {thing for thing in classes if issubclass(thing, Sampler)} - {Sampler, OneStepSampler, Piloted}
    assert exported <= {type(example.sampler) for example in EXAMPLES}


@pytest.mark.parametrize("example", ORDERED, ids=lambda example: example.name)
def test_order_is_the_declared_one_and_no_more(example):
    assert measured(example.sampler, PROBLEMS[0]).order == pytest.approx(example.sampler.order, abs=0.25)


@every
@pytest.mark.parametrize("steps", [3, 4, 5, 8, 33])
def test_declared_cost_is_what_the_flow_counts(example, steps):
    assert_cost_as_declared(example.sampler, steps)


@every
def test_no_evaluation_beyond_the_budget(example):
    schedule = log_snr_schedule(9, 1e-2, 0.99)
    needed = example.sampler.evaluations(9)
    enough = Flow(PLANE.score, budget=needed, diffusion=lambda x, deviation: x)
    example.sampler.transport(enough, np.zeros((1, 2, 2)), schedule)
    flow = Flow(PLANE.score, budget=needed - 1, diffusion=lambda x, deviation: x)
    with pytest.raises(BudgetExceeded):
        example.sampler.transport(flow, np.zeros((1, 2, 2)), schedule)
    assert flow.evaluations <= needed - 1


@every_map
@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda schedule: schedule.name)
def test_tangents_are_carried_as_positions_are(example, schedule):
    miss, round_off = tangent_error(example.sampler, PLANE.score, bundle(), schedule)
    assert miss <= round_off < 1e-10


class Bent(Ddim):
    """DDIM by someone who treats a tangent as what it is not, by a part in a million: the negative control."""

    def __init__(self, bend):
        self.bend = bend

    def step(self, flow, bundle, start, end):
        return super().step(flow, bundle, start, end) + 1e-6 * self.bend(bundle)


@pytest.mark.parametrize("bend", [np.ones_like, np.square, np.abs, lambda bundle: bundle * np.eye(3)[0][:, None, None]],
                         ids=["adds a constant", "squares", "mirrors", "forgets tangents"])
def test_a_sampler_that_is_not_linear_is_noticed(bend):
    miss, round_off = tangent_error(Bent(bend), PLANE.score, bundle(), SCHEDULES[0])
    assert miss > 100.0 * round_off


@every
def test_input_is_left_alone_and_output_is_new(example):
    start = bundle(tangents=0)
    before = start.copy()
    flow = Flow(PLANE.score, diffusion=lambda x, deviation: x + deviation)
    end = example.sampler.transport(flow, start, SCHEDULES[0])
    assert np.array_equal(start, before) and not np.shares_memory(start, end)
    assert end.shape == start.shape and end.dtype == np.float64


@every_map
def test_particles_do_not_know_of_each_other(example):
    start = bundle(n=7)
    whole = example.sampler.transport(Flow(PLANE.score), start, SCHEDULES[0])
    parts = [example.sampler.transport(Flow(PLANE.score), start[:, part], SCHEDULES[0])
             for part in (slice(0, 1), slice(1, 5), slice(5, 7))]
    assert np.allclose(whole, np.concatenate(parts, axis=1), rtol=1e-12, atol=1e-13)


@every_map
def test_a_second_run_gives_the_same(example):
    first, second = (example.sampler.transport(Flow(PLANE.score), bundle(), SCHEDULES[1]) for _ in range(2))
    assert np.array_equal(first, second)


def change_of_noise(sampler: Sampler, schedule: NoiseSchedule) -> float:
    """How far points of N(0, I) move, when they should not: the flow of N(0, I) stands still."""
    start = bundle()
    return float(np.abs(sampler.transport(Flow(gaussian(1.0, dim=2).score), start, schedule) - start).max())


def change_of_point(sampler: Sampler, schedule: NoiseSchedule) -> float:
    """How far z in ``x = sqrt(alpha_bar) mu + sqrt(tau) z`` moves for a point mass at mu, when it should not."""
    mu, start = np.array([0.7, -1.3]), bundle()
    root, end = np.sqrt(schedule.start.tau), np.sqrt(schedule.end.tau)
    start[0] = np.sqrt(schedule.start.alpha_bar) * mu + root * start[0]
    final = sampler.transport(Flow(point_mass(*mu).score), start, schedule)
    noise = (start[0] - np.sqrt(schedule.start.alpha_bar) * mu) / root
    moved = np.abs((final[0] - np.sqrt(schedule.end.alpha_bar) * mu) / end - noise).max()
    return max(float(moved), float(np.abs(final[1:] / end - start[1:] / root).max()))


@every_map
def test_keeps_what_it_claims_to_keep_and_nothing_else(example):
    """From 1e-6 to 1 - 1e-6: exact to round-off in short steps, where nothing amplifies it, or wrong in long ones.

    The round-off of a point mass is that of the position, 1e-16, in units of the last noise, 1e-3. (In long steps the
    point mass is stiff for the noise prediction: from order 4 the explicit Adams methods then amplify it, those on
    data do not.)
    """
    if example.keeps == "noise":
        assert change_of_noise(example.sampler, FINE) < 1e-13
    else:
        assert not change_of_noise(example.sampler, EXTREME) < 1e-8
    if example.keeps == "point":
        assert change_of_point(example.sampler, FINE) < 1e-11
    else:
        assert not change_of_point(example.sampler, EXTREME) < 1e-8


class Forgetful(OneStepSampler):
    """Euler by someone who forms alpha_bar as 1 - tau: the negative control."""

    order = 1

    def step(self, flow, bundle, start, end):
        alpha = (1.0 - start.tau) / (1.0 - end.tau)
        return (bundle + 0.5 * (1.0 - alpha) * flow(bundle, start)) / np.sqrt(alpha)


def sensitivity(sampler: Sampler) -> float:
    """Relative change of the Jacobian when the *large* one of alpha_bar and tau moves by a few ulp."""
    exact, wobble = MEDIUM, np.where(np.arange(MEDIUM.steps) % 2, 4.0, -4.0) * np.finfo(float).eps
    large = exact.tau > 0.9, exact.alpha_bar > 0.9
    moved = NoiseSchedule(np.where(large[1], exact.alpha_bar * (1 + wobble), exact.alpha_bar),
                          np.where(large[0], exact.tau * (1 + wobble), exact.tau))
    target, start = gaussian(0.3), np.ones((2, 1, 1))
    ends = [sampler.transport(Flow(target.score), start, schedule)[1, 0, 0] for schedule in (exact, moved)]
    return float(abs(ends[1] / ends[0] - 1.0))


@every_map
def test_small_numbers_are_never_taken_from_large_ones(example):
    assert sensitivity(example.sampler) < 1e-13


def test_forming_one_minus_tau_is_noticed():
    assert sensitivity(Forgetful()) > 1e-11

"""Samplers of other people's as people write them: what comes out is exact, and what has no Jacobian is told so."""

import functools
import re

import numpy as np
import pytest

from heroism.errors import InputError
from heroism.flow import Flow
from heroism.noise import log_snr_schedule, rho_schedule
from heroism.samplers import Ddim, RungeKutta, Sampler
from heroism.samplers.external import OwnDenoiser, OwnSampler, OwnStep, as_sampler, named
from heroism.samplers.external.arrays import array_library
from heroism.samplers.linearity import tangent_error
from heroism.scores import ExactScore, PerturbedScore
from heroism.targets import GaussianMixture
from heroism.tests import own_functions as own
from heroism.tests.small_targets import PLANE, bundle
from heroism.transport import transport

SCHEDULE = rho_schedule(9, 1e-4, 0.9999)
TARGET = GaussianMixture([[2.0, 0.0, 0.0], [-1.0, 1.0, 0.3], [0.0, 1.0, 2.0]], [0.2, 0.1, 0.3])
SOUND = [(own.euler, Ddim()), (own.in_place, Ddim()), (own.step_ddim, Ddim()), (own.heun, RungeKutta("heun", "sigma"))]
every_sound = pytest.mark.parametrize("function, ours", SOUND, ids=lambda value: getattr(value, "__name__", ""))


def carried(sampler, score=None, schedule=SCHEDULE):
    return transport(sampler, score or ExactScore(TARGET), schedule, particles=60, seed=0)


@every_sound
def test_what_comes_out_is_what_comes_out_of_the_same_sampler_of_ours(function, ours):
    theirs, known = carried(as_sampler(function)), carried(ours)
    assert np.allclose(theirs.positions, known.positions, rtol=1e-12, atol=1e-12)
    assert np.allclose(theirs.log_density, known.log_density, rtol=1e-11, atol=1e-11)
    assert (theirs.evaluations, theirs.rounds) == (known.evaluations, known.rounds)


@every_sound
def test_declared_cost_is_what_the_flow_counts(function, ours):
    sampler, flow = as_sampler(function), Flow(PLANE.score)
    sampler.transport(flow, bundle(), SCHEDULE)
    assert flow.evaluations == flow.rounds == sampler.evaluations(9) == sampler.rounds(9) == ours.evaluations(9)


@every_sound
def test_input_is_left_alone_and_output_is_new(function, ours):
    start = bundle()
    before = start.copy()
    end = as_sampler(function).transport(Flow(PLANE.score), start, SCHEDULE)
    assert np.array_equal(start, before) and not np.shares_memory(start, end)
    assert end.shape == start.shape and end.dtype == np.float64


@pytest.mark.parametrize("function", [own.euler, own.heun, own.dpmpp_2m, own.step_ddim])
def test_tangents_are_carried_as_positions_are(function):
    miss, round_off = tangent_error(as_sampler(function), PLANE.score, bundle(), log_snr_schedule(9, 1e-3, 0.99))
    assert miss <= round_off < 1e-10


def test_a_score_that_measures_itself_is_asked_for_the_paths_alone():
    schedule, scores = log_snr_schedule(9, 1e-2, 0.99), [PerturbedScore(TARGET, 0.1, 2.0, seed=1) for _ in range(2)]
    for sampler, score in zip((as_sampler(own.euler), Ddim()), scores, strict=True):
        carried(sampler, score, schedule)
    assert scores[0].score_error == pytest.approx(scores[1].score_error, rel=1e-9)


WRONG = [(own.clipped, "not linear.*clipping"), (own.thresholded, "not linear.*thresholding"),
         (own.adaptive, "steps depend on the state.*freeze"), (own.noisy, "adds noise.*eta=0"),
         (own.shifted, "not linear"), (own.step_mirrored, "not linear"), (own.to_zero, "sigma = 0.*append no zero"),
         (own.for_a_few, "must stay that of the state"), (own.flattened, "must stay that of the state")]


@pytest.mark.parametrize("function, said", WRONG, ids=lambda value: getattr(value, "__name__", ""))
def test_what_leaves_no_jacobian_is_told_so_in_one_sentence(function, said):
    with pytest.raises(InputError, match=said) as error:
        carried(as_sampler(function))
    assert "\n" not in str(error.value) and len(str(error.value)) < 400


def test_clipping_far_out_is_seen_by_the_few_that_it_meets():
    """Of 60 paths the largest coordinate alone is clipped; the others do not hide it."""
    largest = np.abs(carried(Ddim()).positions).max()

    def clipped(model, x, sigmas):
        return np.clip(own.euler(model, x, sigmas), -0.999 * largest, 0.999 * largest)

    with pytest.raises(InputError, match="not linear"):
        carried(as_sampler(clipped))


def test_single_precision_is_seen_and_has_its_floor():
    sampler = as_sampler(own.single)
    assert carried(sampler).echo.positions.dtype == np.float64
    assert sampler.resolution == np.finfo(np.float32).eps
    assert np.allclose(carried(sampler).log_density, carried(Ddim()).log_density, atol=1e-3)


def test_a_diverging_sampler_is_no_mistake():
    def wild(model, x, sigmas):
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(400):
                x = 1e3 * own.euler(model, x, sigmas)
        return x

    assert carried(as_sampler(wild), schedule=rho_schedule(3, 1e-2, 0.99)).diverged == 1.0


def test_kinds_are_told_apart_by_what_a_function_needs():
    assert type(as_sampler(own.euler)) is type(as_sampler(own.heun)) is OwnDenoiser
    assert type(as_sampler(own.step_ddim)) is OwnStep
    assert type(as_sampler(functools.partial(own.heun, average=0.4))) is OwnDenoiser
    assert type(as_sampler(lambda *given: own.step_ddim(*given), kind="step")) is OwnStep
    ours = Ddim()
    assert as_sampler(ours) is ours


@pytest.mark.parametrize("thing", [3, "euler", Ddim, None, lambda x: x, lambda a, b, c, d, e: a])
def test_what_is_no_sampler_is_refused(thing):
    with pytest.raises(InputError):
        as_sampler(thing)


@pytest.mark.parametrize("more", [{"kind": "walk"}, {"array": "jax"}, {"order": -1}])
def test_wrong_words_are_refused(more):
    with pytest.raises(InputError):
        as_sampler(own.euler, **more)


def test_by_its_dotted_path(tmp_path, monkeypatch):
    assert isinstance(named("heroism.tests.own_functions.heun"), OwnSampler)
    assert isinstance(named("heroism.tests.own_functions.step_ddim", kind="step"), Sampler)
    (tmp_path / "my_own_sampler_module.py").write_text("def mine(model, x, sigmas):\n    return x\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", ["/nowhere"])
    assert re.fullmatch(r"OwnDenoiser\(mine, numpy\)", repr(named("my_own_sampler_module.mine")))


@pytest.mark.parametrize("path", [None, "", "heun", "no_such_module_of_mine.heun", "heroism.tests.nothing.heun",
                                  "heroism.tests.own_functions.nothing", "heroism.tests.own_functions.np"])
def test_a_path_that_leads_nowhere(path):
    with pytest.raises(InputError):
        named(path)


def test_what_a_function_works_on_is_read_off_its_source():
    assert {array_library(function) for function, _ in SOUND} == {"numpy"}

    def tensors(model, x, sigmas):
        return x * x.new_ones([1])

    assert array_library(tensors) == array_library(functools.partial(tensors)) == "torch"

"""What every step costs alone: against runs of one step, its order, its sum as a bound, and where it lies."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from heroism.distances import total_variation
from heroism.errors import InputError
from heroism.measures.distances import ErrorSpectrum
from heroism.measures.run import Run
from heroism.noise import NoiseSchedule, log_snr_schedule
from heroism.samplers import (
    ComposedHeroism,
    Ddim,
    Ddpm,
    ExponentialAdams,
    Heroism,
    Picard,
    RungeKutta,
    UniPC,
)
from heroism.scores import ExactScore
from heroism.targets import ProductMixture, RandomCodebook
from heroism.tests.small_targets import PLANE, NaiveMixture
from heroism.transport import transport

LINE = NaiveMixture([0.4, 0.6], [[-1.0], [1.2]], [0.1, 0.2])


def schedule(steps):
    return log_snr_schedule(steps, 1e-2, 0.99)


def spectrum(sampler, target, steps, particles=200):
    return ErrorSpectrum(particles)(Run(sampler, ExactScore(target), schedule(steps)))[""]


def parts(*arguments):
    return np.array(spectrum(*arguments).parts)


@pytest.mark.parametrize("sampler", [Ddim(), RungeKutta("heun"), Heroism(3, 4)], ids=lambda one: type(one).__name__)
def test_a_part_is_the_total_variation_of_a_run_of_one_step(sampler):
    found, levels = parts(sampler, PLANE, 5, 800), schedule(5).levels[::-1]
    assert found[:, 0] == pytest.approx([level.half_log_snr for level in levels[:-1]], rel=1e-4)
    for row, start, end in zip(found, levels[:-1], levels[1:], strict=True):
        pair = NoiseSchedule(np.array([end.alpha_bar, start.alpha_bar]), np.array([end.tau, start.tau]))
        alone = total_variation(transport(sampler, ExactScore(PLANE), pair, 800, seed=4), PLANE)
        assert abs(row[2] - alone.value) < 4.0 * np.hypot(row[3], alone.stderr) + 1e-9
    found = spectrum(sampler, PLANE, 5)
    assert found.value == pytest.approx(sum(row[2] for row in found.parts), rel=1e-4) and found.floor < 1e-7
    assert json.loads(json.dumps(asdict(found)))["parts"] == found.parts


def test_a_memory_of_nothing_is_none():
    assert np.allclose(parts(ExponentialAdams(1), PLANE, 6), parts(Ddim(), PLANE, 6), rtol=1e-4, atol=1e-9)


@pytest.mark.parametrize(("sampler", "order"), [
    (RungeKutta("heun"), 2), (ExponentialAdams(3), 3), (UniPC(2), 3),
    (ComposedHeroism.frugal(memory=2, placement="clock", startup="collocation"), 3),
])
def test_with_an_exact_memory_every_step_has_its_full_order(sampler, order):
    """Parts are of order p + 1 in the step, there are 1 / h of them; the last of UniPC is its predictor's alone."""
    coarse, fine = (parts(sampler, LINE, steps, 64)[:-1, 2].sum() for steps in (49, 97))
    assert np.log2(coarse / fine) == pytest.approx(order, abs=0.3)


@pytest.mark.parametrize("sampler", [Ddim(), ExponentialAdams(2), ComposedHeroism.frugal(), Heroism(3, 4)],
                         ids=lambda one: type(one).__name__)
@pytest.mark.parametrize("target", [PLANE, ProductMixture([-1.0, 1.0], 0.1, None, 4)],
                         ids=lambda target: type(target).__name__)
def test_the_sum_bounds_the_total_variation(sampler, target):
    found, total = spectrum(sampler, target, 12, 600), total_variation(
        transport(sampler, ExactScore(target), schedule(12), 600, seed=1), target)
    assert found.value + 4.0 * (found.stderr + total.stderr) + found.floor > total.value


def test_on_a_codebook_the_error_comes_from_the_transition():
    target = RandomCodebook(64)
    found = parts(RungeKutta("heun"), target, 30, 40)
    apart = 0.5 * (found[:, 0] + found[:, 1]) - target.transition.half_log_snr
    near = np.abs(apart) < 3.0 / np.sqrt(64)
    assert found[near, 2].sum() > 0.9 * found[:, 2].sum() and near.sum() < 8


@pytest.mark.parametrize("sampler", [Picard(), ComposedHeroism.parallel(), Ddpm()], ids=lambda one: type(one).__name__)
def test_steps_that_do_not_stand_alone_are_refused(sampler):
    with pytest.raises(InputError, match="sampler = "):
        spectrum(sampler, PLANE, 6)


@pytest.mark.parametrize(("settings", "sentence"), [({"particles": 1}, "particles = 1"),
                                                    ({"accuracy": 0}, "accuracy = 0")])
def test_mistakes_are_named(settings, sentence):
    with pytest.raises(InputError, match=sentence):
        ErrorSpectrum(**settings)(Run(Ddim(), ExactScore(PLANE), schedule(5)))

"""The closed form on N(0, I): against the change of variables, the formula for small errors, and where it must fail."""

import numpy as np
import pytest
from scipy.stats import norm

from heroism.measures.base import OWN
from heroism.measures.distances.total_variation import total_variation
from heroism.measures.lemmas import FlatPhase
from heroism.measures.run import Run
from heroism.noise import log_snr_schedule, paper_schedule
from heroism.samplers import Ddim, Ddpm, Heroism
from heroism.scores import ExactScore
from heroism.targets import ProductMixture, ScaleMixture
from heroism.targets.embedded import Embedded
from heroism.tests.sampler_examples import EXAMPLES

NOISE = ScaleMixture(16, [1.0])
SCHEDULE = log_snr_schedule(12, 0.05, 0.999)


def both(sampler, target, schedule, particles=500):
    """(predicted, measured) total variation."""
    run = Run(sampler, ExactScore(target), schedule, particles=particles)
    return FlatPhase()(run)[OWN], total_variation(run.ensemble, target)


@pytest.mark.parametrize("example", [one for one in EXAMPLES if not one.sampler.stochastic], ids=lambda one: one.name)
def test_on_the_noise_itself_it_is_the_total_variation_of_any_sampler(example):
    predicted, measured = both(example.sampler, NOISE, SCHEDULE)
    assert predicted.stderr == 0.0
    if example.keeps == "noise":
        assert predicted.value < 100.0 * predicted.floor
    else:
        assert measured.value == pytest.approx(predicted.value, abs=4.0 * measured.stderr + 100.0 * measured.floor)


@pytest.mark.parametrize("d", [1, 64, 4096])
def test_it_grows_like_the_root_of_the_dimension_while_it_is_small(d):
    """DDIM's recursion on N(0, I), written out; in one dimension a small excess of the variance costs ``phi(1)`` of it.
    """
    schedule, gain = log_snr_schedule(3, 0.49, 0.5), 1.0
    for one, other in schedule.transitions():
        root = np.sqrt(other.alpha_bar / one.alpha_bar)
        gain *= root + np.sqrt(one.tau) * (np.sqrt(other.tau) - root * np.sqrt(one.tau))
    predicted = FlatPhase()(Run(Ddim(), ExactScore(ScaleMixture(d, [0.3])), schedule))[OWN]
    excess, least = abs(gain**2 - 1.0), norm.pdf(1.0) if d == 1 else np.sqrt(d / (4.0 * np.pi))
    assert predicted.value == pytest.approx(excess * least, rel=0.02)


def test_of_an_embedded_law_every_ambient_coordinate_counts():
    targets = Embedded(ProductMixture([-1.0, 1.0], 0.1, dim=2), 64), ScaleMixture(64, [1.0])
    one, other = (FlatPhase()(Run(Heroism(2), ExactScore(target), paper_schedule(64)))[OWN] for target in targets)
    assert one == other


def test_it_predicts_what_heroism_makes_of_a_mixture_and_not_what_ddim_does():
    mixture = ProductMixture([-1.0, 1.0], 0.1, [0.4, 0.6], dim=64)
    predicted, measured = both(Heroism(3), mixture, paper_schedule(64))
    assert measured.value == pytest.approx(predicted.value, rel=0.15)
    predicted, measured = both(Ddim(), mixture, log_snr_schedule(64, 1e-3, 0.999999))
    assert abs(measured.value / predicted.value - 1.0) > 0.3


def test_a_stochastic_sampler_has_a_prediction_as_well():
    run = Run(Ddpm(), ExactScore(NOISE), SCHEDULE)
    assert FlatPhase()(run)[OWN].value == pytest.approx(run.law.total_variation().value, rel=1e-6)
    assert run.population is None

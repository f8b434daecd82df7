"""KL, path KL and exact W2 as an experiment asks for them."""

import numpy as np
import pytest

from heroism.distances import kl
from heroism.errors import InputError
from heroism.measures.distances import ExactWasserstein, Kl, PathKl, TotalVariation, Wasserstein
from heroism.measures.run import Run
from heroism.measures.stochastic.gaussian import spectrum
from heroism.measures.stochastic.probe import probed_output
from heroism.noise import log_snr_schedule
from heroism.samplers import Ddim, Ddpm, ExponentialAdams
from heroism.samplers.stochastic import Churn, SaSolver, SdeDpmSolver, Seeds
from heroism.scores import ExactScore
from heroism.tail import Tail
from heroism.targets import GaussianMixture, ProductMixture, ScaleMixture, Sphere
from heroism.transport import transport

SCHEDULE = log_snr_schedule(24, 0.01, 0.98)
TWO_SPOTS = GaussianMixture([[-1.0, 0.0], [1.0, 0.2]], 0.1)


@pytest.mark.parametrize("target", [GaussianMixture([[0.5, -1.0]], [[0.25, 2.0]]), ProductMixture([0.3], 0.4, dim=9),
                                    ScaleMixture(9, [0.4])], ids=lambda target: type(target).__name__)
def test_kl_of_a_map_is_the_exact_one_on_a_gaussian(target):
    exact = probed_output(Ddim(), target, SCHEDULE).kl(spectrum(target).at(SCHEDULE.end))
    seen = kl(transport(Ddim(), ExactScore(target), SCHEDULE, 4000, 0), target)
    assert abs(seen.value - exact) < 4.0 * seen.stderr + 1e-6 * exact
    assert seen.floor < 1e-20 < seen.value


def test_kl_stays_accurate_however_small_it_is():
    target, schedule = GaussianMixture([[-1.0], [1.0]], 0.1), log_snr_schedule(513, 0.05, 0.95)
    estimate = kl(transport(ExponentialAdams(4), ExactScore(target), schedule, 2000, 0), target)
    assert 1e2 * estimate.floor < estimate.value < 1e-12 and estimate.stderr < 0.5 * estimate.value


@pytest.mark.parametrize("sampler", [Ddpm(), SdeDpmSolver(2)], ids=lambda sampler: type(sampler).__name__)
def test_stochastic_samplers_are_measured_without_particles(sampler):
    run = Run(sampler, ExactScore(ProductMixture([-1, 1], 0.1, dim=10**5)), SCHEDULE)
    values = {type(measure).__name__: measure(run)[""] for measure in (TotalVariation(), Kl(), ExactWasserstein())}
    assert run.population is None
    assert all(estimate.stderr == 0.0 and estimate.value > 10.0 * estimate.floor for estimate in values.values())
    assert 2.0 * values["TotalVariation"].value ** 2 <= values["Kl"].value
    path = PathKl(500)(run)[""]
    assert path.value + 4.0 * path.stderr > values["Kl"].value


@pytest.mark.parametrize(("measure", "sampler", "target"), [
    (TotalVariation(), Ddpm(), GaussianMixture([[-1.0, 0.0], [1.0, 0.2]], 0.1)), (Kl(), Seeds(), Sphere(3)),
    (ExactWasserstein(), Ddim(), TWO_SPOTS), (PathKl(), Churn(8.0), Sphere(3)), (PathKl(), Ddim(), Sphere(3)),
    (Kl(), SdeDpmSolver(2), Sphere(3)), (Kl(), SaSolver(2, 1), ProductMixture([-1, 1], 0.1)),
    (PathKl(bands=-1), Ddpm(), Sphere(3)),
])
def test_what_stands_in_the_way_is_said_before_anything_runs(measure, sampler, target):
    with pytest.raises(InputError):
        measure.check(target, sampler, 100)


def test_a_deterministic_sampler_is_measured_by_its_law_if_asked():
    run = Run(Ddim(), ExactScore(ProductMixture([-1, 1], 0.1, dim=100)), SCHEDULE)
    assert TotalVariation(exact=True)(run)[""] == run.law.total_variation()
    assert Kl(exact=True)(run)[""] == run.law.kl() and run.population is None
    with pytest.raises(InputError, match="exact law of an output"):
        Kl(exact=True).check(TWO_SPOTS, Ddim(), 100)


def test_bands_of_noise_add_up_to_the_path():
    found = PathKl(bands=4)(Run(Ddpm(), ExactScore(ProductMixture([-1, 1], 0.1, dim=10)), SCHEDULE))
    assert list(found) == ["", "band_1", "band_2", "band_3", "band_4"]
    parts = [found[name].value for name in list(found)[1:]]
    assert sum(parts) == pytest.approx(found[""].value, rel=1e-12) and min(parts) > 0.0


def test_a_path_that_diverged_makes_it_infinite():
    target = GaussianMixture([[0.0]], 0.3)
    ensemble = transport(Ddim(), ExactScore(target), SCHEDULE, 8, 0)
    ensemble.log_density[3] = np.nan
    assert kl(ensemble, target).value == np.inf


@pytest.mark.parametrize("target, exact", [(ProductMixture([-1, 1], 0.1, dim=3), True), (TWO_SPOTS, False)])
def test_w2_of_a_stochastic_sampler_is_that_of_the_laws_where_they_are_known(target, exact):
    run = Run(Ddpm(), ExactScore(target), SCHEDULE, particles=200)
    found = Wasserstein(points=200)(run)[""]
    assert (found.stderr == 0.0) == exact == (run.population is None)
    if exact:
        assert found == run.law.wasserstein()


def test_kl_counts_weighted_starting_points_by_their_weights():
    target, schedule = GaussianMixture([[-2.0], [2.0]], 0.1), log_snr_schedule(33, 0.02, 0.98)
    plain, weighted = (kl(transport(ExponentialAdams(2), ExactScore(target), schedule, n, 3, start), target)
                       for n, start in ((20_000, "exact"), (2000, Tail())))
    assert abs(plain.value - weighted.value) < 4.0 * np.hypot(plain.stderr, weighted.stderr)
    assert 3.0 * weighted.stderr < plain.stderr and weighted.stderr < 0.1 * weighted.value

"""Every stochastic sampler on every kind of target: each measure gives a number, or one sentence that names the
obstacle and what would work; and that does.
"""

import numpy as np
import pytest

from heroism.errors import InputError
from heroism.measures.distances import Kl, PathKl, TotalVariation, Wasserstein
from heroism.measures.run import Run
from heroism.noise import log_snr_schedule
from heroism.scores import ExactScore
from heroism.targets import (
    Empirical,
    GaussianMixture,
    Hypercube,
    ProductMixture,
    ScaleMixture,
    Sphere,
)
from heroism.tests.stochastic_examples import EXAMPLES

SCHEDULE = log_snr_schedule(5, 0.2, 0.8)
TARGETS = {
    "gaussian": GaussianMixture([[0.5, -1.0]], [[[0.5, 0.2], [0.2, 0.4]]]),
    "product": ProductMixture([-1.0, 1.0], 0.1, [0.4, 0.6], 5),
    "hypercube": Hypercube(4),
    "sphere": Sphere(4),
    "scale_mixture": ScaleMixture(4, [0.1, 2.0]),
    "gaussian_mixture": GaussianMixture([[-1.0, 0.0], [1.0, 0.3]], 0.1),
    "digits": Empirical.digits(3),
}
LINES, RADII, GENERAL = ("product", "hypercube"), ("sphere", "scale_mixture"), ("gaussian_mixture", "digits")
MEASURES = {"total_variation": TotalVariation(), "kl": Kl(), "path_kl": PathKl(paths=20),
            "wasserstein": Wasserstein(points=20)}
# What only some examples can do: a law on a line, a law on a radius, a path. All of them have a law on a Gaussian.
UNUSED_CORRECTION = {"sa-solver 2, corrector 1", "sa-solver 3, corrector 3"}
INSIDE = {"seeds 2", "seeds 3", "dpmpp sde", "dpmpp sde, eta 1/2", "underdamped corrector",
          "stochastic runge-kutta"}
MEMORY = {"sde-dpm-solver++ 2m midpoint", "sde-dpm-solver++ 2m heun", "sde-dpm-solver++ 3m", "er-sde 2", "er-sde 3"}
NO_PATH = INSIDE | UNUSED_CORRECTION | {"churn", "churn of ddim", "restart", "restart of the whole path",
                                        "langevin corrector", "accelerated"}
STOCHASTIC = [example for example in EXAMPLES if example.sampler.stochastic]


def applies(name, target, measure):
    if measure == "wasserstein":
        return True  # by samples, if not by laws
    if measure == "path_kl":
        return name not in NO_PATH
    if target in LINES:
        return name not in UNUSED_CORRECTION
    return target == "gaussian" or (target in RADII and name not in UNUSED_CORRECTION | INSIDE | MEMORY)


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("example", STOCHASTIC, ids=lambda example: example.name)
def test_a_number_or_a_sentence(example, target):
    run = Run(example.sampler, ExactScore(TARGETS[target]), SCHEDULE, particles=20)
    for name, measure in MEASURES.items():
        if applies(example.name, target, name):
            (estimate,) = measure(run).values()
            assert np.isfinite([estimate.value, estimate.stderr, estimate.floor]).all() and estimate.value > 0.0
        else:
            with pytest.raises(InputError, match=r"^[^\n]+: [^\n]+(measure|take)[^\n]+$") as sentence:
                measure(run)
            said = str(sentence.value).lower()
            works = [other for other in MEASURES if applies(example.name, target, other)]
            works += [other for other in TARGETS if applies(example.name, other, name)]
            assert any(other in said for other in works)


def test_the_exact_wasserstein_is_taken_where_there_is_one():
    for target in TARGETS:
        (estimate,) = MEASURES["wasserstein"](Run(STOCHASTIC[0].sampler, ExactScore(TARGETS[target]), SCHEDULE,
                                                  particles=20)).values()
        assert (estimate.stderr == 0.0) == (target not in GENERAL)

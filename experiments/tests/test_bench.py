"""The bench: its cases are what they say, and its baseline is the same algorithm."""

import numpy as np
import pytest

from experiments import bench
from heroism.map import Map
from heroism.noise import log_snr_schedule
from heroism.samplers import Heroism
from heroism.scores import ExactScore
from heroism.targets import GaussianMixture, ProductMixture, ScaleMixture


def test_a_row_holds_what_was_measured_beside_its_floors(monkeypatch):
    monkeypatch.setattr(bench, "REPEATS", 1)
    monkeypatch.setattr(bench, "COMPARED", 0)
    name, d, reduced, components, ns, other, ratio, small, products, exponentials = bench.row(
        "plane", GaussianMixture([[-1.0, 0.0], [1.0, 0.0]], 0.1), 8)
    assert (name, d, reduced, components) == ("plane", 2, 2, 2)
    assert (other, ratio, small) == (None, None, None)
    assert ns > products > 0.0 and ns > exponentials > 0.0


@pytest.mark.parametrize("target", [
    GaussianMixture([[-1.0, 0.5], [1.0, 0.0]], [0.1, 0.3]),
    GaussianMixture([[-1.0, 0.5], [1.0, 0.0]], [np.diag([0.1, 0.2]), [[0.3, 0.1], [0.1, 0.2]]]),
    ProductMixture([-1.0, 1.0], 0.1, [0.4, 0.6], dim=10), ScaleMixture(1000, [1.0, 0.05]),
])
def test_the_baseline_does_the_same(target):
    pytest.importorskip("jax")
    from experiments.baseline import paths

    sampler, schedule = Heroism(3, 3), log_snr_schedule(8, 1e-2, 0.99)
    ours = Map(sampler, ExactScore(target), schedule)
    z = ours.law.sample(6, np.random.default_rng(0))
    images, (positions, volumes) = ours(z), paths(sampler, target, schedule)(z)
    np.testing.assert_allclose(positions, images.positions, rtol=1e-9)
    np.testing.assert_allclose(volumes, images.log_volume, rtol=1e-7, atol=1e-9)

"""Tables that people have, as they have them: those that scikit-learn ships, at the sizes that come up."""

import numpy as np
import pytest
from sklearn import datasets

import heroism as hs

TABLES = {
    **{name: getattr(datasets, f"load_{name}")().data for name in ("iris", "wine", "breast_cancer", "diabetes",
                                                                   "linnerud")},
    "moons": datasets.make_moons(400, noise=0.05, random_state=0)[0],
    "swiss roll": datasets.make_swiss_roll(400, random_state=0)[0],
}


@pytest.mark.parametrize("points", TABLES.values(), ids=TABLES)
def test_a_table_as_a_target(points):
    """Repeated rows are merged, columns of any size are taken, and twice the steps is better."""
    target = hs.Empirical(points)
    assert target.ambient_dim == points.shape[1] and target.weights.sum() == pytest.approx(1.0)
    scale = float(np.sqrt(points.var(axis=0).sum()))
    ends = {"sigma_min": 0.05 * scale, "sigma_max": 100.0 * scale}
    few, many = (hs.measure("dpmpp_2m", target, steps=[steps], particles=8,
                            schedule=lambda T: hs.grids.karras(T, **ends)).rungs[0].tv for steps in (6, 32))
    assert many.value < few.value <= 1.0


def rows(count):
    return datasets.make_swiss_roll(count, random_state=0)[0]


def test_blocks_of_many_points_do_not_depend_on_their_size(monkeypatch):
    from heroism.targets.mixtures import diagonal

    target, level = hs.Empirical(rows(2000)), hs.NoiseLevel.from_tau(0.3)
    x = target.sample(40, level, np.random.default_rng(0))
    whole = target.score(x[None], level)
    monkeypatch.setattr(diagonal, "LOGITS_WORKSPACE", 8 * 2000 * 3)
    assert np.allclose(target.score(x[None], level), whole, rtol=1e-12, atol=1e-12)
    alone = [target.log_density(x[i : i + 1], level)[0] for i in range(len(x))]
    assert np.allclose(target.log_density(x, level), alone, rtol=1e-13)


@pytest.mark.slow
def test_a_hundred_thousand_rows():
    report = hs.measure("dpmpp_2m", hs.Empirical(rows(100_000)), steps=[8, 16], schedule="karras", particles=20)
    assert report.rungs[1].tv.value < report.rungs[0].tv.value

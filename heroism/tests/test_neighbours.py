"""Many points of one variance: what is left out, and what is streamed, against the full sum."""

import numpy as np
import pytest

from heroism.flow import with_tangents
from heroism.noise import NoiseLevel
from heroism.targets import Empirical
from heroism.targets.mixtures.neighbours import Neighbours


def cloud(count, dim):
    rng = np.random.default_rng(0)
    modes = rng.standard_normal((20, dim))
    return Empirical(modes[rng.integers(20, size=count)] + 0.1 * rng.standard_normal((count, dim)))


def full_sum(target, bundle, level):
    """Score and products as defined, of all points from differences, and the posterior (n, m)."""
    gap = np.sqrt(level.alpha_bar) * target.points - bundle[0][:, None, :]
    logits = np.log(target.weights) - 0.5 * np.sum(gap**2, axis=2) / level.tau
    posterior = np.exp(logits - logits.max(axis=1, keepdims=True))
    posterior /= posterior.sum(axis=1, keepdims=True)
    mean = np.einsum("nm,nmc->nc", posterior, gap)
    gap -= mean[:, None, :]
    spread = np.einsum("nm,nmc,nme->nce", posterior, gap, gap, optimize=True) / level.tau**2
    products = np.einsum("nce,pne->pnc", spread, bundle[1:]) - bundle[1:] / level.tau
    return np.concatenate([mean[None] / level.tau, products]), posterior


@pytest.mark.parametrize("tau", [1e-8, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.9])
@pytest.mark.parametrize("dim", [2, 5])
def test_scores_are_those_of_the_full_sum(dim, tau):
    target, level = cloud(1200, dim), NoiseLevel.from_tau(tau)
    bundle = with_tangents(target, target.sample(40, level, np.random.default_rng(1)))
    exact, _ = full_sum(target, bundle, level)
    found = target.score(bundle, level)
    assert np.max(np.abs(found - exact)) < 1e-10 * np.max(np.abs(exact))
    assert np.array_equal(found[0], target.score(bundle[:1], level)[0])


@pytest.mark.parametrize("tau", [1e-7, 1e-6, 1e-5])
def test_what_is_left_out_is_bounded(tau):
    """Between modes as well, where the nearest point is far."""
    target, level = cloud(3000, 3), NoiseLevel.from_tau(tau)
    x = np.concatenate([target.sample(20, level, np.random.default_rng(1)), [[0.0, 0.0, 0.0], [4.0, 1.0, -3.0]]])
    pairs = Neighbours(target.points, np.log(target.weights)).near(x / np.sqrt(level.alpha_bar), tau / level.alpha_bar)
    assert len(pairs.point) < 0.1 * len(x) * len(target.points)
    _, posterior = full_sum(target, x[None], level)
    posterior[pairs.particle, pairs.point] = 0.0
    assert np.max(posterior.sum(axis=1)) < np.exp(-64.0) * (1.0 + 1e-6)


def test_much_noise_leaves_nobody_out():
    target = cloud(1200, 2)
    assert Neighbours(target.points, np.log(target.weights)).near(target.points[:50], 0.5) is None


def test_a_path_that_diverged_harms_no_other():
    target, level = cloud(1200, 2), NoiseLevel.from_tau(1e-6)
    x = target.sample(5, level, np.random.default_rng(1))
    lost = np.concatenate([x, [[np.nan, 0.0], [np.inf, 1.0], [1e200, 0.0]]])
    with np.errstate(all="ignore"):
        found = target.score(with_tangents(target, lost), level)
    np.testing.assert_allclose(found[:, :5], target.score(with_tangents(target, x), level), rtol=1e-12)
    assert not np.isfinite(found[0, 5:7]).all(axis=1).any()

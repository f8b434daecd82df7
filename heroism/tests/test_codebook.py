"""Explicit random words: sums that are streamed in blocks, against those of the mixtures; large ones; mistakes."""

import numpy as np
import pytest

from heroism.errors import InputError
from heroism.flow import with_tangents
from heroism.noise import NoiseLevel
from heroism.targets import Codebook, GaussianMixture

LEVELS = [NoiseLevel.from_half_log_snr(value) for value in (-4.0, -0.5, 0.3, 0.8, 1.5, 2.0, 5.0)]


@pytest.mark.parametrize("level", LEVELS, ids=lambda level: f"tau={level.tau:.2g}")
@pytest.mark.parametrize("skew, variance", [(0.0, 0.0), (1.5, 0.01)])
def test_sums_in_blocks_are_those_of_a_mixture(level, skew, variance):
    target = Codebook(8, 1.0, variance, skew)
    assert len(target.points) == 2981  # several blocks, the last one ragged
    mixture = GaussianMixture(target.points, variance, target.weights)
    x = target.sample(90, level, np.random.default_rng(0))  # more than a window
    x[:5] = np.random.default_rng(1).standard_normal((5, 8))  # far from all words
    bundle = with_tangents(target, x)
    found, expected = target.score(bundle, level), mixture.score(bundle, level)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-9, atol=1e-11 / np.sqrt(level.tau))
    np.testing.assert_allclose(found[1:], expected[1:], rtol=1e-9, atol=1e-11 / level.tau)
    np.testing.assert_allclose(target.log_density(x, level), mixture.log_density(x, level), rtol=1e-12, atol=1e-9)


def test_the_result_does_not_depend_on_who_else_is_there():
    target, level = Codebook(8, 1.0), LEVELS[3]
    bundle = with_tangents(target, target.sample(70, level, np.random.default_rng(2)))
    whole = target.score(bundle, level)
    parts = np.concatenate([target.score(np.ascontiguousarray(bundle[:, i : i + 1]), level) for i in range(70)], axis=1)
    np.testing.assert_allclose(parts, whole, rtol=1e-9, atol=1e-9)


def test_many_words():
    target = Codebook(9, 1.3)
    x = target.sample(3, LEVELS[-1], np.random.default_rng(3))
    nearest = target.points[np.sum((x[:, None] - target.points) ** 2, axis=2).argmin(axis=1)]
    spread = LEVELS[-1].alpha_bar * target.variance + LEVELS[-1].tau
    expected = (np.sqrt(LEVELS[-1].alpha_bar) * nearest - x) / spread
    np.testing.assert_allclose(target.score(x[None], LEVELS[-1])[0], expected, rtol=1e-9)


def test_words_of_a_tree():
    target = Codebook(6, [0.4, 0.6], 0.0, spreads=[0.9, 0.1])
    families = target.points.reshape(11, 37, 6)
    within = families - families.mean(axis=1, keepdims=True)
    assert np.mean(within**2) == pytest.approx(0.1 * 36 / 37, rel=0.1)
    assert np.mean(target.points**2) == pytest.approx(1.0, rel=0.5)


def test_mistakes():
    for arguments, words in (((65, 0.1), "d = 65"), ((16, 1.0), "rate = 1.0: exp"), ((4, -1.0), "rate = -1"),
                             ((4, 0.01), "at least two words"), ((4, [0.5, 0.5], 0.0, 0.0, 0, [1.0]), "spreads"),
                             ((4, []), "at least two words"), ((4, 0.7, -1.0), "variance"),
                             ((4, 0.7, 0.0, -1.0), "skew"), ((4, 0.7, 0.0, 0.0, 0.5), "seed")):
        with pytest.raises(InputError, match=words):
            Codebook(*arguments)

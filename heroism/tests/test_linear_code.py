"""Words of linear codes: generators, sums over a trellis against sums over all words, and what symmetry says."""

import numpy as np
import pytest

from heroism.errors import InputError
from heroism.flow import with_tangents
from heroism.map import Map
from heroism.measures.distances.total_variation import excess, log_ratio
from heroism.noise import NoiseLevel, log_snr_schedule
from heroism.samplers import ExponentialAdams
from heroism.scores import ExactScore
from heroism.targets import Empirical, LinearCode
from heroism.targets.linear_codes import generator_of, halves
from heroism.transport import Endpoints

LEVELS = [NoiseLevel.from_half_log_snr(value) for value in (-4.0, -0.5, 0.3, 0.8, 2.0, 5.0)]


@pytest.mark.parametrize("code, size, distances", [
    ("hamming", (4, 8), {0: 1, 4: 14, 8: 1}),
    ("golay", (12, 24), {0: 1, 8: 759, 12: 2576, 16: 759, 24: 1}),
    ("RM(1, 4)", (5, 16), {0: 1, 8: 30, 16: 1}),
    ("rm(2,4)", (11, 16), {0: 1, 4: 140, 6: 448, 8: 870, 10: 448, 12: 140, 16: 1}),
    ("rm(2,5)", (16, 32), {0: 1, 8: 620, 12: 13888, 16: 36518, 20: 13888, 24: 620, 32: 1}),
])
def test_published_weight_distributions(code, size, distances):
    target = LinearCode(code)
    assert target.generator.shape == size
    weights, counts = np.unique(np.sum(target.words() < 0, axis=1), return_counts=True)
    assert dict(zip(weights.tolist(), counts.tolist(), strict=True)) == distances


@pytest.mark.parametrize("code", ["hamming", "golay", "rm(1,4)", "rm(2,4)", "rm(0,2)", "rm(2,2)"])
def test_halves_make_the_words(code):
    first, second = halves(generator_of(code))
    states = 2 ** len(first.states)
    joined = {(*a, *b) for s in range(states) for a in first.words[:, s].tolist() for b in second.words[:, s].tolist()}
    assert joined == {tuple(word) for word in (LinearCode(code).words() < 0).astype(int).tolist()}


@pytest.mark.parametrize("code", ["hamming", "golay", "rm(1,4)", "rm(2,4)"])
@pytest.mark.parametrize("level", LEVELS, ids=lambda level: f"tau={level.tau:.2g}")
def test_sums_over_the_trellis_are_sums_over_all_words(code, level):
    target = LinearCode(code)
    brute = Empirical(target.words())
    x = target.sample(6, level, np.random.default_rng(0))
    x[:2] = np.random.default_rng(1).standard_normal(x[:2].shape)  # far from all words
    bundle = with_tangents(target, x)
    found, expected = target.score(bundle, level), brute.score(bundle, level)
    np.testing.assert_allclose(found[0], expected[0], rtol=0, atol=1e-12 / np.sqrt(level.tau) * (1 + level.sigma**-1))
    np.testing.assert_allclose(found[1:], expected[1:], rtol=0, atol=1e-12 / level.tau * (1 + level.sigma**-2))
    np.testing.assert_allclose(target.log_density(x, level), brute.log_density(x, level), rtol=1e-13, atol=1e-11)


def test_every_word_is_like_every_other():
    """The paths of one basin, reflected into another: the same contributions to the total variation."""
    target, schedule = LinearCode("rm(1,4)"), log_snr_schedule(17, 1e-3, 1.0 - 1e-6)
    z = target.sample(20, schedule.start, np.random.default_rng(2))
    down = Map(ExponentialAdams(3), ExactScore(target), schedule)
    words, shares = target.words(), []
    for word in (words[0], words[5], words[-1]):
        images = down(z * word)
        ends = Endpoints(images.positions, target.log_density(z * word, schedule.start) - images.log_volume)
        shares.append(excess(log_ratio(ends, target, schedule.end)))
    assert shares[0].max() > 0.1
    np.testing.assert_allclose(shares[1], shares[0], rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(shares[2], shares[0], rtol=1e-7, atol=1e-12)


def test_a_large_code_is_cheap():
    """2^22 words, by twice 2^16 half words; all of them are alike far from the data, and one is left near it."""
    target = LinearCode("rm(2,6)")
    assert (target.bits, target.dim) == (22, 64) and [half.wrong.shape[1] for half in target.halves] == [2**16, 2**16]
    x = target.sample(2, LEVELS[-1], np.random.default_rng(3))
    score = target.score(x[None], LEVELS[-1])[0]
    word = np.sign(x)
    np.testing.assert_allclose(score, (np.sqrt(LEVELS[-1].alpha_bar) * word - x) / LEVELS[-1].tau, rtol=1e-9)
    assert np.all((np.sum(word < 0, axis=1) % 2) == 0)


def test_mistakes():
    for code, words in (("turbo", "choose hamming, golay"), ("rm(5,3)", "the order of a Reed-Muller code"),
                        ("rm(3,6)", "its halves have")):
        with pytest.raises(InputError, match=words):
            LinearCode(code)
    with pytest.raises(InputError, match="variance"):
        LinearCode("golay", -1.0)

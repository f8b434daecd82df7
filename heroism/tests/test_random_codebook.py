"""The planted model of a random codebook: what is followed of it, and what its paths show."""

import numpy as np
import pytest
from scipy.stats import kstest

from heroism.distances import total_variation
from heroism.errors import InputError
from heroism.measures.distances import Histogram, TotalVariation
from heroism.measures.run import Run
from heroism.noise import NoiseLevel, log_snr_schedule, paper_schedule
from heroism.samplers import Ddim, ExponentialAdams, Heroism, RungeKutta
from heroism.scores import ExactScore
from heroism.starts import Exact, Gaussian
from heroism.tail import Tail
from heroism.targets import Embedded, RandomCodebook
from heroism.transport import transport

SCHEDULE = log_snr_schedule(64, 1e-3, 1.0 - 1e-6)


def test_the_word_condenses_where_its_rate_is_the_capacity():
    target = RandomCodebook(400, 0.7, 0.0)
    assert 0.5 * np.log1p(1.0 / target.critical.sigma**2) == pytest.approx(0.7)
    for shift, share in ((-0.3, 0.0), (0.3, 1.0)):
        level = NoiseLevel.from_half_log_snr(target.critical.half_log_snr + shift)
        x = target.sample_part(500, level, np.random.default_rng(0))
        assert target.in_part(x, level).mean() == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize("dim", [2, 3, 50])
def test_ends_have_the_law_of_the_word(dim):
    target, level = RandomCodebook(dim, 1.0, 0.05), NoiseLevel.from_tau(0.1)
    x = target.sample_part(4000, level, np.random.default_rng(1))
    lifted = target.lift(x, np.random.default_rng(2))
    lifted[:, 0] -= np.sqrt(level.alpha_bar * dim)
    deviation = np.sqrt(0.05 * level.alpha_bar + level.tau)
    for column in (0, dim - 1):
        assert kstest(lifted[:, column] / deviation, "norm").pvalue > 1e-4


@pytest.mark.parametrize("dim", [8, 64, 1024])
def test_paths_from_the_starts_end_at_the_word(dim):
    target = RandomCodebook(dim)
    law = Exact().on(target, SCHEDULE)
    starts = law.draw(50, np.random.default_rng(3))
    assert np.array_equal(starts.log_density, target.log_density(starts.positions, SCHEDULE.start))
    levels = target.part_levels(SCHEDULE)
    ends = transport(RungeKutta(), ExactScore(target), levels, 50, 3)
    assert target.in_part(ends.positions, ends.level).all() and total_variation(ends, target).value < 1e-4
    assert law.draw(50, np.random.default_rng(3)).positions is starts.positions
    other = Exact().on(RandomCodebook(dim, 1.1), SCHEDULE).draw(50, np.random.default_rng(3))
    assert not np.array_equal(other.positions, starts.positions)


@pytest.mark.parametrize("steps, expected", [(146, 0.0106), (253, 0.00115)])
def test_published_values_of_the_paper_schedule(steps, expected):
    target = RandomCodebook(64)
    found = total_variation(transport(Heroism(3), ExactScore(target), paper_schedule(steps), 400, 0), target)
    assert abs(found.value - expected) < 5.0 * found.stderr + 0.05 * expected


def test_lost_paths_count_one_or_as_their_densities_say():
    target = RandomCodebook(64)
    run = Run(ExponentialAdams(2), ExactScore(target), SCHEDULE, "exact", 300, 0)
    found = TotalVariation()(run)
    lost = 1.0 - target.in_part(run.ensemble.positions, run.ensemble.level).mean()
    assert set(found) == {"", "uncounted"} and 0.1 < lost < 0.9
    assert 0.5 * lost < found[""].value - found["uncounted"].value <= lost
    assert found["uncounted"] == total_variation(run.ensemble, target, run.seed, lost=False)


def test_clouds_are_compared_with_the_word():
    run = Run(RungeKutta(), ExactScore(RandomCodebook(8)), log_snr_schedule(257, 1e-3, 1.0 - 1e-6), "exact", 2000, 0)
    found = Histogram()(run)[""]
    assert found.value < 3.0 * found.floor


def test_where_it_does_not_apply():
    target = RandomCodebook(16)
    with pytest.raises(InputError, match="start = gaussian: next to no path"):
        Gaussian().on(target, SCHEDULE)
    with pytest.raises(InputError, match="start = tail: the paths that are followed"):
        Tail().on(target, SCHEDULE)
    with pytest.raises(InputError, match=r"schedule = an end at tau = 0.5: words of rate 1 are told apart below"):
        Exact().on(target, log_snr_schedule(9, 0.5, 0.99)).sample(4, np.random.default_rng(0))
    for arguments, words in (((1,), "d = 1"), ((8, 0.0), "rate = 0"), ((8, 1.0, 0.2), "words of rate 1 overlap")):
        with pytest.raises(InputError, match=words):
            RandomCodebook(*arguments)


def test_in_a_larger_space_its_part_is_followed_too():
    """DDIM keeps the other coordinates, which are zero, exactly: they add nothing."""
    alone, larger = RandomCodebook(16), Embedded.codebook(16, 400)
    assert larger.partial and not Embedded.subspace(2, 4).partial
    found, other = (total_variation(transport(Ddim(), ExactScore(target), SCHEDULE, 1000, 5), target)
                    for target in (alone, larger))
    assert 0.1 < found.value < 0.9
    assert abs(found.value - other.value) < 4.0 * np.hypot(found.stderr, other.stderr)
    law = Exact().on(larger, SCHEDULE)
    ends = transport(RungeKutta(), ExactScore(larger), larger.part_levels(SCHEDULE), 50, 3)
    assert law.draw(50, np.random.default_rng(0)).positions.shape == (50, 3)
    assert larger.in_part(ends.positions, ends.level).all() and total_variation(ends, larger).value < 1e-4

"""Points of curves: seeds averaged, the newest and largest run counts, what must not be fitted is marked."""

import numpy as np
import pytest

from analysis.curves import curves, is_spoiled
from analysis.tests.synthetic import failed, record, tidy


def points(*records):
    return curves(tidy(records)[0], "total_variation")


def test_seeds_are_averaged_and_their_scatter_counts():
    values = [0.10, 0.12, 0.20]
    one = points(*(record(T=32, value=value, seed=seed) for seed, value in enumerate(values))).iloc[0]
    assert one["value"] == pytest.approx(0.14) and one["seeds"] == 3 and one["n"] == 3000
    assert one["stderr"] == pytest.approx(np.std(values, ddof=1) / np.sqrt(3))  # far more than the records say
    assert one["h"] == pytest.approx(np.log(32) / 32)


def test_seeds_that_agree_keep_the_propagated_error():
    one = points(*(record(T=32, value=0.1, seed=seed) for seed in range(4))).iloc[0]
    assert one["stderr"] == pytest.approx(0.02 * 0.1 / 2)


def test_the_newest_of_equal_runs_counts():
    old, new = (record(T=32, value=value, finished=when) for value, when in ((0.1, "2025-01-01T00:00:00+00:00"),
                                                                              (0.2, "2026-01-01T00:00:00+00:00")))
    assert points(new, old)["value"].tolist() == [0.2]


def test_the_largest_number_of_particles_counts():
    table = points(record(T=32, value=0.1, particles=100), record(T=32, value=0.2, particles=4000))
    assert table["n"].tolist() == [4000] and table["value"].tolist() == [0.2]


def test_failed_and_folded_points_are_marked():
    table = points(failed(T=16), record(T=32, value=0.1, folded=0.2), record(T=64, value=0.1, folded=1e-3),
                   failed(T=128, seed=0), record(T=128, value=0.1, seed=1), record(T=256, value=0.1, diverged=0.01))
    assert table["unusable"].tolist() == ["failed", "folded", "folded", "", "diverged"]
    assert table["T"].tolist() == [16, 32, 64, 128, 256] and np.isnan(table["value"][0])


@pytest.mark.parametrize("share", ["folded", "diverged"])
def test_the_smallest_share_that_folds_or_diverges_is_marked_and_decides_nothing(share):
    table = points(record(T=32, value=0.1, **{share: 1e-9}), record(T=64, value=0.1))
    assert table["unusable"].tolist() == [share, ""] and is_spoiled(table).tolist() == [True, False]


def test_the_step_is_that_of_the_record():
    one = points(record(T=32, value=0.1, schedule="log_snr"))
    assert one["h"].tolist() == [1 / 31]


def test_only_what_differs_in_nothing_but_seed_and_particles_is_averaged():
    """Two targets of one name, one seed each: their parameters tell them apart."""
    table = points(*(record(T=32, value=value, seed=seed, config={"target": {"radius": radius}})
                     for value, seed, radius in ((0.1, 0, 1.0), (0.2, 1, 2.0))))
    assert sorted(table["value"]) == [0.1, 0.2]


def test_a_standard_error_that_is_not_known_stays_unknown():
    estimates = {"total_variation": {"value": 0.1, "stderr": None, "floor": 0.0, "n": 1}}
    assert points(record(T=32, estimates=estimates))["stderr"].isna().all()


def test_answers_of_searches_are_no_points():
    assert points(record(T=32, value=0.1, kind="answer", epsilon=0.2)).empty


def test_settings_that_vary_tell_families_apart():
    table = points(record(T=32, value=0.1), record(T=32, value=0.2, start="gaussian"),
                   record("digits", T=32, value=0.1), record(T=32, value=0.1, N=4))
    assert table["family"].tolist() == ["digits, exact, N=auto", "sphere, exact, N=4", "sphere, exact, N=auto",
                                        "sphere, gaussian, N=auto"]
    assert points(record(T=32, value=0.1, N=4))["family"].tolist() == ["sphere"]

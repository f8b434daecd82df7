"""Where each estimator stops, from curves whose floors are known."""

import numpy as np
import pandas as pd
import pytest

from analysis.studies import floors
from analysis.tests.synthetic import error, floors_study, record, tidy


@pytest.fixture(scope="module")
def tables():
    return floors.tables(tidy(floors_study())[0])


def test_estimators_stop_at_their_floors_and_the_exact_one_goes_on(tables):
    table = tables["floors"].set_index("distance")
    assert table.loc["histogram", "floor"] == pytest.approx(0.012)
    assert table.loc["histogram", "stops_at"] == 32  # the first T whose value is below twice the floor
    assert table.loc["histogram", "exact_there"] == pytest.approx(error(32, 4, 2, scale=30.0))
    assert pd.isna(table.loc["total_variation", "stops_at"])
    assert table.loc["total_variation", "smallest"] == pytest.approx(error(512, 4, 2, scale=30.0))


def test_what_they_do_not_see_is_counted_in_decades(tables):
    table = tables["floors"].set_index("distance")
    expected = np.log10(error(16, 4, 2, scale=30.0) / error(512, 4, 2, scale=30.0))
    assert table.loc["wasserstein", "decades_unseen"] == pytest.approx(expected)


def test_curves_hold_every_distance_at_every_T(tables):
    assert tables["floors_curves"].groupby("distance")["T"].nunique().tolist() == [6] * 5


def test_a_run_measured_in_one_way_has_nothing_to_compare():
    assert all(table.empty for table in floors.tables(tidy([record(T=16, value=0.1)])[0]).values())


@pytest.mark.parametrize("values, floor, stderr, stops", [
    ([1.0, 0.1, 0.01, 0.001], 1e-9, 1e-5, None),  # falls to the end
    ([1.0, 0.1, 0.015, 0.015], 0.01, 1e-5, 64),  # twice the floor
    ([1.0, 0.1, 0.03, 0.03], 0.01, 0.012, 64),  # the floor within its error
    ([1.0, 0.1, 0.0501, 0.0500], 0.01, 0.001, 64),  # above its floor, but it falls no further
    ([1.0, 0.1, 0.0501, 0.0400], 0.01, 0.001, None)])
def test_where_a_curve_stops(values, floor, stderr, stops):
    exact = {"value": 1e-3, "stderr": 1e-5, "floor": 1e-15, "n": 9}
    records = [record(T=16 * 2**i, estimates={
        "histogram": {"value": value, "stderr": stderr, "floor": floor, "n": 9},
        "total_variation": exact | {"value": 0.1**i}}) for i, value in enumerate(values)]
    row = floors.tables(tidy(records)[0])["floors"].set_index("distance").loc["histogram"]
    assert (None if pd.isna(row["stops_at"]) else row["stops_at"]) == stops

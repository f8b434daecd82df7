"""Orders in h from records whose order is known: noise, saturation, floors, ranges too short."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.claims.claim import own_claim
from analysis.files import STUDIES
from analysis.studies import accuracy
from analysis.tests.synthetic import ORDERS, error, record, tidy
from heroism.theory import error_bound, step_size

THEOREM = own_claim(STUDIES / "accuracy.yaml")
LADDER = 2 ** np.arange(4, 12)


def curve(K=3, d=16, noise=0.0, ladder=LADDER, scale=1.0, floor=1e-15, plus=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return [record("sphere", d, K, int(T), error(T, ORDERS[K], d, 0.0, scale) * np.exp(noise * rng.normal()) + plus,
                   study="accuracy", noise=noise, floor=floor) for T in ladder]


def tables(records, claim=THEOREM):
    return accuracy.tables(tidy(records)[0], claim)


@pytest.mark.parametrize("K", ORDERS)
@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_the_order_is_the_known_one(K, noise):
    found = tables(curve(K, noise=noise))
    row = found["accuracy_orders"].iloc[0]
    assert row["order"] == pytest.approx(ORDERS[K], abs=0.02 + 2 * noise)
    assert row["low"] <= ORDERS[K] + 1e-3 and row["high"] >= ORDERS[K] - 0.02
    assert row["classical_order"] == ORDERS[K] and row["predicted"] == K
    whole = found["accuracy"].iloc[0]
    assert whole["exponent"] == pytest.approx(1 / row["order"]) and whole["predicted"] == pytest.approx(1 / K)
    assert whole["low"] < whole["exponent"] < whole["high"]
    assert whole["verdict"] in ("confirmed", "sharper than claimed")


def test_the_exponent_in_T_counts_the_logarithm_in_h():
    whole = tables(curve(3))["accuracy"].iloc[0]
    assert 1 / 4 < whole["exponent_in_T"] < 1 / 3


def test_floor_and_saturation_stay_out_of_the_fit():
    records = curve(5, scale=1e6, plus=1e-9, floor=1e-9)
    found = tables(records)
    dropped = found["accuracy_points"].set_index("T")["dropped"]
    assert dropped[16].startswith("saturated") and dropped[2048] == "below 10x floor"
    assert found["accuracy_orders"]["order"].iloc[0] == pytest.approx(6, abs=0.1)
    used = (dropped == "").sum()
    assert found["accuracy_orders"]["points"].iloc[0] == used < len(LADDER)


def test_the_bound_itself_falls_more_slowly_than_K():
    row = tables(curve(3))["accuracy_orders"].iloc[0]
    h = step_size(LADDER)
    local = np.diff(np.log(error_bound(LADDER, row["d"], 3))) / np.diff(np.log(h))
    assert local.min() < row["order_of_bound"] < local.max() < 3


@pytest.mark.parametrize("ladder, why", [([128, 256], "2 of 3 points"), ([256, 320, 400, 512], "a range of")])
def test_a_short_ladder_is_undecided_not_confirmed(ladder, why):
    row = tables(curve(3, ladder=ladder))["accuracy"].iloc[0]
    assert row["verdict"] == "undecided" and why in row["why"] and np.isnan(row["exponent"])


def test_a_saturated_curve_is_a_finding():
    row = tables(curve(1, scale=1e4))["accuracy"].iloc[0]
    assert row["verdict"] == "refuted" and "never leaves saturation" in row["why"]


def test_an_error_that_does_not_fall_is_a_finding():
    row = tables([{**each, "estimates": {"total_variation": {"value": 0.1, "stderr": 0.001, "floor": 0.0, "n": 9}}}
                  for each in curve(3)])["accuracy"].iloc[0]
    assert row["verdict"] == "refuted" and np.isnan(row["exponent"])


def test_a_wrong_claim_is_refuted():
    claimed = replace(THEOREM, predicted="0.5/K", tolerance="0.01")
    assert tables(curve(2, noise=0.02), claimed)["accuracy"]["verdict"].tolist() == ["refuted"]


def test_a_bent_curve_is_flagged():
    kink = step_size(128)
    records = [record("sphere", 16, 3, int(T), 0.05 * (step_size(T) / kink) ** (1 if T < 128 else 4), noise=0.01,
                      study="accuracy")
               for T in LADDER]
    row = tables(records)["accuracy_orders"].iloc[0]
    assert row["consistent"] == False and row["low"] < 1.1 and row["high"] > 3.8  # noqa: E712 (a cell of a table)
    assert row["order_at_small_h"] == pytest.approx(4, abs=0.05)


def test_all_dimensions_make_one_exponent():
    row = tables([*curve(2, 16, 0.02), *curve(2, 1024, 0.02, seed=1)])["accuracy"]
    assert len(row) == 1 and row["d"].iloc[0] == "16 1024"


def test_nothing_gives_empty_tables():
    assert all(table.empty for table in tables([]).values())

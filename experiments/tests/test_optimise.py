"""The search of the hardest instance: what it maximises, that it finds it, that it goes on where it stopped."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from experiments.optimise import combinations, exponent, exponent_of_accuracy, read
from experiments.tests.test_run import stamps
from experiments.tests.test_store import record
from heroism.errors import InputError
from heroism.record.records import Measured

SECTION = {
    "x": "d", "levels": [1e-2], "each": {"K": [2, 3]}, "trials": 4, "batch": 2, "startup": 1, "seed": 0,
    "smoke": {"trials": 1, "trial": {"particles": 8}},
    "families": [{"target": "sphere", "variables": {"radius": {"low": 0.1, "high": 10}},
                  "target.radius": "{radius * d**0.5}"}],
    "trial": {"d": [4, 64], "T": [32, 64]}, "again": {"families": 1, "d": [4, 64], "T": [32, 64], "seed": 7}}


def rungs(by_d, order, ladder=tuple(2**power for power in range(4, 24))):
    """Records whose error is ``d^by_d h^order``, so that 1/h at a level grows like ``d^(by_d / order)``."""
    for d in (4, 64, 1024):
        yield d, [record("abc", T=T, step=math.log(T) / T, estimates={"total_variation": {
            "value": min(1.0, 4.0 * d**by_d * (math.log(T) / T) ** order), "stderr": 0.0, "floor": 1e-15, "n": 8}})
            for T in ladder]


@pytest.mark.parametrize("by_d, order", [(0.5, 2), (1.0, 2), (0.5, 4)])
def test_the_exponent_is_that_of_the_law(by_d, order):
    assert exponent(list(rungs(by_d, order)), [1e-3, 1e-4]) == pytest.approx(by_d / order, abs=0.01)


def test_the_exponent_of_the_accuracy_is_one_over_the_order():
    (_, ladder), *_ = rungs(0.5, 2)
    assert exponent_of_accuracy(ladder, [1e-2, 1e-3, 1e-4, 1e-30]) == pytest.approx(0.5, abs=0.01)
    assert math.isnan(exponent_of_accuracy(ladder, [1e-2, 1e-3, 1e-30]))
    assert math.isnan(exponent_of_accuracy([], [1e-2]))


def test_a_ladder_that_ends_above_the_level_counts_where_it_ends():
    """It is a bound from below, and leaving it out would hide the hardest instances."""
    whole, cut = (exponent(list(rungs(1.0, 1, ladder)), [1e-1]) for ladder in ((16, 2**12, 2**20), (16, 2**8, 2**12)))
    assert 0.2 < cut < whole


@pytest.mark.parametrize("spoiled", [{"folded": 0.01}, {"diverged": 0.01}, {"tail": 0.8}])
def test_rungs_that_decide_nothing_do_not_count(spoiled):
    """Were they read, every ladder would reach the level on its first rung, and nothing would grow with d."""
    curves = [(d, [replace(records[0], T=8, step=0.5, folded=spoiled.get("folded"), diverged=spoiled.get("diverged"),
                           estimates={"total_variation": Measured(value=1e-9, stderr=0.0, floor=1e-15, n=8,
                                                                  tail=spoiled.get("tail"))}), *records])
              for d, records in rungs(0.5, 2)]
    assert exponent(curves, [1e-3, 1e-4]) == pytest.approx(0.25, abs=0.01)
    assert exponent_of_accuracy(curves[0][1], [1e-2, 1e-3, 1e-4]) == pytest.approx(0.5, abs=0.01)
    assert math.isnan(exponent([(d, records[:1]) for d, records in curves], [1e-3]))


def test_without_records_there_is_no_exponent():
    assert math.isnan(exponent([(4.0, [])], [1e-1]))


def test_the_tiny_version_changes_what_it_names_and_nothing_else():
    tiny = read(SECTION, smoke=True)
    assert tiny["trials"] == 1 and tiny["trial"] == {"d": [4, 64], "T": [32, 64], "particles": 8}
    assert read(SECTION, smoke=False)["trials"] == 4


@pytest.mark.parametrize("change, named", [
    ({"levels": None}, "levels"), ({"families": []}, "families"), ({"trial": {"T": [32]}}, "trial.d")])
def test_what_a_section_lacks_is_named(change, named):
    section = {key: value for key, value in {**SECTION, **change}.items() if value is not None}
    with pytest.raises(InputError, match=named):
        read(section, smoke=False)


def test_the_command_line_narrows_what_there_is_one_search_for_each_of():
    assert combinations(SECTION, {}) == [{"K": 2}, {"K": 3}]
    assert combinations(SECTION, {"K": ["3"]}) == [{"K": 3}]
    with pytest.raises(InputError, match="searches over it"):
        combinations(SECTION, {"d": ["4"]})


@pytest.mark.parametrize("study, x", [("worst_accuracy", "1/epsilon"), ("worst_radius", "radius")])
def test_other_numbers_than_the_dimension_are_searched_over(bare, study, x):
    assert bare("-m", f"study={study}", "smoke=true", "hydra/launcher=basic") == 0, bare.err
    (search,) = searched(bare)
    assert search["x"] == x and len(search["trials"]) == 2
    targets = [record["config"]["target"] for record in bare.records()]
    sizes = {target[name] for target in targets for name in ("radius", "half_width") if name in target}
    assert study == "worst_accuracy" or {1, 8} <= sizes
    assert all("radius" not in record["config"] for record in bare.records())


def searched(bare):
    return [json.loads(path.read_text()) for path in (bare.results / "raw" / "searches").glob("*.json")]


def test_a_search_leaves_its_trials_and_measures_the_hardest_again(bare):
    arguments = ("-m", "study=worst_case", "smoke=true", "hydra/launcher=basic")
    assert bare(*arguments) == 0, bare.err
    (search,) = searched(bare)
    keys = {record["key"] for record in bare.records() if record["kind"] == "rung"}
    assert bare.members("worst_case") == keys
    assert len(search["trials"]) == 2 and len(search["again"]) == 1
    best = max((one for one in search["trials"] if one["exponent"] is not None), key=lambda one: one["exponent"])
    assert search["again"][0]["label"] == best["label"]
    assert set(search["again"][0]["keys"]) <= keys and not set(search["again"][0]["keys"]) & set(best["keys"])
    seeds = {record["key"]: record["seed"] for record in bare.records() if record["kind"] == "rung"}
    assert {seeds[key] for key in search["again"][0]["keys"]} != {seeds[key] for key in best["keys"]}
    before = stamps(bare)
    assert bare(*arguments) == 0  # proposes the same once more, and computes nothing
    assert stamps(bare) == before
    assert [one["label"] for one in searched(bare)[0]["trials"]] == [one["label"] for one in search["trials"]]


def test_proposed_numbers_are_filled_into_formulas(bare):
    assert bare("-m", "study=worst_case", "smoke=true", "hydra/launcher=basic") == 0, bare.err
    (search,) = searched(bare)
    configs = {record["key"]: record["config"] for record in bare.records() if record["kind"] == "rung"}
    for one in search["trials"]:
        for key in one["keys"]:
            assert np.isclose(configs[key]["schedule"]["c1"], one["values"]["c1"])

"""The search of the hardest instance: proposals that repeat, exponents that are right, records that are reused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from experiments.optimise import combinations, exponent, read
from heroism.errors import InputError

LEVELS = (1e-2, 1e-3)
SECTION = {"x": "d", "levels": LEVELS, "each": {"K": [2, 3]}, "trials": 4, "batch": 2, "startup": 2, "seed": 1,
           "families": [{"target": "sphere"}], "trial": {"d": [4, 8]}, "again": {"d": [4, 8]},
           "smoke": {"trials": 1, "trial": {"d": [2, 4]}}}


def curve(scale, steps):
    """A ladder with TV = (scale log T / T)^2."""
    return [{"T": count, "distance": "tv", "estimates": {"tv": {
        "value": (scale * np.log(count) / count) ** 2, "stderr": 0.0, "floor": 0.0}}} for count in steps]


def test_the_exponent_of_known_curves():
    ladder = [2**k for k in range(3, 22)]
    assert exponent([(d, curve(2.0 * d**0.7, ladder)) for d in (4, 64, 1024)], LEVELS) == pytest.approx(0.7, abs=0.02)


def test_a_ladder_that_ends_too_early_still_shows_that_an_instance_is_hard():
    short = [2**k for k in range(3, 12)]
    hard = exponent([(d, curve(0.1 * d, short)) for d in (4, 64, 1024)], LEVELS)
    easy = exponent([(d, curve(0.1 * d**0.1, short)) for d in (4, 64, 1024)], LEVELS)
    assert hard > easy + 0.2


def test_without_records_there_is_no_exponent():
    assert np.isnan(exponent([(4, []), (8, [])], LEVELS))


def test_the_tiny_version_and_the_command_line():
    tiny = read(SECTION, smoke=True)
    assert tiny["trials"] == 1 and tiny["trial"] == {"d": [2, 4]} and tiny["again"] == SECTION["again"]
    assert combinations(SECTION, {}) == [{"K": 2}, {"K": 3}]
    assert combinations(SECTION, {"K": ["3"]}) == [{"K": 3}]
    for name in ("d", "target"):
        with pytest.raises(InputError, match="searches over it"):
            combinations(SECTION, {name: ["4"]})
    with pytest.raises(InputError, match="again"):
        read({name: value for name, value in SECTION.items() if name != "again"}, smoke=False)


def test_a_search_repeats_itself_and_computes_nothing_twice(bare):
    command = ("-m", "study=worst_case", "smoke=true", "hydra/launcher=basic")
    assert bare(*command) == 0
    rungs = {path: path.stat().st_mtime_ns for path in (bare.results / "raw").glob("*.json")}
    search, = (bare.results / "raw" / "searches").glob("*.json")
    first = json.loads(search.read_text())
    assert bare(*command) == 0
    assert {path: path.stat().st_mtime_ns for path in (bare.results / "raw").glob("*.json")} == rungs
    second = json.loads(search.read_text())
    assert len(first["trials"]) == 2 and first["trials"] == second["trials"] and first["again"] == second["again"]
    again, = first["again"]
    assert again["keys"] and not set(again["keys"]) & {key for one in first["trials"] for key in one["keys"]}
    seeds = {json.loads((bare.results / "raw" / f"{key}.json").read_text())["seed"] for key in again["keys"]}
    assert seeds == {202}

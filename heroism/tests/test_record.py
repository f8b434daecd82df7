"""Records, searches and plans: what is written comes back, and what was damaged is named by file and field."""

import json
import math
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from heroism.record import SCHEMA, BrokenRecord, Instance, Measured, Plan, Record, SearchRecord, read_plans

ORIGIN = {"code": "0123abcd", "commit": "c0ffee", "dirty": False, "versions": {"numpy": "2.4.6", "torch": None},
          "machine": {"cores": 2}, "finished": "2026-01-31T12:00:00+00:00"}
RUNG = Record(
    kind="rung", key="abc", status="done", study="dimension", target="sphere", sampler="heroism", schedule="paper",
    perturbation="none", start="exact", deciding="total_variation", d=4, K=3, N="auto", T=64, particles=400, seed=0,
    order=4, ambient_dim=4, reduced_dim=1, evaluations=1008, rounds=315, seconds=0.1, memory_mb=217.5, folded=0.0,
    diverged=0.0, tau_end=2e-4, step=0.06, score_error=0.0, jacobian_error=0.0,
    estimates={"total_variation": Measured(2e-3, 9e-5, 4e-9, 385), "wasserstein": Measured(7.0, 0.5, 0.25, 400)},
    config={"target": {"dim": 4}, "particles": 400}, **ORIGIN)
ANSWER = replace(RUNG, kind="answer", key="answer", epsilon=1e-2, rungs=[32, 64])
FAILED = replace(RUNG, key="failed", status="failed", reason="no luck", traceback="Traceback ...", estimates={})
INSTANCE = Instance(family="sphere", values={"radius": 2.0}, label="sphere radius=2", exponent=0.3, reason=None,
                    keys=["abc"])
SEARCH = SearchRecord(key="search", study="worst_case", names={"K": 2}, x="d", trials=[INSTANCE], again=[INSTANCE],
                      **ORIGIN)
PLAN = Plan(study="dimension", overrides=["d=2"], keys=["abc", "answer"])
VALID = {"rung": RUNG, "answer": ANSWER, "failed": FAILED, "search": SEARCH, "plan": PLAN}
PATHS = {name: Path(f"{one.key}.json") for name, one in VALID.items()}
DAMAGES = [None, True, -1, 0, 7, 1.5, 1e400, "", "abc", [], [1], {}, {"a": 1}]


def places(content, before=()):
    """Every path to a value inside nested objects and lists."""
    for key, value in content.items() if isinstance(content, dict) else enumerate(content):
        yield (*before, key)
        if isinstance(value, dict | list):
            yield from places(value, (*before, key))


def damaged(text, place, value):
    """The text with one value replaced."""
    content = json.loads(text)
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return json.dumps(content)


def without(text, place):
    """The text with one entry removed."""
    content = json.loads(text)
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    del inner[place[-1]]
    return json.dumps(content)


EVERYWHERE = [(name, place) for name, one in VALID.items() for place in places(json.loads(one.dumps()))]


@pytest.mark.parametrize("name", VALID)
def test_round_trip(name):
    one = VALID[name]
    assert type(one).parse(one.dumps(), PATHS[name]) == one


@pytest.mark.parametrize("name, place", EVERYWHERE, ids=[".".join(map(str, (n, *p))) for n, p in EVERYWHERE])
def test_any_change_of_one_value_is_caught_or_changes_nothing(name, place):
    one = VALID[name]
    for text in [*(damaged(one.dumps(), place, value) for value in DAMAGES), without(one.dumps(), place)]:
        try:
            assert type(one).parse(text, PATHS[name]) == one
        except BrokenRecord as error:
            assert str(PATHS[name]) in str(error) and error.field in str(error)


# Unsealed, so that types and ranges are all that stands between a number and a verdict: place, value, field named.
WRONG = [
    ("estimates", {}, "estimates"), ("estimates", {"wasserstein": asdict(Measured(1.0, 0.0, 0.0, 1))}, "estimates"),
    ("estimates.total_variation.value", 7, "estimates.total_variation.value"),
    ("estimates.total_variation.value", -0.1, "estimates.total_variation.value"),
    ("estimates.total_variation.value", "abc", "estimates.total_variation.value"),
    ("estimates.wasserstein.stderr", -1.0, "estimates.wasserstein.stderr"),
    ("estimates.wasserstein.floor", -1.0, "estimates.wasserstein.floor"),
    ("estimates.wasserstein.n", 1.5, "estimates.wasserstein.n"),
    ("estimates.wasserstein.tail", "heavy", "estimates.wasserstein.tail"),
    ("estimates.wasserstein", None, "estimates.wasserstein"),
    ("estimates.total_variation.extra", 1, "estimates.total_variation.extra"),
    ("T", 1, "T"), ("T", None, "T"), ("T", "64", "T"), ("T", True, "T"), ("particles", 0, "particles"),
    ("seed", -1, "seed"), ("order", "four", "order"), ("ambient_dim", None, "ambient_dim"), ("d", 0, "d"),
    ("evaluations", -1, "evaluations"), ("folded", 1.5, "folded"), ("diverged", -0.5, "diverged"),
    ("tau_end", 2, "tau_end"), ("step", -1, "step"), ("epsilon", 1, "epsilon"), ("status", "ready", "status"),
    ("status", "failed", "reason"), ("reason", "odd", "reason"), ("kind", "answer", "epsilon"), ("key", "other", "key"),
    ("target", None, "target"), ("target", 3, "target"), ("config", [], "config"), ("code", None, "code"),
    ("versions", {"numpy": 2}, "versions.numpy"), ("finished", "yesterday", "finished"), ("finished", 3, "finished"),
    ("surprise", 1, "surprise"), ("schema", 1, "schema"), ("dirty", "yes", "dirty"),
]


@pytest.mark.parametrize("place, value, field", WRONG, ids=[f"{place}={value}" for place, value, _ in WRONG])
def test_types_and_ranges_hold_without_a_seal(place, value, field):
    text = damaged(without(RUNG.dumps(), ["seal"]), place.split("."), value)
    with pytest.raises(BrokenRecord, match=r"abc\.json") as caught:
        Record.parse(text, PATHS["rung"])
    assert caught.value.field == field and f"{field} = " in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"[1, 2]", b'"done"', b"\xff\xfe\x00", b'{"schema": 2, "key": "abc", "sta',
                                     RUNG.dumps().replace("0.002", "NaN"), RUNG.dumps().replace("0.002", "-Infinity"),
                                     "[" * 100_000])
def test_what_is_no_json_is_named(content):
    with pytest.raises(BrokenRecord, match=r"abc\.json: content"):
        Record.parse(content, PATHS["rung"])


def test_a_tail_is_known_or_not_and_heavy_or_not():
    tails = {"total_variation": 0.9, "wasserstein": None, "histogram": 0.1}
    record = replace(RUNG, estimates={name: Measured(0.1, 0.01, 0.0, 9, tail) for name, tail in tails.items()})
    again = Record.parse(record.dumps(), Path(f"{record.key}.json"))
    assert {name: one.tail for name, one in again.estimates.items()} == tails
    assert [one.heavy for one in again.estimates.values()] == [True, False, False]
    bare = json.loads(record.dumps())
    del bare["seal"], bare["estimates"]["wasserstein"]["tail"]  # as records were written without one
    assert Record.parse(json.dumps(bare), Path(f"{record.key}.json")).estimates["wasserstein"].tail is None


def test_numbers_that_are_not_finite_are_null_and_come_back_as_nan_in_estimates():
    record = replace(RUNG, score_error=math.inf, estimates={"total_variation": Measured(math.inf, math.nan, 1e-9, 4)})
    content = json.loads(record.dumps())
    assert content["score_error"] is None and content["estimates"]["total_variation"]["value"] is None
    back = Record.parse(record.dumps(), PATHS["rung"])
    assert back.score_error is None and math.isnan(back.error.value) and math.isnan(back.error.stderr)
    assert Record.parse(back.dumps(), PATHS["rung"]).dumps() == record.dumps()


def test_folders_are_read_past_what_is_broken(tmp_path):
    for record in (RUNG, ANSWER, FAILED):
        (tmp_path / f"{record.key}.json").write_text(record.dumps())
    (tmp_path / "old.json").write_text('{"schema": 1, "key": "old", "status": "done"}')
    (tmp_path / ".abc.json.host.1").write_text("half")
    (tmp_path / "searches").mkdir()
    (tmp_path / "searches" / "search.json").write_text(SEARCH.dumps())
    records, broken = Record.read(tmp_path)
    assert records == [RUNG, ANSWER, FAILED] and [error.path.name for error in broken] == ["old.json"]
    assert f"schema = 1: must be {SCHEMA}" in str(broken[0])
    assert SearchRecord.read(tmp_path) == ([SEARCH], [])
    assert Record.read(tmp_path / "missing") == ([], [])


def test_a_whole_plan_goes_before_narrowed_ones_which_go_together(tmp_path):
    (tmp_path / "plans").mkdir()

    def write(plan):
        (tmp_path / "plans" / f"{plan.key}.json").write_text(plan.dumps())

    for d in (2, 4):
        write(Plan(study="dimension", overrides=[f"d={d}"], keys=["both", f"only{d}"], partial=True))
    write(Plan(study="sweep", overrides=[], keys=["own"]))
    plans, _ = read_plans(tmp_path)
    assert sorted(plans) == ["dimension", "sweep"] and plans["dimension"].partial and not plans["sweep"].partial
    assert set(plans["dimension"].keys) == {"both", "only2", "only4"} and len(plans["dimension"].keys) == 3
    write(Plan(study="dimension", overrides=[], keys=["whole"]))
    assert read_plans(tmp_path)[0]["dimension"].keys == ["whole"]
    (tmp_path / "plans" / "sweep.json").write_text("half")
    plans, broken = read_plans(tmp_path)
    assert sorted(plans) == ["dimension"] and [error.path.name for error in broken] == ["sweep.json"]

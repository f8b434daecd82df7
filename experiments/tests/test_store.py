"""Records on disk: written whole or not at all; what is broken is set aside once; half-written files go."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.origin import provenance
from experiments.store import BROKEN, Store, Unsaved
from heroism.record import Plan, Record, SearchRecord, read_plan

FIELDS = {
    "kind": "rung", "key": "abc", "status": "done", "target": "sphere", "sampler": "ddim", "schedule": "paper",
    "perturbation": "none", "start": "exact", "deciding": "total_variation", "T": 16, "particles": 8, "seed": 0,
    "order": 1, "ambient_dim": 4, "config": {}, "code": "0", "versions": {}, "machine": {},
    "finished": "2026-01-31T12:00:00+00:00",
    "estimates": {"total_variation": {"value": 0.5, "stderr": 0.1, "floor": 0.0, "n": 8}}}


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def record(key="abc", **fields):
    return Record.made(Path(f"{key}.json"), **{**FIELDS, "key": key, **fields})


def test_round_trip(store):
    store.save(record(seconds=0.25))
    assert store.load("abc") == record(seconds=0.25)
    assert store.load("other") is None
    plan = Plan(study="accuracy", overrides=["d=2"], keys=["abc"])
    store.save(plan)
    assert read_plan(store.folder, "accuracy") == plan
    search = SearchRecord(key="search", study=None, names={}, x="d", trials=[], again=[], code="0", versions={},
                          machine={}, finished=FIELDS["finished"])
    store.save(search)
    assert SearchRecord.read(store.folder) == ([search], [])
    assert sorted(path.name for path in store.folder.iterdir()) == ["abc.json", Plan.FOLDER, SearchRecord.FOLDER]


@pytest.mark.parametrize("content", [
    b"", b'{"schema": 2, "key": "abc", "sta', b"[1, 2]", b'{"status": "done"}',
    record("other").dumps().encode(), record().dumps().replace("0.5", "7").encode(),
    record().dumps().replace("0.5", '"abc"').encode()])
def test_what_is_broken_is_named_and_set_aside_once(store, capsys, content):
    store.save(record())
    store.save(record("def"))
    store.path("abc").write_bytes(content)
    assert store.load("abc") is None and store.load("abc") is None
    warning = capsys.readouterr().err
    assert warning.count("\n") == 1 and str(store.path("abc")) in warning and " = " in warning
    assert (store.folder / BROKEN / "abc.json").read_bytes() == content
    assert store.load("def").done  # the others are not touched
    store.save(record())
    assert store.load("abc").done


def test_a_record_is_on_disk_before_it_has_its_name(store, monkeypatch):
    """Without the flush a crash of the machine leaves an empty file under the name of a finished record."""
    events = []
    sync, rename = os.fsync, Path.replace

    def synced(descriptor):
        sync(descriptor)
        events.append(("flushed", Path(f"/proc/self/fd/{descriptor}").readlink().name, os.fstat(descriptor).st_size))

    def renamed(path, target):
        events.append(("renamed", path.name, path.stat().st_size))
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    store.save(record())
    (flushed, temporary, size), after = events
    assert flushed == "flushed" and size == len(record().dumps()) and after == ("renamed", temporary, size)


def test_what_cannot_be_written_leaves_the_old_record(store, monkeypatch):
    store.save(record(seconds=1.0))

    def full(descriptor):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unsaved, match="no space"):
        store.save(record(seconds=2.0))
    assert store.load("abc").seconds == 1.0
    assert [path.name for path in store.folder.iterdir()] == ["abc.json"]


def test_what_dead_processes_left_half_written_is_removed(store):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    store.save(record())
    host = platform.node()
    names = {f".abc.json.{host}.{dead.pid}": False, f".abc.json.{host}.{os.getpid()}": True,
             f".abc.json.elsewhere.{dead.pid}": True, f"plans/.a.json.{host}.{dead.pid}": False, "abc.json": True}
    (store.folder / Plan.FOLDER).mkdir()
    for name in names:
        (store.folder / name).touch()
    store.clean()
    assert {name: (store.folder / name).exists() for name in names} == names


def test_provenance_says_what_and_where():
    found = provenance()
    assert {"python", "numpy", "scipy", "heroism"} <= found["versions"].keys()
    assert found["versions"]["numpy"].count(".") == 2
    assert found["machine"]["cores"] >= 1

"""Records: written whole or not at all, named by what determines them."""

import json

import pytest

from experiments.record import SCHEMA, Store, fingerprint, is_done, provenance


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


def record(key="abc", **fields):
    return {"schema": SCHEMA, "key": key, "status": "done", "studies": [], **fields}


def test_round_trip(store):
    store.save(record(value=0.1, nested={"list": [1, 2.5]}))
    assert store.load("abc") == record(value=0.1, nested={"list": [1, 2.5]})
    assert is_done(store.load("abc"))


def test_nothing_there_is_not_done(store):
    assert store.load("abc") is None
    assert not is_done(None)


def test_numbers_that_are_not_finite_become_null(store):
    store.save(record(value=float("nan"), estimates=({"stderr": float("inf")},)))
    assert "NaN" not in store.path("abc").read_text()
    assert store.load("abc")["value"] is None
    assert store.load("abc")["estimates"] == [{"stderr": None}]


def test_a_failed_record_is_not_done(store):
    store.save(record(status="failed", reason="no luck"))
    assert not is_done(store.load("abc"))


@pytest.mark.parametrize("content", [b"", b'{"schema": 1, "key": "abc", "sta', b"\xff\xfe\x00", b"[1, 2]", b'"done"',
                                     b'{"status": "done"}', b'{"schema": 1, "key": "other", "status": "done"}'])
def test_a_broken_record_is_not_done_and_named_in_one_sentence(store, capsys, content):
    store.save(record())
    store.save(record("def"))
    store.path("abc").write_bytes(content)
    assert store.load("abc") is None
    warning = capsys.readouterr().err
    assert warning.count("\n") == 1 and str(store.path("abc")) in warning
    assert is_done(store.load("def"))  # the others are not touched
    store.save(record())
    assert is_done(store.load("abc"))


def test_what_cannot_be_written_leaves_the_old_record(store):
    store.save(record(value=1))
    with pytest.raises(TypeError):
        store.save(record(value=object()))
    assert store.load("abc")["value"] == 1


def test_no_reader_ever_sees_a_temporary_file(store):
    with pytest.raises(TypeError):
        store.save(record(value=object()))
    assert list(store.folder.glob("*.json")) == []
    assert all(path.name.startswith(".") for path in store.folder.iterdir())


def test_a_study_joins_a_record_once(store):
    store.save(record())
    for study in ("floors", "accuracy", "floors", None):
        store.join(store.load("abc"), study)
    assert store.load("abc")["studies"] == ["accuracy", "floors"]


INPUTS = {"target": {"_target_": "Sphere", "dim": 4, "radius": 1.0}, "particles": 10, "seed": 0, "T": 16}


def test_a_key_does_not_depend_on_the_order_of_its_inputs():
    assert fingerprint(INPUTS) == fingerprint(dict(reversed(INPUTS.items())))
    assert fingerprint(INPUTS) == fingerprint(json.loads(json.dumps(INPUTS)))


def test_keys_of_old_records_stay_valid():
    assert fingerprint(INPUTS) == "f41669e8192c78504813"


@pytest.mark.parametrize("change", [{"T": 17}, {"seed": 1}, {"particles": 11}, {"target": {"dim": 4}}, {"new": 0}])
def test_a_key_depends_on_every_input(change):
    assert fingerprint(INPUTS | change) != fingerprint(INPUTS)


def test_a_key_depends_on_the_epoch(monkeypatch):
    before = fingerprint(INPUTS)
    monkeypatch.setattr("experiments.record.EPOCH", 10**6)
    assert fingerprint(INPUTS) != before


def test_provenance_says_what_and_where():
    found = provenance()
    assert {"python", "numpy", "scipy", "heroism"} <= found["versions"].keys()
    assert found["versions"]["numpy"].count(".") == 2
    assert found["machine"]["cores"] >= 1
    json.dumps(found)

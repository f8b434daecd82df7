"""Records to one table: nothing lost, nothing rounded, broken files named, other studies left alone."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis.compile import compile_runs, of_study, read_table
from analysis.tests.synthetic import failed, record, save

AWKWARD = 0.1 + 0.2, 1 / 3, 2.2250738585072014e-308, 1.7976931348623157e308, 6.02214076e-13


def test_one_row_per_record_and_distance(tmp_path):
    estimates = {"total_variation": {"value": 1e-3, "stderr": 1e-5, "floor": 1e-13, "n": 10},
                 "histogram": {"value": 0.02, "stderr": None, "floor": 0.01, "n": 10}}
    save(tmp_path, [record(T=32, estimates=estimates), record(T=64, value=1e-4)])
    runs = compile_runs(tmp_path)
    assert [(row.T, row.distance, row.value) for row in runs.itertuples()] == [
        (32, "histogram", 0.02), (32, "total_variation", 1e-3), (64, "total_variation", 1e-4)]
    assert runs["stderr"].isna().tolist() == [True, False, False]
    assert not {"config", "estimates", "traceback"} & set(runs.columns)


def test_floats_come_back_as_the_same_numbers(tmp_path):
    save(tmp_path, [record(T=16 + i, value=value, noise=1.0) for i, value in enumerate(AWKWARD)])
    runs = compile_runs(tmp_path)
    assert runs["value"].tolist() == list(AWKWARD)
    pd.testing.assert_frame_equal(runs, read_table(tmp_path / "tables" / "runs.csv"))


def test_fields_that_nobody_announced_are_kept(tmp_path):
    estimates = {"total_variation": {"value": 0.1, "stderr": 0.01, "floor": 0.0, "n": 5, "bins": 7}}
    save(tmp_path, [record(T=16, value=0.2), record(T=32, estimates=estimates, cost={"gpu": 2.5}, word="new",
                                                    rungs=[1, 2], late=True)])
    last = compile_runs(tmp_path).iloc[-1]
    assert (last["bins"], last["cost.gpu"], last["word"], last["rungs"], last["late"]) == (7, 2.5, "new", "[1, 2]", 1)


def test_words_that_look_like_gaps_stay_words(tmp_path):
    save(tmp_path, [record(T=16, value=0.2), record(T=16, value=0.2, N=4, reason="NA")])
    runs = compile_runs(tmp_path)
    assert set(runs["perturbation"]) == {"none"} and set(runs["N"]) == {"auto", "4"}
    assert runs["reason"].tolist() == ["NA", None]


def test_where_records_come_from_is_kept_once(tmp_path):
    save(tmp_path, [record(T=T, value=0.1) for T in (16, 32)] + [record(T=64, value=0.1, commit="fedcba")])
    runs, origins = compile_runs(tmp_path), read_table(tmp_path / "tables" / "environments.csv")
    assert len(origins) == 2 and set(origins["commit"].str[:6]) == {"012345", "fedcba"}
    assert set(runs["environment"]) == set(origins["environment"])
    assert set(origins["versions.numpy"]) == {"2.4.6"} and set(origins["machine.cpu"]) == {"A Processor"}


@pytest.mark.parametrize("content", ["{\"schema\": 1, \"key\"", "[1, 2]", "{}", "null",
                                     json.dumps({**record(value=0.1), "schema": 99}),
                                     json.dumps({**record(value=0.1), "estimates": {"total_variation": 3}}),
                                     json.dumps({**record(value=0.1), "estimates": None})])
def test_a_broken_record_costs_one_sentence(tmp_path, capsys, content):
    save(tmp_path, [record(T=16, value=0.2)])
    (tmp_path / "raw" / "broken.json").write_text(content)
    assert compile_runs(tmp_path)["T"].tolist() == [16]
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and said[0].startswith("warning: ") and "broken.json" in said[0]


def test_half_written_files_are_no_records(tmp_path, capsys):
    save(tmp_path, [record(T=16, value=0.2)])
    (tmp_path / "raw" / ".abc.json.host.1").write_text("{")
    (tmp_path / "raw" / ".abc.json").write_text("{")
    assert len(compile_runs(tmp_path)) == 1 and capsys.readouterr().err == ""


def test_a_failed_record_stays_visible(tmp_path):
    save(tmp_path, [record(T=16, value=0.2), failed("no such luck", T=32)])
    last = compile_runs(tmp_path).iloc[-1]
    assert (last["status"], last["reason"], last["distance"]) == ("failed", "no such luck", "total_variation")
    assert np.isnan(last["value"]) and pd.isna(last["evaluations"])


@pytest.mark.parametrize("raw", ["missing", "empty"])
def test_a_machine_that_ran_nothing_uses_the_committed_tables(tmp_path, raw):
    save(tmp_path, [record(T=16, value=0.2)])
    before = compile_runs(tmp_path)
    (tmp_path / "raw").rename(tmp_path / "elsewhere")
    if raw == "empty":
        (tmp_path / "raw").mkdir()
    pd.testing.assert_frame_equal(compile_runs(tmp_path), before)


def test_nothing_at_all_is_an_empty_table(tmp_path):
    runs = compile_runs(tmp_path)
    assert runs.empty and of_study(runs, "dimension").empty
    assert not (tmp_path / "tables").exists()


def test_running_one_study_leaves_the_others(tmp_path):
    save(tmp_path, [record(T=16, value=0.2, studies=["accuracy"]), record(T=32, value=0.1),
                    record(T=64, value=0.1, studies=["accuracy", "dimension"])])
    compile_runs(tmp_path)
    for path in (tmp_path / "raw").iterdir():
        path.unlink()
    save(tmp_path, [record(T=128, value=0.01, commit="fedcba")])
    runs = compile_runs(tmp_path)
    assert of_study(runs, "dimension")["T"].tolist() == [128]
    assert of_study(runs, "accuracy")["T"].tolist() == [16, 64]
    assert set(runs["environment"]) == set(read_table(tmp_path / "tables" / "environments.csv")["environment"])


def test_the_table_depends_on_the_records_only(tmp_path):
    records = [record(target, d, K, T, 0.1) for target in ("sphere", "digits") for d in (4, 16) for K in (1, 2)
               for T in (16, 32)]
    texts = []
    for name, order in (("a", 1), ("b", -1)):
        save(tmp_path / name, records[::order])
        for _ in range(2):  # and compiling again changes nothing
            compile_runs(tmp_path / name)
            texts.append((tmp_path / name / "tables" / "runs.csv").read_bytes())
    assert len(set(texts)) == 1


def test_a_parameter_varied_by_hand_is_a_variant(tmp_path):
    def one(d, radius, T=16):
        return record(d=d, T=T, value=0.1 * radius, config={"target": {"dim": d, "radius": radius}})

    save(tmp_path, [one(d, radius) for d in (4, 16) for radius in (1.0, 2.0)] + [one(64, 1.0)])
    runs = compile_runs(tmp_path)
    assert dict(zip(runs["value"], runs["variant"], strict=True)) == {0.1: "radius=1.0", 0.2: "radius=2.0"}


def test_parameters_that_follow_d_or_belong_to_another_study_are_none(tmp_path):
    save(tmp_path, [record(d=d, T=T, value=0.1, study=study, config={"target": {"dim": d, "scale": constant}})
                    for d in (4, 16) for T in (16, 32) for study, constant in (("accuracy", 1), ("dimension", 2))])
    assert compile_runs(tmp_path)["variant"].isna().all()

"""Records to one table: nothing lost, nothing rounded, broken files named, what is published left alone."""

import json

import pandas as pd
import pytest

from analysis.runs import compile_runs, mixture, parameters, read_runs
from analysis.tests.synthetic import failed, made, plans, record, save, tidy
from heroism.record import Plan

AWKWARD = 0.1 + 0.2, 1 / 3, 2.2250738585072014e-308, 6.02214076e-13


def rows(results):
    return compile_runs(results).table


def test_one_row_per_record_and_distance(tmp_path):
    estimates = {"total_variation": {"value": 1e-3, "stderr": 1e-5, "floor": 1e-13, "n": 10},
                 "histogram": {"value": 0.02, "stderr": None, "floor": 0.01, "n": 10}}
    save(tmp_path, [record(T=32, estimates=estimates), record(T=64, value=1e-4)])
    runs = rows(tmp_path)
    assert [(row.T, row.measure, row.error) for row in runs.itertuples()] == [
        (32, "histogram", 0.02), (32, "total_variation", 1e-3), (64, "total_variation", 1e-4)]
    assert runs["stderr"].isna().tolist() == [True, False, False]
    assert not {"config", "estimates", "traceback"} & set(runs.columns)


def test_the_table_comes_back_as_it_was_written(tmp_path):
    def config(radius):
        return {"target": {"means": [1.0, 2.0], "radius": radius}, "sampler": {"order": "x"}}

    save(tmp_path, [record(T=16 + i, value=value, noise=1.0, N=(4, "auto", 20, 3)[i], config=config(2 if i else 2.5))
                    for i, value in enumerate(AWKWARD)])
    runs = rows(tmp_path)
    runs = runs.sort_values("T")
    assert runs["error"].tolist() == list(AWKWARD)
    assert runs["target_means"].tolist() == ["[1.0, 2.0]"] * 4 and runs["N"].tolist() == [4, "auto", 20, 3]
    pd.testing.assert_frame_equal(runs.sort_index().dropna(axis=1, how="all"),
                                  read_runs(tmp_path / "tables").table.dropna(axis=1, how="all"))


def test_what_nobody_changed_is_not_read_again(tmp_path, monkeypatch):
    save(tmp_path, [record(T=16, value=0.2), record(T=32, value=0.1, N=4), failed("NA", T=64)])
    first = compile_runs(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("analysis.runs.tidy", lambda *records: 1 / 0)
        again = compile_runs(tmp_path)
        with pytest.raises(ZeroDivisionError):
            compile_runs(tmp_path, publish=True)
    pd.testing.assert_frame_equal(again.table, first.table)
    pd.testing.assert_frame_equal(again.environments, first.environments, check_dtype=False)
    assert [getattr(again, name) for name in ("partial", "mixed", "fresh", "small")] == [
        getattr(first, name) for name in ("partial", "mixed", "fresh", "small")]
    save(tmp_path, [record(T=128, value=0.01)])
    assert compile_runs(tmp_path).table["T"].tolist().count(128) == 1
    (tmp_path / "raw" / "broken.json").write_text("{}")
    assert len(compile_runs(tmp_path).table) == len(compile_runs(tmp_path).table) == 4  # and says so each time


def test_columns_that_claims_are_written_in(tmp_path):
    save(tmp_path, [record(T=16, value=0.2, config={"target": {"half_width": 3}, "perturbation": {"_target_": "x"}})])
    row = rows(tmp_path).iloc[0]
    assert row["size"] == row["target_half_width"] == 3 and row["inverse_h"] == 1 / row["h"]
    assert row["spent"] == row["evaluations"] * 1000 and row["refinements"] == row["rounds"] / 15
    assert "perturbation__target_" not in row


def test_words_that_look_like_gaps_stay_words(tmp_path):
    save(tmp_path, [record(T=16, value=0.2), failed("NA", T=16, N=4)])
    compile_runs(tmp_path)
    runs = read_runs(tmp_path / "tables").table
    assert set(runs["perturbation"]) == {"none"} and set(runs["N"]) == {"auto", 4}
    assert set(runs["reason"]) == {"NA", None}


def test_where_records_come_from_is_kept_once(tmp_path):
    save(tmp_path, [record(T=T, value=0.1) for T in (16, 32)] + [record(T=64, value=0.1, commit="fedcba")])
    compiled = compile_runs(tmp_path)
    runs, origins = compiled.table, compiled.environments
    assert len(origins) == 2 and set(origins["commit"].str[:6]) == {"012345", "fedcba"}
    assert set(runs["environment"]) == set(origins["environment"])
    assert set(origins["versions.numpy"]) == {"2.4.6"} and set(origins["machine.cpu"]) == {"A Processor"}


@pytest.mark.parametrize("content, named", [
    ('{"schema": 2, "key"', "content"), ("null", "content"), (json.dumps({"schema": 99}), "schema"),
    (made(record(value=0.1)).dumps().replace('"value": 0.1', '"value": 7'), "estimates.total_variation.value"),
    (made(record(value=0.1)).dumps().replace('"value": 0.1', '"value": "abc"'), "estimates.total_variation.value")])
def test_a_broken_record_costs_one_sentence_that_names_file_and_field(tmp_path, capsys, content, named):
    save(tmp_path, [record(T=16, value=0.2)])
    (tmp_path / "raw" / f"{record(value=0.1)['key']}.json").write_text(content)
    assert rows(tmp_path)["T"].tolist() == [16]
    said = capsys.readouterr().err.strip().splitlines()
    assert len(said) == 1 and said[0].startswith("warning: ") and f"{record(value=0.1)['key']}.json: {named}" in said[0]


def test_half_written_files_are_no_records(tmp_path, capsys):
    save(tmp_path, [record(T=16, value=0.2)])
    (tmp_path / "raw" / ".abc.json.host.1").write_text("{")
    (tmp_path / "raw" / ".abc.json").write_text("{")
    assert len(rows(tmp_path)) == 1 and capsys.readouterr().err == ""


def test_a_failed_record_stays_visible(tmp_path):
    save(tmp_path, [record(T=16, value=0.2), failed("no such luck", T=32)])
    last = rows(tmp_path).iloc[-1]
    assert (last["status"], last["reason"], last["measure"]) == ("failed", "no such luck", "total_variation")
    assert pd.isna(last["error"]) and pd.isna(last["evaluations"])


@pytest.mark.parametrize("raw", ["missing", "empty"])
def test_a_machine_that_ran_nothing_uses_the_published_table(tmp_path, raw):
    save(tmp_path, [record(T=16, value=0.2)])
    before = rows(tmp_path).dropna(axis=1, how="all")
    (tmp_path / "raw").rename(tmp_path / "elsewhere")
    if raw == "empty":
        (tmp_path / "raw").mkdir()
    again = compile_runs(tmp_path)
    pd.testing.assert_frame_equal(again.table.dropna(axis=1, how="all"), before)
    assert not again.fresh


def test_nothing_at_all_is_an_empty_table(tmp_path):
    runs = compile_runs(tmp_path)
    assert runs.table.empty and runs.of("dimension").empty
    assert not (tmp_path / "tables").exists()


def test_running_one_study_leaves_the_others(tmp_path):
    save(tmp_path, [record(T=16, value=0.2, studies=["accuracy"]), record(T=32, value=0.1),
                    record(T=64, value=0.1, studies=["accuracy", "dimension"])])
    compile_runs(tmp_path)
    for path in tmp_path.rglob("*.json"):
        path.unlink()
    save(tmp_path, [record(T=128, value=0.01, commit="fedcba"), record(T=256, value=0.01, commit="fedcba")])
    runs = compile_runs(tmp_path)
    assert runs.of("dimension")["T"].tolist() == [128, 256] and runs.of("accuracy")["T"].tolist() == [16, 64]
    assert set(runs.table["environment"]) == set(runs.environments["environment"])


def test_a_record_stays_in_studies_that_did_not_run_again(tmp_path):
    both = record(T=64, value=0.1, studies=["accuracy", "dimension"])
    save(tmp_path, [both])
    compile_runs(tmp_path)
    (tmp_path / "raw" / "plans" / "accuracy.json").unlink()
    assert rows(tmp_path)["studies"].tolist() == ["accuracy;dimension"]


def test_a_run_that_other_code_repeats_to_the_last_bit_has_one_row(tmp_path):
    """And one of other parameters, that is as far off as can be, too, has its own."""
    def saturated(study, code, radius):
        return record(value=1.0, noise=0.0, study=study, code=code, config={"target": {"dim": 16, "radius": radius}})

    save(tmp_path, [saturated("accuracy", "before", radius) for radius in (2, 3.5)])
    compile_runs(tmp_path)
    for path in tmp_path.rglob("*.json"):
        path.unlink()
    save(tmp_path, [saturated("dimension", "after", 2)])
    runs = rows(tmp_path).sort_values("target_radius")
    assert runs["studies"].tolist() == ["accuracy;dimension", "accuracy"]
    assert runs["code"].tolist() == ["after", "before"]


def narrow(results, records):
    """Records, and a narrowed plan of their study."""
    save(results, records)
    plan = Plan(study="dimension", overrides=("d=4",), keys=tuple(one["key"] for one in records), partial=True)
    (results / "raw" / "plans" / "dimension.json").unlink()
    (results / "raw" / "plans" / f"{plan.key}.json").write_text(plan.dumps())


@pytest.mark.parametrize("part", ["narrowed", "fewer", "sweep", "mixed"])
def test_a_part_of_a_study_replaces_nothing_that_is_published(tmp_path, part):
    save(tmp_path, [record(T=T, value=0.1, studies=["dimension", "sweep"]) for T in (16, 32)])
    compile_runs(tmp_path, publish=True)
    published = (tmp_path / "tables" / "runs.parquet").read_bytes()
    for path in tmp_path.rglob("*.json"):
        path.unlink()
    again = [record(T=T, value=0.2, code=code, study="sweep" if part == "sweep" else "dimension")
             for T, code in ((16, "a"), (32, "b" if part == "mixed" else "a"), (64, "a"))]
    (narrow if part == "narrowed" else save)(tmp_path, again[:1] if part == "fewer" else again)
    runs = compile_runs(tmp_path)
    assert (tmp_path / "tables" / "runs.parquet").read_bytes() == published and list(runs.partial)
    assert (tmp_path / "partial" / "tables" / "runs.parquet").is_file()
    assert set(runs.of(*runs.partial)["error"]) == {0.2}  # and yet it is what the report shows
    compile_runs(tmp_path, publish=True)
    assert (tmp_path / "tables" / "runs.parquet").read_bytes() != published


def test_records_of_several_versions_of_the_code_are_told(tmp_path):
    one = {"target": {"_target_": "a.Target"}, "sampler": {"_target_": "a.Sampler"}}
    other = one | {"sampler": {"_target_": "b.Sampler"}}
    alike = [record(T=T, value=0.1, config=one, code="before") for T in (16, 32)]
    fine, _ = tidy([*alike, record(T=64, value=0.1, config=other, code="after")])
    mixed, _ = tidy([*alike, record(T=64, d=4, value=0.1, config=one, code="after")])
    assert mixture(fine) is None and "2 versions of the code (after, before)" in mixture(mixed)


def test_records_that_no_plan_needs_are_left_out():
    kept, stale = record(T=16, value=0.2), record(T=32, value=0.1, studies=[])
    assert tidy([kept, stale])[0]["T"].tolist() == [16] and list(plans([stale])) == []


def test_the_table_depends_on_the_records_only(tmp_path):
    records = [record(target, d, K, T, 0.1) for target in ("sphere", "digits") for d in (4, 16) for K in (1, 2)
               for T in (16, 32)]
    texts = []
    for name, order in (("a", 1), ("b", -1)):
        save(tmp_path / name, records[::order])
        for _ in range(2):  # and compiling again changes nothing
            compile_runs(tmp_path / name)
            texts.append((tmp_path / name / "tables" / "runs.parquet").read_bytes())
    assert len(set(texts)) == 1


def test_a_parameter_varied_by_hand_is_a_variant(tmp_path):
    def one(d, radius, T=16):
        return record(d=d, T=T, value=0.1 * radius, config={"target": {"dim": d, "radius": radius}})

    runs, _ = tidy([one(d, radius) for d in (4, 16) for radius in (1.0, 2.0)] + [one(64, 1.0)])
    assert dict(zip(runs["error"], runs["variant"], strict=True)) == {0.1: "radius=1.0", 0.2: "radius=2.0"}


def test_a_variant_is_read_as_it_was_written():
    config = {"sampler": {"points": 3, "startup": None, "options": {"order": 2}}, "target": {"means": [-1.5, 2.0]}}
    other = {"sampler": {"points": 4, "startup": "growing", "options": {"order": 3}}, "target": {"means": [0.0, 1e-3]}}
    runs, _ = tidy([record(T=16, value=0.1, config=config), record(T=16, value=0.2, config=other)])
    found = dict(zip(runs["error"], map(parameters, runs["variant"]), strict=True))
    assert found[0.1] == {"options.order": "2", "points": "3", "startup": "None", "means": "[-1.5, 2.0]"}
    assert found[0.2]["means"] == "[0.0, 0.001]" and parameters(None) == parameters(float("nan")) == {}


def test_parameters_that_follow_d_or_belong_to_another_study_are_none():
    runs, _ = tidy([record(d=d, T=T, value=0.1, study=study, config={"target": {"dim": d, "scale": constant}})
                    for d in (4, 16) for T in (16, 32) for study, constant in (("accuracy", 1), ("dimension", 2))])
    assert runs["variant"].isna().all()

"""The report: tables and figures written, the table printed, and clear words when there is nothing."""

import shutil
import sys

import pandas as pd
import pytest

from analysis import report
from analysis.files import read_csv, write_csv
from analysis.studies import module_of, names
from analysis.tests.synthetic import failed, record, save
from analysis.text import markdown, show, write_between
from analysis.verify import main as verify
from heroism.record import Plan


def readable(study, tables):
    return module_of(study).summary(tables)


@pytest.fixture
def results(synthetic_results, tmp_path):
    """A copy of the synthetic results that a test may write to: only the tables, as on a machine that ran nothing."""
    shutil.copytree(synthetic_results / "tables", tmp_path / "tables")
    return tmp_path


def test_a_study_from_committed_tables(synthetic_tables, results, capsys):
    assert report.main(["floors", "--results", str(results)]) == 0
    said = capsys.readouterr().out
    assert "histogram" in said and "goes on" in said
    for line, path in (("Table: ", "tables/floors.csv"), ("Figure: ", "figures/estimator_floors.png")):
        assert line in said and str(results / path) in said and (results / path).is_file()
    assert (results / "figures" / "estimator_floors.pdf").is_file()


def test_everything_is_every_study(synthetic_tables, results, capsys):
    assert report.main(["--results", str(results)]) == 0
    said = capsys.readouterr().out
    there = [study for study in names() if f"No records of the {study} study" not in said]
    assert said.count("Table: ") == len(there) > 6 and said.count("No records of the worst_case study") == 1
    assert said.count("Figure: ") == sum(len(module_of(study).FIGURES) for study in there)
    assert "exponent of d" in said and "order in h" in said
    tables = {path.name for path in (results / "tables").glob("*.csv")}
    assert {"dimension.csv", "dimension_steps.csv", "dimension_exponents.csv", "accuracy.csv", "accuracy_orders.csv",
            "accuracy_points.csv", "floors.csv", "floors_curves.csv"} <= tables
    # Claims of studies that are not there are published nowhere.
    judged, lacking = (set(read_csv(folder / "tables" / "claims.csv")["name"])
                       for folder in (results, results / "partial"))
    pictures = {path.stem for path in (results / "figures" / "claims").glob("*.png")}
    assert {"dimension_exponent", "budget"} <= pictures <= judged and "worst_case" in lacking and not judged & lacking


def test_a_study_without_records_says_what_produces_them(tmp_path, capsys):
    assert report.main(["dimension", "--results", str(tmp_path)]) == 1
    assert "make sweep-dimension" in capsys.readouterr().out
    assert report.main(["all", "--results", str(tmp_path)]) == 0  # the others are drawn, and every lack is named
    assert capsys.readouterr().out.count("No records of the") == len(names())
    assert not (tmp_path / "figures").exists()


def test_an_unknown_study_is_one_sentence(tmp_path, capsys):
    assert report.main(["dimensions", "--results", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    assert "study = dimensions" in said.err and "accuracy" in said.err


def test_failures_are_counted(tmp_path, capsys):
    save(tmp_path, [record(T=16, value=0.1), failed("it rained", T=32)])
    assert report.main(["dimension", "--results", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "1 of 2 runs failed" in said and "it rained" in said
    assert "is not drawn" in said and "make sweep-dimension" in said  # one rung reaches nothing


def test_a_terminal_gets_a_ruled_table(synthetic_tables, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    show(readable("dimension", synthetic_tables["dimension"]), "A title", "A note")
    said = capsys.readouterr().out
    assert "A title" in said and "A note" in said and "─" in said and "sharper than claimed" in said and "[0." in said


@pytest.mark.parametrize("study", ["dimension", "accuracy", "floors"])
def test_a_table_in_a_pipe_is_aligned_and_whole(study, synthetic_tables, capsys):
    table = readable(study, synthetic_tables[study])
    show(table, "A title", "A note")
    said = capsys.readouterr().out
    lines = said.splitlines()
    rule = next(place for place, line in enumerate(lines) if "─" in line)
    rows = lines[rule + 1 : rule + 1 + len(table)]
    assert len({len(line) for line in (lines[rule - 1], *rows)}) == 1 and "\x1b" not in said
    for line, row in zip(rows, table.to_numpy(), strict=True):
        assert all(text in line for text in row)


def test_a_table_without_rows_is_told_and_not_a_crash(synthetic_tables, capsys):
    show(readable("dimension", synthetic_tables["dimension"]).iloc[:0], "A title", "A note")
    assert "(no rows)" in capsys.readouterr().out


def test_numbers_of_the_table_are_those_of_the_fits(synthetic_tables):
    tables = synthetic_tables["dimension"]
    shown, whole = readable("dimension", tables), tables["dimension"]
    place = whole.index[(whole["family"] == "sphere") & (whole["K"] == 3)][0]
    row = whole.loc[place]
    assert shown.loc[place, "exponent of d [95 %]"] == f"{row['exponent']:.2f} [{row['low']:.2f}, {row['high']:.2f}]"
    assert shown.loc[place, "1 + 2/K"] == "1.67" and shown.loc[place, "verdict"] == "sharper than claimed"
    undecided = shown[(shown["family"] == "sphere") & (shown["K"] == "1")].iloc[0]
    assert undecided["exponent of d [95 %]"] == "-" and undecided["verdict"].startswith("undecided: insufficient range")


def test_the_readme_gets_table_and_figure(tmp_path, synthetic_tables):
    readme = tmp_path / "README.md"
    readme.write_text("before\n<!-- figure:dimension -->\nold\n<!-- /figure -->\nmiddle\n"
                      "<!-- table:dimension -->\n<!-- /table -->\nafter\n"
                      "<!-- table:claims -->\nkept\n<!-- /table -->\n")
    table = markdown(readable("dimension", synthetic_tables["dimension"]))
    for _ in range(2):  # writing it again changes nothing
        write_between(readme, "table:dimension", table)
        report.write_figure(readme, "dimension", tmp_path / "results" / "figures" / "a.png", "What it shows.")
        text = readme.read_text()
    assert text.startswith("before\n<!-- figure:dimension -->\n![What it shows.](results/figures/a.png)")
    assert "old" not in text and text.count(table) == 1 and "after\n<!-- table:claims -->\nkept\n" in text
    assert table.splitlines()[1].count("---") == table.splitlines()[0].count("|") - 1


def test_a_readme_without_marks_is_left_alone(tmp_path):
    (tmp_path / "README.md").write_text("nothing here\n")
    assert not write_between(tmp_path / "README.md", "table:dimension", "x")
    assert (tmp_path / "README.md").read_text() == "nothing here\n"


# ---- what is published stays -----------------------------------------------------------------------------------------

def everything(folder):
    """Every file of a folder and its bytes."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_clean_checkout_is_verified_and_nothing_changes(synthetic_tables, results, capsys):
    before = everything(results)
    assert verify(["--results", str(results)]) == 0
    assert everything(results) == before
    said = capsys.readouterr().out
    assert "There are no records" in said and "| sharper than claimed |" in said


def test_without_any_table_verify_writes_nothing(tmp_path, capsys):
    assert verify(["--results", str(tmp_path)]) == 0
    assert everything(tmp_path) == {} and "no runs" in capsys.readouterr().out


def test_a_part_of_a_study_is_reported_elsewhere(synthetic_tables, results, capsys):
    published = everything(results)
    few = [record(d=4, T=T, value=0.1 / T) for T in (16, 32, 64)]
    save(results, few)
    (results / "raw" / "plans" / "dimension.json").unlink()
    plan = Plan(study="dimension", overrides=("d=4",), keys=tuple(one["key"] for one in few), partial=True)
    (results / "raw" / "plans" / f"{plan.key}.json").write_text(plan.dumps())
    assert report.main(["dimension", "--results", str(results)]) == 0
    said = capsys.readouterr().out
    assert "narrowed by d=4" in said and "partial/tables/dimension.csv" in said
    assert published.items() <= everything(results).items()
    assert report.main(["dimension", "--results", str(results), "--publish"]) == 0
    assert everything(results)[results / "tables" / "runs.parquet"] != published[results / "tables" / "runs.parquet"]


def test_a_mixture_of_versions_of_the_code_is_refused_unless_it_is_asked_for(tmp_path, capsys):
    config = {"target": {"_target_": "a.Target"}}
    save(tmp_path, [record(T=T, value=0.1 / T, config=config, code=code) for T, code in ((16, "one"), (32, "two"))])
    assert report.main(["dimension", "--results", str(tmp_path)]) == 2
    said = capsys.readouterr()
    assert "2 versions of the code (one, two)" in said.err and "--mixed" in said.err and "Table:" not in said.out
    assert not (tmp_path / "tables" / "dimension.csv").exists()
    assert report.main(["dimension", "--results", str(tmp_path), "--mixed"]) == 0
    assert (tmp_path / "partial" / "tables" / "dimension.csv").is_file()


@pytest.mark.parametrize("code, left", [("0123456789abcdef", False), ("another", True)])
def test_a_study_that_ran_alone_is_judged_with_what_is_published_of_the_others(tmp_path, capsys, code, left):
    """Claims of the dimension study use the burn_in study too."""
    config = {"target": {"_target_": "a.Target"}}

    def ladder(study, dims, code="0123456789abcdef"):
        return [record(d=d, K=2, T=T, value=min(0.9, 3.0 * d / T**2), study=study, config=config, code=code)
                for d in dims for T in (8, 16, 32, 64, 128, 256)]

    save(tmp_path, [*ladder("burn_in", (2, 4)), *ladder("dimension", (8, 16, 32))])
    assert report.main(["all", "--results", str(tmp_path), "--no-figures"]) == 0
    published = read_csv(tmp_path / "tables" / "claims.csv")
    for path in tmp_path.rglob("*.json"):
        path.unlink()
    save(tmp_path, ladder("dimension", (8, 16, 32, 64), code))
    capsys.readouterr()
    assert report.main(["dimension", "--results", str(tmp_path), "--no-figures"]) == 0
    said, again = capsys.readouterr().out, read_csv(tmp_path / "tables" / "claims.csv")
    assert "What is published of burn_in is taken as it is" in said and list(again["name"]) == list(published["name"])
    assert ("dimension_exponent is left to `make verify`" in said) == left
    runs = [table.set_index("name").loc["dimension_exponent", "runs"] for table in (published, again)]
    assert runs == [30, 30 if left else 36]
    others = [table[table["study"] != "dimension"] for table in (published, again)]
    pd.testing.assert_frame_equal(*others)


def test_a_question_of_ones_own_is_reported_and_not_published(tmp_path, capsys):
    save(tmp_path, [record(T=T, value=0.1 / T, study="sweep") for T in (16, 32)])
    assert report.main(["sweep", "--results", str(tmp_path)]) == 0
    assert "partial/tables/sweep.csv" in capsys.readouterr().out and not (tmp_path / "tables").exists()


def test_last_digits_do_not_change_a_table(tmp_path):
    table = pd.DataFrame({"word": ["a", None], "number": [1 / 3, None], "flag": [True, False]})
    path = write_csv(table, tmp_path / "table.csv")
    before = path.read_bytes()
    write_csv(table.assign(number=table["number"] * (1 + 1e-13)), path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]
    for other in (table.assign(number=table["number"] * (1 + 1e-6)), table.assign(word="b"), table.iloc[:1],
                  table.rename(columns={"flag": "sign"})):
        write_csv(other, path)
        assert path.read_bytes() != before and len(read_csv(path)) == len(other)

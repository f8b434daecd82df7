"""What is published: every table again from the published table of runs, and the README's blocks from them."""

import numpy as np
import pytest

from analysis.claims.claim import read_claims
from analysis.claims.table import OF_CONTROLS, judge_all, readable, tabulate
from analysis.files import README, RESULTS, STUDIES, read_csv, same, write_csv
from analysis.runs import read_runs
from analysis.studies import module_of, names, tables_of, written
from analysis.text import markdown


@pytest.fixture(scope="module")
def runs():
    return read_runs(RESULTS / "tables")


@pytest.fixture(scope="module")
def claims(runs):
    """The table of claims."""
    return judged(runs.table, listed())


def assert_published(table, name, tmp_path):
    """The same words, and the same numbers to round-off."""
    again = read_csv(write_csv(table, tmp_path / f"{name}.csv"))
    assert same(again, read_csv(RESULTS / "tables" / f"{name}.csv")), name


def judged(runs, claims):
    """Those that have runs; a new one is published with the first run of its study."""
    return tabulate([one for one in judge_all(claims, runs) if one.row.runs])


def listed():
    return [claim for claim in read_claims(STUDIES)[0] if claim.listed]


@pytest.mark.parametrize("study", names())
def test_the_tables_of_a_study(study, runs, tmp_path):
    if runs.of(study).empty:
        pytest.skip("it is not published yet")
    tables = tables_of(study, runs.table, runs.environments)
    for name, table in written(study, tables).items():
        assert_published(table, name, tmp_path)
    block = markdown(module_of(study).summary(tables))
    assert f"<!-- table:{study} -->" not in README.read_text() or block in README.read_text()


def test_the_table_of_claims(claims, tmp_path):
    assert_published(claims, "claims", tmp_path)
    assert markdown(readable(claims), list(readable(claims))) in README.read_text()


def test_last_digits_of_the_runs_change_no_verdict_and_no_digit(runs, claims):
    rng, table = np.random.default_rng(3), runs.table
    numbers = ["error", "stderr", "floor", "h", "inverse_h", "score_error", "jacobian_error"]
    moved = {name: table[name] * (1.0 + 1e-9 * rng.uniform(-1.0, 1.0, len(table))) for name in numbers}
    assert claims.to_csv().splitlines() == judged(table.assign(**moved), listed()).to_csv().splitlines()


def test_the_table_of_controls(runs, tmp_path):
    table = judged(runs.table, [claim.control for claim in read_claims(STUDIES)[0]])
    spared = table[table["verdict"] != "refuted"]
    assert spared.empty, spared[["name", "row", "verdict", "why"]].to_string()
    assert_published(table[list(OF_CONTROLS)], "controls", tmp_path)
    shown = readable(table, OF_CONTROLS)
    assert markdown(shown, list(shown)) in README.read_text()


def test_there_is_no_other_table(runs):
    none = runs.table.iloc[:0]  # the tables have their names without any run
    known = {name for study in names() if len(runs.of(study))
             for name in written(study, tables_of(study, none, runs.environments))}
    found = {path.stem for path in (RESULTS / "tables").iterdir()}
    assert found == known | {"claims", "controls", "environments", "runs"}

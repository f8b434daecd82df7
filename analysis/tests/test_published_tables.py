"""What is published: every table again from the published table of runs, and the README's blocks from them."""

import pytest

from analysis.claims.claim import read_claims
from analysis.claims.table import OF_CONTROLS, judge_all, readable, tabulate
from analysis.files import README, RESULTS, STUDIES, read_csv, same, write_csv
from analysis.runs import read_runs
from analysis.studies import module_of, names, tables_of
from analysis.text import markdown


@pytest.fixture(scope="module")
def runs():
    return read_runs(RESULTS / "tables")


@pytest.fixture(scope="module")
def tables(runs):
    """Of every study, by its name."""
    return {study: tables_of(study, runs.table, runs.environments) for study in names()}


def assert_published(table, name, tmp_path):
    """The same words, and the same numbers to round-off."""
    again = read_csv(write_csv(table, tmp_path / f"{name}.csv"))
    assert same(again, read_csv(RESULTS / "tables" / f"{name}.csv")), name


def judged(runs, claims):
    """Those that have runs; a new one is published with the first run of its study."""
    return tabulate([one for one in judge_all(claims, runs.table) if one.row.runs])


@pytest.mark.parametrize("study", names())
def test_the_tables_of_a_study(study, runs, tables, tmp_path):
    if runs.of(study).empty:
        pytest.skip("it is not published yet")
    for name in set(tables[study]) - {"runs", "environments"}:
        assert_published(tables[study][name], name, tmp_path)
    block = markdown(module_of(study).summary(tables[study]))
    assert f"<!-- table:{study} -->" not in README.read_text() or block in README.read_text()


def test_the_table_of_claims(runs, tmp_path):
    table = judged(runs, [claim for claim in read_claims(STUDIES)[0] if claim.listed])
    assert_published(table, "claims", tmp_path)
    assert markdown(readable(table), list(readable(table))) in README.read_text()


def test_the_table_of_controls(runs, tmp_path):
    table = judged(runs, [claim.control for claim in read_claims(STUDIES)[0]])
    assert set(table["verdict"]) == {"refuted"}
    assert_published(table[list(OF_CONTROLS)], "controls", tmp_path)
    shown = readable(table, OF_CONTROLS)
    assert markdown(shown, list(shown)) in README.read_text()


def test_there_is_no_other_table(runs, tables):
    known = {name for study in names() if len(runs.of(study)) for name in tables[study]}
    found = {path.stem for path in (RESULTS / "tables").iterdir()}
    assert found == known - {"runs"} | {"claims", "controls", "environments", "runs"}

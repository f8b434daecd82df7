"""Synthetic results, compiled once."""

from __future__ import annotations

import matplotlib
import pytest

from analysis.runs import compile_runs
from analysis.studies import names, tables_of
from analysis.tests import synthetic

SOME = ("digits", "product_mixture", "sphere")


@pytest.fixture(scope="session", autouse=True)
def coarse_pictures():
    """Pixels cost time, and no test looks at them."""
    with matplotlib.rc_context({"savefig.dpi": 40}):
        yield


@pytest.fixture(scope="session")
def synthetic_results(tmp_path_factory):
    """A results folder with records of several studies, not compiled."""
    folder = tmp_path_factory.mktemp("results")
    synthetic.save(folder, synthetic.dimension_study(families=SOME, dims=(4, 64, 1024)))
    synthetic.save(folder, synthetic.accuracy_study(families=SOME, dims=(16,)))
    synthetic.save(folder, synthetic.floors_study())
    synthetic.save(folder, synthetic.leaderboard_study())
    synthetic.save(folder, synthetic.published_study())
    synthetic.save(folder, synthetic.shipped_study())
    synthetic.save(folder, synthetic.budget_study())
    synthetic.save(folder, synthetic.sweep())
    return folder


@pytest.fixture(scope="session")
def synthetic_tables(synthetic_results):
    """The tables of every study, by its name."""
    runs = compile_runs(synthetic_results)
    return {study: tables_of(study, runs.table, runs.environments) for study in (*names(), "sweep")}

"""Every table of a study: the runs as they were compiled, and what follows from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd

from analysis.compile import of_study, read_table, write_table
from analysis.floors import floors
from analysis.leaderboard import leaderboard
from analysis.orders import accuracy
from analysis.prediction import read_prediction
from analysis.published import published
from analysis.shipped import shipped
from analysis.slopes import dimension
from heroism.errors import require

Tables = Mapping[str, pd.DataFrame]

DERIVED: Mapping[str, Callable[[pd.DataFrame], dict[str, pd.DataFrame]]] = {
    "dimension": lambda runs: dimension(runs, read_prediction("dimension")),
    "accuracy": lambda runs: accuracy(runs, read_prediction("accuracy")),
    "floors": floors,
    "leaderboard": lambda runs: leaderboard(runs, read_prediction("leaderboard").epsilon),
    "published": published,
    "diffusers": shipped,
}


def known(study: str) -> str:
    """The study's name. Raises InputError for one that nothing is derived for."""
    require(study in DERIVED, "study", study, f"choose one of {', '.join(DERIVED)}, or all")
    return study


def tables_of(study: str, runs: pd.DataFrame, environments: pd.DataFrame) -> Tables:
    """The derived tables of a study, the one of its own name first, and its ``runs`` and ``environments``."""
    runs = of_study(runs, known(study))
    derived = DERIVED[study](runs)
    return {study: derived[study], **derived, "runs": runs,
            "environments": environments[environments["environment"].isin(runs["environment"])]}


def read_environments(results: Path) -> pd.DataFrame:
    return read_table(results / "tables" / "environments.csv")


def write_derived(tables: Tables, results: Path) -> list[Path]:
    """The derived tables as CSV; the path of the study's own table first."""
    names = [name for name in tables if name not in ("runs", "environments")]
    return [write_table(tables[name], results / "tables" / f"{name}.csv") for name in names]

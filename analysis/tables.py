"""Every table of a study: the runs as they were compiled, and what follows from them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from analysis.files import write_csv
from analysis.runs import of_studies
from analysis.studies import module_of

Tables = Mapping[str, pd.DataFrame]


def tables_of(study: str, runs: pd.DataFrame, environments: pd.DataFrame) -> Tables:
    """The derived tables of a study, the one of its own name first, and its ``runs`` and ``environments``."""
    runs = of_studies(runs, [study])
    derived = module_of(study).tables(runs)
    return {study: derived[study], **derived, "runs": runs,
            "environments": environments[environments["environment"].isin(runs["environment"])]}


def write_derived(tables: Tables, results: Path) -> list[Path]:
    """The derived tables as CSV; the path of the study's own table first."""
    names = [name for name in tables if name not in ("runs", "environments")]
    return [write_csv(tables[name], results / "tables" / f"{name}.csv") for name in names]

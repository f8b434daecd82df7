"""The table of other people's solvers as people read it: both targets in one row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from analysis.shipped import METHODS

NONE = "-"
SAID = ("final_sigmas_type=sigma_min", "set_alpha_to_one=False")  # the levels say it too
MINOR = ("algorithm_type", "solver_type", "lower_order_final", "skip_prk_steps")


def everything(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per solver, options and levels; the targets' values side by side, smallest and largest of a range."""
    return pd.DataFrame([_row(dict(zip(METHODS, key, strict=True)), rows)
                         for key, rows in tables["diffusers"].fillna({"levels": ""}).groupby(METHODS, sort=False)])


def summary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The schedulers of diffusers on our levels, with their main option."""
    table = tables["diffusers"]
    options = table["options"].fillna("")
    minor = options.map(lambda text: any(name in text for name in MINOR)).astype(bool)
    kept = table[(table["package"] == "diffusers") & (table["levels"] == "ours") & ~minor]
    return everything({"diffusers": kept}).drop(columns="levels") if len(kept) else pd.DataFrame()


def _row(method: dict[str, Any], rows: pd.DataFrame) -> dict[str, str]:
    options = [part for part in str(method["options"]).split() if part not in SAID]
    stops = rows["stops_at"].dropna()
    why = [text for text in rows.sort_values("floor", ascending=False)["why"].fillna("") if text]
    return {
        "solver": str(method["solver"]).removesuffix("Scheduler"),
        "options": ", ".join(options).replace("_", " ").replace("=True", "").replace("=", " "),
        "levels": str(method["levels"]),
        "claimed": _numbers(rows["claimed"].iloc[:1], ".0f"), "order": _numbers(rows["order"], ".1f"),
        "holds to T": _numbers(rows["holds_to"].min(skipna=False), ".0f") if rows["claimed"].notna().any() else NONE,
        "stops at T": _numbers(stops.min(), ".0f") if len(stops) else NONE,
        "at TV": _numbers(rows["floor"].max(), ".0e") if len(stops) else NONE,
        "why": why[0] if why else "",
    }


def _numbers(values: Any, form: str) -> str:
    numbers = [format(value, form) for value in np.atleast_1d(np.asarray(values, dtype=float)) if np.isfinite(value)]
    return " / ".join(numbers) or NONE

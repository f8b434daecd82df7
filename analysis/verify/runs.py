"""The records as one table: a row per rung and estimate, with the columns that claims are written in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.compile import read_records

PLAIN = ("key", "kind", "status", "reason", "target", "sampler", "schedule", "perturbation", "start", "distance", "d",
         "K", "N", "T", "particles", "seed", "order", "ambient_dim", "reduced_dim", "evaluations", "rounds", "folded",
         "diverged", "tau_end", "score_error", "jacobian_error", "studies")
SIZES = ("target_half_width", "target_radius", "target_scale")
GROUPS = ("target", "sampler", "schedule", "perturbation")


def runs(results: str | Path) -> pd.DataFrame:
    """Every rung under ``results/raw``.

    Columns: those of the record; ``<group>_<parameter>`` for every parameter of target, sampler, schedule and
    perturbation (``target_half_width``); ``measure, error, stderr, floor`` of one of its estimates; ``h = log T / T``,
    ``inverse_h``, ``refinements`` (rounds per step), ``size`` (half width, radius or scale of the target) and ``spent``
    (score evaluations of all its paths together).
    Of searches: ``instance`` names what was measured again; ``trial, trial_exponent`` belong to what was only tried.
    A failed rung has no error and ``status`` "failed".
    """
    rows = [row for record in read_records(Path(results, "raw")) for row in _rows(record)]
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    found = _searched(Path(results, "raw", "searches"))
    for column in ("instance", "trial", "trial_exponent"):
        table[column] = table["key"].map({key: said[column] for key, said in found.items()})
    for column in ("T", "d", "K", "error", "stderr", "floor", "evaluations", "rounds"):
        table[column] = pd.to_numeric(table[column], errors="coerce").astype(float)
    table["h"] = np.log(table["T"]) / table["T"]
    table["inverse_h"] = 1.0 / table["h"]
    table["refinements"] = table["rounds"] / (table["T"] - 1.0)
    table["size"] = _first(table, SIZES)
    table["spent"] = table["evaluations"] * table["particles"]
    return table


def _rows(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    if record.get("kind") != "rung":
        return []
    common = {name: record.get(name) for name in PLAIN}
    config = record.get("config") or {}
    for group in GROUPS:
        for name, value in (config.get(group) or {}).items():
            if not name.startswith("_"):
                common[f"{group}_{name}"] = json.dumps(value) if isinstance(value, list | dict) else value
    estimates = record.get("estimates") or {record.get("distance"): {}}
    return [common | {"measure": name, "error": part.get("value"), "stderr": part.get("stderr"),
                      "floor": part.get("floor")} for name, part in estimates.items()]


def _searched(folder: Path) -> dict[str, dict[str, Any]]:
    """By key of a rung, what the latest search of every study and combination says about it."""
    records = [json.loads(path.read_text()) for path in folder.glob("[!.]*.json")]
    latest = {(record["study"], json.dumps(record["names"])): record
              for record in sorted(records, key=lambda record: (record["finished"], record["key"]))}
    nothing: dict[str, Any] = {"instance": None, "trial": np.nan, "trial_exponent": np.nan}
    found: dict[str, dict[str, Any]] = {}
    for record in latest.values():
        for number, one in enumerate(record["trials"]):
            said = {"trial": number, "trial_exponent": np.nan if one["exponent"] is None else one["exponent"]}
            found |= {key: nothing | said for key in one["keys"]}
        found |= {key: nothing | {"instance": one["label"]} for one in record["again"] for key in one["keys"]}
    return found


def _first(table: pd.DataFrame, names: tuple[str, ...]) -> pd.Series:
    """The first of these columns that has a value."""
    found = pd.Series(np.nan, index=table.index)
    for name in names:
        if name in table:
            found = found.fillna(pd.to_numeric(table[name], errors="coerce"))
    return found

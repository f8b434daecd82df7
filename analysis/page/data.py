"""What the page draws, as compact JSON: words stand once, numbers have four digits."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis import looks
from analysis.claims.selection import select
from analysis.claims.table import Judged
from analysis.curves import curves
from analysis.runs import Runs, of_studies

WORDS = ("study", "measure", "target", "sampler", "setting", "unusable")
NUMBERS = ("d", "K", "T", "evaluations", "rounds", "value", "stderr", "floor")
DIGITS = 4


def packed(content: Any) -> str:
    """JSON, compressed, as text that HTML takes; the same for the same content."""
    text = content if isinstance(content, str) else json.dumps(content, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()


def points(runs: Runs) -> dict[str, Any]:
    """Every point of every study, by columns: ``{"words": {name: [...]}, "columns": {name: [...]}}``."""
    studies = sorted({name for names in runs.table["studies"] for name in names.split(";")} - {""})
    parts = []
    for study in studies:
        part = curves(of_studies(runs.table, [study]))
        settings = [looks.method_name(row) for row in part.to_dict("records")]
        parts.append(part.assign(study=study, setting=pd.Series(settings, part.index, dtype=object)))
    table = pd.concat(parts, ignore_index=True).rename(columns={"distance": "measure"}) if parts else pd.DataFrame()
    table = table.reindex(columns=[*WORDS, *NUMBERS])
    words: dict[str, list[str]] = {}
    columns: dict[str, list[Any]] = {}
    for name in WORDS:
        codes, known = pd.factorize(table[name].fillna("").astype(str), sort=True)
        words[name], columns[name] = list(known), codes.tolist()
    return {"words": words, "columns": columns | {name: rounded(table[name]) for name in NUMBERS},
            "names": {label: looks.name(label) for name in ("target", "sampler") for label in words[name]}
            | {label: label.replace("_", " ") for label in words["measure"]},
            "looks": {label: looks.look(label)["color"] for label in words["sampler"]}}


def rows(judged: Sequence[Judged], runs: Runs) -> list[dict[str, Any]]:
    """Of every row of every claim what it was measured on, and the points and numbers of its picture."""
    return [{"targets": _values(table, "target"), "samplers": _values(table, "sampler"),
             "predicted": rounded([one.verdict.predicted])[0], "tolerance": rounded([one.verdict.tolerance])[0],
             "kind": one.claim.statistic.kind, "refuted_by": one.claim.refuted_by,
             "control": one.claim.control.words if one.claim.control else "",
             "groups": [_group(group) for group in one.row.groups]}
            for one, table in ((one, _of_row(one, runs)) for one in judged)]


def rounded(values: Iterable[Any]) -> list[float | int | None]:
    """Numbers with few digits; None for what is missing or not finite."""
    found: list[float | int | None] = []
    for value in pd.to_numeric(pd.Series(list(values), dtype=object), errors="coerce").astype(float):
        short = float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None
        found.append(int(short) if short is not None and short.is_integer() and abs(short) < 1e15 else short)
    return found


def _of_row(one: Judged, runs: Runs) -> pd.DataFrame:
    """The points that this row of a claim was measured on."""
    table = select(one.claim.statistic, runs.table, one.claim.records)
    for name, value in one.row.names.items():
        table = table[table[name].isna() if pd.isna(value) else table[name] == value]
    return table


def _values(table: pd.DataFrame, name: str) -> list[str]:
    return sorted(table[name].dropna().unique()) if name in table else []


def _group(group: Any) -> dict[str, Any]:
    value, low, high = rounded([group.value, group.low, group.high])
    return {"label": group.label or "all", "value": value, "low": low, "high": high,
            "reason": group.reason or "", "curves": [_curve(curve) for curve in group.curves]}


def _curve(curve: Any) -> dict[str, Any]:
    used = {y for _, y in curve.fit.points}
    names: Mapping[str, Any] = curve.names
    return {"name": ", ".join(f"{key} = {value}" for key, value in names.items()), "x": rounded(curve.x),
            "y": rounded(curve.y), "stderr": rounded(curve.stderr),
            "floor": rounded(np.broadcast_to(curve.floor, np.shape(curve.x))),
            "used": [int(y in used) for y in curve.y]}

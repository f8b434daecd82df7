"""From ``results/raw/*.json`` to one tidy table, ``results/tables/runs.csv``: one row per record and distance.

Everything that a record says about its run is kept, whether this file has heard of it or not; only the bulky ``config``
and ``traceback`` stay behind. Of the config, what was varied beside the usual names is kept as ``variant``. Where a
record comes from (commit, versions, machine) is kept once per combination, in ``environments.csv``.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

SCHEMA = 1
LEFT_OUT = ("config", "traceback", "schema")
PROVENANCE = ("commit", "dirty", "versions", "machine")
CHOICES = ["target", "sampler", "schedule", "perturbation", "start"]
USUAL = ["d", "K", "N", "seed", "particles", "T", "epsilon", "kind"]
TEXT = ["key", "kind", "status", "reason", "study", "studies", *CHOICES, "variant", "N", "deciding_distance",
        "distance", "environment", "finished"]
WHOLE = ["d", "K", "T", "particles", "seed", "order", "ambient_dim", "reduced_dim", "evaluations", "rounds", "n"]
COLUMNS = ["studies", *CHOICES, "variant", "d", "K", "N", "T", "epsilon", "particles", "seed", "distance", "value",
           "stderr", "floor", "n", "status", "reason", "kind", "order", "ambient_dim", "reduced_dim", "evaluations",
           "rounds", "seconds", "memory_mb", "folded", "diverged", "tau_end", "score_error", "jacobian_error",
           "deciding_distance", "study", "key", "environment", "finished"]
ORDER = ["studies", "target", "variant", "sampler", "schedule", "perturbation", "start", "d", "K", "N", "particles",
         "distance", "seed", "kind", "epsilon", "T", "key"]

Record = dict[str, Any]


def compile_runs(results: Path) -> pd.DataFrame:
    """Bring ``tables/runs.csv`` and ``tables/environments.csv`` up to date with ``raw`` and return the runs.

    Rows of a study that ``raw`` holds nothing of are kept as they are: with an empty ``raw`` the committed tables
    stand, and running one study does not delete the others.
    """
    tables = results / "tables"
    fresh, environments = tidy(read_records(results / "raw"))
    if fresh.empty:
        return read_table(tables / "runs.csv")
    kept = _others(read_table(tables / "runs.csv"), fresh)
    known = read_table(tables / "environments.csv")
    if not kept.empty:
        fresh = pd.concat([fresh, kept], ignore_index=True)
        known = known[known["environment"].isin(kept["environment"])]
        environments = pd.concat([environments, known], ignore_index=True).drop_duplicates("environment")
    write_table(_sorted(fresh), tables / "runs.csv")
    write_table(environments.sort_values("environment"), tables / "environments.csv")
    return read_table(tables / "runs.csv")


def read_records(raw: Path) -> list[Record]:
    """Every readable record, in the order of the file names; a broken one costs a sentence on stderr, nothing else."""
    found = (_read(path) for path in sorted(raw.glob("*.json")) if not path.name.startswith("."))
    return [record for record in found if record is not None]


def tidy(records: Iterable[Record]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(runs, environments): one row per record and distance; one row per origin of records."""
    records = list(records)
    variants = _variants(records)
    rows = [{**row, "variant": variants[record["key"]]} for record in records for row in _rows(record)]
    runs = pd.DataFrame(rows, columns=[*COLUMNS, *sorted({name for row in rows for name in row} - set(COLUMNS))])
    origins = {_environment(record): _flat({name: record.get(name) for name in PROVENANCE}) for record in records}
    environments = pd.DataFrame([{"environment": key, **origin} for key, origin in sorted(origins.items())],
                                columns=None if origins else ["environment"])
    return _sorted(_typed(runs)), _typed(environments)


def write_table(table: pd.DataFrame, path: Path) -> Path:
    """As CSV; floats come back as the same numbers. Written under another name first: readers see no half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}")
    table.to_csv(temporary, index=False, lineterminator="\n")
    temporary.replace(path)
    return path


def read_table(path: Path) -> pd.DataFrame:
    """A table that :func:`write_table` wrote; empty, with the columns of a run, if there is none."""
    if not path.is_file():
        return _typed(pd.DataFrame(columns=COLUMNS if path.name == "runs.csv" else ["environment"]))
    # Read as text and converted by Python's float: the same digits come back whatever pandas' parser does.
    return _typed(pd.read_csv(path, dtype=object, keep_default_na=False, na_values=[""]))


def of_study(runs: pd.DataFrame, study: str) -> pd.DataFrame:
    """The rows that belong to a study: those it computed, and those it found finished."""
    return runs[runs["studies"].map(lambda names: study in str(names).split(";")).astype(bool)]


def _read(path: Path) -> Record | None:
    try:
        record = json.loads(path.read_bytes())
        if not isinstance(record, dict):
            raise ValueError("not an object")
        missing = {"key", "status", "target", "estimates"} - record.keys()
        if missing or record.get("schema") != SCHEMA:
            raise ValueError(f"not a record of schema {SCHEMA}")
        if not all(isinstance(part, dict) for part in record["estimates"].values()):
            raise ValueError("its estimates are not objects")
    except (ValueError, OSError, AttributeError) as error:
        print(f"warning: {path} is left out: it is broken ({str(error).partition(chr(10))[0]}).", file=sys.stderr)
        return None
    return record


def _rows(record: Record) -> Iterator[Record]:
    """One row per estimate; one without a value for a record that has none, so that a failure stays visible."""
    kept = {name: value for name, value in record.items() if name not in (*LEFT_OUT, *PROVENANCE, "estimates")}
    kept |= {"deciding_distance": kept.pop("distance", None), "environment": _environment(record),
             "studies": ";".join(_studies(record))}
    for name, estimate in (record["estimates"] or {kept["deciding_distance"]: {}}).items():
        yield _flat({**kept, "distance": name, **estimate})


def _environment(record: Record) -> str:
    origin = json.dumps([record.get(name) for name in PROVENANCE], sort_keys=True)
    return hashlib.sha256(origin.encode()).hexdigest()[:8]


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Objects inside objects as dotted names; lists as JSON."""
    flat: dict[str, Any] = {}
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            flat |= _flat(inner, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = json.dumps(inner) if isinstance(inner, list) else inner
    return flat


def _variants(records: list[Record]) -> dict[str, str]:
    """What else distinguishes records of a study that agree in every usual name: the parameters that differ there.

    A parameter that follows a usual name (a dimension that is d) never differs between such records.
    """
    parameters = {record["key"]: _flat(record.get("config") or {}) for record in records}
    alike: dict[tuple[str, str, str], list[str]] = {}
    for record in records:
        usual = json.dumps([record.get(name) for name in USUAL])
        for study in _studies(record) or [""]:
            alike.setdefault((study, _choices(record), usual), []).append(record["key"])
    varied: dict[tuple[str, str], set[str]] = {}
    for (study, choices, _), keys in alike.items():
        names = {name for key in keys for name in parameters[key] if not name.startswith("distance.")}
        varied.setdefault((study, choices), set()).update(
            name for name in names if len({json.dumps(parameters[key].get(name)) for key in keys}) > 1)
    return {record["key"]: " ".join(
        f"{name.partition('.')[2] or name}={parameters[record['key']].get(name)}"
        for name in sorted(set().union(*(varied[study, _choices(record)] for study in _studies(record) or [""]))))
        for record in records}


def _studies(record: Record) -> list[str]:
    return sorted({*(record.get("studies") or ()), *filter(None, [record.get("study")])})


def _choices(record: Record) -> str:
    return json.dumps([record.get(name) for name in CHOICES])


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """The same types whether a table was built or read: text, whole numbers with gaps, floats."""
    return pd.DataFrame({name: _column(table[name], name) for name in table.columns}, index=table.index)


def _column(column: pd.Series, name: str) -> pd.Series:
    words = [None if pd.isna(value) or str(value) == "" else str(value) for value in column]
    if name not in TEXT:
        try:
            numbers = pd.Series([np.nan if word is None else _number(word) for word in words], column.index, float)
            return numbers.astype("Int64") if name in WHOLE else numbers
        except ValueError:
            pass  # a column of words that nobody announced
    return pd.Series(words, column.index, object)


def _number(word: str) -> float:
    return float(word == "True") if word in ("True", "False") else float(word)


def _others(old: pd.DataFrame, fresh: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``old`` for the studies that ``fresh`` has nothing of."""
    anew = set(";".join(fresh["studies"].fillna("")).split(";")) | {""}
    left = old["studies"].fillna("").map(lambda names: ";".join(sorted(set(names.split(";")) - anew)))
    return old.assign(studies=left)[(left != "") & ~old["key"].isin(fresh["key"])]


def _sorted(runs: pd.DataFrame) -> pd.DataFrame:
    return runs.sort_values(ORDER, kind="stable", ignore_index=True)

"""The table of runs: one row per record and estimate, from which every table, claim and figure can be made again.

Columns: what a record says (``heroism.record``), its names shortened where claims need them often; ``measure, error,
stderr, floor, tail, n, parts`` of one estimate; ``<group>_<parameter>`` for every parameter of target, sampler,
schedule and perturbation (``target_half_width``); ``h`` (the step of the schedule) and ``inverse_h``; ``refinements``
(rounds per step), ``size`` (half width, radius or scale of the target), ``spent`` (score evaluations of all paths
together); ``instance`` (what a search measured again), ``trial, trial_exponent`` (what it only tried); ``studies``
(from the plans, joined by semicolons), ``variant`` (what else was varied), ``setting`` (a digest of everything but
seed and particles), ``kin`` (of the classes that computed it), ``code``, ``environment``. A failed record has one row
without an error. What is not known is missing; lists stand as JSON.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.files import read_csv, replacing, write_csv
from heroism.record import OWN, Plan, Record, SearchRecord, read_plans

FILE, ORIGINS = "runs.parquet", "environments.csv"
MEASURED = ("error", "stderr", "floor", "tail", "seconds")  # hardly ever the same: stored byte by byte
KEPT, TOLD = Path("raw", ".compiled"), "state"  # what was compiled last, for as long as no record changes
CHOICES = ["target", "sampler", "schedule", "perturbation", "start"]
GROUPS = ("target", "sampler", "schedule", "perturbation")
USUAL = ("d", "K", "N", "seed", "particles", "T", "epsilon", "kind")
PROVENANCE = ("code", "commit", "dirty", "versions", "machine")
LEFT_OUT = (*PROVENANCE[1:], "traceback", "rungs", "config", "estimates", "step")
SIZES = ("target_half_width", "target_radius", "target_scale")
TEXT = ["key", "kind", "status", "reason", "study", "studies", *CHOICES, "scheduler", "variant", "measure", "deciding",
        "instance", "parts", "setting", "kin", "code", "environment", "finished"]
WHOLE = ["d", "K", "T", "particles", "seed", "order", "ambient_dim", "reduced_dim", "evaluations", "rounds", "n"]
NUMBERS = ["epsilon", "error", "stderr", "floor", "tail", "folded", "diverged", "score_error",
           "jacobian_error", "tau_end", "h", "inverse_h", "refinements", "size", "spent", "trial", "trial_exponent",
           "seconds", "memory_mb"]
COLUMNS = [*TEXT, *WHOLE, "N", *NUMBERS]
ORDER = ["studies", "target", "variant", "sampler", "schedule", "perturbation", "start", "d", "K", "N", "particles",
         "measure", "seed", "kind", "epsilon", "T", "key"]


@dataclass(frozen=True)
class Runs:
    """The table of runs and where its rows come from.

    ``partial`` says of a study why it is not all of it, ``mixed`` which versions of the code it mixes; ``fresh``: the
    studies whose rows come from records of this folder, rather than from the published table; ``small``: those of which
    there is only the tiny version.
    """

    table: pd.DataFrame
    environments: pd.DataFrame
    partial: Mapping[str, str] = field(default_factory=dict)
    mixed: Mapping[str, str] = field(default_factory=dict)
    fresh: frozenset[str] = frozenset()
    small: frozenset[str] = frozenset()

    def of(self, study: str) -> pd.DataFrame:
        """The rows of a study."""
        return of_studies(self.table, [study])


def compile_runs(results: Path, publish: bool = False) -> Runs:
    """The runs of a folder of results; brings ``tables/runs.parquet`` up to date.

    A study that has no record in ``raw`` keeps the rows that it has in the table, so that a clean checkout can make
    everything again. What is only a part of a study, or of no study, is returned but replaces no row of the published
    table, unless ``publish`` says so: the table with it is written to ``partial/tables``.
    """
    state = _state(results, publish)
    kept = _kept(results, state)
    if kept is not None:
        return kept
    found, sound = _compiled(results, publish)
    if sound:
        _keep(results, _state(results, publish), found)  # what was written meanwhile is a part of it
    return found


def _compiled(results: Path, publish: bool) -> tuple[Runs, bool]:
    """What there is, brought up to date; and whether nothing was left out, which is to be said each time."""
    raw = results / "raw"
    (records, *broken), (searches, *others), (plans, *more) = Record.read(raw), SearchRecord.read(raw), read_plans(raw)
    left_out = list(itertools.chain(*broken, *others, *more))
    for one in left_out:
        print(f"warning: left out: {one}", file=sys.stderr)
    published = read_runs(results / "tables")
    table, origins = tidy(records, plans, searches)
    if table.empty:
        return published, False
    mixed = {study: why for study in sorted(studies_of(table)) if (why := mixture(of_studies(table, [study])))}
    partial = {} if publish else {**dict(_partial(table, plans, published.table)), **mixed}
    whole = studies_of(table) - partial.keys()
    found = _merged(Runs(table, origins), published, studies_of(table))
    write_runs(_merged(Runs(table, origins), published, whole) if partial else found, results / "tables")
    if partial:
        write_runs(found, results / "partial" / "tables")
    small = frozenset(plan.study for plan in plans.values() if "smoke=true" in map(str.lower, plan.overrides))
    found = Runs(found.table, found.environments, partial, mixed, frozenset(studies_of(table)), small)
    return found, not left_out


def tidy(records: Iterable[Record], plans: Mapping[str, Plan],
         searches: Iterable[SearchRecord] = ()) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(runs, environments) of the records that any plan needs."""
    member: dict[str, list[str]] = {}
    for plan in plans.values():
        for key in plan.keys:
            member.setdefault(key, []).append(plan.study)
    studies = {key: sorted(set(names)) for key, names in member.items()}
    records = [record for record in records if record.key in studies]
    told = {record.key: {"studies": ";".join(studies[record.key])} for record in records}
    for more in (_variants(records, studies), _searched(searches)):
        for key in more.keys() & told.keys():
            told[key] |= more[key]
    table = pd.DataFrame([row | told[record.key] for record in records for row in _rows(record)])
    origins = {_environment(record): {name: getattr(record, name) for name in PROVENANCE} for record in records}
    environments = pd.DataFrame([{"environment": key, **_flat(origin)} for key, origin in sorted(origins.items())],
                                columns=None if origins else ["environment"])
    table = table.reindex(columns=[*COLUMNS, *sorted(set(table) - set(COLUMNS))])
    return _sorted(_typed(_derived(table))), environments


def of_studies(table: pd.DataFrame, studies: Sequence[str]) -> pd.DataFrame:
    """The rows that belong to any of these studies."""
    names = table["studies"]  # few different ones in many rows
    return table[names.isin([several for several in names.unique() if not set(studies).isdisjoint(several.split(";"))])]


def studies_of(table: pd.DataFrame) -> set[str]:
    """The studies of a table."""
    return set(";".join(table["studies"]).split(";")) - {""}


def parameters(variant: Any) -> dict[str, str]:
    """The further parameters that a ``variant`` names, by their names there, in its words; none of a missing one."""
    words = re.findall(r"(\S+?)=(.*?)(?= [\w.]+=|$)", variant) if isinstance(variant, str) else []
    return {name: value for name, value in words}


def mixture(rows: pd.DataFrame) -> str | None:
    """What comes from different code for the same classes, in words; None if nothing does."""
    codes = rows.groupby("kin")["code"].unique()
    mixed = codes[codes.map(len) > 1]
    if mixed.empty:
        return None
    example = rows[rows["kin"] == mixed.index[0]].iloc[0]
    return (f"records of {example['target']} with {example['sampler']} come from {len(mixed.iloc[0])} versions of the "
            f"code ({', '.join(sorted(mixed.iloc[0]))})")


def write_runs(runs: Runs, folder: Path) -> None:
    """``runs.parquet`` and ``environments.csv``, if there is anything to write."""
    if runs.table.empty:
        return
    folder.mkdir(parents=True, exist_ok=True)
    numbers = runs.table["N"]
    stored = runs.table.assign(N=numbers.where(numbers.isna(), numbers.astype(str))).dropna(axis="columns", how="all")
    with replacing(folder / FILE) as temporary:
        stored.to_parquet(temporary, index=False, compression="zstd", compression_level=19,
                          use_dictionary=[name for name in stored if name not in MEASURED],
                          use_byte_stream_split=[name for name in MEASURED if name in stored])
    write_csv(runs.environments, folder / ORIGINS)


def read_runs(folder: Path) -> Runs:
    """What :func:`write_runs` wrote; without rows if there is nothing."""
    path = folder / FILE
    stored = pd.read_parquet(path) if path.is_file() else pd.DataFrame()
    table = _typed(stored.reindex(columns=[*COLUMNS, *(name for name in stored if name not in COLUMNS)]))
    origins = read_csv(folder / ORIGINS)
    # "auto" and other words as they are; digits as the number.
    numbers = [int(value) if isinstance(value, str) and value.isdigit() else value for value in table["N"]]
    return Runs(table.assign(N=pd.Series(numbers, table.index, object)),
                origins if len(origins) else pd.DataFrame(columns=["environment"]))


def _state(results: Path, publish: bool) -> str:
    """A digest of all that a compilation reads, by name, size and time: of records nobody changed it is the same."""
    files = [*(results / "raw").rglob("[!.]*.json"), *(results / "tables" / name for name in (FILE, ORIGINS)),
             Path(__file__)]
    seen = [(str(path), status.st_size, status.st_mtime_ns) for path in sorted(files)
            if (status := path.stat() if path.exists() else None) is not None]
    return _digest([seen, publish])


def _kept(results: Path, state: str) -> Runs | None:
    """What was compiled of the same state before; None if nothing was."""
    folder = results / KEPT
    try:
        told = json.loads((folder / TOLD).read_text())
    except (OSError, ValueError):
        return None
    if told["state"] != state:
        return None
    runs = read_runs(folder)
    return Runs(runs.table, runs.environments, told["partial"], told["mixed"], frozenset(told["fresh"]),
                frozenset(told["small"]))


def _keep(results: Path, state: str, runs: Runs) -> None:
    """For the next time; where nothing can be kept it takes as long again."""
    if runs.table.empty or not (results / "raw").is_dir():
        return
    with suppress(OSError):
        write_runs(runs, results / KEPT)
        told = {"state": state, "partial": dict(runs.partial), "mixed": dict(runs.mixed), "fresh": sorted(runs.fresh),
                "small": sorted(runs.small)}
        with replacing(results / KEPT / TOLD) as temporary:
            temporary.write_text(json.dumps(told))


def _partial(table: pd.DataFrame, plans: Mapping[str, Plan], published: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """(study, why what there is must not stand for the whole of it)."""
    for study in sorted(studies_of(table)):
        count, before = (of_studies(runs, [study])["key"].nunique() for runs in (table, published))
        if study == OWN:
            yield study, "a question of one's own"
        elif plans[study].partial:
            yield study, f"narrowed by {' '.join(plans[study].overrides)}"
        elif count < before:
            yield study, f"{count} of the {before} runs that are published"


def _rows(record: Record) -> Iterator[dict[str, Any]]:
    """One row per estimate; one without an error for a record that has none, so that a failure stays visible."""
    said = {one.name: getattr(record, one.name) for one in fields(record) if one.name not in LEFT_OUT}
    said |= {"h": record.step, "environment": _environment(record)}
    for group in GROUPS:
        for name, value in record.config.get(group, {}).items():
            if not name.startswith("_"):
                said[f"{group}_{name}"] = json.dumps(value) if isinstance(value, list | dict) else value
    measures = record.config.get("measure", {})
    names = {name: said[name] for name in (*CHOICES, "d", "K", "N", "scheduler")}
    common = {name: value for name, value in record.config.items() if name not in ("seed", "particles", "measure")}
    said["kin"] = _digest(sorted(set(_classes(record.config))))
    for name in record.estimates or [record.deciding]:
        measured = asdict(record.estimates[name]) if record.estimates else {}
        measured["parts"] = json.dumps(measured["parts"]) if measured.get("parts") else None
        yield {**said, "measure": name, "error": measured.pop("value", None), **measured,
               "setting": _digest([names, common, measures.get(name, measures)])}


def _derived(table: pd.DataFrame) -> pd.DataFrame:
    """With the columns that follow from others."""
    number = {name: pd.to_numeric(table[name], errors="coerce").astype(float)
              for name in ("T", "h", "rounds", "evaluations", "particles", *SIZES) if name in table}
    sizes = pd.concat([number.get(name, pd.Series(np.nan, table.index)) for name in SIZES], axis=1)
    return table.assign(inverse_h=1.0 / number["h"], refinements=number["rounds"] / (number["T"] - 1.0),
                        size=sizes.bfill(axis="columns").iloc[:, 0], spent=number["evaluations"] * number["particles"])


def _searched(searches: Iterable[SearchRecord]) -> dict[str, dict[str, Any]]:
    """By key of a rung, what the latest search of every study and combination says about it."""
    ordered = sorted(searches, key=lambda one: (one.finished, one.key))
    latest = {(one.study, json.dumps(one.names)): one for one in ordered}
    found: dict[str, dict[str, Any]] = {}
    for one in latest.values():
        for number, trial in enumerate(one.trials):
            found |= {key: {"trial": number, "trial_exponent": trial.exponent} for key in trial.keys}
        found |= {key: {"instance": again.label} for again in one.again for key in again.keys}
    return found


def _variants(records: Sequence[Record], studies: Mapping[str, list[str]]) -> dict[str, dict[str, Any]]:
    """``variant`` by key: what else distinguishes records of a study that agree in every usual name, the parameters
    that differ there. A parameter that follows a usual name (a dimension that is d) never differs between such records.
    """
    parameters = {record.key: _flat({name: value for name, value in record.config.items() if name != "measure"})
                  for record in records}
    chosen = {record.key: tuple(getattr(record, name) for name in CHOICES) for record in records}
    alike: dict[tuple[Any, ...], list[str]] = {}
    for record in records:
        usual = tuple(getattr(record, name) for name in USUAL)
        for study in studies[record.key]:
            alike.setdefault((study, chosen[record.key], usual), []).append(record.key)
    varied: dict[tuple[Any, ...], set[str]] = {}
    for (study, choices, _), keys in alike.items():
        names = {name for key in keys for name in parameters[key]} if len(keys) > 1 else ()
        varied.setdefault((study, choices), set()).update(
            name for name in names if len({json.dumps(parameters[key].get(name)) for key in keys}) > 1)
    names_of = {key: sorted(set().union(*(varied[study, choices] for study in studies[key])))
                for key, choices in chosen.items()}
    return {key: {"variant": " ".join(f"{name.partition('.')[2] or name}={parameters[key].get(name)}" for name in names)
                  or None} for key, names in names_of.items()}


def _classes(node: Any) -> Iterator[str]:
    """Every ``_target_`` of a config."""
    if isinstance(node, Mapping):
        if "_target_" in node:
            yield str(node["_target_"])
        for inner in node.values():
            yield from _classes(inner)


def _environment(record: Record) -> str:
    return _digest([getattr(record, name) for name in PROVENANCE])


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Objects inside objects as dotted names; lists as JSON."""
    flat: dict[str, Any] = {}
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            flat |= _flat(inner, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = json.dumps(inner) if isinstance(inner, list) else inner
    return flat


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    """The same types whether a table was built or read: text, whole numbers with gaps, floats."""
    return pd.DataFrame({name: _column(table[name], name) for name in table.columns}, index=table.index)


def _column(column: pd.Series, name: str) -> pd.Series:
    """A parameter that is a number everywhere is a column of numbers, one that is a word anywhere of words."""
    missing = column.isna()
    if name == "N" or name in TEXT:
        return column.astype(object).where(~missing, None)
    try:
        numbers = column.astype(object).where(~missing, np.nan).astype(float)
        return numbers.astype("Int64") if name in WHOLE and (numbers.dropna() % 1 == 0).all() else numbers
    except ValueError:
        words = column.astype(object).where(~missing, None)
        return words.map(lambda value: value if isinstance(value, str) else json.dumps(value), na_action="ignore")


def _merged(fresh: Runs, published: Runs, studies: set[str]) -> Runs:
    """The fresh rows of these studies and the published ones of all others."""
    new, kept = _only(fresh.table, studies), _only(published.table, studies_of(published.table) - studies)
    # A run that is in both, under its key or to the last bit by other code, has one row, the fresh one, which stays in
    # the studies whose rows are kept.
    ran, before = _outcomes(new, kept)
    also: dict[object, str] = dict(zip([*before, *kept["key"]], [*kept["studies"]] * 2, strict=True))
    new = new.assign(studies=[
        ";".join(sorted({*names.split(";"), *filter(None, also.get(key, also.get(run, "")).split(";"))}))
        for names, key, run in zip(new["studies"], new["key"], ran, strict=True)])
    repeated = kept["key"].isin(new["key"]) | before.isin(ran)
    parts = [part for part in (new, kept[~repeated]) if len(part)]
    table = _sorted(_typed(pd.concat(parts, ignore_index=True))) if parts else new
    origins = pd.concat([fresh.environments, published.environments], ignore_index=True).drop_duplicates("environment")
    used = origins[origins["environment"].isin(table["environment"])]
    return Runs(table, used.sort_values("environment", ignore_index=True))


def _outcomes(*tables: pd.DataFrame) -> list[pd.Series]:
    """For the rows of each table what was run, every parameter of it, and what came out to the last bit."""
    parameters = sorted({name for table in tables for name in table if name.partition("_")[0] in GROUPS} - {*CHOICES})
    said = [*CHOICES, *USUAL, *parameters, "measure", "error", "stderr"]
    return [pd.Series(zip(*(_words(table[name]) for name in said), strict=True), table.index, object)
            for table in (table.reindex(columns=said) for table in tables)]


def _words(column: pd.Series) -> list[str]:
    """Values as words that do not depend on the type that the rest of a table gives to a column."""
    numbers = pd.to_numeric(column, errors="coerce").astype(float)
    return column.map(str).where(numbers.isna(), numbers.map(str)).where(column.notna(), "").tolist()


def _only(table: pd.DataFrame, studies: set[str]) -> pd.DataFrame:
    """With no other memberships than of these; rows without any are gone."""
    left = table["studies"].map(lambda names: ";".join(name for name in names.split(";") if name in studies))
    return table.assign(studies=left)[left != ""]


def _sorted(table: pd.DataFrame) -> pd.DataFrame:
    keys = table[ORDER].assign(N=table["N"].map(str, na_action="ignore"))
    return table.loc[keys.sort_values(ORDER, kind="stable").index].reset_index(drop=True)

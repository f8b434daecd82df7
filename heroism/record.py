"""What a run leaves behind, and what both sides must know of it: one JSON object per record, one validator for all.

``results/raw/<key>.json`` holds a record: of a rung (a sampler at one number T of noise levels) or of an answer (the
smallest T whose error is at most epsilon). ``raw/searches/<key>.json`` holds a search of a study for its hardest
instance, ``raw/plans/<study>.json`` the keys of the records that belong to a study.

A number that is not finite is null in the file, and NaN, Infinity and the like are refused there. In an estimate null
is read as NaN; anywhere else it is read as None and says that a number is not known, not finite or does not apply.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar

SCHEMA = 2
SEARCHES, PLANS = "searches", "plans"  # folders inside raw
OWN = "sweep"  # the study of a sweep without one
NARROWED = "~"  # in the name of a plan that the command line narrowed, before a digest of its overrides
TOTAL_VARIATIONS = ("total_variation", "histogram", "quadrature", "kernel")
HEAVY = 0.7  # index of a tail above which averages of a practical size are not reliable (1507.02646, section 3)
ROUND_OFF = 1e-9  # by which a sum of probabilities may pass one

Rule = Callable[[Any], bool]
Rules = Mapping[str, tuple[Rule, str]]  # field -> (what its value must fulfil, in words)


class BrokenRecord(ValueError):
    """A file that is no record: the text names ``path``, the ``field``, its value and what is wrong; ``said`` has the
    same without the path."""

    def __init__(self, path: Path, field: str, value: object, remedy: str):
        shown = value if len(str(value)) <= 60 else f"{str(value)[:57]}..."
        self.path, self.field, self.said = path, field, f"{field} = {shown}: {remedy}"
        super().__init__(f"{path}: {self.said}")


@dataclass(frozen=True, slots=True)
class Measured:
    """One estimate of a record: value, standard error, floor (NaN where they are not finite), number of particles, and
    the index of the tail of what they contribute (None: none known).
    """

    value: float
    stderr: float
    floor: float
    n: int
    tail: float | None = None

    @property
    def heavy(self) -> bool:
        """Whether a few particles carry so much that the standard error says nothing."""
        return self.tail is not None and self.tail > HEAVY


@dataclass(frozen=True)
class _File:
    """A dataclass kept as one JSON object per file. ``RULES`` says, field by field, what it may hold."""

    RULES: ClassVar[Rules]

    @classmethod
    def parse(cls, content: bytes | str, path: Path) -> Self:
        """Read the content of a file. Raises BrokenRecord: not JSON, of another schema, a field missing, unknown, of
        a wrong type or out of range, changed after it was written, or under another name than that of its key."""
        return cls.checked(_decoded(content, path), path)

    @classmethod
    def checked(cls, raw: Mapping[str, Any], path: Path) -> Self:
        """The same, of an object as it stands in a file (without its schema and seal, or with them)."""
        names = [field.name for field in fields(cls)]
        for name in sorted(raw.keys() - {*names, "schema", "seal"}):
            raise BrokenRecord(path, name, raw[name], "there is no such field")
        for name in names:
            if name not in raw:
                raise BrokenRecord(path, name, "nothing", "the field is missing")
            rule, remedy = cls.RULES[name]
            if not rule(raw[name]):
                raise BrokenRecord(path, name, raw[name], f"must be {remedy}")
        made = cls(**{name: raw[name] for name in names})
        made._check(path)
        if "seal" in raw and raw["seal"] != _seal(raw):
            raise BrokenRecord(path, "seal", raw["seal"], "does not fit the content, which was changed afterwards")
        return made

    @classmethod
    def made(cls, path: Path, **values: Any) -> Self:
        """The same, of measured values, in which numbers need not be finite, on their way to the file ``path``."""
        return cls.checked(finite(values), path)

    def _check(self, path: Path) -> None:
        """What holds between fields."""

    def dumps(self) -> str:
        """The text of the file: the fields, the schema, and a seal by which later changes are noticed."""
        content = {"schema": SCHEMA, **finite(asdict(self))}
        return json.dumps({**content, "seal": _seal(content)}, allow_nan=False)


Kind = TypeVar("Kind", bound=_File)


def _whole(least: int) -> Rule:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least


def _number(least: float = -math.inf, most: float = math.inf) -> Rule:
    return lambda value: (isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
                          and least <= value <= most)


def _text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _or_none(rule: Rule) -> Rule:
    return lambda value: value is None or rule(value)


def _one_of(*choices: str) -> tuple[Rule, str]:
    return (lambda value: isinstance(value, str) and value in choices), f"one of {', '.join(choices)}"


def _list_of(rule: Rule) -> Rule:
    return lambda value: isinstance(value, list | tuple) and all(map(rule, value))


def _object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _versions(value: Any) -> bool:
    return _object(value) and all(_or_none(_text)(version) for version in value.values())


def _time(value: Any) -> bool:
    try:
        return _text(value) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


NAME, MAYBE_NAME = (_text, "a name"), (_or_none(_text), "a name or null")
COUNT, MAYBE_COUNT = (_whole(0), "a whole number"), (_or_none(_whole(0)), "a whole number or null")
AMOUNT = (_or_none(_number(0.0)), "a number of at least 0 or null")
SHARE = (_or_none(_number(0.0, 1.0)), "between 0 and 1 or null")
MAPPING = (_object, "an object")
FLAG = (lambda value: isinstance(value, bool), "true or false")


@dataclass(frozen=True, kw_only=True)
class _Result(_File):
    """What records and searches have in common.

    Attributes
    ----------
    key, status : name of the file, a hash of what decides the result; "done" or "failed".
    reason : of a failure. study : for which it was computed first (None: none); plans say what a study consists of.
    code : digest of the sources that computed it.
    commit, dirty, versions, machine, finished : where it comes from, and when.
    """

    key: str
    status: str = "done"
    reason: str | None = None
    study: str | None = None
    code: str
    commit: str | None = None
    dirty: bool | None = None
    versions: Mapping[str, str | None]
    machine: Mapping[str, Any]
    finished: str

    RULES: ClassVar[Rules] = {
        "key": NAME, "status": _one_of("done", "failed"), "reason": MAYBE_NAME, "study": MAYBE_NAME, "code": NAME,
        "commit": MAYBE_NAME, "dirty": (_or_none(FLAG[0]), "true, false or null"),
        "versions": (_versions, "an object of versions"), "machine": MAPPING,
        "finished": (_time, "a time with its zone, as 2026-01-31T12:00:00+00:00"),
    }

    @property
    def done(self) -> bool:
        """Failed records are not done: the next run tries them again."""
        return self.status == "done"

    def _check(self, path: Path) -> None:
        if path.stem != self.key:
            raise BrokenRecord(path, "key", self.key, "must be the name of the file")
        if self.done != (self.reason is None):
            raise BrokenRecord(path, "reason", self.reason, "a failed record needs one, and one that is done has none")


@dataclass(frozen=True, kw_only=True)
class Record(_Result):
    """One finished or failed computation, besides what all results have.

    Attributes
    ----------
    kind, traceback : "rung" or "answer"; of a failure that nobody expected.
    target, sampler, schedule, perturbation, start : the names chosen.
    deciding : name of the estimate at which ladders and searches stop.
    d, K, N, scheduler : the short names, None where nothing refers to them; T, epsilon : noise levels, accuracy sought.
    particles, seed : sample paths, and the seed of their starting points.
    order, ambient_dim, reduced_dim : of the sampler and of the target.
    evaluations, rounds : score evaluations of a path, and how many of them had to wait for each other.
    seconds, memory_mb : time taken, peak memory. folded, diverged : shares of the paths on which the map is no longer
        one to one, or that left the finite numbers.
    tau_end, step : noise level tau = 1 - alpha at the end, and step size h of the schedule.
    score_error, jacobian_error : root mean square errors of the score given to the sampler.
    estimates : by name. rungs : T of all rungs that a search visited. config : the resolved nodes of all groups.
    """

    kind: str
    traceback: str | None = None
    target: str
    sampler: str
    schedule: str
    perturbation: str
    start: str
    deciding: str
    d: int | None = None
    K: int | None = None
    N: int | str | None = None
    scheduler: str | None = None
    T: int | None = None
    epsilon: float | None = None
    particles: int
    seed: int
    order: float | None = None
    ambient_dim: int | None = None
    reduced_dim: int | None = None
    evaluations: int | None = None
    rounds: int | None = None
    seconds: float | None = None
    memory_mb: float | None = None
    folded: float | None = None
    diverged: float | None = None
    tau_end: float | None = None
    step: float | None = None
    score_error: float | None = None
    jacobian_error: float | None = None
    estimates: Mapping[str, Measured]
    rungs: Sequence[int] | None = None
    config: Mapping[str, Any]

    RULES: ClassVar[Rules] = {
        **_Result.RULES, "kind": _one_of("rung", "answer"), "traceback": MAYBE_NAME,
        **dict.fromkeys(("target", "sampler", "schedule", "perturbation", "start", "deciding"), NAME),
        "d": (_or_none(_whole(1)), "a whole number of at least 1 or null"), "K": MAYBE_COUNT,
        "N": (lambda value: _or_none(_whole(0))(value) or _text(value), "a whole number, a word or null"),
        "scheduler": MAYBE_NAME, "T": (_or_none(_whole(2)), "a whole number of at least 2"),
        "epsilon": (_or_none(_number(math.ulp(0.0), 1.0 - math.ulp(0.5))), "between 0 and 1 or null"),
        "particles": (_whole(1), "a whole number of at least 1"), "seed": COUNT,
        **dict.fromkeys(("ambient_dim", "reduced_dim", "evaluations", "rounds"), MAYBE_COUNT),
        **dict.fromkeys(("order", "seconds", "memory_mb", "step", "score_error", "jacobian_error"), AMOUNT),
        **dict.fromkeys(("folded", "diverged", "tau_end"), SHARE), "estimates": MAPPING,
        "rungs": (_or_none(_list_of(_whole(2))), "a list of T or null"), "config": MAPPING,
    }

    @property
    def error(self) -> Measured:
        """The deciding estimate of a record that is done."""
        return self.estimates[self.deciding]

    def _check(self, path: Path) -> None:
        super()._check(path)
        object.__setattr__(self, "estimates", dict(_estimates(self.estimates, path)))
        if self.done and self.deciding not in self.estimates:
            raise BrokenRecord(path, "estimates", ", ".join(self.estimates) or "none", f"{self.deciding} is missing")
        needed = ["T"] if self.kind == "rung" else ["epsilon", "rungs"]
        needed += ["T", "order", "ambient_dim"] if self.done else []
        for name in needed:
            if getattr(self, name) is None:
                raise BrokenRecord(path, name, "null", f"must be given in {self.kind} records that are {self.status}")


@dataclass(frozen=True, kw_only=True)
class SearchRecord(_Result):
    """A finished search of a study for its hardest instance, besides what all results have.

    Attributes
    ----------
    names : one value for each override it searches for apart. x : the number whose exponent was maximised.
    trials, again : what was proposed, and what was measured again: objects with family, values, label, exponent (null:
        none, for the reason given), reason and keys of the records.
    """

    kind: str = "search"
    names: Mapping[str, Any]
    x: str
    trials: Sequence[Mapping[str, Any]]
    again: Sequence[Mapping[str, Any]]

    RULES: ClassVar[Rules] = {
        **_Result.RULES, "kind": _one_of("search"), "status": _one_of("done"), "names": MAPPING, "x": NAME,
        **dict.fromkeys(("trials", "again"), (_list_of(_object), "a list of objects")),
    }
    INSTANCE: ClassVar[Rules] = {
        "family": NAME, "values": MAPPING, "label": NAME, "exponent": (_or_none(_number()), "a number or null"),
        "reason": MAYBE_NAME, "keys": (_list_of(_text), "a list of keys"),
    }

    def _check(self, path: Path) -> None:
        super()._check(path)
        for part, instances in (("trials", self.trials), ("again", self.again)):
            for number, instance in enumerate(instances):
                _check_object(instance, self.INSTANCE, f"{part}.{number}", path)


@dataclass(frozen=True, kw_only=True)
class Plan(_File):
    """Which records a study consists of, as its sweep knew before it began (a search adds what it found at its end).

    Attributes
    ----------
    study : its name; "sweep" for a question without one. overrides : of the command line.
    keys : of all records that the plan may need; a ladder that stops early leaves some of them out.
    partial : the command line narrowed the study: its numbers must not stand for the whole.
    """

    study: str
    overrides: Sequence[str]
    keys: Sequence[str]
    partial: bool = False

    RULES: ClassVar[Rules] = {"study": NAME, "overrides": (_list_of(_text), "a list of overrides"),
                              "keys": (_list_of(_text), "a list of keys"), "partial": FLAG}

    @property
    def name(self) -> str:
        """Of its file, without ending."""
        digest = hashlib.sha256("\n".join(sorted(self.overrides)).encode()).hexdigest()[:8]
        return f"{self.study}{NARROWED}{digest}" if self.partial else self.study

    def _check(self, path: Path) -> None:
        if path.stem != self.name:
            raise BrokenRecord(path, "study", self.study, "does not belong to a file of this name")


def parse(content: bytes | str, path: Path) -> Record:
    """The record in the content of a file. Raises BrokenRecord, whose text names the file and the field."""
    return Record.parse(content, path)


def read_plan(raw: Path, name: str) -> Plan | None:
    """The plan of that name, which for a whole study is that of the study; None if there is none, or a broken one."""
    path = raw / PLANS / f"{name}.json"
    try:
        return Plan.parse(path.read_bytes(), path)
    except (FileNotFoundError, BrokenRecord):
        return None


def read_folder(raw: Path) -> tuple[list[Record], list[BrokenRecord]]:
    """(records, what is broken, plans too) of the folder ``results/raw``, in the order of the file names."""
    records, broken = _read(Record, raw)
    return records, broken + _read(Plan, raw / PLANS)[1]


def read_searches(raw: Path) -> tuple[list[SearchRecord], list[BrokenRecord]]:
    """(searches, what is broken) of the folder ``results/raw``."""
    return _read(SearchRecord, raw / SEARCHES)


def read_plans(raw: Path) -> dict[str, Plan]:
    """The plan of every study of the folder ``results/raw``: the whole one, else all narrowed ones together.

    A broken plan counts as none (:func:`read_folder` names it): the next sweep of its study writes it again.
    """
    plans: dict[str, Plan] = {}
    for plan in sorted(_read(Plan, raw / PLANS)[0], key=lambda plan: plan.partial):
        known = plans.setdefault(plan.study, plan)
        if known.partial and known is not plan:
            overrides, keys = (tuple(dict.fromkeys([*ours, *more])) for ours, more in (
                (known.overrides, plan.overrides), (known.keys, plan.keys)))
            plans[plan.study] = Plan(study=plan.study, overrides=overrides, keys=keys, partial=True)
    return plans


def _read(kind: type[Kind], folder: Path) -> tuple[list[Kind], list[BrokenRecord]]:
    found: list[Kind] = []
    broken: list[BrokenRecord] = []
    for path in sorted(folder.glob("*.json")):
        if not path.name.startswith("."):
            try:
                found.append(kind.parse(path.read_bytes(), path))
            except BrokenRecord as error:
                broken.append(error)
    return found, broken


def _decoded(content: bytes | str, path: Path) -> Mapping[str, Any]:
    try:
        raw = json.loads(content, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise BrokenRecord(path, "content", str(error).partition("\n")[0], "must be JSON, without NaN") from None
    if not isinstance(raw, dict):
        raise BrokenRecord(path, "content", raw, "must be an object")
    if raw.get("schema") != SCHEMA:
        raise BrokenRecord(path, "schema", raw.get("schema"), f"must be {SCHEMA}: it is of another version")
    return raw


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number")


def _check_object(raw: Any, rules: Rules, name: str, path: Path) -> None:
    if not _object(raw) or raw.keys() != rules.keys():
        raise BrokenRecord(path, name, raw, f"must be an object of {', '.join(rules)}")
    for part, (rule, remedy) in rules.items():
        if not rule(raw[part]):
            raise BrokenRecord(path, f"{name}.{part}", raw[part], f"must be {remedy}")


def _estimates(raw: Mapping[str, Any], path: Path) -> Iterator[tuple[str, Measured]]:
    for name, estimate in raw.items():
        share = name in TOTAL_VARIATIONS
        rules = {"value": (_or_none(_number(0.0, 1.0 + ROUND_OFF) if share else _number()),
                           "between 0 and 1 or null" if share else "a number or null"),
                 "stderr": AMOUNT, "floor": AMOUNT, "n": COUNT}
        if _object(estimate) and "tail" in estimate:
            rules["tail"] = (_or_none(_number()), "a number or null")
        _check_object(estimate, rules, f"estimates.{name}", path)
        value, stderr, floor = (math.nan if estimate[part] is None else float(estimate[part])
                                for part in ("value", "stderr", "floor"))
        yield name, Measured(value, stderr, floor, estimate["n"], estimate.get("tail"))


def _seal(content: Mapping[str, Any]) -> str:
    """A digest of everything but itself, whatever the order of the fields."""
    kept = {name: value for name, value in content.items() if name not in ("seal", "schema")}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def finite(value: Any) -> Any:
    """A value of plain objects, with None (null in JSON) for every number in it that is not finite."""
    if isinstance(value, Mapping):
        return {name: finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

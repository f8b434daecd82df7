"""Doing a job: compute the records that are missing, one rung after the other; whatever fails becomes a record too."""

from __future__ import annotations

import json
import math
import traceback
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from functools import cache, lru_cache, partial
from typing import Any

from experiments import measure
from experiments.build import Parts, build, make
from experiments.job import GROUPS, Job
from experiments.origin import now, provenance
from experiments.progress import DONE, FAILED, THERE, line
from experiments.search import Unreachable, smallest_T
from experiments.signals import Interrupted
from experiments.store import Store
from experiments.vouch import own
from heroism.errors import InputError
from heroism.noise import NoiseLevel
from heroism.record import BrokenRecord, Record
from heroism.targets.check import check_target

Tell = Callable[[str], None]
ORDERLY = 0.1  # where a sampler fails altogether its paths are chaotic and the floor is high; below this: round-off
MEASURED = ("order", "ambient_dim", "reduced_dim", "evaluations", "rounds", "seconds", "memory_mb", "folded",
            "diverged", "tau_end", "step", "score_error", "jacobian_error", "estimates")


def check(job: Job) -> list[float]:
    """Build everything that a job needs, and return the seconds that each of its records may take (0: cannot be told).

    Raises InputError for whatever a user can mend; costs milliseconds.
    """
    try:
        parts = parts_of(job)
        measure.check_measures(parts, job.config["particles"])
        rungs = [job.config["particles"] * seconds for seconds in _seconds(*_inputs(job), job.ladder)]
        return rungs if job.epsilon is None else [sum(rungs)]
    except (InputError, Interrupted):
        raise
    except BaseException:  # not the user's mistake: the job fails when it runs, with a record, and the others go on
        return [0.0] * (1 if job.epsilon is not None else len(job.ladder))


def parts_of(job: Job) -> Parts:
    """The objects of a job, made once for those that follow each other and differ in nothing but seed or particles."""
    return _build(*_inputs(job))


def _inputs(job: Job) -> tuple[str, str, tuple[str, ...]]:
    """What decides its objects; the digests of the data files that it names tell apart what has the same name."""
    return json.dumps({name: job.config[name] for name in GROUPS}), json.dumps(job.files), job.plugins


@lru_cache(maxsize=32)
def _build(config: str, files: str, plugins: tuple[str, ...]) -> Parts:
    return build(json.loads(config), plugins)


@lru_cache(maxsize=32)
def _seconds(config: str, files: str, plugins: tuple[str, ...], ladder: tuple[int, ...]) -> list[float]:
    """That a particle may take on every rung; makes whatever else a rung needs, to see whether that can be made."""
    parts = _build(config, files, plugins)
    schedules = [parts.schedule(T) for T in ladder]
    for schedule in schedules:
        parts.sampler.check(schedule)
    parts.score(parts.target)
    if own(json.loads(config)["target"]):
        levels = schedules[-1].levels
        _check_once(json.dumps(json.loads(config)["target"]), files, plugins,
                    (levels[0], levels[len(levels) // 2], levels[-1]))
    price = measure.seconds_per_evaluation(parts.target, schedules[-1])
    return [price * parts.sampler.evaluations(T) for T in ladder]


@cache
def _check_once(target: str, files: str, plugins: tuple[str, ...], levels: tuple[NoiseLevel, ...]) -> None:
    """Whether what a target of the user's own says of itself belongs to one law. Raises InputError."""
    check_target(make(json.loads(target), "target", plugins), levels)


class Execution:
    """A job being done; ``tell`` hears of every rung of a ladder and of the answer of a search, ``force`` computes
    finished ones again."""

    def __init__(self, job: Job, store: Store, force: bool = False, tell: Tell = lambda line: None):
        self.job, self.store, self.force, self.tell = job, store, force, tell
        self.visited: dict[int, Record] = {}
        self._spent = 0  # score evaluations of all paths since it last told

    def run(self) -> list[Record]:
        """The records of the job, in order: the rungs of its ladder, or the answer of its search."""
        if self.job.epsilon is not None:
            return [self._search(self.job.epsilon)]
        for T in self.job.ladder:
            if self.job.low_enough(self._rung(T)):
                break
        return list(self.visited.values())

    def _reuse(self, key: str) -> Record | None:
        """A finished record, unless it is to be made again."""
        record = None if self.force else self.store.load(key)
        return record if record is not None and record.done else None

    def _rung(self, T: int) -> Record:
        key = self.job.key(T)
        record = self._reuse(key)
        if fresh := record is None:
            config = self.job.config
            record = self._attempt("rung", key, {"T": T}, lambda: measure.measure(
                parts_of(self.job), T, config["particles"], config["seed"]))
            self.store.save(record)
            self._spent += (record.evaluations or 0) * record.particles
        self.visited[T] = record
        if self.job.epsilon is None:
            self._tell(record, fresh)
        return record

    def _tell(self, record: Record, fresh: bool) -> None:
        word = FAILED if not record.done else DONE if fresh else THERE
        self.tell(line(word, self._spent))
        self._spent = 0

    def _search(self, epsilon: float) -> Record:
        key = self.job.answer_key
        answer = self._reuse(key)
        if fresh := answer is None:
            answer = self._attempt("answer", key, {"epsilon": epsilon}, partial(self._smallest, epsilon))
            self.store.save(answer)
        self._tell(answer, fresh)
        return answer

    def _smallest(self, epsilon: float) -> dict[str, Any]:
        """What was measured at the smallest T that reaches epsilon."""
        T = smallest_T(partial(self._error, epsilon), epsilon, self.job.ladder, self.job.limit)
        found = asdict(self.visited[T])
        return {"T": T, **{name: found[name] for name in MEASURED}}

    def _error(self, epsilon: float, T: int) -> float:
        """The deciding error at T; infinite where the schedule is impossible, or a path folds or diverges. Raises
        Unreachable below the floor."""
        try:
            parts_of(self.job).schedule(T)
        except InputError:
            return math.inf
        record = self._rung(T)
        if not record.done:
            raise RuntimeError(f"the rung at T = {T} failed ({record.reason})")
        value, floor = (math.inf if math.isnan(part) else part for part in (record.error.value, record.error.floor))
        if epsilon < value < ORDERLY and floor >= epsilon:
            name = self.job.names["deciding"]
            raise Unreachable(f"epsilon = {epsilon:g} is below the floor {floor:.2g} of {name} at T = {T}")
        return math.inf if record.spoiled else value

    def _attempt(self, kind: str, key: str, known: Mapping[str, Any],
                 compute: Callable[[], Mapping[str, Any]]) -> Record:
        """The record of a computation; whatever stops it, numbers out of their range too, is a result, and the rest
        goes on."""
        try:
            return self._record(kind, key, {**known, **compute()})
        except Interrupted:
            raise
        except BaseException as error:  # an exit in somebody's own code too
            expected = isinstance(error, InputError | Unreachable)
            reason = str(error) if expected else ": ".join(filter(None, (type(error).__name__, str(error))))
            if isinstance(error, BrokenRecord):
                reason = f"a measured number is impossible: {error.said}"
            return self._record(kind, key, {
                **known, "status": "failed", "reason": " ".join(reason.split()), "estimates": {},
                "traceback": None if expected else traceback.format_exc()})

    def _record(self, kind: str, key: str, known: Mapping[str, Any]) -> Record:
        job = self.job
        fields = {
            "kind": kind, "key": key, **job.names, **job.short, "particles": job.config["particles"],
            "seed": job.config["seed"], "config": job.config, "code": job.code, **provenance(), "finished": now(),
            **known}
        fields["d"] = fields["d"] or fields.get("ambient_dim")
        if kind == "answer":
            fields |= {"rungs": sorted(self.visited), "seconds": _total(r.seconds for r in self.visited.values())}
        return Record.made(self.store.path(key), **fields)


def _total(seconds: Iterable[float | None]) -> float:
    return sum(part or 0.0 for part in seconds)

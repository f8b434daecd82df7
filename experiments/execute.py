"""Doing a job: compute the records that are missing, one rung after the other; whatever fails becomes a record too."""

from __future__ import annotations

import math
import traceback
from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Any

from experiments import measure
from experiments.build import Parts, build
from experiments.job import GROUPS, Job
from experiments.record import SCHEMA, Record, Store, is_done, now, provenance
from experiments.search import Unreachable, smallest_steps
from heroism.errors import InputError

Tell = Callable[[str], None]
ORDERLY = 0.1  # where a sampler fails altogether its paths are chaotic and the floor is high; below this: round-off
MEASURED = ("order", "ambient_dim", "reduced_dim", "evaluations", "rounds", "seconds", "memory_mb", "folded",
            "diverged", "tau_end", "score_error", "jacobian_error", "estimates")


def check(job: Job) -> list[float]:
    """Build everything that a job needs, and return the seconds that each of its records may take (0: cannot be told).

    Raises InputError for whatever a user can mend; costs milliseconds.
    """
    try:
        parts = build(job.config)
        schedules = [parts.schedule(steps) for steps in job.ladder]
        parts.score(parts.target)
        particles = job.config["particles"]
        measure.check_measures(parts, particles)
        price = particles * measure.seconds_per_evaluation(parts.target, schedules[-1])
        rungs = [price * parts.sampler.evaluations(steps) for steps in job.ladder]
        return rungs if job.epsilon is None else [sum(rungs)]
    except InputError:
        raise
    except Exception:  # not the user's mistake: the job fails when it runs, with a record, and the others go on
        return [0.0] * (1 if job.epsilon is not None else len(job.ladder))


class Execution:
    """A job being done; ``tell`` hears of every rung, ``force`` computes finished ones again."""

    def __init__(self, job: Job, store: Store, force: bool = False, tell: Tell = lambda line: None):
        self.job, self.store, self.force, self.tell = job, store, force, tell
        self.visited: dict[int, Record] = {}

    def run(self) -> list[Record]:
        """The records of the job, in order: the rungs of its ladder, or the answer of its search."""
        if self.job.epsilon is not None:
            return [self._search(self.job.epsilon)]
        for steps in self.job.ladder:
            if self.job.low_enough(self._rung(steps)):
                break
        return list(self.visited.values())

    @cached_property
    def _parts(self) -> Parts:
        return build(self.job.config)

    def _reuse(self, key: str) -> Record | None:
        """A finished record, unless it is to be made again; it now belongs to this study as well."""
        record = None if self.force else self.store.load(key)
        if record is None or not is_done(record):
            return None
        self.store.join(record, self.job.names["study"])
        return record

    def _rung(self, steps: int) -> Record:
        key = self.job.key(steps)
        record = self._reuse(key)
        if record is None:
            try:
                measured = measure.measure(self._parts, steps, self.job.config["particles"], self.job.config["seed"])
                record = self._record("rung", key, {"T": steps, **measured})
            except Exception as error:  # whatever stops a rung is a result: it is recorded, and the rest goes on
                record = self._failure("rung", key, error, {"T": steps})
            self.store.save(record)
        self.visited[steps] = record
        self.tell(f"T={steps}")
        return record

    def _search(self, epsilon: float) -> Record:
        key = self.job.answer_key
        answer = self._reuse(key)
        if answer is None:
            found: dict[str, Any] = {"T": None}
            try:
                found["T"] = smallest_steps(partial(self._error, epsilon), epsilon, self.job.ladder, self.job.limit)
                found |= {name: value for name, value in self.visited[found["T"]].items() if name in MEASURED}
                answer = self._record("answer", key, found)
            except Exception as error:
                answer = self._failure("answer", key, error, found)
            seconds = sum(record.get("seconds") or 0.0 for record in self.visited.values())
            answer |= {"epsilon": epsilon, "rungs": sorted(self.visited), "seconds": seconds}
            self.store.save(answer)
        return answer

    def _error(self, epsilon: float, steps: int) -> float:
        """The deciding error at T; infinite where the schedule is impossible. Raises Unreachable below the floor."""
        try:
            self._parts.schedule(steps)
        except InputError:
            return math.inf
        record = self._rung(steps)
        if not is_done(record):
            raise RuntimeError(f"the rung at T = {steps} failed ({record['reason']})")
        name = self.job.names["distance"]
        estimate = record["estimates"][name]
        value, floor = (math.inf if estimate[part] is None else estimate[part] for part in ("value", "floor"))
        if epsilon < value < ORDERLY and floor >= epsilon:
            raise Unreachable(f"epsilon = {epsilon:g} is below the floor {floor:.2g} of {name} at T = {steps}")
        return value

    def _record(self, kind: str, key: str, measured: Mapping[str, Any]) -> Record:
        job, study = self.job, self.job.names["study"]
        return {
            "schema": SCHEMA, "kind": kind, "key": key, "status": "done", "reason": None,
            "study": study, "studies": [study] if study else [], **{name: job.names[name] for name in GROUPS},
            **job.short, "d": job.short["d"] or measured.get("ambient_dim"), "epsilon": None,
            "particles": job.config["particles"], "seed": job.config["seed"], **dict.fromkeys(MEASURED), **measured,
            "config": job.config, **provenance(), "finished": now(),
        }

    def _failure(self, kind: str, key: str, error: Exception, known: Mapping[str, Any]) -> Record:
        expected = isinstance(error, InputError | Unreachable)
        reason = str(error) if expected else f"{type(error).__name__}: {error}"
        record = self._record(kind, key, {**known, "estimates": {}})
        return {**record, "status": "failed", "reason": " ".join(reason.split()),
                "traceback": None if expected else traceback.format_exc()}

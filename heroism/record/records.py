"""The record of a rung (a sampler at one number T of noise levels) or of an answer (the smallest T whose error is at
most epsilon): ``results/raw/<key>.json``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from heroism.record.files import BrokenRecord, File
from heroism.record.measured import Measured, Range

TOTAL_VARIATIONS = ("total_variation", "histogram", "quadrature", "kernel")
ROUND_OFF = 1e-9  # by which a sum of probabilities may pass one


@dataclass(frozen=True, kw_only=True)
class Result(File):
    """What records and searches have in common.

    Attributes
    ----------
    key, status : name of the file, a hash of what decides the result; "done" or "failed".
    reason : of a failure. study : for which it was computed first (None: none); plans say what a study consists of.
    code : digest of the sources that computed it.
    commit, dirty, versions, machine, finished : where it comes from, and when (with the zone).
    """

    key: str
    status: Literal["done", "failed"] = "done"
    reason: str | None = None
    study: str | None = None
    code: str
    commit: str | None = None
    dirty: bool | None = None
    versions: Mapping[str, str | None]
    machine: Mapping[str, Any]
    finished: str

    @property
    def done(self) -> bool:
        """Failed records are not done: the next run tries them again."""
        return self.status == "done"

    def check(self, path: Path) -> None:
        super().check(path)
        if self.done != (self.reason is None):
            raise BrokenRecord(path, "reason", self.reason, "a failed record needs one, and one that is done has none")
        try:
            zone = datetime.fromisoformat(self.finished).tzinfo
        except ValueError:
            zone = None
        if zone is None:
            raise BrokenRecord(path, "finished", self.finished, "must be a time with its zone, as "
                               "2026-01-31T12:00:00+00:00")


@dataclass(frozen=True, kw_only=True)
class Record(Result):
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

    kind: Literal["rung", "answer"]
    traceback: str | None = None
    target: str
    sampler: str
    schedule: str
    perturbation: str
    start: str
    deciding: str
    d: Annotated[int | None, Range(1)] = None
    K: int | None = None
    N: int | str | None = None
    scheduler: str | None = None
    T: Annotated[int | None, Range(2)] = None
    epsilon: float | None = None
    particles: Annotated[int, Range(1)]
    seed: int
    order: float | None = None
    ambient_dim: int | None = None
    reduced_dim: int | None = None
    evaluations: int | None = None
    rounds: int | None = None
    seconds: float | None = None
    memory_mb: float | None = None
    folded: Annotated[float | None, Range(0, 1)] = None
    diverged: Annotated[float | None, Range(0, 1)] = None
    tau_end: Annotated[float | None, Range(0, 1)] = None
    step: float | None = None
    score_error: float | None = None
    jacobian_error: float | None = None
    estimates: Mapping[str, Measured]
    rungs: Sequence[Annotated[int, Range(2)]] | None = None
    config: Mapping[str, Any]

    @property
    def error(self) -> Measured:
        """The deciding estimate of a record that is done."""
        return self.estimates[self.deciding]

    @property
    def spoiled(self) -> bool:
        """Whether any path folded or diverged: its numbers decide nothing."""
        return bool(self.folded or self.diverged)

    def check(self, path: Path) -> None:
        super().check(path)
        for name, one in self.estimates.items():
            if name in TOTAL_VARIATIONS and not (0.0 <= one.value <= 1.0 + ROUND_OFF or one.value != one.value):
                raise BrokenRecord(path, f"estimates.{name}.value", one.value, "must be between 0 and 1 or null")
        if self.done and self.deciding not in self.estimates:
            raise BrokenRecord(path, "estimates", ", ".join(self.estimates) or "none", f"{self.deciding} is missing")
        if self.epsilon is not None and not 0.0 < self.epsilon < 1.0:
            raise BrokenRecord(path, "epsilon", self.epsilon, "must be between 0 and 1 or null")
        needed = ["T"] if self.kind == "rung" else ["epsilon", "rungs"]
        needed += ["T", "order", "ambient_dim"] if self.done else []
        for name in needed:
            if getattr(self, name) is None:
                raise BrokenRecord(path, name, "null", f"must be given in {self.kind} records that are {self.status}")

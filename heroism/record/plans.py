"""Which records a study consists of: ``raw/plans/<study>.json``."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from heroism.record.files import BrokenRecord, File

OWN = "sweep"  # the study of a sweep without one
NARROWED = "~"  # in the name of a plan that the command line narrowed, before a digest of its overrides


@dataclass(frozen=True, kw_only=True)
class Plan(File):
    """Which records a study consists of, as its sweep knew before it began (a search adds what it found at its end).

    Attributes
    ----------
    study : its name; "sweep" for a question without one. overrides : of the command line.
    keys : of all records that the plan may need; a ladder that stops early leaves some of them out.
    partial : the command line narrowed the study: its numbers must not stand for the whole.
    """

    FOLDER: ClassVar[str] = "plans"

    study: str
    overrides: Sequence[str]
    keys: Sequence[str]
    partial: bool = False

    @property
    def key(self) -> str:
        """Name of its file: the study, and for a part of it a digest of the overrides."""
        digest = hashlib.sha256("\n".join(sorted(self.overrides)).encode()).hexdigest()[:8]
        return f"{self.study}{NARROWED}{digest}" if self.partial else self.study


def read_plan(raw: Path, key: str) -> Plan | None:
    """The plan of that key, which for a whole study is that of the study; None if there is none, or a broken one."""
    path = raw / Plan.FOLDER / f"{key}.json"
    try:
        return Plan.parse(path.read_bytes(), path)
    except (FileNotFoundError, BrokenRecord):
        return None


def read_plans(raw: Path) -> tuple[dict[str, Plan], list[BrokenRecord]]:
    """(the plan of every study of the folder ``results/raw``: the whole one, else all narrowed ones together; what is
    broken, which counts as none: the next sweep of its study writes it again).
    """
    found, broken = Plan.read(raw)
    plans: dict[str, Plan] = {}
    for plan in sorted(found, key=lambda plan: plan.partial):
        known = plans.setdefault(plan.study, plan)
        if known.partial and known is not plan:
            overrides, keys = (tuple(dict.fromkeys([*ours, *more])) for ours, more in (
                (known.overrides, plan.overrides), (known.keys, plan.keys)))
            plans[plan.study] = Plan(study=plan.study, overrides=overrides, keys=keys, partial=True)
    return plans, broken

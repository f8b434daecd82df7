"""One small JSON file per (job, rung), named by a hash of what determines its content; written whole or not at all.

Fields: ``schema, kind ("rung" | "answer"), key, status ("done" | "failed"), reason``; the names chosen (``target,
sampler, schedule, perturbation, start, distance, study, studies``); the short names (``d, K, N, scheduler, T, epsilon,
particles, seed``); what was measured (``order, ambient_dim, reduced_dim, evaluations, rounds, seconds, memory_mb,
folded, diverged, tau_end, score_error, jacobian_error, estimates {name: value, stderr, floor, n}``); where it comes
from (``config, versions, commit, dirty, machine, finished``). Numbers that are not finite are null.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import math
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from experiments.paths import ROOT

SCHEMA = 1
EPOCH = 1  # part of every key: raise it when a change of the mathematics changes results, so that nothing old is kept
LIBRARIES = ("heroism", "numpy", "scipy", "scikit-learn", "qmat", "POT", "hydra-core", "torch", "diffusers")

Record = dict[str, Any]


def fingerprint(inputs: Mapping[str, Any]) -> str:
    """A short hash of what determines a result, whatever the order it is given in."""
    text = json.dumps({"epoch": EPOCH, **inputs}, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def is_done(record: Record | None) -> bool:
    """Failed and missing records are not done: the next run tries them again."""
    return record is not None and record.get("status") == "done"


class Store:
    """The folder ``results/raw``, or one inside it."""

    def __init__(self, results: str | Path, inside: str = "."):
        self.folder = Path(results) / "raw" / inside

    def path(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def load(self, key: str) -> Record | None:
        """The record of that key; None if there is none, or none that can be read (then a warning names the file)."""
        path = self.path(key)
        try:
            record = json.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except (ValueError, OSError) as error:
            return _warn(path, str(error).partition("\n")[0])
        if not isinstance(record, dict) or record.get("schema") != SCHEMA or record.get("key") != key:
            return _warn(path, f"not a record of schema {SCHEMA} with this key")
        return record

    def save(self, record: Record) -> None:
        """Write under a temporary name, flush to disk, rename: readers see the old record or the new one, no half."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.path(record["key"])
        temporary = path.with_name(f".{path.name}.{platform.node()}.{os.getpid()}")
        with temporary.open("w") as file:
            json.dump(_finite(record), file, allow_nan=False)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

    def join(self, record: Record, study: str | None) -> None:
        """Note that a finished record also belongs to ``study``, which asked for it without computing it again."""
        if study is not None and study not in record["studies"]:
            self.save({**record, "studies": sorted([*record["studies"], study])})


@cache
def provenance() -> Mapping[str, Any]:
    """Versions, commit and machine; asked for once per process."""
    commit = _git("rev-parse", "HEAD")
    return {
        "versions": {"python": platform.python_version(), **{name: _version(name) for name in LIBRARIES}},
        "commit": commit or None,
        "dirty": bool(_git("status", "--porcelain", "--untracked-files=no")) if commit else None,
        "machine": {"system": f"{platform.system()} {platform.machine()}", "cpu": _cpu(), "cores": os.cpu_count()},
    }


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _warn(path: Path, why: str) -> Record | None:
    print(f"warning: {path} is broken ({why}) and counts as not done; the next run replaces it.", file=sys.stderr)
    return None


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _git(*arguments: str) -> str:
    try:
        command = ["git", "-C", str(ROOT), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):  # no git, or not a checkout
        return ""


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()

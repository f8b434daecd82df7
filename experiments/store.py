"""Where records are kept: one small JSON file each, named by its key, written whole or not at all."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from pathlib import Path

from heroism.record import PLANS, SEARCHES, BrokenRecord, Plan, Record, SearchRecord

BROKEN = "broken"  # folder inside raw: what could not be read is set aside there


class Store:
    """The folder ``results/raw``."""

    def __init__(self, results: str | Path):
        self.folder = Path(results) / "raw"

    def path(self, key: str) -> Path:
        """Of the record of that key."""
        return self.folder / f"{key}.json"

    def load(self, key: str) -> Record | None:
        """The record of that key; None if there is none. One that is broken is set aside, with a line that says why."""
        path = self.path(key)
        try:
            return Record.parse(path.read_bytes(), path)
        except FileNotFoundError:
            return None
        except BrokenRecord as broken:
            aside = self.folder / BROKEN / path.name
            aside.parent.mkdir(exist_ok=True)
            with suppress(FileNotFoundError):  # another sweep was faster
                path.replace(aside)
                print(f"warning: {broken}. It is set aside in {aside.parent} and counts as not done.", file=sys.stderr)
            return None

    def save(self, record: Record) -> None:
        """Keep a record, in place of the one of the same key."""
        write(self.path(record.key), record.dumps())

    def save_search(self, search: SearchRecord) -> None:
        """Keep the record of a search."""
        write(self.folder / SEARCHES / f"{search.key}.json", search.dumps())

    def save_plan(self, plan: Plan) -> None:
        """Keep a plan in place of an older one of the same study and overrides."""
        write(self.folder / PLANS / f"{plan.name}.json", plan.dumps())

    def clean(self) -> None:
        """Remove what processes of this machine that are no more left half-written."""
        for path in self.folder.glob(f"**/.*.json.{platform.node()}.*"):
            owner = path.name.rpartition(".")[2]
            if owner.isdigit() and not _lives(int(owner)):
                path.unlink(missing_ok=True)


def write(path: Path, text: str) -> None:
    """Write under a temporary name, flush to disk, rename: readers see the old file or the new one, no half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{platform.node()}.{os.getpid()}")
    with temporary.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

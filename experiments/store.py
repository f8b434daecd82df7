"""Where records are kept: one small JSON file each, named by its key, written whole or not at all."""

from __future__ import annotations

import os
import platform
import sys
from contextlib import suppress
from pathlib import Path

from heroism.errors import InputError, require
from heroism.record import BrokenRecord, File, Record

BROKEN = "broken"  # folder inside raw: what could not be read is set aside there
ROOM = 2**16  # bytes that have to fit before anything runs: a few records


class Unsaved(Exception):
    """Something that was computed could not be kept: one sentence that names the folder and the remedy."""

    def __init__(self, folder: Path, error: OSError):
        super().__init__(f"results = {folder.parent}: {_refused(error)}; what was kept before stays and the same "
                         "command goes on where it stopped")


class Store:
    """The folder ``results/raw``."""

    def __init__(self, results: str | Path):
        require(results is not None and bool(str(results).strip()), "results", "nothing", "name a folder")
        self.folder = Path(results) / "raw"

    def probe(self) -> None:
        """Write a few records' worth of bytes and remove them. Raises InputError if that is impossible."""
        try:
            write(self.folder / "probe", "0" * ROOM)
            (self.folder / "probe").unlink(missing_ok=True)
        except OSError as error:
            raise InputError("results", self.folder.parent, _refused(error)) from None

    def path(self, key: str) -> Path:
        """Of the record of that key."""
        return self.folder / f"{key}.json"

    def load(self, key: str) -> Record | None:
        """The record of that key; None if there is none. One that is broken is set aside, with a line that says why."""
        path = self.path(key)
        try:
            return Record.parse(path.read_bytes(), path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except BrokenRecord as broken:
            aside = self.folder / BROKEN / path.name
            with suppress(OSError):  # another sweep was faster, or nothing can be written here
                aside.parent.mkdir(exist_ok=True)
                path.replace(aside)
                print(f"warning: {broken}. It is set aside in {aside.parent} and counts as not done.", file=sys.stderr)
            return None

    def save(self, file: File) -> None:
        """Keep a record, the record of a search, or a plan, in place of the one of the same key. Raises Unsaved."""
        try:
            write(self.folder / file.FOLDER / f"{file.key}.json", file.dumps())
        except OSError as error:
            raise Unsaved(self.folder, error) from error

    def clean(self) -> None:
        """Remove what processes of this machine that are no more left half-written."""
        for path in self.folder.glob(f"**/.*.{platform.node()}.*"):
            owner = path.name.rpartition(".")[2]
            if owner.isdigit() and not _lives(int(owner)):
                path.unlink(missing_ok=True)


def write(path: Path, text: str) -> None:
    """Write under a temporary name, flush to disk, rename: readers see the old file or the new one, no half."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{platform.node()}.{os.getpid()}")
    try:
        with temporary.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink()
        raise


def _refused(error: OSError) -> str:
    """What the system said, and what to do."""
    return (f"nothing can be written there ({error.strerror or error}): make room or permit it, or name another folder "
            "with results=DIR")


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

"""One bar over a whole sweep, in the parent process, for any launcher.

A job appends one line per finished record to ``<sweep folder>/<number>.progress``: its label first, END last. A thread
of the parent reads these files; nothing of it is ever pickled.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

END = "end"
TENTHS = 10  # lines printed over a sweep when there is no terminal


class Marker:
    """The child's side: says what a job is doing."""

    def __init__(self, folder: str | Path, number: int | str):
        self.path = Path(folder) / f"{number}.progress"
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)

    def __call__(self, line: str) -> None:
        with suppress(OSError), self.path.open("a") as file:  # a bar that lags is no reason to lose a record
            file.write(f"{line}\n")

    @property
    def lines(self) -> list[str]:
        """What was said so far; nothing if the job never began."""
        try:
            return self.path.read_text().splitlines()
        except OSError:
            return []

    @property
    def ended(self) -> bool:
        """Whether the job came to its end, whatever became of it."""
        return self.lines[-1:] == [END]

    def forget(self) -> None:
        """As if the job had never begun."""
        self.path.unlink(missing_ok=True)


class Watch:
    """The parent's side: a context that shows how far the sweep is.

    Parameters
    ----------
    folder : where the markers are. title : what the sweep is called.
    prices : how long each record of each job may take, in any unit.
    what : what is counted.
    """

    def __init__(self, folder: str | Path, title: str, prices: Sequence[Sequence[float]], stream: TextIO | None = None,
                 what: str = "records"):
        self.folder, self.title, self.prices, self.what = Path(folder), title, prices, what
        self.console = Console(file=stream or sys.stderr)
        self.total = sum(map(len, prices))
        self._all = max(sum(map(sum, prices)), 1e-300)
        self._ended: set[int] = set()
        self._claimed = 0
        self._stop = threading.Event()
        self._started = time.monotonic()
        self._tenth = 0
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()
        for number in range(len(self.prices)):
            Marker(self.folder, number).forget()
        with suppress(OSError):  # kept if a launcher left its logs there, or nothing ever ran
            self.folder.rmdir()

    def claim(self, jobs: int, finished: bool = False) -> int:
        """Where jobs come in batches: the first of the next numbers, which are for these; finished ones only count."""
        first, self._claimed = self._claimed, self._claimed + jobs
        if finished:
            self._ended.update(range(first, self._claimed))
        return first

    def state(self) -> tuple[int, float, list[str]]:
        """(finished records, finished share of the price, labels of the jobs that are running)."""
        running, records, paid = [], 0, 0.0
        for number, prices in enumerate(self.prices):
            lines = [] if number in self._ended else Marker(self.folder, number).lines
            if lines and lines[-1] == END:
                self._ended.add(number)
            done = len(prices) if number in self._ended else min(max(len(lines) - 1, 0), len(prices))
            records += done
            paid += sum(prices[:done])
            if lines and number not in self._ended:
                running.append(lines[0])
        return records, paid / self._all, running

    def _watch(self) -> None:
        if not self.console.is_terminal:
            while not self._stop.wait(0.5):
                self._say()
            return self._say()
        fixed = [Column(min_width=7, no_wrap=True) for _ in range(4)]  # what is running takes what these leave
        columns = (TextColumn("{task.description}", table_column=fixed[0]), BarColumn(bar_width=20),
                   MofNCompleteColumn(table_column=fixed[1]), TimeElapsedColumn(table_column=fixed[2]),
                   TextColumn("{task.fields[left]}", table_column=fixed[3]),
                   TextColumn("{task.fields[running]}", style="dim", table_column=Column(ratio=1, no_wrap=True)))
        with Progress(*columns, console=self.console, expand=True) as bar:
            task = bar.add_task(self.title, total=self.total, left="", running="")
            while True:
                stopping = self._stop.wait(0.25)
                records, share, running = self.state()
                bar.update(task, completed=records, left=self._left(share), running=" | ".join(running))
                if stopping:
                    return

    def _say(self) -> None:
        records, share, running = self.state()
        tenth = int(TENTHS * records / self.total)
        if tenth > self._tenth:
            self._tenth = tenth
            parts = [f"{records} of {self.total} {self.what}", self._left(share), " | ".join(running)]
            print(f"{self.title}: {', '.join(filter(None, parts))}", file=self.console.file, flush=True)

    def _left(self, share: float) -> str:
        if not 0.0 < share < 1.0:
            return "" if share else "estimating"
        seconds = (time.monotonic() - self._started) * (1.0 - share) / share
        return f"{seconds / 60:.0f} min left" if seconds >= 90 else f"{seconds:.0f} s left"

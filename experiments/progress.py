"""One bar over a whole sweep, in the parent process, for any launcher.

A job appends to ``<sweep folder>/<number>.progress`` its label first, then one line per finished record, its
:func:`line`, and END last. A thread of the parent reads these files; nothing of it is ever pickled.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

END = "end"
DONE, FAILED, THERE = "done", "failed", "there"
TENTHS = 10  # lines printed over a sweep when there is no terminal


def line(word: str, evaluations: int = 0) -> str:
    """What a job says of a record: DONE, FAILED or THERE (finished before), and the score evaluations of all of its
    paths together."""
    return f"{word} {evaluations}"


class Tally(NamedTuple):
    """Finished records, the price paid for them, the failed ones and those that were there before among them, and score
    evaluations."""

    records: int = 0
    paid: float = 0.0
    failed: int = 0
    there: int = 0
    evaluations: int = 0

    def plus(self, other: Tally) -> Tally:
        return Tally(self.records + other.records, self.paid + other.paid, self.failed + other.failed,
                     self.there + other.there, self.evaluations + other.evaluations)


def tally(lines: Sequence[str], prices: Sequence[float]) -> Tally:
    """What a job's lines come to; one that came to its end is finished, however many records it needed."""
    said = [entry.split() for entry in lines[1:] if entry != END]
    words = [word for word, _ in said]
    done = len(prices) if lines[-1:] == [END] else min(len(said), len(prices))
    return Tally(done, sum(prices[:done]), words.count(FAILED), words.count(THERE),
                 sum(int(spent) for _, spent in said))


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
    what : what is counted. there : how many were finished before, beside these.
    """

    def __init__(self, folder: str | Path, title: str, prices: Sequence[Sequence[float]], stream: TextIO | None = None,
                 what: str = "records", there: int = 0):
        self.folder, self.title, self.prices, self.what, self.there = Path(folder), title, prices, what, there
        self.console = Console(file=stream or sys.stderr)
        self.total = there + sum(map(len, prices))
        self._all = max(sum(map(sum, prices)), 1e-300)
        self._open = dict(enumerate(prices))  # of jobs that did not come to their end
        self._settled = Tally(there, there=there)  # of those that did
        self._before: set[int] = set()
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
            self._before.update(range(first, self._claimed))
        return first

    def state(self) -> tuple[Tally, list[str]]:
        """How far the sweep is, and the labels of the jobs that are running."""
        running, so_far = [], self._settled
        for number, prices in list(self._open.items()):
            lines = ["", line(THERE), END] if number in self._before else Marker(self.folder, number).lines
            so_far = so_far.plus(one := tally(lines, prices))
            if lines[-1:] == [END]:
                self._settled = self._settled.plus(one)
                del self._open[number]
            elif lines:
                running.append(lines[0])
        return so_far, running

    def _watch(self) -> None:
        if not self.console.is_terminal:
            while not self._stop.wait(0.5):
                self._say()
            return self._say()
        bar = Progress(TextColumn("{task.description}"), BarColumn(bar_width=20), MofNCompleteColumn(),
                       TextColumn(self.what), TimeElapsedColumn(), TextColumn("{task.fields[left]}"),
                       console=self.console)
        task = bar.add_task(self.title, total=self.total, left="")
        with Live(bar, console=self.console, refresh_per_second=4) as live:
            while True:
                stopping = self._stop.wait(0.25)
                so_far, running = self.state()
                bar.update(task, completed=so_far.records, left=self._left(so_far))
                under = (", ".join(self._counts(so_far)), " | ".join(running))
                live.update(Group(bar, *(Text(f"  {text}", "dim", overflow="ellipsis", no_wrap=True)
                                         for text in under if text)))
                if stopping:
                    return

    def _say(self) -> None:
        so_far, running = self.state()
        tenth = int(TENTHS * so_far.records / self.total)
        if tenth > self._tenth:
            self._tenth = tenth
            parts = [f"{so_far.records} of {self.total} {self.what}", *self._counts(so_far), self._left(so_far),
                     " | ".join(running)]
            print(f"{self.title}: {', '.join(filter(None, parts))}", file=self.console.file, flush=True)

    def _counts(self, so_far: Tally) -> list[str]:
        """Of what there is any."""
        rate = so_far.evaluations / max(time.monotonic() - self._started, 1e-9)
        known = ((so_far.failed, "failed"), (so_far.there, "already there"), (float(f"{rate:.2g}"), "evaluations/s"))
        return [f"{count:,.12g} {what}" for count, what in known if count]

    def _left(self, so_far: Tally) -> str:
        share = so_far.paid / self._all
        if not 0.0 < share < 1.0:
            return "" if share else "estimating"
        seconds = (time.monotonic() - self._started) * (1.0 - share) / share
        return f"{seconds / 60:.0f} min left" if seconds >= 90 else f"{seconds:.0f} s left"

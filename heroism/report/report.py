"""What was measured of a sampler: numbers that print as a table, plot themselves and go to files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heroism.errors import InputError
from heroism.measures.estimate import Estimate
from heroism.rates import RateFit, fit_rate
from heroism.record import finite
from heroism.report import picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

Row = dict[str, Any]
FORMATS = (".csv", ".json", ".tex")
SHOWN = {"steps": "steps", "evaluations": "evals", "tv": "TV", "tv_stderr": "+-", "tv_floor": "floor", "kl": "KL",
         "kl_stderr": "+-"}  # of a row in print, with its heading
MARK, MARKED = "†", ("tv", "kl")  # numbers that some paths which fold or diverge are behind; they decide nothing
LATEX = {"TV": r"$\mathrm{TV}$", "KL": r"$\mathrm{KL}$", "+-": r"$\pm$"}


@dataclass(frozen=True)
class Rung:
    """One number of steps.

    Attributes
    ----------
    steps : from the largest noise level to the smallest. h : the step size of its schedule.
    evaluations, rounds : of the score, per path; sequential depth.
    tv, kl : total variation and KL divergence of the output from the target, at the smallest noise level.
    folded, diverged : shares of the paths. seconds : that it took.
    """

    steps: int
    h: float
    evaluations: int
    rounds: int
    tv: Estimate
    kl: Estimate
    folded: float
    diverged: float
    seconds: float


class Table:
    """Rows of plain values, and every form that a table is wanted in."""

    def each(self) -> Sequence[Report]:
        """The reports in it."""
        raise NotImplementedError

    def rows(self) -> list[Row]:
        """One mapping for each sampler and number of steps, all with the same keys."""
        return [row for report in self.each() for row in report.rows()]

    def plot(self, axes: Any = None, against: str = "evaluations") -> Figure:
        """The work-precision picture: total variation, with its error and floor, against "evaluations" or "steps";
        needs matplotlib. Returns the figure: a new one, or that of ``axes``.
        """
        return picture.work_precision(self.each(), axes, against)

    def to_pandas(self) -> DataFrame:
        """The rows as a data frame; needs pandas."""
        import pandas

        return pandas.DataFrame(self.rows())

    def to_latex(self) -> str:
        """A ``tabular`` of what is printed; needs no packages of LaTeX."""
        heads, body = self._printed()
        lines = [" & ".join(map(_escaped, row)) + r" \\" for row in body]
        return "\n".join([rf"\begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}", r"\hline",
                          " & ".join(LATEX.get(head, _escaped(head)) for head in heads) + r" \\", r"\hline", *lines,
                          r"\hline", r"\end{tabular}", ""])

    def save(self, path: str | Path) -> Path:
        """Write .csv (all rows), .json (the same, with the fitted orders; what is not finite is null) or .tex.

        Raises InputError for another ending.
        """
        path = Path(path)
        if path.suffix not in FORMATS:
            raise InputError("path", path, f"give a name that ends in {', '.join(FORMATS)}; pictures: .plot().savefig")
        if path.suffix == ".tex":
            path.write_text(self.to_latex())
        elif path.suffix == ".json":
            path.write_text(json.dumps(finite(self.summary()), indent=2, allow_nan=False) + "\n")
        else:
            self.to_pandas().to_csv(path, index=False, lineterminator="\n")
        return path

    def summary(self) -> Any:
        """What goes to JSON."""
        raise NotImplementedError

    def _printed(self) -> tuple[list[str], list[list[str]]]:
        """Headings and cells."""
        marks = [MARK if row["folded"] or row["diverged"] else "" for row in self.rows()]
        return list(SHOWN.values()), [[_number(row[key]) + mark * (key in MARKED) for key in SHOWN]
                                      for row, mark in zip(self.rows(), marks, strict=True)]


@dataclass(frozen=True, repr=False)
class Report(Table):
    """One sampler on one target, over a ladder of steps.

    Attributes
    ----------
    name, target, schedule, start : of what was measured, in words.
    particles, seed : as asked. rungs : the fewest steps first.
    notes : what a reader of the numbers has to know.
    """

    name: str
    target: str
    schedule: str
    start: str
    particles: int
    seed: int
    rungs: tuple[Rung, ...]
    notes: tuple[str, ...] = ()

    @cached_property
    def order(self) -> RateFit:
        """The exponent of total variation in the step size; NaN, with a reason, where there are too few points above
        the floor and below saturation on which no path folds or diverges.
        """
        tv = [rung.tv for rung in self.rungs]
        unusable = ["folded" if rung.folded else "diverged" if rung.diverged else None for rung in self.rungs]
        return fit_rate([rung.h for rung in self.rungs], [one.value for one in tv], [one.stderr for one in tv],
                        [one.floor for one in tv], unusable=unusable)

    def each(self) -> Sequence[Report]:
        return (self,)

    def rows(self) -> list[Row]:
        common = {"sampler": self.name, "target": self.target, "schedule": self.schedule, "start": self.start,
                  "particles": self.particles, "seed": self.seed}
        return [{**common, "steps": rung.steps, "T": rung.steps + 1, "h": rung.h, "evaluations": rung.evaluations,
                 "rounds": rung.rounds, **_estimate("tv", rung.tv), **_estimate("kl", rung.kl), "folded": rung.folded,
                 "diverged": rung.diverged, "seconds": rung.seconds} for rung in self.rungs]

    def summary(self) -> Any:
        return {"sampler": self.name, "order": _order(self.order), "notes": self.notes, "rungs": self.rows()}

    def __repr__(self) -> str:
        head = f"{self.name} on {self.target}\n{self.schedule}, start {self.start}, {self.particles} paths, " \
               f"seed {self.seed}"
        return "\n".join([head, _aligned(*self._printed()), order_in_words(self.order),
                          *(f"note: {note}" for note in self.notes)])


@dataclass(frozen=True, repr=False)
class Comparison(Table):
    """Several samplers on one target, from the same starting points."""

    reports: tuple[Report, ...]

    def each(self) -> Sequence[Report]:
        return self.reports

    def summary(self) -> Any:
        return [report.summary() for report in self.reports]

    def _printed(self) -> tuple[list[str], list[list[str]]]:
        heads, cells = super()._printed()
        return ["sampler", *heads], [[row["sampler"], *line] for row, line in zip(self.rows(), cells, strict=True)]

    def __repr__(self) -> str:
        first = self.reports[0]
        head = f"{first.target}\n{first.schedule}, start {first.start}, {first.particles} paths, seed {first.seed}"
        orders = [f"{report.name}: {order_in_words(report.order)}" for report in self.reports]
        notes = [f"note: {report.name}: {note}" for report in self.reports for note in report.notes]
        return "\n".join([head, _aligned(*self._printed()), *orders, *notes])


def order_in_words(fit: RateFit) -> str:
    """Order, 95 % interval and where it was fitted; or why there is none."""
    if fit.reason is not None:
        return f"order unknown: {fit.reason}"
    low, high = fit.interval()
    curved = "" if fit.consistent in (True, None) else "; its two halves disagree, more steps would tell"
    return f"order {fit.slope:.2f} [{low:.2f}, {high:.2f}] in the step size, {len(fit.points)} points{curved}"


def _order(fit: RateFit) -> Row:
    low, high = fit.interval()
    return {"value": fit.slope, "low": low, "high": high, "points": len(fit.points), "consistent": fit.consistent,
            "reason": fit.reason}


def _estimate(name: str, estimate: Estimate) -> Row:
    return {name: estimate.value, f"{name}_stderr": estimate.stderr, f"{name}_floor": estimate.floor}


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:.3g}"


def _aligned(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns to the right, words to the left."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    left = [head == "sampler" for head in heads]
    padded = ([cell.ljust(width) if to_left else cell.rjust(width)
               for cell, width, to_left in zip(row, widths, left, strict=True)] for row in (heads, *rows))
    return "\n".join(map("  ".join, padded))


def _escaped(text: str) -> str:
    text = "".join(f"\\{letter}" if letter in "_&%#{}$" else letter for letter in text)
    return text.replace(MARK, r"$\dagger$")

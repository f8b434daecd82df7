"""The table of claims: for people, and for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.claims.claim import Claim
from analysis.claims.statistics import Measured, Row, measure
from analysis.claims.verdicts import Verdict, judge
from analysis.text import DOUBTFUL, mark

SHOWN = {"claim": "claim", "source": "source", "predicted": "predicted", "measured": "measured (95% interval)",
         "verdict": "verdict", "why": "why", "evaluations": "evaluations"}


@dataclass(frozen=True)
class Judged:
    """A claim, one row of it, and the verdict."""

    claim: Claim
    row: Row
    verdict: Verdict

    @property
    def names(self) -> str:
        """What tells this row from the claim's others, such as "K = 3"."""
        return ", ".join(str(value) if isinstance(value, str) else f"{name} = {value:g}"
                         for name, value in self.row.names.items())


def judge_all(claims: Sequence[Claim], runs: pd.DataFrame) -> list[Judged]:
    """Measure and judge every row of every claim in a table of runs."""
    return [Judged(claim, row, judge(claim, row)) for claim in claims
            for row in measure(claim.statistic, runs, claim.records)]


def tabulate(judged: Sequence[Judged]) -> pd.DataFrame:
    """One line per claim and row: texts for people, and the same numbers bare."""
    return pd.DataFrame([_line(one) for one in judged])


def readable(table: pd.DataFrame) -> pd.DataFrame:
    """The columns that people read, as text."""
    return table.reindex(columns=list(SHOWN)).rename(columns=SHOWN).astype(str)


def note(table: pd.DataFrame) -> str:
    """What the marks in a table of claims mean; nothing where there are none."""
    return DOUBTFUL if len(table) and table["measured"].str.endswith(mark(True)).any() else ""


def _line(one: Judged) -> dict[str, object]:
    claim, verdict = one.claim, one.verdict
    worst = verdict.worst
    words = claim.words + (f" ({one.names})" if one.names else "")
    # The formula where there is no row to evaluate it for.
    predicted = f"{verdict.predicted:.3g}" if np.isfinite(verdict.predicted) else claim.predicted
    values = [group.value for group in one.row.groups if np.isfinite(group.value)]
    return {
        "number": claim.number, "name": claim.name, "study": claim.study, "row": one.names, "claim": words,
        "source": source(claim), "predicted": f"{claim.direction} {predicted}",
        "measured": measured(worst), "verdict": verdict.word, "why": verdict.why,
        "evaluations": f"{one.row.spent:.1e}", "value": worst.value if worst else None,
        "low": worst.low if worst else None, "high": worst.high if worst else None,
        "least": min(values, default=None), "largest": max(values, default=None), "groups": len(one.row.groups),
        "runs": one.row.runs, "failed": one.row.failed, "expected": claim.expected, "tolerance": verdict.tolerance,
        "refuted_by": claim.refuted_by, "spent": one.row.spent, "doubtful": one.row.doubtful,
    }


def source(claim: Claim) -> str:
    """Where it is claimed; bare numbers are numbers of equations."""
    return f"{claim.source}, {'eq. ' if claim.equation[:1].isdigit() else ''}{claim.equation}"


def measured(worst: Measured | None) -> str:
    """The number that is worst for the claim, its interval, and where it was found."""
    if worst is None:
        return "-"
    where = f" {worst.label}" if worst.label else ""
    interval = f"[{_rounded(worst.low, worst)}, {_rounded(worst.high, worst)}]"
    return f"{_rounded(worst.value, worst)} {interval}{where}{mark(worst.doubtful)}"


def _rounded(number: float, of: Measured) -> str:
    """Three digits, but none far below the width of the interval: 5e-15 in [-0.007, 0.007] is 0."""
    width = of.high - of.low
    if np.isfinite(width) and abs(number) < 1e-3 * width:
        return "0"
    return f"{number:.3g}"

"""The table of claims, and that of their negative controls: for people, and for other programs.

Only digits are published that the interval vouches for, so that the same runs on another machine say the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.claims.claim import Claim
from analysis.claims.measured import Measured, Row
from analysis.claims.statistics import measure
from analysis.claims.verdicts import Verdict, judge
from analysis.text import DOUBTFUL, mark

SHOWN = {"claim": "claim", "source": "source", "predicted": "predicted", "measured": "measured (95% interval)",
         "beside": "in the bound's variable", "power": "would let through", "verdict": "verdict", "why": "why",
         "evaluations": "evaluations"}
OF_CONTROLS = {"name": "claim", "row": "row", "claim": "planted", **{
    name: SHOWN[name] for name in ("predicted", "measured", "verdict", "why")}}
NOTE = ("Intervals hold together over all groups of a row (Bonferroni, 95 %). Orders and exponents are decided in "
        "h = log T / T, where confirmed means confirmed for the bound as well; its own variable has more logarithms, "
        "which flatter an order at every finite T: it confirms nothing, and only what is refuted there too is refuted. "
        "*Would let through*: the true values that these data could not have refuted, in the deciding group that they "
        "tell least about.")
DIGITS = 3  # of a number, or of what is predicted of it, whatever its interval


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


def judge_all(claims: Sequence[Claim], runs: pd.DataFrame, small: Collection[str] = ()) -> list[Judged]:
    """Measure and judge every row of every claim in a table of runs; of the studies ``small`` it holds only the tiny
    version."""
    return [Judged(claim, row, judge(claim, row, not set(small).isdisjoint(claim.records))) for claim in claims
            for row in measure(claim.statistic, runs, claim.records)]


def by_claim(judged: Iterable[Judged]) -> dict[str, list[Judged]]:
    """The rows of every claim, by its name."""
    rows: dict[str, list[Judged]] = {}
    for one in judged:
        rows.setdefault(one.claim.name, []).append(one)
    return rows


def tabulate(judged: Sequence[Judged]) -> pd.DataFrame:
    """One line per claim and row: texts for people, and the same numbers bare."""
    return pd.DataFrame([_line(one) for one in judged])


def readable(table: pd.DataFrame, shown: Mapping[str, str] = SHOWN) -> pd.DataFrame:
    """The columns that people read, as text."""
    return table.reindex(columns=list(shown)).rename(columns=shown).fillna("").astype(str)


def note(table: pd.DataFrame) -> str:
    """What stands below a table of claims: how its numbers are meant, and its marks."""
    return f"{NOTE} {DOUBTFUL}" if len(table) and table["measured"].str.endswith(mark(True)).any() else NOTE


def _line(one: Judged) -> dict[str, object]:
    claim, verdict, groups = one.claim, one.verdict, one.row.groups
    worst = verdict.worst
    words = claim.words + (f" ({one.names})" if one.names else "")
    # The formula where there is no row to evaluate it for.
    predicted = f"{verdict.predicted:.3g}" if np.isfinite(verdict.predicted) else claim.predicted
    values = [rounded(group.value, group, verdict) for group in groups if np.isfinite(group.value)]
    value, low, high = (rounded(number, worst, verdict) for number in (worst.value, worst.low, worst.high)) \
        if worst else (np.nan,) * 3
    beside = worst.beside if worst else None
    return {
        "number": claim.number, "name": claim.name, "study": claim.study, "row": one.names, "claim": words,
        "source": source(claim), "predicted": f"{claim.direction} {predicted}",
        "measured": measured(worst, verdict), "verdict": verdict.word, "why": verdict.why,
        "evaluations": f"{one.row.spent:.1e}", "value": value, "low": low, "high": high,
        "least": min(values, default=None), "largest": max(values, default=None), "groups": len(groups),
        "runs": one.row.runs, "failed": one.row.failed, "expected": claim.expected, "tolerance": verdict.tolerance,
        "refuted_by": claim.refuted_by, "spent": one.row.spent, "doubtful": one.row.doubtful,
        "beside": f"{rounded(beside.value, beside, verdict):g}" if beside and np.isfinite(beside.value) else "",
        "power": _power(verdict),
    }


def source(claim: Claim) -> str:
    """Where it is claimed; bare numbers are numbers of equations."""
    return f"{claim.source}, {'eq. ' if claim.equation[:1].isdigit() else ''}{claim.equation}"


def measured(worst: Measured | None, verdict: Verdict | None = None) -> str:
    """The number that is worst for the claim, its interval, and where it was found."""
    if worst is None:
        return "-"
    value, low, high = (f"{rounded(number, worst, verdict):g}" for number in (worst.value, worst.low, worst.high))
    number = f"{value} [{low}, {high}]" if np.isfinite(worst.value) else f"above {low}" if worst.low > 0.0 else "none"
    return f"{number} {worst.label}".rstrip() + mark(worst.doubtful)


def rounded(number: float, of: Measured, verdict: Verdict | None = None) -> float:
    """To two digits of the half-width of a group's interval, but to no more than DIGITS of the largest of its value,
    what is predicted of it and the tolerance: beyond that it is round-off."""
    sizes = [of.value, *((verdict.predicted, verdict.tolerance) if verdict else ())]
    size = max((abs(one) for one in sizes if np.isfinite(one)), default=0.0) or 1.0
    half = (of.high - of.low) / 2
    last = _place(size) - DIGITS + 1
    if np.isfinite(half) and half > 0.0:
        last = max(last, _place(half) - 1)
    # Nine digits first: numbers that differ in the last bits round the same way, ties included.
    return round(float(f"{number:.9g}"), -last) + 0.0 if np.isfinite(number) else number


def _place(number: float) -> int:
    """Of the first digit: 0 for ones, 1 for tens."""
    return int(f"{number:.9e}".partition("e")[2])


def _power(verdict: Verdict) -> str:
    least, most = (f"{bound:.3g}" for bound in verdict.power)
    known = [np.isfinite(bound) for bound in verdict.power]
    if all(known):
        return f"{least} to {most}"
    return f"up to {most}" if known[1] else f"{least} and more" if known[0] else ""

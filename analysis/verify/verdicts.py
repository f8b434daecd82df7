"""Verdicts: what the intervals of a row's groups say about its claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.intervals import CONFIRMED, REFUTED, SHARPER, UNDECIDED, verdict
from analysis.verify.claim import Claim
from analysis.verify.statistics import Measured, Row
from heroism.formulas import evaluate

BROAD = 0.5  # a claim stands when more than this share of its groups is decided


@dataclass(frozen=True)
class Verdict:
    """A row's verdict, why, and the group that is worst for the claim among those that decided it."""

    word: str
    why: str
    predicted: float
    tolerance: float
    worst: Measured | None

    def contradicts(self, claim: Claim) -> bool:
        """Whether a claim that was expected to stand is refuted."""
        return self.word == REFUTED and claim.expected in ("confirmed", "sharper")


def judge(claim: Claim, row: Row) -> Verdict:
    """The verdict on one row. A single refuting group refutes; otherwise most groups must be decided.

    Each group by itself: :func:`analysis.intervals.verdict`. The row is *sharper than claimed* when every decided group
    is, else *confirmed*.
    """
    if not row.groups:
        return Verdict(UNDECIDED, _why_not(row, []), float("nan"), float("nan"), None)
    predicted, tolerance = evaluate(claim.predicted, row.names), evaluate(claim.tolerance, row.names)
    words = [UNDECIDED if group.reason is not None else
             verdict(claim.direction, group.low, group.high, predicted, tolerance) for group in row.groups]
    count = Counter(words)
    decided = [word for word in words if word != UNDECIDED]
    if count[REFUTED]:
        named = [group.label or "all" for group, word in zip(row.groups, words, strict=True) if word == REFUTED]
        worst = _worst(claim.direction, _those(row, words, (REFUTED,)), predicted)
        return Verdict(REFUTED, _list("refuted by", named), predicted, tolerance, worst)
    if len(decided) <= BROAD * len(words) or not decided:
        worst = _worst(claim.direction, _those(row, words, (UNDECIDED,)), predicted)
        return Verdict(UNDECIDED, _why_not(row, words), predicted, tolerance, worst)
    word = SHARPER if count[SHARPER] == len(decided) else CONFIRMED
    worst = _worst(claim.direction, _those(row, words, (SHARPER, CONFIRMED)), predicted)
    return Verdict(word, _remarks(row, words), predicted, tolerance, worst)


def _those(row: Row, words: Sequence[str], wanted: Sequence[str]) -> list[Measured]:
    return [group for group, word in zip(row.groups, words, strict=True) if word in wanted]


def _worst(direction: str, groups: Sequence[Measured], predicted: float) -> Measured | None:
    known = [group for group in groups if group.reason is None and np.isfinite(group.low + group.high)]
    known = known or [group for group in groups if np.isfinite(group.value)]
    keys = {"at most": lambda group: group.high, "at least": lambda group: -group.low,
            "equal": lambda group: abs(group.value - predicted)}
    return max(known, key=keys[direction], default=None)


def _why_not(row: Row, words: Sequence[str]) -> str:
    if not row.groups:
        return "no runs" + (f", {row.failed} failed" if row.failed else "")
    open_ones = [group for group, word in zip(row.groups, words, strict=True) if word == UNDECIDED]
    reasons = Counter(group.reason or f"[{group.low:.2g}, {group.high:.2g}] does not decide" for group in open_ones)
    reason, many = reasons.most_common(1)[0]
    return f"{len(open_ones)} of {len(words)} groups open: {reason}" + (f" ({many} times)" if many > 1 else "")


def _remarks(row: Row, words: Sequence[str]) -> str:
    parts = [f"{len(words) - words.count(UNDECIDED)} of {len(words)} groups decided"]
    if 0 < words.count(SHARPER) < len(words) - words.count(UNDECIDED):
        parts.append(f"{words.count(SHARPER)} sharper")
    if UNDECIDED in words:
        parts.append(_list("open:", [group.label for group, word in zip(row.groups, words, strict=True)
                                     if word == UNDECIDED]))
    if row.failed:
        parts.append(f"{row.failed} runs failed")
    return "; ".join(parts)


def _list(lead: str, names: Sequence[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{lead} {', '.join(names[:most])}{more}"

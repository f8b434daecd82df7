"""Verdicts: what the intervals of a row's groups say about its claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.claims.claim import Claim
from analysis.claims.statistics import Measured, Row
from heroism.formulas import evaluate

WORDS = CONFIRMED, SHARPER, REFUTED, UNDECIDED = "confirmed", "sharper than claimed", "refuted", "undecided"
BROAD = 0.5  # a claim stands when more than this share of its groups is decided


@dataclass(frozen=True)
class Verdict:
    """A row's verdict, why, and the group that is worst for the claim among those that decided it; ``words`` has the
    verdict of every group by itself."""

    word: str
    why: str
    predicted: float
    tolerance: float
    worst: Measured | None
    words: tuple[str, ...] = ()

    def contradicts(self, claim: Claim) -> bool:
        """Whether a claim that was expected to stand is refuted."""
        return self.word == REFUTED and claim.expected in ("confirmed", "sharper")


def compare(direction: str, group: Measured, predicted: float, tolerance: float) -> str:
    """The verdict of one group; an interval on both sides of the border, or no number, leaves it open.

    A bound ("at most", "at least") is *confirmed* when the interval reaches beyond it by no more than the tolerance,
    *sharper than claimed* when it stays clear of it by more than the tolerance, *refuted* when it lies beyond. A
    prediction ("equal") is confirmed when the interval lies within the tolerance, refuted when it lies outside.
    """
    low, high = group.low - predicted, group.high - predicted
    if group.reason is not None or np.isnan(low) or np.isnan(high):
        return UNDECIDED
    if direction == "equal":
        if low > tolerance or high < -tolerance:
            return REFUTED
        return CONFIRMED if low >= -tolerance and high <= tolerance else UNDECIDED
    if direction == "at least":
        low, high = -high, -low
    if low > tolerance:
        return REFUTED
    if high > tolerance:
        return UNDECIDED
    return SHARPER if high < -tolerance else CONFIRMED


def judge(claim: Claim, row: Row) -> Verdict:
    """The verdict on one row. A single refuting group refutes; otherwise most groups must be decided. The row is
    *sharper than claimed* when every decided group is, else *confirmed*."""
    failed = f"{row.failed} runs failed" if row.failed else ""
    if not row.groups:
        why = "no runs" + f", {row.failed} failed" * bool(row.failed)
        return Verdict(UNDECIDED, why, np.nan, np.nan, None)
    # NaN where a column has no value, as K of a sampler without points.
    gaps = any(value is None or value != value for value in row.names.values())
    predicted, tolerance = (np.nan if gaps else evaluate(formula, row.names)
                            for formula in (claim.predicted, claim.tolerance))
    words = tuple(compare(claim.direction, group, predicted, tolerance) for group in row.groups)
    those = {word: [group for group, its in zip(row.groups, words, strict=True) if its == word] for word in WORDS}
    decided = len(words) - len(those[UNDECIDED])
    if those[REFUTED]:
        word, deciding = REFUTED, those[REFUTED]
        why = _list("refuted by", [group.label or "all" for group in deciding])
    elif decided <= BROAD * len(words):
        word, deciding = UNDECIDED, those[UNDECIDED]
        reasons = Counter(group.reason or f"[{group.low:.2g}, {group.high:.2g}] does not decide" for group in deciding)
        reason, many = reasons.most_common(1)[0]
        why = f"{len(deciding)} of {len(words)} groups open: {reason}" + (f" ({many} times)" if many > 1 else "")
    else:
        sharper = len(those[SHARPER])
        word = SHARPER if sharper == decided else CONFIRMED
        deciding = [group for group, its in zip(row.groups, words, strict=True) if its != UNDECIDED]
        why = "; ".join(filter(None, [
            f"{decided} of {len(words)} groups decided", f"{sharper} sharper" if 0 < sharper < decided else "",
            _list("open:", [group.label for group in those[UNDECIDED]]) if those[UNDECIDED] else "", failed]))
    return Verdict(word, why, predicted, tolerance, _worst(claim.direction, deciding, predicted), words)


def _worst(direction: str, groups: Sequence[Measured], predicted: float) -> Measured | None:
    known = [group for group in groups if group.reason is None and np.isfinite(group.low + group.high)]
    known = known or [group for group in groups if np.isfinite(group.value)]
    keys = {"at most": lambda group: group.high, "at least": lambda group: -group.low,
            "equal": lambda group: abs(group.value - predicted)}
    return max(known, key=keys[direction], default=None)


def _list(lead: str, names: Sequence[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{lead} {', '.join(names[:most])}{more}"

"""Verdicts: what the intervals of a row's groups say about its claim."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.claims.claim import Claim
from analysis.claims.measured import Measured, Row
from heroism.formulas import evaluate

WORDS = CONFIRMED, SHARPER, REFUTED, UNDECIDED = "confirmed", "sharper than claimed", "refuted", "undecided"
BROAD = 0.5  # a claim stands when more than this share of its groups is decided


@dataclass(frozen=True)
class Verdict:
    """A row's verdict, why, and the group that is worst for the claim among those that decided it.

    ``words`` has the verdict of every group by itself. ``power`` is what the data would still have let through: a true
    value between the two, in the group that they tell least about, could not have been refuted.
    """

    word: str
    why: str
    predicted: float
    tolerance: float
    worst: Measured | None
    words: tuple[str, ...] = ()
    power: tuple[float, float] = (-np.inf, np.inf)

    def contradicts(self, claim: Claim) -> bool:
        """Whether a claim that was expected to stand is refuted."""
        return self.word == REFUTED and claim.expected in ("confirmed", "sharper")


def compare(direction: str, group: Measured, predicted: float, tolerance: float) -> str:
    """The verdict of one group; an interval on both sides of the border, or no number, leaves it open. Without a
    number it may be refuted all the same, by what is known for sure.

    A bound ("at most", "at least") is *confirmed* when the interval reaches beyond it by no more than the tolerance,
    *sharper than claimed* when it stays clear of it by more than the tolerance, *refuted* when it lies beyond. A
    prediction ("equal") is confirmed when the interval lies within the tolerance, refuted when it lies outside.
    """
    low, high = group.low - predicted, group.high - predicted
    if np.isnan(low) or np.isnan(high) or (group.reason is not None and np.isfinite(group.value)):
        return UNDECIDED
    if direction == "at least":
        low, high = -high, -low
    if low > tolerance or (direction == "equal" and high < -tolerance):
        return REFUTED
    if high > tolerance or (direction == "equal" and low < -tolerance) or group.reason is not None:
        return UNDECIDED
    return SHARPER if direction != "equal" and high < -tolerance else CONFIRMED


def _word(direction: str, group: Measured, predicted: float, tolerance: float) -> str:
    """The same, where there is a second variable: only what is refuted in both is refuted."""
    word = compare(direction, group, predicted, tolerance)
    spared = word == REFUTED and group.beside is not None and \
        compare(direction, group.beside, predicted, tolerance) != REFUTED
    return UNDECIDED if spared else word


def _why_open(direction: str, group: Measured, predicted: float, tolerance: float) -> str:
    spared = compare(direction, group, predicted, tolerance) == REFUTED
    return "the logarithms of the bound decide" if spared else "the interval holds both sides"


def judge(claim: Claim, row: Row, small: bool = False) -> Verdict:
    """The verdict on one row. A single refuting group refutes; otherwise most groups must be decided. The row is
    *sharper than claimed* when every decided group is, else *confirmed*. ``small``: it comes from the tiny version of a
    study, from which nothing follows.
    """
    if not row.groups:
        why = "no runs" + f", {row.failed} failed" * bool(row.failed)
        return Verdict(UNDECIDED, why, np.nan, np.nan, None)
    # NaN where a column has no value, as K of a sampler without points.
    gaps = any(value is None or value != value for value in row.names.values())
    predicted, tolerance = (np.nan if gaps else evaluate(formula, row.names)
                            for formula in (claim.predicted, claim.tolerance))
    words = tuple(_word(claim.direction, group, predicted, tolerance) for group in row.groups)
    those = {word: [group for group, its in zip(row.groups, words, strict=True) if its == word] for word in WORDS}
    deciding = [group for group, its in zip(row.groups, words, strict=True) if its != UNDECIDED]
    opened, sharper = those[UNDECIDED], len(those[SHARPER])
    if small:
        word, why, deciding = UNDECIDED, "too small: the tiny version of a study decides nothing", list(row.groups)
    elif those[REFUTED]:
        word, deciding = REFUTED, those[REFUTED]
        names = [f"{group.label or 'all'}{f': {group.reason}' if group.reason else ''}" for group in deciding]
        why = _list("refuted by", names)
    elif len(deciding) <= BROAD * len(words):
        word, deciding = UNDECIDED, opened
        reasons = Counter(group.reason or _why_open(claim.direction, group, predicted, tolerance) for group in opened)
        (reason, many), *_ = reasons.most_common()
        why = f"{len(opened)} of {len(words)} groups open: {reason}" + (f" ({many} times)" if many > 1 else "")
    else:
        word = SHARPER if sharper == len(deciding) else CONFIRMED
        why = "; ".join(filter(None, [
            f"{len(deciding)} of {len(words)} groups decided",
            f"{sharper} sharper" if 0 < sharper < len(deciding) else "",
            _list("open:", [group.label for group in opened]) if opened else "",
            f"{row.failed} runs failed" if row.failed else ""]))
    return Verdict(word, why, predicted, tolerance, _worst(claim.direction, deciding, predicted), words,
                   _power(claim.direction, deciding, predicted, tolerance))


def _power(direction: str, groups: Sequence[Measured], predicted: float, tolerance: float) -> tuple[float, float]:
    """(smallest, largest) true value that need not have been refuted: beyond the tolerance by half an interval."""
    below, above = (max((reach for group in groups if np.isfinite(reach := side(group))), default=np.inf)
                    for side in (lambda group: group.high - group.value, lambda group: group.value - group.low))
    return (-np.inf if direction == "at most" else predicted - tolerance - below,
            np.inf if direction == "at least" else predicted + tolerance + above)


def _worst(direction: str, groups: Sequence[Measured], predicted: float) -> Measured | None:
    """The group that is worst for the claim; of those that are so to round-off the first."""
    known = [group for group in groups if np.isfinite(group.low + group.high)]
    known = known or [group for group in groups if np.isfinite(group.value) or np.isfinite(group.low)]
    keys = {"at most": lambda group: group.high, "at least": lambda group: -group.low,
            "equal": lambda group: abs(group.value - predicted)}
    size = max((abs(one) for one in (predicted, *(group.value for group in known)) if np.isfinite(one)), default=1.0)
    return max(known, key=lambda group: round(keys[direction](group) / (size or 1.0), 6), default=None)


def _list(lead: str, names: Sequence[str], most: int = 3) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{lead} {', '.join(names[:most])}{more}"

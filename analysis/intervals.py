"""What the interval of an exponent says: when a fit decides, how wide it is, and the verdict on a prediction."""

from __future__ import annotations

import math
from collections.abc import Sequence

from heroism.rates import RateFit, pool

CONFIRMED, SHARPER, REFUTED, UNDECIDED = "confirmed", "sharper than claimed", "refuted", "undecided"
FEWEST_POINTS = 3
SHORTEST_RANGE = 8.0  # between the ends, of d: an exponent from less says nothing about a power law


def verdict(direction: str, low: float, high: float, predicted: float, tolerance: float) -> str:
    """Of an interval beside a prediction; one on both sides of the border, or not a number, leaves it open.

    A bound ("at most", "at least") is *confirmed* when the interval reaches beyond it by no more than the tolerance,
    *sharper than claimed* when it stays clear of it by more than the tolerance, *refuted* when it lies beyond. A
    prediction ("equal") is confirmed when the interval lies within the tolerance, refuted when it lies outside.
    """
    low, high = low - predicted, high - predicted
    if math.isnan(low) or math.isnan(high):
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


def believable(fits: Sequence[RateFit], interval: tuple[float, float]) -> tuple[float, float]:
    """The interval, widened to hold the slopes of both halves of every fit whose halves disagree."""
    low, high = interval
    for fit in fits:
        if fit.consistent is False and fit.halves is not None:
            first, second, error = fit.halves
            low, high = min(low, first - error, second - error), max(high, first + error, second + error)
    return low, high


def pooled(fits: Sequence[RateFit], shortest: float = SHORTEST_RANGE) -> tuple[float, float, float, int] | None:
    """(exponent, low, high, how many) from the fits that are long enough; None if there are none."""
    usable = [fit for fit in fits if too_short(fit, shortest) is None]
    one = pool(usable)
    return None if one is None else (one.slope, *believable(usable, one.interval()), one.fits)


def too_short(fit: RateFit, shortest: float = SHORTEST_RANGE, fewest: int = FEWEST_POINTS) -> str | None:
    """Why a fit decides nothing, or None if it does; ``shortest`` is the least factor between its ends."""
    if len(fit.points) < fewest:
        why = "; ".join(sorted({point.why for point in fit.dropped}))
        return f"{len(fit.points)} of {fewest} points needed" + f" ({why})" * bool(why)
    first, last = fit.points[0][0], fit.points[-1][0]
    if last < shortest * first * (1.0 - 1e-9):
        return f"a range of {last / first:.3g} only, {shortest:g} is needed"
    return None

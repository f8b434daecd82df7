"""From points to a slope, from slopes to one number, and what is known without one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.claims.claim import Statistic
from analysis.claims.measured import LEVEL, NORMAL, Curve, Group, Measured
from analysis.claims.selection import column, numbers
from analysis.curves import is_spoiled
from heroism.rates import Crossing, RateFit, crossing, fit_rate, pool

FEWEST_POINTS = 3


def too_short(fit: RateFit, shortest: float, fewest: int = FEWEST_POINTS) -> str | None:
    """Why a fit decides nothing, or None if it does; ``shortest`` is the least factor between its ends."""
    if len(fit.points) < fewest:
        why = "; ".join(sorted({point.why for point in fit.dropped}))
        return f"{len(fit.points)} of {fewest} points needed" + f" ({why})" * bool(why)
    first, last = fit.points[0][0], fit.points[-1][0]
    if last < shortest * first * (1.0 - 1e-9):
        return f"a range of {last / first:.3g} only, {shortest:g} is needed"
    return None


def believable(fits: Sequence[RateFit], interval: tuple[float, float]) -> tuple[float, float]:
    """The interval, widened to hold the slopes of both halves of every fit whose halves disagree."""
    low, high = interval
    for fit in fits:
        if fit.consistent is False and fit.halves is not None:
            first, second, error = fit.halves
            low, high = min(low, first - error, second - error), max(high, first + error, second + error)
    return low, high


def fitted(statistic: Statistic, table: pd.DataFrame, names: dict[str, Any]) -> Curve:
    x, y, stderr, floor = numbers(statistic, table)
    saturation = None if statistic.scaled_by else statistic.saturation
    x_of_fit = np.exp(x) if statistic.kind == "geometric" else x
    unusable = list(table["unusable"])
    fit = fit_rate(x_of_fit, y, stderr, floor, saturation, unusable)
    if statistic.finest and len(fit.points) > statistic.finest:
        last = fit.points[statistic.finest - 1][0]
        coarse = f"not one of the {statistic.finest} finest"
        unusable = [why or (coarse if place > last else "") for why, place in zip(unusable, x_of_fit, strict=True)]
        fit = fit_rate(x_of_fit, y, stderr, floor, saturation, unusable)
    return Curve(x, y, stderr, fit, floor, names, is_spoiled(table))


def reach(statistic: Statistic, table: pd.DataFrame, level: float) -> Crossing:
    """Where the error is at the level, in what is reached."""
    return crossing(column(table, statistic.reached), table["error"], table["stderr"], level, table["floor"],
                    list(table["unusable"]))


def crossings(x: np.ndarray, at: list[Crossing], names: dict[str, Any]) -> Curve:
    y, stderr = (np.array([getattr(one, part) for one in at], dtype=float) for part in ("x", "stderr"))
    fit = fit_rate(x, y, stderr, saturation=None, unusable=[one.reason for one in at])
    return Curve(x, y, stderr, fit, np.zeros(len(x)), names, at=tuple(at))


def from_fits(statistic: Statistic, curves: Sequence[Curve], group: Group) -> Measured:
    """One number from the fits of a group; too few points or too short a range is a reason, not a number."""
    fewest = max(statistic.least_points, FEWEST_POINTS)
    fits = [curve.fit for curve in curves]
    usable = [fit for fit in fits if too_short(fit, statistic.least_span, fewest) is None]
    pooled, turned = pool(usable), TURNED.get(statistic.kind, lambda slope: slope)
    if pooled is None:
        nearest = max(fits, key=lambda fit: len(fit.points), default=None)
        reason = "no runs" if nearest is None else too_short(nearest, statistic.least_span, fewest)
        found = _stuck(statistic, curves, group, fewest) or {"reason": reason, **_unreached(statistic, curves)}
        return group.measured(curves=tuple(curves), **found)
    if statistic.kind == "inverse_slope" and pooled.slope <= 0:
        fastest = turned(believable(usable, pooled.interval(LEVEL))[1])
        return group.measured(reason="the error does not fall", curves=tuple(curves), low=fastest, high=np.inf)

    def bounds(level: float) -> tuple[float, float]:
        low, high = sorted(map(turned, believable(usable, pooled.interval(level))))
        return low, high

    return group.measured(turned(pooled.slope), bounds, points=sum(len(fit.points) for fit in usable),
                          curves=tuple(curves), fits=len(usable))


# From a slope to the number that is claimed. An error that may not fall at all takes any number of steps.
TURNED: dict[str, Callable[[float], float]] = {"geometric": lambda slope: float(np.exp(slope)),
                                               "inverse_slope": lambda slope: 1.0 / slope if slope > 0.0 else np.inf}


def _stuck(statistic: Statistic, curves: Sequence[Curve], group: Group, fewest: int) -> dict[str, Any]:
    """What is known of ladders that are long enough for a fit and never leave saturation: they have no order."""
    if statistic.kind not in ("slope", "inverse_slope") or statistic.y != "error":
        return {}
    for curve in curves:
        x = [point.x for point in curve.fit.dropped if point.why.startswith("saturated")]
        whole = not curve.fit.points and len(x) == len(curve.fit.dropped)
        if whole and len(x) >= fewest and max(x) >= statistic.least_span * min(x):
            T, none = group.table["T"], 0.0 if statistic.kind == "slope" else np.inf
            return {"reason": f"never leaves saturation over T = {T.min():g} ... {T.max():g}",
                    "low": none, "high": none}
    return {}


def _unreached(statistic: Statistic, curves: Sequence[Curve]) -> dict[str, Any]:
    """How steep a growth must at least be, from a level that is reached to one that is not, far enough apart."""
    slopes = [np.log(late.after / (first.x + NORMAL * first.stderr)) / np.log(curve.x[j] / curve.x[i])
              for curve in curves for i, first in enumerate(curve.at) for j, late in enumerate(curve.at)
              if first.reason is None and (late.reason or "").startswith("not reached by")
              and curve.x[j] >= statistic.least_span * curve.x[i]]
    steepest = max(slopes, default=0.0)
    return {"low": float(steepest), "high": np.inf} if steepest > 0.0 else {}

"""From points to measured numbers with intervals that hold together, one per group of a claim's row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm
from scipy.stats import t as student

from analysis.claims.claim import OVER_LEVELS, Statistic
from analysis.claims.fits import crossings, fitted, from_fits, reach
from analysis.claims.measured import LEVEL, NORMAL, Bounds, Group, Measured, Row
from analysis.claims.selection import column, numbers, select, split, where

FEWEST_PAIRS = 4  # to tell how far numbers from the same starting points move together


def measure(statistic: Statistic, table: pd.DataFrame, records: Sequence[str]) -> list[Row]:
    """The rows of a claim, from the runs that belong to these studies. Raises InputError for expressions that fail."""
    found = select(statistic, table, records)
    if found.empty:
        return [Row({}, (), 0, 0, 0.0)]
    return [_row(statistic, part, names) for names, part in split(found, statistic.each)]


def _row(statistic: Statistic, table: pd.DataFrame, names: dict[str, Any]) -> Row:
    groups = _groups(statistic, table)
    if statistic.beside is not None:
        other = replace(statistic, least_span=1.0)  # a range of T is a shorter one in a variable with more logarithms
        other = replace(other, reached=statistic.beside) if statistic.kind == "crossing_slope" else \
            replace(other, x=statistic.beside)
        others = _groups(other, table)
        groups = [replace(group, beside=other) for group, other in zip(groups, others, strict=True)]
    done = int(table["seeds"].sum())
    spent = float(table["spent"].where(table["seeds"] > 0).sum())
    return Row(names, tuple(groups), done, int(table["runs"].sum()) - done, spent)


def _groups(statistic: Statistic, table: pd.DataFrame) -> list[Measured]:
    """Every group's number, with intervals that hold together."""
    correlation = _correlation(statistic, table) if statistic.paired else 0.0
    groups: list[Measured] = []
    for inner, part in split(table, statistic.by):
        if not (part["seeds"] > 0).any():
            continue
        if statistic.baseline is not None and len(base := where(part, statistic.baseline)):
            rest = part.drop(index=base.index)  # its errors are the floor of the rest
            part = rest.assign(floor=np.fmax(rest["floor"], base["error"].max()))
        words = [str(value) if isinstance(value, str) else f"{name}={value:g}" for name, value in inner.items()
                 if not pd.isna(value)]
        groups += MEASURES[statistic.kind](statistic, Group(part, " ".join(words), inner, correlation))
    level = 1.0 - (1.0 - LEVEL) / max(1, sum(group.bounds is not None for group in groups))
    together = []
    for group in groups:
        low, high = (group.low, group.high) if group.bounds is None else group.bounds(level)
        together.append(replace(group, low=float(low), high=float(high), bounds=None))
    return together


# ---- kinds ---------------------------------------------------------------------------------------

def _slope(statistic: Statistic, group: Group) -> Iterator[Measured]:
    yield from_fits(statistic, [fitted(statistic, part, inner) for inner, part in split(group.table, statistic.over)],
                     group)


def _crossing_slope(statistic: Statistic, group: Group) -> Iterator[Measured]:
    """Over the levels: one fit of what is reached on 1/epsilon. Over x: one fit per level. Both are pooled."""
    curves = []
    for inner, part in split(group.table, statistic.over):
        if statistic.x == OVER_LEVELS:
            at = [reach(statistic, part, level) for level in statistic.levels]
            curves.append(crossings(1.0 / np.array(statistic.levels), at, inner))
            continue
        ladders = list(split(part.assign(x_=column(part, statistic.x or "")), ["x_"]))
        x = np.array([place["x_"] for place, _ in ladders], dtype=float)
        curves += [crossings(x, [reach(statistic, ladder, level) for _, ladder in ladders],
                              {**inner, "epsilon": level}) for level in statistic.levels]
    yield from_fits(statistic, curves, group)


def _level(statistic: Statistic, group: Group) -> Iterator[Measured]:
    """Every point is a group of its own; what its floor hides may lie on either side of it."""
    table = group.table[group.table["seeds"] > 0]
    _, values, errors, floors = numbers(statistic, table)
    for i, (value, error, floor) in enumerate(zip(values, errors, floors, strict=True)):
        point = replace(group, table=table.iloc[[i]], label=f"{group.label} T={table['T'].iloc[i]:g}".strip())
        reason = table["unusable"].iloc[i] or (None if np.isfinite(value + error + floor) else "not finite")
        yield point.measured(reason=reason, points=1) if reason else \
            point.measured(float(value), _about(value, error, floor), points=1)


def _ratio(statistic: Statistic, group: Group) -> Iterator[Measured]:
    """Of the means over the points of numerator and denominator."""
    parts = []
    for condition in (statistic.numerator, statistic.denominator):
        rows = where(group.table, condition)
        side = _side(statistic, rows)
        if side is None:
            why = ", ".join(sorted({*rows["unusable"]} - {""})) or "nothing above the floor"
            yield group.measured(reason=f"{why} where {condition}")
            return
        parts.append(side)
    (top, one), (bottom, two) = parts
    value = top / bottom
    error = value * np.sqrt(max(one**2 + two**2 - 2.0 * group.correlation * one * two, 0.0))
    yield group.measured(value, _about(value, error), points=2)


def _about(value: float, error: float, beyond: float = 0.0) -> Bounds:
    """The interval of a normal number with a standard error, and something on either side."""
    def bounds(level: float) -> tuple[float, float]:
        reach = float(norm.ppf(0.5 + level / 2)) * error + beyond
        return value - reach, value + reach

    return bounds


MEASURES: dict[str, Callable[[Statistic, Group], Iterator[Measured]]] = {
    "slope": _slope, "inverse_slope": _slope, "geometric": _slope, "crossing_slope": _crossing_slope, "level": _level,
    "ratio": _ratio}


# ---- ratios --------------------------------------------------------------------------------------

def _side(statistic: Statistic, table: pd.DataFrame) -> tuple[float, float] | None:
    """(mean, its relative standard error) of the points above their floor; None without any."""
    _, y, stderr, floor = numbers(statistic, table)
    good = np.isfinite(y) & (y > floor) & (table["unusable"] == "").to_numpy()
    if not good.any():
        return None
    mean = y[good].mean()
    return float(mean), float(np.sqrt(np.mean(stderr[good] ** 2) / good.sum()) / mean)


def _correlation(statistic: Statistic, table: pd.DataFrame) -> float:
    """Of the errors of numerator and denominator that ran from the same starting points, at least; 0 if unknown.

    Measured in all pairs (group and seed) of the row. Had their relative errors a and b the correlation r, log ratios
    would scatter about the true ones with variance a^2 + b^2 - 2 r a b. True ratios other than one add to what is seen,
    as does a small number of pairs (a 95 % quantile allows for it), so that r comes out too small rather than too high.
    """
    apart, squares, products, count = 0.0, 0.0, 0.0, 0
    for _, pair in split(table, [*statistic.by, "seed"]):
        above, below = (_side(statistic, where(pair, condition))
                        for condition in (statistic.numerator, statistic.denominator))
        if above is not None and below is not None:
            (top, one), (bottom, two) = above, below
            apart += np.log(top / bottom) ** 2
            squares, products, count = squares + one**2 + two**2, products + one * two, count + 1
    if count < FEWEST_PAIRS or not products > 0.0:
        return 0.0
    wide = (student.ppf(0.975, count) / NORMAL) ** 2
    return float(np.clip((squares - wide * apart) / (2.0 * products), 0.0, 1.0))

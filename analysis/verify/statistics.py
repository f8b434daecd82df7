"""From the table of runs to measured numbers with confidence intervals, one per group of a claim's row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from analysis.intervals import believable, too_short
from analysis.verify.claim import Statistic
from heroism.errors import InputError
from heroism.rates import Pooled, RateFit, crossing, fit_rate, pool

OVER_LEVELS = "1/epsilon"
ANY = "any"
NORMAL = 1.96  # two-sided 95%


@dataclass(frozen=True)
class Curve:
    """What a fit saw, for the picture: points (x, y, stderr), the fit, and what the group is called."""

    label: str
    x: np.ndarray
    y: np.ndarray
    stderr: np.ndarray
    fit: RateFit
    floor: float = 0.0


@dataclass(frozen=True)
class Measured:
    """One group's number: ``value`` with its 95% interval, or the reason why there is none."""

    label: str
    value: float
    low: float
    high: float
    points: int = 0
    reason: str | None = None
    curves: tuple[Curve, ...] = ()


@dataclass(frozen=True)
class Row:
    """A row of the table of claims: the values of ``each`` and what was measured in every group."""

    names: dict[str, Any]
    groups: tuple[Measured, ...]
    runs: int
    failed: int
    spent: float
    studies: tuple[str, ...] = field(default=())


def measure(statistic: Statistic, table: pd.DataFrame, records: Sequence[str]) -> list[Row]:
    """The rows of a claim, from the runs that belong to these studies. Raises InputError for expressions that fail."""
    selected = table[[not set(records).isdisjoint(studies) for studies in table["studies"]]] if len(table) else table
    if len(selected):
        right = selected["measure"] == (statistic.measure or selected["distance"])
        right |= statistic.measure == ANY
        selected = _query(selected[right | (selected["status"] == "failed")], statistic.where)
    if not len(selected):
        return [Row({}, (), 0, 0, 0.0)]
    return [_row(statistic, part, names) for names, part in _split(selected, statistic.each)]


def _row(statistic: Statistic, table: pd.DataFrame, names: dict[str, Any]) -> Row:
    done = table[table["status"] == "done"]
    groups: list[Measured] = []
    for inner, part in _split(done, statistic.by):
        groups += list(MEASURES[statistic.kind](statistic, _with_floor(statistic, part), _label(inner)))
    return Row(names, tuple(groups), len(done), len(table) - len(done), float(done["spent"].sum()))


# ---- kinds ---------------------------------------------------------------------------------------

def _slope(statistic: Statistic, table: pd.DataFrame, label: str) -> Iterator[Measured]:
    x, y, stderr, floor = _columns(statistic, table)
    saturation = None if statistic.scaled_by else statistic.saturation
    x_of_fit = np.exp(x) if statistic.kind == "geometric" else x
    fit = fit_rate(x_of_fit, y, stderr, floor, saturation)
    if statistic.finest and len(fit.points) > statistic.finest:
        last = fit.points[statistic.finest - 1][0]
        coarse = [f"not one of the {statistic.finest} finest" if value > last else None for value in x_of_fit]
        fit = fit_rate(x_of_fit, y, stderr, floor, saturation, coarse)
    curve = Curve(label, x, y, stderr, fit, float(np.nanmax(floor, initial=0.0)))
    yield _from_fits(statistic, [curve], label)


def _crossing_slope(statistic: Statistic, table: pd.DataFrame, label: str) -> Iterator[Measured]:
    """Over the levels: one fit of 1/h on 1/epsilon. Over x: one fit per level, pooled."""
    if statistic.x == OVER_LEVELS:
        found = [_reach(statistic, table, level) for level in statistic.levels]
        places = np.array([1.0 / level for level in statistic.levels])
        yield _from_fits(statistic, [_curve(places, found, label)], label)
        return
    parts = list(_split(table.assign(x_=_column(table, statistic.x or "")), ("x_",)))
    places = np.array([inner["x_"] for inner, _ in parts], dtype=float)
    curves = [_curve(places, [_reach(statistic, part, level) for _, part in parts],
                     f"{label} epsilon={level:g}".strip()) for level in statistic.levels]
    yield _from_fits(statistic, curves, label)


def _level(statistic: Statistic, table: pd.DataFrame, label: str) -> Iterator[Measured]:
    """Every run is a group of its own."""
    _, values, errors, floors = _columns(statistic, table)
    for i, (value, error, floor) in enumerate(zip(values, errors, floors, strict=True)):
        reach = NORMAL * error
        name = f"{label} T={table['T'].iloc[i]:g}".strip()
        if np.isfinite(value + reach):
            yield Measured(name, float(value), float(value - reach - floor), float(value + reach), 1)
        else:
            yield Measured(name, np.nan, np.nan, np.nan, 1, "not finite")


def _ratio(statistic: Statistic, table: pd.DataFrame, label: str) -> Iterator[Measured]:
    """Of the means over the rows of numerator and denominator; their errors are independent, or common (paired)."""
    parts = []
    for query in (statistic.numerator, statistic.denominator):
        _, y, stderr, floor = _columns(statistic, _query(table, query))
        good = np.isfinite(y) & (y > floor)
        if not good.any():
            yield Measured(label, np.nan, np.nan, np.nan, 0, f"nothing above the floor where {query}")
            return
        parts.append((y[good].mean(), np.sqrt(np.mean(stderr[good] ** 2) / good.sum())))
    (top, top_error), (bottom, bottom_error) = parts
    value = top / bottom
    relative = top_error / top, bottom_error / bottom
    reach = NORMAL * value * float(abs(relative[0] - relative[1]) if statistic.paired else np.hypot(*relative))
    yield Measured(label, value, value - reach, value + reach, 2)


MEASURES: dict[str, Callable[[Statistic, pd.DataFrame, str], Iterator[Measured]]] = {
    "slope": _slope, "geometric": _slope, "crossing_slope": _crossing_slope, "level": _level, "ratio": _ratio}


# ---- fits ----------------------------------------------------------------------------------------

def _reach(statistic: Statistic, table: pd.DataFrame, level: float) -> tuple[float, float]:
    """``reached`` where the error is at the level, and its standard error; NaN where it is not bracketed."""
    at = crossing(_column(table, statistic.reached), table["error"], table["stderr"], level, table["floor"])
    return at.x, at.stderr


def _curve(x: np.ndarray, found: Sequence[tuple[float, float]], label: str) -> Curve:
    y, stderr = np.array(found, dtype=float).T
    return Curve(label, x, y, stderr, fit_rate(x, y, stderr, saturation=None))


def _from_fits(statistic: Statistic, curves: Sequence[Curve], label: str) -> Measured:
    """One number from the fits of a group; too few points or too short a range is a reason, not a number."""
    fewest = max(statistic.least_points, 3)
    fits = [(curve.fit, too_short(curve.fit, statistic.least_span, fewest)) for curve in curves]
    usable = [fit for fit, reason in fits if reason is None]
    if not usable:
        reasons = [reason for _, reason in fits if reason is not None]
        return Measured(label, np.nan, np.nan, np.nan, 0, reasons[0] if reasons else "no runs", tuple(curves))
    pooled: Pooled | RateFit | None = usable[0] if len(usable) == 1 else pool(usable)
    assert pooled is not None  # every usable fit has a slope and degrees of freedom
    low, high = believable(usable, pooled.interval())
    change = np.exp if statistic.kind == "geometric" else float
    return Measured(label, float(change(pooled.slope)), float(change(low)), float(change(high)),
                    sum(len(fit.points) for fit in usable), None, tuple(curves))


# ---- columns -------------------------------------------------------------------------------------

def _columns(statistic: Statistic, table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x, y, standard error and floor; a y that is not the estimate has neither of the last two."""
    x = _column(table, statistic.x) if statistic.x else np.arange(len(table), dtype=float)
    y = _column(table, statistic.y)
    stderr, floor = (_column(table, name) if statistic.y == "error" else np.zeros(len(y))
                     for name in ("stderr", "floor"))
    factor = _column(table, statistic.scaled_by) if statistic.scaled_by else np.ones(len(y))
    if statistic.scaled_by and statistic.saturation is not None:  # saturated is what y was before
        factor = np.where(y > statistic.saturation, np.nan, factor)
    return x, y * factor, stderr * factor, np.nan_to_num(floor) * factor * statistic.use_floor


def _column(table: pd.DataFrame, expression: str) -> np.ndarray:
    if expression in table.columns:
        return pd.to_numeric(table[expression], errors="coerce").to_numpy(dtype=float)
    try:
        return np.broadcast_to(np.asarray(table.eval(expression, engine="python"), dtype=float), len(table)).copy()
    except Exception as error:
        raise InputError("statistic", expression, f"not an expression in the columns ({error})") from error


def _query(table: pd.DataFrame, query: str | None) -> pd.DataFrame:
    if query is None or not len(table):
        return table
    try:
        return table.query(query, engine="python")
    except Exception as error:
        raise InputError("statistic", query, f"not a condition on the columns ({error})") from error


def _with_floor(statistic: Statistic, table: pd.DataFrame) -> pd.DataFrame:
    """The table without its baseline, whose errors become the floor of the rest."""
    if statistic.baseline is None:
        return table
    base = _query(table, statistic.baseline)
    rest = table.drop(index=base.index)
    return rest.assign(floor=np.fmax(rest["floor"], base["error"].max())) if len(base) else rest


def _split(table: pd.DataFrame, columns: Sequence[str]) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    if not columns:
        yield {}, table
        return
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise InputError("statistic", ", ".join(missing), "not a column of the table of runs")
    for values, part in table.groupby(list(columns), dropna=False, sort=True):
        yield dict(zip(columns, values, strict=True)), part


def _label(names: dict[str, Any]) -> str:
    words = [str(value) if isinstance(value, str) else f"{name}={value:g}" for name, value in names.items()
             if value is not None and value == value]
    return " ".join(words)

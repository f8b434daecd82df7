"""From points to measured numbers with confidence intervals, one per group of a claim's row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm
from scipy.stats import t as student

from analysis.claims.claim import ANY, OVER_LEVELS, Statistic
from analysis.curves import SETTINGS, is_spoiled, points, with_family
from analysis.runs import WHOLE, of_studies
from heroism.errors import require
from heroism.formulas import parsed
from heroism.rates import Crossing, RateFit, crossing, fit_rate, pool

LEVEL = 0.95  # at which all intervals of a row hold together
NORMAL = float(norm.ppf(0.5 + LEVEL / 2))
FEWEST_POINTS = 3
NEEDED = [*SETTINGS, "kind", "measure", "deciding", "setting", "T", "particles", "seed", "status", "finished", "error",
          "stderr", "floor", "tail", "n", "spent", "folded", "diverged", "score_error", "jacobian_error"]
FEWEST_PAIRS = 4  # to tell how far numbers from the same starting points move together


@dataclass(frozen=True)
class Curve:
    """What a fit saw: points (x, y, stderr, floor: each (n,)), and the fit.

    ``names`` are the values that tell it from the others of its group. ``doubtful`` (n,) marks points from maps that
    fold or paths that diverge (None: there are none). ``at`` are the crossings of a curve of crossings, point by point.
    """

    x: np.ndarray
    y: np.ndarray
    stderr: np.ndarray
    fit: RateFit
    floor: np.ndarray
    names: dict[str, Any] = field(default_factory=dict)
    doubtful: np.ndarray | None = None
    at: tuple[Crossing, ...] = ()


Bounds = Callable[[float], tuple[float, float]]  # confidence level -> interval


@dataclass(frozen=True)
class Measured:
    """One group's number: ``value`` with its interval, or the reason why there is none.

    The intervals of all groups of a row hold together (Bonferroni): each is what ``bounds`` gives at a level of
    ``1 - (1 - LEVEL) / groups``. Without a value they may still hold what is known for sure: a ladder that never leaves
    saturation falls with no order, and steps that never suffice bound an exponent from below. ``beside`` is the same
    in the statistic's second variable. ``points`` and ``fits`` are behind it; ``doubtful`` of the points decide
    nothing: maps fold, paths diverge, or the tail is heavy.
    """

    label: str
    value: float
    low: float
    high: float
    points: int = 0
    reason: str | None = None
    curves: tuple[Curve, ...] = ()
    names: dict[str, Any] = field(default_factory=dict)
    fits: int = 0
    doubtful: int = 0
    beside: Measured | None = None
    bounds: Bounds | None = None


@dataclass(frozen=True)
class Row:
    """A row of the table of claims: the values of ``each`` and what was measured in every group."""

    names: dict[str, Any]
    groups: tuple[Measured, ...]
    runs: int
    failed: int
    spent: float

    @property
    def doubtful(self) -> int:
        """Points of the row that decide nothing because maps fold, paths diverge or tails are heavy."""
        return sum(group.doubtful for group in self.groups)


@dataclass(frozen=True)
class Group:
    """Points of one group, and what a kind of statistic needs to know beside them."""

    table: pd.DataFrame
    label: str
    names: dict[str, Any]
    correlation: float  # of numbers from the same starting points

    def measured(self, value: float = np.nan, bounds: Bounds | None = None, **more: Any) -> Measured:
        """The group's number with what its interval is at a level, or none and the ``reason``."""
        return Measured(self.label, value, **{"low": np.nan, "high": np.nan} | more, names=self.names, bounds=bounds,
                        doubtful=int(is_spoiled(self.table).sum()))


def measure(statistic: Statistic, table: pd.DataFrame, records: Sequence[str]) -> list[Row]:
    """The rows of a claim, from the runs that belong to these studies. Raises InputError for expressions that fail."""
    found = select(statistic, table, records)
    if found.empty:
        return [Row({}, (), 0, 0, 0.0)]
    return [_row(statistic, part, names) for names, part in split(found, statistic.each)]


def select(statistic: Statistic, table: pd.DataFrame, records: Sequence[str]) -> pd.DataFrame:
    """The points that a statistic is about, with the columns that it needs."""
    rungs = of_studies(table, records)
    rungs = rungs[rungs["kind"] == "rung"].reindex(columns=list(dict.fromkeys([*NEEDED, *sorted(statistic.names)])))
    wanted = rungs["deciding"] if statistic.measure is None else statistic.measure
    right = (rungs["measure"] == wanted) | (statistic.measure == ANY) | (rungs["status"] == "failed")
    rungs = where(rungs[right], statistic.where)
    seeds = {"seed"} & {*statistic.each, *statistic.by, *statistic.over}
    paired = ["seed"] if statistic.paired else []
    found = with_family(points(rungs, paired or sorted(seeds)))
    return found.astype({name: float for name in found if name in (*WHOLE, "runs", "seeds")})


def split(table: pd.DataFrame, columns: Sequence[str]) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """(the values of the columns, the rows that have them), sorted by them."""
    if not columns:
        yield {}, table
        return
    missing = [name for name in columns if name not in table.columns]
    require(not missing, "statistic", ", ".join(missing), "not a column of the table of runs")
    for values, part in table.groupby(list(columns), dropna=False, sort=True):
        yield dict(zip(columns, values, strict=True)), part


def where(table: pd.DataFrame, condition: str | None) -> pd.DataFrame:
    """The rows that fulfil a condition."""
    if condition is None or table.empty:
        return table
    return table[np.broadcast_to(_evaluated(table, condition), len(table)).astype(bool)]


def column(table: pd.DataFrame, expression: str) -> np.ndarray:
    """(n,) floats of an expression in the columns; NaN where it has no value."""
    value = pd.to_numeric(pd.Series(np.broadcast_to(_evaluated(table, expression), len(table))), errors="coerce")
    return value.to_numpy(dtype=float)


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
    yield _from_fits(statistic, [_fitted(statistic, part, inner) for inner, part in split(group.table, statistic.over)],
                     group)


def _crossing_slope(statistic: Statistic, group: Group) -> Iterator[Measured]:
    """Over the levels: one fit of what is reached on 1/epsilon. Over x: one fit per level. Both are pooled."""
    curves = []
    for inner, part in split(group.table, statistic.over):
        if statistic.x == OVER_LEVELS:
            at = [_reach(statistic, part, level) for level in statistic.levels]
            curves.append(_crossings(1.0 / np.array(statistic.levels), at, inner))
            continue
        ladders = list(split(part.assign(x_=column(part, statistic.x or "")), ["x_"]))
        x = np.array([place["x_"] for place, _ in ladders], dtype=float)
        curves += [_crossings(x, [_reach(statistic, ladder, level) for _, ladder in ladders],
                              {**inner, "epsilon": level}) for level in statistic.levels]
    yield _from_fits(statistic, curves, group)


def _level(statistic: Statistic, group: Group) -> Iterator[Measured]:
    """Every point is a group of its own; what its floor hides may lie on either side of it."""
    table = group.table[group.table["seeds"] > 0]
    _, values, errors, floors = _columns(statistic, table)
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
    _, y, stderr, floor = _columns(statistic, table)
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


# ---- fits ----------------------------------------------------------------------------------------

def _fitted(statistic: Statistic, table: pd.DataFrame, names: dict[str, Any]) -> Curve:
    x, y, stderr, floor = _columns(statistic, table)
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


def _reach(statistic: Statistic, table: pd.DataFrame, level: float) -> Crossing:
    """Where the error is at the level, in what is reached."""
    return crossing(column(table, statistic.reached), table["error"], table["stderr"], level, table["floor"],
                    list(table["unusable"]))


def _crossings(x: np.ndarray, at: list[Crossing], names: dict[str, Any]) -> Curve:
    y, stderr = (np.array([getattr(one, part) for one in at], dtype=float) for part in ("x", "stderr"))
    fit = fit_rate(x, y, stderr, saturation=None, unusable=[one.reason for one in at])
    return Curve(x, y, stderr, fit, np.zeros(len(x)), names, at=tuple(at))


def _from_fits(statistic: Statistic, curves: Sequence[Curve], group: Group) -> Measured:
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
        return group.measured(reason="the error does not fall", curves=tuple(curves), low=np.inf, high=np.inf)

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


# ---- columns -------------------------------------------------------------------------------------

def _columns(statistic: Statistic, table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x, y, standard error and floor; a y that is not the estimate has neither of the last two."""
    x = column(table, statistic.x) if statistic.x else np.arange(len(table), dtype=float)
    y = column(table, statistic.y)
    stderr, floor = (column(table, name) if statistic.y == "error" else np.zeros(len(y))
                     for name in ("stderr", "floor"))
    factor = column(table, statistic.scaled_by) if statistic.scaled_by else np.ones(len(y))
    if statistic.scaled_by and statistic.saturation is not None:  # saturated is what y was before
        factor = np.where(y > statistic.saturation, np.nan, factor)
    return x, y * factor, stderr * factor, np.nan_to_num(floor) * factor * statistic.use_floor


def _evaluated(table: pd.DataFrame, expression: str) -> Any:
    formula = parsed(expression)
    return formula({name: table[name].to_numpy() for name in table.columns if name in formula.names})

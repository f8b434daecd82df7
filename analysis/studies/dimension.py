"""The dimension study: the exponent of d in T(d, epsilon), beside what is proved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import looks, style
from analysis.claims.claim import Claim, own_claim
from analysis.claims.statistics import Curve, Measured, believable, measure, too_short
from analysis.claims.verdicts import compare, judge
from analysis.curves import GROUP, by_family, same
from analysis.files import STUDIES
from analysis.text import DOUBTFUL, NONE, interval, level, mark, number, verdict
from heroism.rates import RateFit, fit_rate, pool
from heroism.theory import dimension_exponent, step_size

NOTE = ("▲ the steepest family at this K; △ the same, within the uncertainty of others. Columns ε: the exponent of d "
        "at that total variation alone. " + DOUBTFUL)


def tables(runs: pd.DataFrame, claim: Claim | None = None) -> dict[str, pd.DataFrame]:
    """Tables of the study, of its own claim.

    ``dimension_steps``: T(d, epsilon) for every family, K, d and epsilon, or why there is none.
    ``dimension_exponents``: the exponent of d for every family, K and epsilon.
    ``dimension``: one exponent for every family and K, beside the theorem's, with a verdict and the steepest family.
    """
    claim = claim or own_claim(STUDIES / "dimension.yaml")
    steps, single, whole = [], [], []
    costs = measure(replace(claim.statistic, reached="evaluations"), runs, claim.records)
    for row, spent in zip(measure(claim.statistic, runs, claim.records), costs, strict=True):
        verdict = judge(claim, row)
        for group, cost, word in zip(row.groups, spent.groups, verdict.words, strict=True):
            names = {**group.names, **row.names, "predicted": verdict.predicted}
            fits = [_costs(curve, same, claim) for curve, same in zip(group.curves, cost.curves, strict=True)]
            steps += [_step(names, d, curve, same, at) for at, d in enumerate(group.curves[0].x)
                      for curve, same in zip(group.curves, cost.curves, strict=True)]
            single += [_level_row(names, curve, costs, claim) for curve, costs in zip(group.curves, fits, strict=True)]
            whole.append(_row(names, group, word, pool([each["evaluations"] for each in fits if _long(each, claim)])))
    return {"dimension_steps": by_family(steps, [*GROUP, "d"], ["epsilon", "T", "T_stderr", "above_at", "below_at",
                                                             "evaluations", "reason"]),
            "dimension_exponents": by_family(single, GROUP, ["epsilon", "exponent", "why"]),
            "dimension": _with_steepest(by_family(whole, GROUP, ["exponent", "low", "high"]))}


def _step(names: Mapping[str, Any], d: float, curve: Curve, cost: Curve, at: int) -> dict[str, Any]:
    """One T(d, epsilon), between the largest rung above the level and the smallest at or below it."""
    found = curve.at[at]
    return {**{name: names[name] for name in GROUP}, "d": d, "epsilon": curve.names["epsilon"], "T": found.x,
            "T_stderr": found.stderr, "above_at": found.after, "below_at": found.by, "evaluations": cost.y[at],
            "reason": found.reason or ""}


def _costs(curve: Curve, cost: Curve, claim: Claim) -> dict[str, RateFit]:
    """The exponents of d in 1/h and in score evaluations at the same T, as uncertain as it is."""
    relative, reasons = curve.stderr / curve.y, [at.reason for at in curve.at]
    return {name: fit_rate(curve.x, y, relative * y, saturation=None, unusable=reasons)
            for name, y in (("inverse_h", 1.0 / step_size(curve.y)), ("evaluations", cost.y))}


def _long(fits: Mapping[str, RateFit], claim: Claim) -> bool:
    return too_short(fits["evaluations"], claim.statistic.least_span) is None


def _level_row(names: Mapping[str, Any], curve: Curve, costs: Mapping[str, RateFit], claim: Claim) -> dict[str, Any]:
    fit, why = curve.fit, too_short(curve.fit, claim.statistic.least_span)
    low, high = believable([fit], fit.interval())
    here = Measured("", fit.slope, low, high, reason=why)
    return {**{name: names[name] for name in GROUP}, "epsilon": curve.names["epsilon"], "exponent": fit.slope,
            "stderr": fit.stderr, "low": low, "high": high, "points": len(fit.points),
            "d_min": fit.points[0][0] if fit.points else np.nan, "d_max": fit.points[-1][0] if fit.points else np.nan,
            "consistent": fit.consistent, "predicted": names["predicted"],
            "verdict": compare(claim.direction, here, names["predicted"], float(claim.tolerance)), "why": why or "",
            "exponent_of_inverse_h": costs["inverse_h"].slope, "exponent_of_evaluations": costs["evaluations"].slope}


def _row(names: Mapping[str, Any], group: Measured, word: str, evaluations: Any) -> dict[str, Any]:
    """One exponent from those at every epsilon that has one."""
    return {**{name: names[name] for name in GROUP}, "exponent": group.value, "low": group.low, "high": group.high,
            "levels": group.fits, "predicted": names["predicted"], "verdict": word,
            "why": f"insufficient range: {group.reason}" if group.reason else "",
            "exponent_of_evaluations": evaluations.slope if evaluations else np.nan, "doubtful": group.doubtful}


def _with_steepest(table: pd.DataFrame) -> pd.DataFrame:
    """Marks the family with the largest exponent at every K, and names those that may be as steep."""
    mark = pd.Series("", index=table.index)
    for _, rows in table.dropna(subset="exponent").groupby("K", dropna=False):
        ranked = rows.sort_values("exponent", ascending=False)
        near = ranked["family"].iloc[1:][ranked["high"].iloc[1:] >= ranked["low"].iloc[0]]
        mark[ranked.index[0]] = "steepest" + (f", with {', '.join(near)} not clearly behind" if len(near) else "")
    return table.assign(steepest=mark)


def summary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The exponent of d of every family and K beside the theorem's, with the verdict."""
    table, single = tables["dimension"], tables["dimension_exponents"]
    levels = sorted(single["epsilon"].unique(), reverse=True) if len(single) else []
    shown = []
    for row in table.to_dict("records"):
        mine = single[(single["family"] == row["family"]) & same(single["K"], row["K"])].set_index("epsilon")
        exponents = {level(at): number(mine["exponent"].get(at, np.nan), ".2f")
                     if mine["why"].get(at) == "" else NONE for at in levels}
        whole = interval(row["exponent"], row["low"], row["high"]) + mark(row["doubtful"])
        shown.append({"family": row["family"], "K": number(row["K"], ".0f"), **exponents,
                      "exponent of d [95 %]": whole, "1 + 2/K": number(row["predicted"], ".2f"),
                      "verdict": verdict(row), "": _steepest(row["steepest"])})
    return pd.DataFrame(shown)


def _steepest(mark: str) -> str:
    """Clear, or within the uncertainty of others."""
    return ("△" if "not clearly" in mark else "▲") if mark else ""


MOST_PANELS = 4


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """``dimension_steps``, ``dimension_exponents`` and ``dimension``; None without a single T(d, epsilon)."""
    steps, exponents = tables["dimension_steps"].dropna(subset=["T", "K"]), tables["dimension_exponents"]
    if steps.empty:
        return None
    every = sorted(int(K) for K in steps["K"].unique())[:MOST_PANELS]
    shown = {K: _level(steps[steps["K"] == K], exponents[exponents["K"] == K]) for K in every}
    steps = pd.concat([steps[(steps["K"] == K) & (steps["epsilon"] == epsilon)] for K, epsilon in shown.items()])
    figure, grid = _layout(every)
    limits = {"xlim": _wide(steps["d"]), "ylim": _wide(steps["T"])}
    for K, epsilon in shown.items():
        of_level = exponents[(exponents["K"] == K) & (exponents["epsilon"] == epsilon)]
        _panel(grid[f"K={K}"], steps[steps["K"] == K], of_level, K, epsilon, limits)
    _exponents(grid["exponents"], tables["dimension"])
    style.footer(figure, tables["environments"], *(grid[f"K={K}"] for K in every))
    return figure


def _layout(every: list[int]) -> tuple[Figure, dict[str, Axes]]:
    """Two panels a row, and one as high as all of them at the right."""
    names = [f"K={K}" for K in every]
    rows = [[*names[first : first + 2], "exponents"] for first in range(0, len(names), 2)]
    columns = len(rows[0])
    if len(rows[-1]) < columns:
        rows[-1].insert(1, ".")
    figure = Figure(figsize=(style.WIDTH, 2.5 * len(rows)), layout="constrained")
    return figure, figure.subplot_mosaic(rows, width_ratios=[1.0] * (columns - 1) + [1.05])  # type: ignore[arg-type]


def _level(steps: pd.DataFrame, exponents: pd.DataFrame) -> float:
    """The epsilon at which most families have an exponent, or at least a T; the smallest such."""
    decided = exponents[exponents["why"] == ""].groupby("epsilon")["family"].nunique()
    counted = decided if len(decided) else steps.groupby("epsilon")["d"].count()
    return float(counted[counted == counted.max()].index.min())


def _panel(axes: Axes, steps: pd.DataFrame, exponents: pd.DataFrame, K: int, epsilon: float,
           limits: Mapping[str, Any]) -> None:
    measured = []
    for family, rows in steps.groupby("family"):
        look = looks.look(str(family))
        style.error_bars(axes, rows["d"], rows["T"], rows["T_stderr"], None, label=looks.name(str(family)), **look)
        row = exponents[(exponents["family"] == family) & (exponents["why"] == "")]
        if len(row):
            measured.append((style.measured(*row[["exponent", "low", "high"]].iloc[0]), look["color"]))
    slope = dimension_exponent(K)
    d = np.geomspace(steps["d"].min(), 1e9, 200)
    bound = steps["T"].min() * (d / d[0]) ** slope
    style.slope_line(axes, d, bound, "theorem's slope, $d^{\\,1+2/K}$", color=looks.BLACK)
    axes.set(xlabel="dimension $d$", ylabel=r"$T(d, \varepsilon)$",
             title=rf"$K = {K}$, $\varepsilon = {style.power_of_ten(epsilon)}$")
    free = "lower right" if steps["d"].max() ** 2 < limits["xlim"][0] * limits["xlim"][1] else "upper right"
    style.numbers(axes, f"theorem {slope:.2f}, measured", measured or [("range too short", looks.INK)], free)
    axes.set(xscale="log", yscale="log", **limits)
    low, high = limits["ylim"]
    style.powers_of_two(axes.yaxis, 2.0 ** np.arange(np.ceil(np.log2(low)), np.log2(high)))
    style.decades(axes.xaxis, *limits["xlim"])


def _exponents(axes: Axes, table: pd.DataFrame) -> None:
    table = table.dropna(subset=["exponent", "K"])
    families, every = sorted(table["family"].unique()), sorted(int(K) for K in table["K"].unique())
    for place, family in enumerate(families):
        rows = table[table["family"] == family]
        at = rows["K"].to_numpy(float) + 0.11 * (place - (len(families) - 1) / 2)
        reach = [rows["exponent"] - rows["low"], rows["high"] - rows["exponent"]]
        look = looks.look(family)
        axes.errorbar(at, rows["exponent"], reach, color=look["color"], marker=look["marker"], linestyle="none",
                      elinewidth=1.0)
    for K in every or [1]:
        axes.plot([K - 0.42, K + 0.42], [dimension_exponent(K)] * 2, color=looks.BLACK, linewidth=1.6)
        axes.annotate(f"{dimension_exponent(K):.2f}", (K, dimension_exponent(K)), (0, 3), textcoords="offset points",
                      ha="center", fontsize=8)
    top = dimension_exponent(min(every or [1]))
    axes.set(xlabel="points per step $K$", ylabel="exponent of $d$", ylim=(min(0.0, table["low"].min()), 1.12 * top),
             xticks=every, title="bars: the theorem's")
    axes.grid(axis="x", visible=False)


def _wide(values: pd.Series) -> tuple[float, float]:
    return float(values.min()) / 1.5, float(values.max()) * 1.5


FIGURES = (style.Picture("iteration_complexity", draw, (
    "Left: the number of noise levels T that HEROISM needs for a total variation of ε, against the dimension d, "
    "for K points per step; the dashed line has the theorem's slope 1 + 2/K, the coloured numbers are the measured "
    "exponents of d. Right: those exponents pooled over every ε reached, with 95 % confidence intervals, beside "
    "the theorem's.")),)

"""The dimension study: the exponent of d in T(d, epsilon), beside what is proved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import looks, style
from analysis.prediction import read_prediction
from analysis.slopes import dimension
from analysis.text import NONE, interval, level, number, verdict
from heroism.theory import dimension_exponent

NOTE = ("▲ the steepest family at this K; △ the same, within the uncertainty of others. Columns ε: the exponent of d "
        "at that total variation alone.")


def tables(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """``dimension_steps``, ``dimension_exponents``, ``dimension``: T(d, epsilon) and its exponents of d."""
    return dimension(runs, read_prediction("dimension"))


def summary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The exponent of d of every family and K beside the theorem's, with the verdict."""
    table, single = tables["dimension"], tables["dimension_exponents"]
    levels = sorted(single["epsilon"].unique(), reverse=True) if len(single) else []
    shown = []
    for row in table.to_dict("records"):
        mine = single[(single["family"] == row["family"]) & _same(single["K"], row["K"])].set_index("epsilon")
        exponents = {level(at): number(mine["exponent"].get(at, np.nan), ".2f")
                     if mine["why"].get(at) == "" else NONE for at in levels}
        shown.append({"family": row["family"], "K": number(row["K"], ".0f"), **exponents,
                      "exponent of d [95 %]": interval(row["exponent"], row["low"], row["high"]),
                      "1 + 2/K": number(row["predicted"], ".2f"), "verdict": verdict(row),
                      "": _steepest(row["steepest"])})
    return pd.DataFrame(shown)


def _same(column: pd.Series, value: object) -> pd.Series:
    return column.isna() if pd.isna(value) else column == value


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
    return style.mosaic(rows, 2.5, [1.0] * (columns - 1) + [1.05])


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

"""T(d, epsilon) against d for every K, beside the theorem's slope 1 + 2/K, and all measured exponents in one panel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import style
from heroism.theory import dimension_exponent

STUDY = "dimension"
CAPTION = ("Left: the number of noise levels T that HEROISM needs for a total variation of ε, against the dimension d, "
           "for K points per step; the dashed line has the theorem's slope 1 + 2/K, the coloured numbers are the "
           "measured exponents of d. Right: those exponents pooled over every ε reached, with 95 % confidence "
           "intervals, beside the theorem's.")
MOST_PANELS = 4


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """``dimension_steps``, ``dimension_exponents`` and ``dimension``; None without a single T(d, epsilon)."""
    steps = tables["dimension_steps"].dropna(subset=["T", "K"])
    if steps.empty:
        return None
    every = sorted(int(K) for K in steps["K"].unique())[:MOST_PANELS]
    figure, grid = style.mosaic([[*(f"K={K}" for K in every[:2]), "exponents"],
                                 [*(f"K={K}" for K in every[2:]), *["."] * (len(every[:2]) - len(every[2:])),
                                  "exponents"]][: 1 + (len(every) > 2)], 2.95, [1, 1, 1.05][-1 - len(every[:2]):])
    limits = {"xlim": _wide(steps["d"]), "ylim": _wide(steps["T"])}
    for K in every:
        _panel(grid[f"K={K}"], steps[steps["K"] == K], _at(tables["dimension_exponents"], K), K, limits)
    _exponents(grid["exponents"], tables["dimension"])
    style.footer(figure, tables["environments"], *(grid[f"K={K}"] for K in every), columns=4)
    return figure


def _at(table: pd.DataFrame, K: int) -> pd.DataFrame:
    return table[table["K"] == K]


def _panel(axes: Axes, steps: pd.DataFrame, exponents: pd.DataFrame, K: int, limits: Mapping[str, Any]) -> None:
    """One K at the epsilon that most families reach over a range of d; the smallest such."""
    decided = exponents[exponents["why"] == ""].groupby("epsilon")["family"].nunique()
    counted = decided if len(decided) else steps.groupby("epsilon")["family"].nunique()
    epsilon = counted[counted == counted.max()].index.min()
    steps, exponents = steps[steps["epsilon"] == epsilon], exponents[exponents["epsilon"] == epsilon]
    measured = []
    for family, rows in steps.groupby("family"):
        look = style.look(str(family))
        style.error_bars(axes, rows["d"], rows["T"], rows["T_stderr"], None, label=style.name(str(family)), **look)
        row = exponents[(exponents["family"] == family) & (exponents["why"] == "")]
        if len(row):
            measured.append((style.measured(*row[["exponent", "low", "high"]].iloc[0]), look["color"]))
    start, slope = steps["T"].min(), dimension_exponent(K)
    d = np.geomspace(steps["d"].min(), limits["xlim"][1], 50)
    bound = start * (d / d[0]) ** slope
    inside = bound < limits["ylim"][1]
    style.slope_line(axes, d[inside], bound[inside], "theorem's slope, $d^{\\,1+2/K}$", color=style.BLACK)
    axes.set(xscale="log", yscale="log", **limits, xlabel="dimension $d$",
             ylabel=r"$T(d, \varepsilon)$", title=rf"$K = {K}$, $\varepsilon = {style.power_of_ten(epsilon)}$")
    style.powers_of_two(axes.yaxis, 2.0 ** np.arange(3, 21))
    style.decades(axes.xaxis, *limits["xlim"])
    style.numbers(axes, f"theorem: {slope:.2f}\nmeasured:", measured)


def _exponents(axes: Axes, table: pd.DataFrame) -> None:
    table = table.dropna(subset=["exponent", "K"])
    families, every = sorted(table["family"].unique()), sorted(int(K) for K in table["K"].unique())
    for number, family in enumerate(families):
        rows = table[table["family"] == family]
        place = rows["K"].to_numpy(float) + 0.11 * (number - (len(families) - 1) / 2)
        reach = [rows["exponent"] - rows["low"], rows["high"] - rows["exponent"]]
        look = style.look(family)
        axes.errorbar(place, rows["exponent"], reach, color=look["color"], marker=look["marker"], linestyle="none",
                      elinewidth=1.0)
    for K in every or [1]:
        axes.plot([K - 0.42, K + 0.42], [dimension_exponent(K)] * 2, color=style.BLACK, linewidth=1.6)
        axes.annotate(f"{dimension_exponent(K):.2f}", (K, dimension_exponent(K)), (0, 3), textcoords="offset points",
                      ha="center", fontsize=8)
    top = dimension_exponent(min(every or [1]))
    axes.set(xlabel="points per step $K$", ylabel="exponent of $d$", ylim=(min(0.0, table["low"].min()), 1.12 * top),
             xticks=every, title="marks: measured, bars: claimed")
    axes.grid(axis="x", visible=False)


def _wide(values: pd.Series) -> tuple[float, float]:
    return float(values.min()) / 1.5, float(values.max()) * 1.5

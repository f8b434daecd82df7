"""The first picture: T against d where the score turns sharply and where it does not, and the exponents at every K."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import looks, style
from heroism.theory import classical_order, dimension_exponent

HARD, CLOSED = "random_codebook", "gaussian"  # targets; N(0, I) stands for its closed form, and for all easy families
SHOWN_K = 3
TYPE = 8.0  # points, everything
MARK = {"markersize": 4.2, "markerfacecolor": "white", "markeredgewidth": 0.9, "linestyle": "none"}
BAR = 0.36  # half the length of a bar, in K


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """``dimension_steps``, ``dimension_exponents`` and ``dimension``; None without a single T(d, epsilon)."""
    steps, exponents = tables["dimension_steps"].dropna(subset=["T", "K"]), tables["dimension_exponents"]
    if steps.empty:
        return None
    every = sorted(int(K) for K in steps["K"].unique())
    K = SHOWN_K if SHOWN_K in every else every[-1]
    epsilon = _level(steps[steps["K"] == K], exponents[exponents["K"] == K])
    here = [table[(table["K"] == K) & (table["epsilon"] == epsilon)] for table in (steps, exponents)]
    wide = style.fitting() > style.COLUMN
    figure = Figure(figsize=(style.fitting(), 3.6 if wide else 6.4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1.55, 1.0]) if wide else figure.subplots(2, 1)
    _steps(left, here[0], here[1], K, epsilon)
    _exponents(right, tables["dimension"].dropna(subset=["exponent", "K"]), every)
    style.footer(figure, tables["environments"], left)
    return figure


def _level(steps: pd.DataFrame, exponents: pd.DataFrame) -> float:
    """The epsilon at which most families have an exponent, or at least a T; the smallest such."""
    decided = exponents[exponents["why"] == ""].groupby("epsilon")["family"].nunique()
    counted = decided if len(decided) else steps.groupby("epsilon")["d"].count()
    return float(counted[counted == counted.max()].index.min())


def _steps(axes: Axes, steps: pd.DataFrame, exponents: pd.DataFrame, K: int, epsilon: float) -> None:
    """T(d, epsilon) at one K: the hard family, the easy ones as marks on their closed form, the theorem's slope."""
    slopes = exponents[exponents["why"] == ""].set_index("family")["exponent"].to_dict()
    hard, closed = (steps[steps["target"] == target].sort_values("d") for target in (HARD, CLOSED))
    easy = steps[~steps["target"].isin([HARD, CLOSED])]
    for family, rows in easy.groupby("family"):
        axes.errorbar(rows["d"], rows["T"], style.reach(rows["T"], rows["T_stderr"]), elinewidth=0.9, zorder=style.DATA,
                      label=looks.name(str(family)), **looks.look(str(family)) | MARK)
    if len(closed):
        axes.plot(closed["d"], closed["T"], color=looks.INK, linewidth=1.1, zorder=style.REFERENCE)
    if len(hard):
        look = looks.look(HARD)
        style.error_bars(axes, hard["d"], hard["T"], hard["T_stderr"], None, "_", **look)
        _say(axes, f"random codebook{_power(slopes.get(HARD))}", hard.iloc[-1], (-7, 1), look["color"], "right", "bold")
    first = hard.iloc[0] if len(hard) else steps.sort_values("d").iloc[0]
    slope = dimension_exponent(K)
    d = np.array([first["d"], 1e12])
    style.slope_line(axes, d, first["T"] * (d / d[0]) ** slope, "_", color=looks.BLACK, linewidth=1.3)
    axes.set(xscale="log", yscale="log", xlabel="dimension $d$", ylabel=r"noise levels $T(d, \varepsilon)$",
             xlim=_wide(steps["d"]), ylim=(0.55 * steps["T"].min(), 6.0 * steps["T"].max()),
             title=rf"$K = {K}$, $\varepsilon = {style.power_of_ten(epsilon)}$")
    _along(axes, f"theorem: $d^{{\\,1+2/K}} = d^{{\\,{slope:.2f}}}$", first, slope)
    if len(easy) or len(closed):
        last = (closed if len(closed) else easy.sort_values("d")).iloc[-1]
        power = f"$d^{{\\,1/(2p)}}$ = $d^{{\\,1/{2 * classical_order(K)}}}$"
        _say(axes, f"easy families (marks) and\ntheir closed form (line), {power}", last, (0, -9), looks.INK, "right",
             va="top")
    style.decades(axes.xaxis, *axes.get_xlim())
    style.decades(axes.yaxis, *axes.get_ylim())


def _power(slope: float | None) -> str:
    """``, d^1.2``; nothing without an exponent."""
    return "" if slope is None else f": $d^{{\\,{slope:.1f}}}$"


def _say(axes: Axes, text: str, at: Any, by: tuple[float, float], color: str, ha: str, weight: str = "normal",
         va: str = "center") -> None:
    axes.annotate(text, (at["d"], at["T"]), by, textcoords="offset points", color=color, ha=ha, va=va, fontsize=TYPE,
                  fontweight=weight, zorder=style.DATA + 2)


def _along(axes: Axes, text: str, first: Any, slope: float) -> None:
    """Along the line of the theorem, above it."""
    top = axes.get_ylim()[1]
    d = first["d"] * (0.5 * top / first["T"]) ** (0.5 / slope)
    axes.annotate(text, (d, first["T"] * (d / first["d"]) ** slope), (-5, 3), textcoords="offset points", ha="right",
                  va="bottom", fontsize=TYPE, zorder=style.DATA + 2)


def _exponents(axes: Axes, table: pd.DataFrame, every: list[int]) -> None:
    """The exponents of d at every K, with 95 % intervals, between the theorem's and the closed form's."""
    easy = sorted(set(table["family"][~table["target"].isin([HARD, CLOSED])]))
    for place, family in enumerate(easy):
        rows = table[table["family"] == family]
        apart = 0.5 * (place / max(1, len(easy) - 1) - 0.5) if len(easy) > 1 else 0.0
        _bars(axes, rows, apart, looks.look(family) | MARK)
    hard, closed = (table[table["target"] == target].sort_values("K") for target in (HARD, CLOSED))
    _bars(axes, hard, 0.0, looks.look(HARD) | {"linestyle": "none", "markersize": 5.5})
    for K in every:
        _level_bar(axes, K, dimension_exponent(K), looks.BLACK, 2.0)
        axes.annotate(f"{dimension_exponent(K):.2f}", (K, dimension_exponent(K)), (0, 3), textcoords="offset points",
                      ha="center", fontsize=TYPE)
    for row in closed.to_dict("records"):
        _level_bar(axes, row["K"], row["exponent"], looks.INK, 1.1)
    top = 1.12 * dimension_exponent(min(every))
    axes.set(xlabel="points per step $K$", ylabel="exponent of $d$ in $T$", xticks=every,
             ylim=(min(0.0, *table["low"]), top), xlim=(min(every) - 0.55, max(every) + 0.55))
    for text, rows, colour, column in (("random codebook", hard, looks.look(HARD)["color"], "high"),
                                       ("easy families", closed, looks.INK, "exponent")):
        if len(rows):
            last = rows.iloc[-1]
            axes.annotate(text, (last["K"] + BAR, last[column]), (2, 5), textcoords="offset points", ha="right",
                          va="bottom", color=colour, fontsize=TYPE, fontweight="bold" if rows is hard else "normal")
    axes.annotate("theorem, $1 + 2/K$", (min(every) + BAR, dimension_exponent(min(every))), (4, 0),
                  textcoords="offset points", ha="left", va="center", fontsize=TYPE)
    axes.grid(axis="x", visible=False)


def _bars(axes: Axes, rows: pd.DataFrame, apart: float, look: Mapping[str, Any]) -> None:
    reach = [rows["exponent"] - rows["low"], rows["high"] - rows["exponent"]]
    axes.errorbar(rows["K"].astype(float) + apart, rows["exponent"], reach, elinewidth=1.0, **look)


def _level_bar(axes: Axes, K: float, at: float, color: str, width: float) -> None:
    axes.plot([K - BAR, K + BAR], [at, at], color=color, linewidth=width, zorder=style.REFERENCE)


def _wide(values: pd.Series) -> tuple[float, float]:
    return float(values.min()) / 1.5, float(values.max()) * 1.8

"""The first picture: T against d where the score turns sharply and where it does not, and the exponents at every K."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import looks, style
from heroism.rates import reach
from heroism.theory import classical_order, dimension_exponent

HARD, CLOSED = "random_codebook", "gaussian"  # targets; N(0, I) stands for its closed form, and for all easy families
SHOWN_K = 3
TYPE = 8.0  # points, everything
MARK = {"markersize": 4.2, "markerfacecolor": "white", "markeredgewidth": 0.9, "linestyle": "none"}
STRONG = {"color": looks.look(HARD)["color"], "fontweight": "bold"}
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
    for axes in (left, right):
        axes.tick_params(labelsize=TYPE)
    style.footer(figure, tables["environments"], left)
    return figure


def _level(steps: pd.DataFrame, exponents: pd.DataFrame) -> float:
    """The epsilon at which most families have an exponent, or at least a T; the smallest such."""
    decided = exponents[exponents["why"] == ""].groupby("epsilon")["family"].nunique()
    counted = decided if len(decided) else steps.groupby("epsilon")["d"].count()
    return float(counted[counted == counted.max()].index.min())


def _steps(axes: Axes, steps: pd.DataFrame, exponents: pd.DataFrame, K: int, epsilon: float) -> None:
    """T(d, epsilon) at one K: the hard family, the easy ones as marks on their closed form, the theorem's slope."""
    hard, closed = (steps[steps["target"] == target].sort_values("d") for target in (HARD, CLOSED))
    easy = steps[~steps["target"].isin([HARD, CLOSED])]
    for family, rows in easy.groupby("family"):
        axes.errorbar(rows["d"], rows["T"], reach(rows["T"], rows["T_stderr"]), elinewidth=0.9, zorder=style.DATA,
                      label=looks.name(str(family)), **looks.look(str(family)) | MARK)
    axes.plot(closed["d"], closed["T"], color=looks.INK, linewidth=1.1, zorder=style.REFERENCE)
    first, slope = (hard if len(hard) else steps.sort_values("d")).iloc[0], dimension_exponent(K)
    d = np.array([first["d"], 1e12])
    style.slope_line(axes, d, first["T"] * (d / d[0]) ** slope, "_theorem", color=looks.BLACK, linewidth=1.3)
    axes.set(xscale="log", yscale="log", xlabel="dimension $d$", ylabel=r"noise levels $T(d, \varepsilon)$",
             xlim=_wide(steps["d"]), ylim=(0.3 * steps["T"].min(), 4.0 * steps["T"].max()),
             title=rf"$K = {K}$, $\varepsilon = {style.power_of_ten(epsilon)}$")
    high = 0.4 * axes.get_ylim()[1]
    _say(axes, f"theorem\n$d^{{\\,1 + 2/K}} = d^{{\\,{slope:.2f}}}$",
         (first["d"] * (high / first["T"]) ** (1.0 / slope), high), (-8, 0), "right", "center")
    if len(hard):
        style.error_bars(axes, hard["d"], hard["T"], hard["T_stderr"], None, "_", **looks.look(HARD))
        _say(axes, f"random codebook\n{_power(exponents, HARD)}", tuple(hard.iloc[-1][["d", "T"]]), (9, -2), "left",
             "center", **STRONG)
    some = CLOSED if len(closed) else str(easy["family"].iloc[0]) if len(easy) else ""
    axes.annotate(f"easy families (marks) and their closed form (line)\n{_power(exponents, some)}, theory "
                  f"$d^{{\\,1/{2 * classical_order(K)}}}$ and logarithms", (0.985, 0.04), xycoords="axes fraction",
                  ha="right", va="bottom", fontsize=TYPE)
    style.decades(axes.xaxis, *axes.get_xlim())
    style.decades(axes.yaxis, *axes.get_ylim())


def _power(exponents: pd.DataFrame, family: str) -> str:
    """``d^(1.20 ± 0.05)``; nothing without an exponent."""
    row = exponents[(exponents["family"] == family) & (exponents["why"] == "")]
    if row.empty:
        return ""
    return f"$d^{{\\,{style.measured(*row[['exponent', 'low', 'high']].iloc[0])}}}$"


def _say(axes: Axes, text: str, at: tuple[float, float], by: tuple[float, float], ha: str, va: str, **how: Any) -> None:
    axes.annotate(text, at, by, textcoords="offset points", ha=ha, va=va, fontsize=TYPE, zorder=style.DATA + 2, **how)


def _exponents(axes: Axes, table: pd.DataFrame, every: list[int]) -> None:
    """The exponents of d at every K, with 95 % intervals, between the theorem's and the closed form's."""
    easy = sorted(set(table["family"][~table["target"].isin([HARD, CLOSED])]))
    for place, family in enumerate(easy):
        apart = 0.5 * (place / (len(easy) - 1) - 0.5) if len(easy) > 1 else 0.0
        _bars(axes, table[table["family"] == family], apart, looks.look(family) | MARK)
    hard, closed = (table[table["target"] == target].sort_values("K") for target in (HARD, CLOSED))
    _bars(axes, hard, 0.0, looks.look(HARD) | {"linestyle": "none", "markersize": 5.5})
    for K in every:
        axes.plot([K - BAR, K + BAR], [dimension_exponent(K)] * 2, color=looks.BLACK, linewidth=2.0)
        _say(axes, f"{dimension_exponent(K):.2f}", (K, dimension_exponent(K)), (0, 3), "center", "bottom")
    for row in closed.to_dict("records"):
        axes.plot([row["K"] - BAR, row["K"] + BAR], [row["exponent"]] * 2, color=looks.INK, linewidth=1.1,
                  zorder=style.REFERENCE)
    axes.set(xlabel="points per step $K$", ylabel="exponent of $d$ in $T$", xticks=every,
             ylim=(0.0, 1.12 * dimension_exponent(every[0])), xlim=(every[0] - 0.55, every[-1] + 0.55))
    _say(axes, "theorem, $1 + 2/K$", (every[0] + BAR, dimension_exponent(every[0])), (4, 0), "left", "center")
    last, ends = table[table["K"] == every[-1]], every[-1] + 0.5
    for text, rows, share, how in (
            ("random codebook", last[last["target"] == HARD], 0.55, STRONG),
            ("easy families", last[last["target"] != HARD], 1.0, {})):
        if len(rows):
            _say(axes, text, (ends, share * rows["exponent"].max()), (0, 5), "right", "bottom", **how)
    axes.grid(axis="x", visible=False)


def _bars(axes: Axes, rows: pd.DataFrame, apart: float, look: Mapping[str, Any]) -> None:
    reach = [rows["exponent"] - rows["low"], rows["high"] - rows["exponent"]]
    axes.errorbar(rows["K"].astype(float) + apart, rows["exponent"], reach, elinewidth=1.0, **look)


def _wide(values: pd.Series) -> tuple[float, float]:
    return float(values.min()) / 1.5, float(values.max()) * 1.8

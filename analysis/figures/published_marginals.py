"""What a marginal does not see: the published total variation of one coordinate, and the joint one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from analysis import style

STUDY = "published"
CAPTION = ("Heun's method on a mixture of five modes in R^d, as in 2404.09730. Hollow, dashed: the total variation of "
           "the first coordinate as published (40 000 particles, kernel density estimate), which stops at that "
           "estimator's floor. Filled: the exact joint total variation of the same sampler on the same family of "
           "mixtures, with one standard error. Crosses: our histogram of the first coordinate, where it was taken.")
COLOURS = (style.BLUE, style.VERMILION, style.GREEN, style.PURPLE, style.ORANGE)


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """``published``; None when it is empty."""
    table = tables["published"]
    if table.empty:
        return None
    figure, ((axes,),) = style.panels(1, 1, 4.0, width=6.2)
    for colour, (d, rows) in zip(COLOURS, table.groupby("d", sort=True), strict=False):
        style.error_bars(axes, rows["N_t"], rows["joint"], rows["joint_stderr"], None, label=f"joint, $d = {d}$",
                         color=colour, marker="o", linestyle="-")
        axes.plot(rows["N_t"], rows["published_marginal"], color=colour, marker="o", markerfacecolor="white",
                  linestyle=(0, (5, 1.5)), label=f"published marginal, $d = {d}$", zorder=style.DATA)
        if rows["marginal"].notna().any():
            axes.plot(rows["N_t"], rows["marginal"], color=colour, marker="x", linestyle="none", zorder=style.DATA,
                      label=f"our marginal, $d = {d}$")
    ends = np.array([table["N_t"].min(), table["N_t"].max()], dtype=float)
    floor = float(table["published_floor"].iloc[0])
    style.floor_line(axes, ends, [floor, floor], style.INK, "floor of the published marginal")
    low, top = floor / 2.5, 1.5
    style.slope_line(axes, ends, 0.9 * (ends / ends[0]) ** -2, r"slope of reference $N_t^{-2}$")
    axes.set(xscale="log", yscale="log", xlabel="number of steps $N_t$ of Heun's method, $T - 1$", ylabel=style.TV,
             ylim=(low, top))
    axes.xaxis.set_major_locator(FixedLocator(sorted(table["N_t"].unique())))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    style.decades(axes.yaxis, low, 200 * low)
    style.footer(figure, tables["environments"], axes, columns=3)
    return figure

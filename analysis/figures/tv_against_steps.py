"""Exact total variation against T, family by family: one curve for every K, the measured order beside it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import style
from heroism.rates import SATURATION
from heroism.theory import step_size

STUDY = "accuracy"
CAPTION = ("Exact total variation of HEROISM's output against the number of noise levels T, by target family and "
           "points per step K, with the order in h = log T / T fitted to the filled points, and after the arrow the "
           "one between the two largest T. Dashed grey: slopes of reference, dotted: measured floors, shaded: the "
           "saturated range that no fit uses.")
COLUMNS = 2
REFERENCES = (1, 2, 4, 6)


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """``accuracy_points`` and ``accuracy_orders``, at the dimension that most families have; None without points."""
    points = tables["accuracy_points"]
    points = points[(points["value"] > 0) & points["K"].notna()]
    if points.empty:
        return None
    d = points.groupby("d")["family"].nunique().idxmax()
    points = points[points["d"] == d]
    families = sorted(points["family"].unique())
    columns = min(COLUMNS, len(families))
    figure, grid = style.panels(-(-len(families) // columns), columns, 2.5, sharex=True, sharey=True)
    orders = tables["accuracy_orders"]
    for axes, family in zip(grid.flat, families, strict=False):
        _panel(axes, points[points["family"] == family], orders[(orders["family"] == family) & (orders["d"] == d)])
        axes.set_title(f"{style.name(family)}, $d = {d}$")
    for axes in grid.flat[len(families):]:
        figure.delaxes(axes)
    for place, axes in enumerate(grid.flat[:len(families)]):
        _dress(axes, points, leftmost=place % columns == 0, lowest=place + columns >= len(families))
    style.footer(figure, tables["environments"], *grid.flat[:len(families)])
    return figure


def _panel(axes: Axes, points: pd.DataFrame, orders: pd.DataFrame) -> None:
    measured = []
    for K, curve in points.groupby("K"):
        look, used = style.look(f"K={K}"), curve["dropped"] == ""
        style.error_bars(axes, curve["T"], curve["value"], curve["stderr"], used, label=f"$K = {K}$", **look)
        style.floor_line(axes, curve["T"], curve["floor"], look["color"])
        row = orders[orders["K"] == K]
        if len(row) and np.isfinite(row["order"].iloc[0]) and row["why"].iloc[0] == "":
            value = style.measured(*row[["order", "low", "high"]].iloc[0])
            measured.append((f"$K = {K}$:  {value} → {row['order_at_small_h'].iloc[0]:.2f}", look["color"]))
    style.floor_line(axes, [], [], style.INK, "measured floors")
    style.numbers(axes, "measured order in $h$", measured, beside=True)


def _dress(axes: Axes, points: pd.DataFrame, leftmost: bool, lowest: bool) -> None:
    """Axes, reference slopes and the saturated range."""
    first, last = float(points["T"].min()), float(points["T"].max())
    smallest = float(points["value"].min())
    floors = points["floor"][points["floor"] > 0]
    bottom = float(10 ** np.floor(np.log10(min(smallest, floors.median() if len(floors) else 1.0)) - 1.0))
    axes.set(xscale="log", yscale="log", xlim=(first / 1.15, last * 1.4), ylim=(bottom, 2.0))
    axes.axhspan(SATURATION, 2.0, color="#F4F4F4", zorder=0, linewidth=0)
    steps = np.geomspace(first, last, 60)
    for order in REFERENCES:
        line = (step_size(steps) / step_size(first)) ** order
        inside = line > smallest
        style.slope_line(axes, steps[inside], line[inside], "slopes of reference" if order == 1 else "_")
        axes.annotate(f"$h^{order}$" if order > 1 else "$h$", (steps[inside][-1], line[inside][-1]), (2, 0),
                      textcoords="offset points", fontsize=7, color=style.GREY, va="center", annotation_clip=False)
    style.powers_of_two(axes.xaxis, points["T"])
    style.decades(axes.yaxis, bottom, 2.0)
    axes.tick_params(labelleft=leftmost, labelbottom=lowest)
    axes.set(xlabel="number of noise levels $T$" if lowest else "", ylabel=style.TV if leftmost else "")

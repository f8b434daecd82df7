"""The same runs measured in several ways: histogram and optimal transport stop at their floors, exact goes on."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import style

STUDY = "floors"
CAPTION = ("The same runs of HEROISM, measured in several ways. Left: total variation, exact and by histogram. Right: "
           "distances from optimal transport. Dotted lines are the measured floors, what each way reports between two "
           "exact samples; the exact total variation goes on to round-off.")
VARIATIONS = ("total_variation", "quadrature", "histogram")
MOST_ROWS = 3


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """``floors_curves``, one row of panels for every target and d (the first few); None without curves."""
    curves = tables["floors_curves"]
    if curves.empty:
        return None
    shown = _variety(curves)
    figure, grid = style.panels(len(shown), 2, 3.3 if len(shown) == 1 else 2.6, sharex=True)
    for (left, right), (family, d) in zip(grid, shown, strict=True):
        rows = curves[(curves["family"] == family) & (curves["d"] == d)]
        rows = rows[rows["K"].isna() | (rows["K"] == rows["K"].min())]
        where = f"{style.name(str(family))}, $d = {d}$"
        variation = rows["distance"].isin(VARIATIONS)
        _panel(left, rows[variation], style.TV, f"total variation: {where}")
        _panel(right, rows[~variation], "distance between the samples", f"optimal transport: {where}")
        for axes in (left, right):
            style.powers_of_two(axes.xaxis, curves["T"])
    for axes in grid[-1]:
        axes.set_xlabel("number of noise levels $T$")
    style.footer(figure, tables["environments"], *grid.T.flat, columns=4)
    return figure


def _variety(curves: pd.DataFrame) -> list[tuple[str, int]]:
    """Every d once (the first few), with a family that was not shown before where there is one."""
    shown: list[tuple[str, int]] = []
    for d in sorted(curves["d"].unique())[:MOST_ROWS]:
        families = sorted(curves.loc[curves["d"] == d, "family"].unique())
        seen = {family for family, _ in shown}
        shown.append((next((family for family in families if family not in seen), families[0]), int(d)))
    return shown


def _panel(axes: Axes, rows: pd.DataFrame, ylabel: str, title: str) -> None:
    seen = pd.concat([rows["value"], rows["floor"]])
    low, high = (seen[seen > 0].min() / 2, seen.max() * 2) if (seen > 0).any() else (0.1, 1.0)
    axes.set(xscale="log", yscale="log", ylim=(low, high), ylabel=ylabel, title=title)
    drawn = sorted(rows["distance"].unique(), key=lambda distance: (distance == "quadrature", distance))  # it on top
    for distance in drawn:
        curve, look, label = rows[rows["distance"] == distance], style.look(distance), style.name(distance)
        style.error_bars(axes, curve["T"], curve["value"], curve["stderr"], None, label=label, **look)
        style.floor_line(axes, curve["T"], curve["floor"], look["color"])
    style.floor_line(axes, [], [], style.INK, "measured floors")
    style.decades(axes.yaxis, low, high)

"""Work against precision: the exact total variation of every sampler against its score evaluations, or its rounds."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import style
from analysis.leaderboard import envelope
from analysis.methods import NAMES

STUDY = "leaderboard"
CAPTION = ("Exact total variation against score evaluations per sample path, target by target, from the same starting "
           "points between the same noise levels. Of every sampler the best of its settings at each cost is drawn, if "
           "no dearer run of that setting is worse, with one standard error; thin grey: the schedulers of "
           "diffusers; dotted: measured floors.")
COLUMNS = 3
BOTTOM = 1e-13
DRAWN = ("heroism_frugal", "heroism_frugal_embedded", "heroism_parallel", "heroism_parallel_embedded", "heroism",
         "unipc", "dpm_solver_pp", "deis", "dop853", "rk4", "heun", "picard", "accelerated", "ddim", "euler")


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """``leaderboard_points``; None without points."""
    return draw_cost(tables, "evaluations", "score evaluations")


def draw_cost(tables: Mapping[str, pd.DataFrame], cost: str, label: str) -> Figure | None:
    """One panel for every target."""
    points = tables["leaderboard_points"]
    points = points[(points["error"] > 0) & (points["unusable"] != "failed")]
    if points.empty:
        return None
    targets = list(points.groupby(["target", "d"], sort=True).groups)
    columns = min(COLUMNS, len(targets))
    figure, grid = style.panels(-(-len(targets) // columns), columns, 2.9, sharey=True)
    for place, (axes, (target, d)) in enumerate(zip(grid.flat, targets, strict=False)):
        here = points[(points["target"] == target) & (points["d"] == d)]
        _panel(axes, here, cost)
        axes.set_title(f"{style.name(target)}, $d = {d}$")
        axes.set(xlabel=label if place + columns >= len(targets) else "",
                 ylabel=style.TV if place % columns == 0 else "")
    for axes in grid.flat[len(targets):]:
        figure.delaxes(axes)
    style.footer(figure, tables["environments"], *grid.flat[:len(targets)], columns=5)
    return figure


def frontier(points: pd.DataFrame, cost: str) -> pd.DataFrame:
    """Of one sampler in all its settings the runs that no cheaper one is as good as; a lucky run does not count."""
    lasting = []
    for _, curve in points.groupby("method", sort=True):
        curve = curve.sort_values(cost)
        lasting.append(curve.assign(error=envelope(curve["error"].to_numpy(float))))
    every = pd.concat(lasting).sort_values([cost, "error"])
    return every[every["error"] < every["error"].cummin().shift(fill_value=np.inf)]


def _panel(axes: Axes, points: pd.DataFrame, cost: str) -> None:
    for _, curve in points[points["sampler"] == "diffusers"].groupby("method", sort=True):
        curve = curve.sort_values(cost)
        axes.plot(curve[cost], curve["error"].clip(lower=BOTTOM), color="#C8C8C8", linewidth=0.7,
                  zorder=style.REFERENCE, label="diffusers, every scheduler")
    for sampler in (name for name in DRAWN if (points["sampler"] == name).any()):
        curve, look = frontier(points[points["sampler"] == sampler], cost), style.look(sampler)
        axes.plot(curve[cost], curve["error"].clip(lower=BOTTOM), label=NAMES[sampler], zorder=style.DATA,
                  markersize=3.2, linewidth=1.8 if sampler.startswith("heroism_") else 1.0,
                  **{name: look[name] for name in ("color", "marker", "linestyle")})
        axes.errorbar(curve[cost], curve["error"], style.reach(curve["error"], curve["stderr"]), fmt="none",
                      ecolor=look["color"], elinewidth=0.9, zorder=style.DATA)
        style.floor_line(axes, curve[cost], curve["floor"].clip(upper=curve["error"]), look["color"], width=0.7)
    axes.set(xscale="log", yscale="log", ylim=(BOTTOM, 2.0))
    style.decades(axes.yaxis, BOTTOM, 2.0)
    low, high = np.nanmin(points[cost].to_numpy(float)), np.nanmax(points[cost].to_numpy(float))
    axes.set_xlim(low / 1.1, min(high * 1.1, 6e3))

"""A grid that knows the transition: what a total variation of epsilon costs against d, with it and without."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import looks, style
from analysis.curves import DISTANCE, curves, is_spoiled
from analysis.text import number
from heroism.rates import crossing, fit_rate

NOTE = ("Score evaluations at which the total variation reaches ε on the planted model of a random codebook, those of "
        "the pilot run that places the grid included; exponent of d with its standard error. †: heavy tails, or a path "
        "that folded, at some of the crossings; claims leave these out.")
MADE_BY = "verify"
LEVELS = (1e-1, 3e-2, 1e-2)
SHOWN = (1e-1, 1e-2)  # of the levels, in the picture
METHOD = ["method", "sampler", "grid", "epsilon"]
GRIDS = ("placed by a pilot run", "even")


def tables(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """``transition_costs``: evaluations for every method, d and epsilon, or why there are none, and whether a point
    that they were read off is doubtful. ``transition``: one row per method and epsilon, with the exponent of d.
    """
    points = curves(runs[runs["target"] == "random_codebook"], DISTANCE)
    points = points.assign(
        method=[looks.method_name({**row, "schedule": looks.USUAL_SCHEDULE}) for row in points.to_dict("records")],
        grid=np.where((points["schedule"] == "transition") | (points["sampler"] == "heroism_adaptive"), *GRIDS))
    costs, rows = [], []
    for (method, sampler, grid), run in points.groupby(["method", "sampler", "grid"], sort=True):
        for epsilon in LEVELS:
            names = {"method": method, "sampler": sampler, "grid": grid, "epsilon": epsilon}
            found = [{**names, "d": d, **_cost(rungs, epsilon)} for d, rungs in run.groupby("d", sort=True)]
            costs += found
            at = pd.DataFrame(found).dropna(subset="evaluations")
            fit = fit_rate(at["d"], at["evaluations"], saturation=None)
            rows.append({**names, "exponent": fit.slope, "stderr": fit.stderr, "doubtful": bool(at["doubtful"].any())})
    return {"transition": pd.DataFrame(rows, columns=[*METHOD, "exponent", "stderr", "doubtful"]),
            "transition_costs": pd.DataFrame(costs, columns=[*METHOD, "d", "evaluations", "stderr", "doubtful",
                                                             "reason"])}


def _cost(rungs: pd.DataFrame, epsilon: float) -> dict[str, Any]:
    """Of all points, those of heavy tails and with folded paths included."""
    failed = [why if why == "failed" else None for why in rungs["unusable"]]
    at = crossing(rungs["evaluations"], rungs["value"], rungs["stderr"], epsilon, unusable=failed)
    doubtful = rungs[rungs["evaluations"].isin([at.after, at.by])]
    return {"evaluations": at.x, "stderr": at.stderr, "doubtful": bool(is_spoiled(doubtful).any()),
            "reason": at.reason or ""}


def summary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Per method and grid: evaluations at every d, and the exponent of d."""
    shown, costs = [], tables["transition_costs"]
    for row in tables["transition"].to_dict("records"):
        at = costs[(costs["method"] == row["method"]) & (costs["grid"] == row["grid"])
                   & (costs["epsilon"] == row["epsilon"])]
        known = " / ".join(f"{number(value, '.0f')}" for value in at["evaluations"])
        shown.append({"method": row["method"], "grid": row["grid"], "ε": f"{row['epsilon']:g}",
                      "d": " / ".join(f"{d:g}" for d in at["d"]), "evaluations": known,
                      "exponent of d": f"{number(row['exponent'], '.2f')} ± {number(row['stderr'], '.1g')}",
                      "": "†" if row["doubtful"] else ""})
    return pd.DataFrame(shown)


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """A panel per epsilon: evaluations against d; filled on the grid that knows, hollow and pale on the even one."""
    costs = tables["transition_costs"].dropna(subset="evaluations")
    costs = costs[costs["epsilon"].isin(SHOWN)]
    if costs.empty:
        return None
    panels = [(f"TV = {level:g}", rows) for level, rows in costs.groupby("epsilon", sort=False)]
    others = sorted({method for method, sampler in zip(costs["method"], costs["sampler"], strict=True)
                     if not looks.is_ours(sampler)})
    panel = partial(_panel, colours={method: looks.nth(number) for number, method in enumerate(others)})
    return style.panelled(panels, panel, 2, 3.4, "dimension $d$", "score evaluations", tables["environments"])


def _panel(axes: Axes, rows: pd.DataFrame, colours: Mapping[str, dict[str, Any]]) -> None:
    for (method, sampler, grid), at in rows.groupby(["method", "sampler", "grid"], sort=True):
        placed = grid == GRIDS[0]
        how = colours.get(str(method)) or looks.look(str(sampler))
        how = how | {"linestyle": "-" if placed else ":", "alpha": 1.0 if placed else 0.6, "markersize": 3.5,
                     "markerfacecolor": how["color"] if placed else "white"}
        axes.plot(at["d"], at["evaluations"], label=str(method) if placed else f"{method}, even", zorder=style.DATA,
                  **how)
    x = np.array([rows["d"].min(), rows["d"].max()])
    low = 0.8 * rows["evaluations"].min()
    for power, words in ((0.5, "$\\sqrt{d}$"), (1.0, "$d$")):
        style.slope_line(axes, x, low * (x / x[0]) ** power, words, linestyle="--" if power < 1 else "-.")
    axes.set(xscale="log", yscale="log")
    style.plain_ticks(axes.xaxis)
    style.plain_ticks(axes.yaxis)


FIGURES = (style.Picture("transition", draw, (
    "Is the growth with d on codebooks the problem's, or the grid's? Score evaluations to a total variation of 0.1 and "
    "0.01 on the planted model of a random codebook against d: solid, on levels that a pilot run places around the "
    "transition, charged in full; dotted and hollow, on levels that are even in log-SNR (HEROISM frugal: on its own "
    "clock). Grey: slopes 1/2 and 1.")),)

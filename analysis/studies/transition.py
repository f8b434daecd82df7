"""A grid that knows the transition: what a total variation of epsilon costs against d, with it and without."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import looks, style
from analysis.claims.claim import Statistic
from analysis.claims.statistics import measure
from analysis.text import number

NOTE = ("Score evaluations at which the total variation reaches ε on the planted model of a random codebook, those of "
        "the pilot run that places the grid included; exponent of d with its standard error.")
MADE_BY = "verify"
LEVELS = (1e-1, 3e-2, 1e-2)
COSTS = Statistic(kind="crossing_slope", x="d", reached="evaluations", levels=LEVELS, each=("target",),
                  by=("sampler", "sampler_order", "sampler_points", "schedule"), where="target == 'random_codebook'",
                  least_points=2)
SHOWN = (1e-1, 1e-2)  # of the levels, in the picture
PLACED = ("transition", "placed by a pilot run, charged"), ("even", "even")


def tables(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """``transition_costs``: evaluations for every method, d and epsilon, or why there are none. ``transition``: one row
    per method and epsilon, with the exponent of d.
    """
    costs, rows = [], []
    for row in measure(COSTS, runs, ["transition"]):
        for group in row.groups:
            variant = group.names.get("sampler_order"), group.names.get("sampler_points")
            names = {"method": _method(group.names["sampler"], *variant), "sampler": group.names["sampler"],
                     "grid": _grid(group.names["sampler"], group.names["schedule"])}
            for curve in group.curves:
                level = float(curve.names["epsilon"])
                costs += [{**names, "epsilon": level, "d": d, "evaluations": at.x, "stderr": at.stderr,
                           "reason": at.reason or ""} for d, at in zip(curve.x, curve.at, strict=True)]
                rows.append({**names, "epsilon": level, "exponent": curve.fit.slope, "stderr": curve.fit.stderr})
    return {"transition": pd.DataFrame(rows, columns=["method", "sampler", "grid", "epsilon", "exponent", "stderr"]),
            "transition_costs": pd.DataFrame(costs, columns=["method", "sampler", "grid", "epsilon", "d",
                                                             "evaluations", "stderr", "reason"])}


def _method(sampler: str, order: float | None, points: float | None) -> str:
    settings = [f"{name}={int(value)}" for name, value in (("order", order), ("points", points))
                if value is not None and pd.notna(value)]
    return ", ".join([looks.name(sampler), *settings])


def _grid(sampler: str, schedule: str) -> str:
    return "transition" if schedule == "transition" or sampler == "heroism_adaptive" else "even"


def summary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Per method and grid: evaluations at every d, and the exponent of d."""
    shown, costs = [], tables["transition_costs"]
    for row in tables["transition"].to_dict("records"):
        at = costs[(costs["method"] == row["method"]) & (costs["grid"] == row["grid"])
                   & (costs["epsilon"] == row["epsilon"])]
        known = " / ".join(f"{number(value, '.0f')}" for value in at["evaluations"])
        shown.append({"method": row["method"], "grid": dict(PLACED)[row["grid"]], "ε": f"{row['epsilon']:g}",
                      "d": " / ".join(f"{d:g}" for d in at["d"]), "evaluations": known,
                      "exponent of d": f"{number(row['exponent'], '.2f')} ± {number(row['stderr'], '.1g')}"})
    return pd.DataFrame(shown)


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """A panel per epsilon: evaluations against d; filled on the grid that knows, hollow and pale on the even one."""
    costs = tables["transition_costs"].dropna(subset="evaluations")
    costs = costs[costs["epsilon"].isin(SHOWN)]
    if costs.empty:
        return None
    panels = [(f"TV = {level:g}", rows) for level, rows in costs.groupby("epsilon", sort=False)]
    return style.panelled(panels, _panel, 2, 3.4, "dimension $d$", "score evaluations", tables["environments"])


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    numbers = {name: i for i, name in enumerate(sorted(rows["method"].unique()))}
    for (method, sampler, grid), at in rows.groupby(["method", "sampler", "grid"], sort=True):
        placed = grid == "transition"
        how = looks.nth(numbers[str(method)]) if not looks.is_ours(str(sampler)) else looks.look(str(sampler))
        how |= {"linestyle": "-" if placed else ":", "alpha": 1.0 if placed else 0.6, "markersize": 3.5,
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

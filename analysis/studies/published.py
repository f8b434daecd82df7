"""The published experiment of 2404.09730: its total variation of one coordinate beside the joint one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from analysis import looks, style
from analysis.curves import DISTANCE, curves
from analysis.paths import read_study_file
from analysis.text import number

NOTE = ("Other draws of the same law of modes and covariances. What is published stops at its estimator's floor, about "
        "0.012; the floor of our histogram stands in results/tables/published.csv.")
MADE_BY = "leaderboard"
MARGINAL = "histogram"
COLUMNS = ["d", "N_t", "published_marginal", "published_floor", "marginal", "marginal_stderr", "marginal_floor",
           "joint", "joint_stderr", "floor", "evaluations"]


def tables(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """``published``: one row per d and number of steps, with what stands in the authors' notebook (from the study's
    file).
    """
    content = read_study_file("published")
    points = curves(runs)
    joint, marginal = (_by_steps(points, name) for name in (DISTANCE, MARGINAL))
    rows = []
    for at, row in joint.iterrows():
        d, steps = at
        own = marginal.loc[at] if at in marginal.index else pd.Series(dtype=float)
        rows.append({"d": d, "N_t": steps, "published_marginal": content["published"].get(d, {}).get(steps, np.nan),
                     "published_floor": content["published_floor"], "marginal": own.get("value", np.nan),
                     "marginal_stderr": own.get("stderr", np.nan), "marginal_floor": own.get("floor", np.nan),
                     "joint": row["value"], "joint_stderr": row["stderr"], "floor": row["floor"],
                     "evaluations": row["evaluations"]})
    return {"published": pd.DataFrame(rows, columns=COLUMNS)}


def _by_steps(points: pd.DataFrame, distance: str) -> pd.DataFrame:
    """By (d, N_t): the authors count steps, T counts noise levels."""
    rows = points[(points["distance"] == distance) & (points["unusable"] != "failed")]
    return rows.assign(N_t=rows["T"].astype(int) - 1, d=rows["d"].astype(int)).set_index(["d", "N_t"]).sort_index()


def summary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The published number of every d and number of steps, ours of the same, and the joint one."""
    return pd.DataFrame([{
        "d": number(row["d"], ".0f"), "N_t": number(row["N_t"], ".0f"),
        "published, one coordinate": number(row["published_marginal"], ".4f"),
        "ours, one coordinate": number(row["marginal"], ".4f"),
        "joint (stderr)": f"{number(row['joint'], '.4f')} ({number(row['joint_stderr'], '.1g')})",
    } for row in tables["published"].to_dict("records")])


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """``published``; None when it is empty."""
    table = tables["published"]
    if table.empty:
        return None
    figure, ((axes,),) = style.panels(1, 1, 2.6, width=5.0)
    for colour, (d, rows) in zip(looks.COLOURS, table.groupby("d", sort=True), strict=False):
        style.error_bars(axes, rows["N_t"], rows["joint"], rows["joint_stderr"], None, label=f"joint, $d = {d}$",
                         color=colour, marker="o", linestyle="-")
        axes.plot(rows["N_t"], rows["published_marginal"], color=colour, marker="o", markerfacecolor="white",
                  linestyle=(0, (5, 1.5)), label=f"published marginal, $d = {d}$", zorder=style.DATA)
        if rows["marginal"].notna().any():
            axes.plot(rows["N_t"], rows["marginal"], color=colour, marker="x", linestyle="none", zorder=style.DATA,
                      label=f"our marginal, $d = {d}$")
    ends = np.array([table["N_t"].min(), table["N_t"].max()], dtype=float)
    floor = float(table["published_floor"].iloc[0])
    style.floor_line(axes, ends, [floor, floor], looks.INK, "floor of the published marginal")
    low, top = floor / 2.5, 1.5
    style.slope_line(axes, ends, 0.9 * (ends / ends[0]) ** -2, r"slope of reference $N_t^{-2}$")
    axes.set(xscale="log", yscale="log", xlabel="number of steps $N_t$ of Heun's method, $T - 1$", ylabel=style.TV,
             ylim=(low, top))
    axes.xaxis.set_major_locator(FixedLocator(sorted(table["N_t"].unique())))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())
    style.decades(axes.yaxis, low, 200 * low)
    style.footer(figure, tables["environments"], axes)
    return figure


FIGURES = (style.Picture("published_marginals", draw, (
    "Heun's method on a mixture of five modes in R^d, as in 2404.09730. Hollow, dashed: the total variation of the "
    "first coordinate as published (40 000 particles, kernel density estimate), which stops at that estimator's "
    "floor. Filled: the exact joint total variation of the same sampler on the same family of mixtures, with one "
    "standard error. Crosses: our histogram of the first coordinate, where it was taken.")),)

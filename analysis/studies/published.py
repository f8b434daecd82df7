"""The published experiment of 2404.09730: its total variation of one coordinate beside the joint one."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from analysis import looks, style
from analysis.curves import DISTANCE, SPOILED, curves, is_spoiled
from analysis.files import read_study_file
from analysis.text import DOUBTFUL, mark, number

NOTE = ("Other draws of the same law of modes and covariances. What is published stops at its estimator's floor, about "
        "0.012; the floor of our histogram stands in results/tables/published.csv. " + DOUBTFUL)
MADE_BY = "leaderboard"
MARGINAL = "histogram"
COLUMNS = ["d", "N_t", "published_marginal", "published_floor", "marginal", "marginal_stderr", "marginal_floor",
           "joint", "joint_stderr", "floor", "evaluations", *SPOILED]


def tables(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """``published``: one row per d and number of steps, with what stands in the authors' notebook (from the study's
    file).
    """
    content = read_study_file("published")
    points = curves(runs)
    points = points[points["unusable"] != "failed"].astype({"d": int, "T": int})
    points["N_t"] = points["T"] - 1  # the authors count steps, T counts noise levels
    joint, marginal = (points[points["distance"] == name].set_index(["d", "N_t"]).sort_index()
                       for name in (DISTANCE, MARGINAL))
    table = joint.rename(columns={"value": "joint", "stderr": "joint_stderr"}).join(
        marginal[["value", "stderr", "floor"]].set_axis(COLUMNS[4:7], axis="columns")).reset_index()
    known = [content["published"].get(d, {}).get(steps, np.nan) for d, steps in table[["d", "N_t"]].to_numpy()]
    return {"published": table.assign(published_marginal=known, published_floor=content["published_floor"])[COLUMNS]}


def summary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The published number of every d and number of steps, ours of the same, and the joint one."""
    return pd.DataFrame([{  # a number and its mark: both distances are those of the same run
        "d": number(row["d"], ".0f"), "N_t": number(row["N_t"], ".0f"),
        "published, one coordinate": number(row["published_marginal"], ".4f"),
        "ours, one coordinate": number(row["marginal"], ".4f") + mark(pd.notna(row["marginal"]) and is_spoiled(row)),
        "joint (stderr)": f"{number(row['joint'], '.4f')} ({number(row['joint_stderr'], '.1g')})"
                          + mark(is_spoiled(row)),
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
        style.spoiled(axes, rows["N_t"], rows["joint"], rows)
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
    style.powers_of_two(axes.xaxis, table["N_t"])
    style.decades(axes.yaxis, low, 200 * low)
    style.footer(figure, tables["environments"], axes)
    return figure


FIGURES = (style.Picture("published_marginals", draw, (
    "Heun's method on a mixture of five modes in R^d, as in 2404.09730. Hollow, dashed: the total variation of the "
    "first coordinate as published (40 000 particles, kernel density estimate), which stops at that estimator's "
    "floor. Filled: the exact joint total variation of the same sampler on the same family of mixtures, with one "
    "standard error. Coloured crosses: our histogram of the first coordinate, where it was taken; "
    "small black ones: a path folded or diverged.")),)

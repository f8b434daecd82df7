"""The error budget: the share of every source, beside the total variation measured on its own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import looks, style
from analysis.curves import curves, is_spoiled
from analysis.text import number

NOTE = "Shares are signed; their sum and the total variation are measured independently (± one standard error)."
MADE_BY = "verify"
PARTS = ("initialisation", "jacobian", "score", "refinement", "discretisation")
SUMS = ("budget", "total_variation")
COLUMNS = ["target", "d", "K", "T", *PARTS, *(name + end for name in SUMS for end in ("", "_stderr")), "spoiled"]
SHADES = dict(zip(PARTS, (looks.BLUE, looks.VERMILION, looks.ORANGE, looks.GREEN, looks.PURPLE), strict=True))
NORMAL = 1.96  # two-sided 95 %


def tables(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """``budget``: one row per target, d, K and T, with every share, their sum, and the total variation end to end."""
    points = curves(runs)
    points = points[points["unusable"] != "failed"].assign(spoiled=is_spoiled)
    wide = points.pivot(index=COLUMNS[:4], columns="distance", values=["value", "stderr"]).astype(float)
    wide.columns = [name.removeprefix("budget_") + "_stderr" * (of == "stderr") for of, name in wide.columns]
    wide["spoiled"] = points.groupby(COLUMNS[:4], dropna=False)["spoiled"].any()
    return {"budget": wide.reset_index().reindex(columns=COLUMNS)}


def summary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Every share, their sum, and the total variation measured on its own."""
    return pd.DataFrame([{
        "family": row["target"], "d": f"{row['d']:g}", "T": f"{row['T']:g}",
        **{part.replace("jacobian", "Jacobian"): number(row[part], ".2g") for part in PARTS},
        **{name: f"{number(row[column], '.2g')} ± {number(row[f'{column}_stderr'], '.1g')}"
           for column, name in zip(SUMS, ("sum", "total variation"), strict=True)},
        "": "†" if row["spoiled"] else "",
    } for row in tables["budget"].to_dict("records")])


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """One panel per target and d: the signed shares stacked, for every T; None without a budget."""
    table = tables["budget"].dropna(subset="budget")
    if table.empty:
        return None
    groups = table.groupby(["d", "target"], sort=True)
    columns = len(groups) // table["d"].nunique()
    panels = [(looks.place(str(target), d), rows.sort_values("T")) for (d, target), rows in groups]
    return style.panelled(panels, _stack, columns, 1.9, "noise levels $T$", style.TV, tables["environments"])


def _stack(axes: Axes, rows: pd.DataFrame) -> None:
    """Positive shares upwards from zero, negative ones downwards; their sum a dash, the total variation a point."""
    place, up, down = np.arange(len(rows)), np.zeros(len(rows)), np.zeros(len(rows))
    for part, colour in SHADES.items():
        share = np.nan_to_num(rows[part].to_numpy(float))
        axes.bar(place, share, 0.55, bottom=np.where(share >= 0, up, down), color=colour, zorder=style.DATA,
                 label=part.replace("jacobian", "Jacobian"))
        up, down = up + np.maximum(share, 0), down + np.minimum(share, 0)
    for name, shift, mark, size, label in (("budget", 0.0, "_", 16.0, "sum of the shares"),
                                           ("total_variation", 0.36, "o", 3.0, "measured on its own")):
        axes.errorbar(place + shift, rows[name], NORMAL * rows[f"{name}_stderr"].fillna(0.0), fmt=mark, markersize=size,
                      color=looks.BLACK, elinewidth=0.9, zorder=style.DATA + 1, label=label)
    bad = rows["spoiled"].to_numpy(bool)
    style.cross(axes, place[bad] + 0.36, rows["total_variation"].to_numpy(float)[bad])
    axes.axhline(0, color=looks.INK, linewidth=0.6)
    axes.set_xticks(place, [f"{count:g}" for count in rows["T"]])
    axes.grid(axis="x", visible=False)


FIGURES = (style.Picture("budget", draw, (
    "Where the error comes from: signed shares of initialisation, Jacobian, score, refinement and discretisation, "
    "stacked; dash: their sum, point: the total variation measured on its own, both with 95 % intervals.")),)

"""The accuracy study: the order of the error in the step, and with it the exponent of 1/epsilon in T(d, epsilon)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import looks, style
from analysis.orders import accuracy
from analysis.prediction import read_prediction
from analysis.text import interval, number, verdict
from heroism.rates import SATURATION
from heroism.theory import step_size

NOTE = ("Last: order between the two largest T. Bound: the order that the same fit finds in the theorem's bound, "
        "logarithms included, on the same T. Of 1/ε: its exponent in T(ε), 1/order in h = log T / T.")


def tables(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """``accuracy_points``, ``accuracy_orders``, ``accuracy``: every error, its order in h, and what follows from it."""
    return accuracy(runs, read_prediction("accuracy"))


def summary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The order of every family and K beside the classical one, the exponent of 1/epsilon beside the theorem's."""
    return pd.DataFrame([{
        "family": row["family"], "K": number(row["K"], ".0f"), "d": row["d"].replace(" ", ", "),
        "order in h [95 %]": interval(row["order"], row["order_low"], row["order_high"]),
        "last": number(row["order_at_small_h"], ".2f"),
        "classical": number(row["classical_order"], ".0f"), "bound": number(row["order_of_bound"], ".1f"),
        "of 1/ε [95 %]": interval(row["exponent"], row["low"], row["high"]),
        "1/K": number(row["predicted"], ".2f"), "verdict": verdict(row),
    } for row in tables["accuracy"].to_dict("records")])


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
    figure, shown = style.wrapped_panels(len(families), COLUMNS, 1.8, sharex=True, sharey=True)
    orders = tables["accuracy_orders"]
    for axes, family in zip(shown, families, strict=True):
        _panel(axes, points[points["family"] == family], orders[(orders["family"] == family) & (orders["d"] == d)])
        _dress(axes, points)
        axes.set_title(f"{looks.name(family)}, $d = {d}$")
    style.outer_labels(shown, COLUMNS, "number of noise levels $T$", style.TV)
    style.footer(figure, tables["environments"], *shown)
    return figure


def _panel(axes: Axes, points: pd.DataFrame, orders: pd.DataFrame) -> None:
    measured = []
    for K, curve in points.groupby("K"):
        look, used = looks.look(f"K={K}"), curve["dropped"] == ""
        style.error_bars(axes, curve["T"], curve["value"], curve["stderr"], used, label=f"$K = {K}$", **look)
        style.spoiled(axes, curve["T"], curve["value"], curve)
        style.floor_line(axes, curve["T"], curve["floor"], look["color"])
        row = orders[orders["K"] == K]
        if len(row) and np.isfinite(row["order"].iloc[0]) and row["why"].iloc[0] == "":
            value = style.measured(*row[["order", "low", "high"]].iloc[0])
            measured.append((f"$K = {K}$:  {value} → {row['order_at_small_h'].iloc[0]:.2f}", look["color"]))
    style.floor_line(axes, [], [], looks.INK, "measured floors")
    style.numbers(axes, "measured order in $h$", measured)


def _dress(axes: Axes, points: pd.DataFrame) -> None:
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
                      textcoords="offset points", fontsize=7, color=looks.GREY, va="center", annotation_clip=False)
    style.powers_of_two(axes.xaxis, points["T"])
    style.decades(axes.yaxis, bottom, 2.0)


FIGURES = (style.Picture("tv_against_steps", draw, (
    "Exact total variation of HEROISM's output against the number of noise levels T, by target family and points per "
    "step K, with the order in h = log T / T fitted to the filled points, and after the arrow the one between the two "
    "largest T. Dashed grey: slopes of reference, dotted: measured floors, shaded: the saturated range that no fit "
    "uses.")),)

"""The accuracy study: the order of the error in the step, and with it the exponent of 1/epsilon in T(d, epsilon)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import looks, style
from analysis.claims.claim import OVER_LEVELS, Claim, own_claim
from analysis.claims.fits import believable, too_short
from analysis.claims.measured import Curve, Measured
from analysis.claims.statistics import measure
from analysis.claims.verdicts import judge
from analysis.curves import DISTANCE, GROUP, by_family, curves, same
from analysis.files import STUDIES
from analysis.text import DOUBTFUL, interval, mark, number, verdict
from heroism.rates import SATURATION, fit_rate
from heroism.theory import classical_order, error_bound, step_size

DECADES = tuple(10.0**-power for power in range(2, 13))

NOTE = ("Last: order between the two largest T. Bound: the order that the same fit finds in the theorem's bound, "
        "logarithms included, on the same T. Of 1/ε: its exponent in T(ε), 1/order in h = log T / T. " + DOUBTFUL)


def tables(runs: pd.DataFrame, claim: Claim | None = None) -> dict[str, pd.DataFrame]:
    """Tables of the study, of its own claim.

    ``accuracy_points``: every point, and why it did not enter the fit.
    ``accuracy_orders``: the order in h for every family, d and K, beside the classical one and what the same fit finds
    in the theorem's bound with its logarithms.
    ``accuracy``: the exponent of 1/epsilon for every family and K, beside 1/K and the classical order.
    """
    claim = claim or own_claim(STUDIES / "accuracy.yaml")
    # The orders themselves; and the exponent in T, whose logarithm makes it larger than 1/order at every finite T.
    in_steps = replace(claim.statistic, kind="crossing_slope", x=OVER_LEVELS, levels=DECADES, reached="T",
                       least_span=8.0)
    measured = [measure(statistic, runs, claim.records)
                for statistic in (claim.statistic, replace(claim.statistic, kind="slope"), in_steps)]
    points = curves(runs, DISTANCE).assign(dropped="")
    orders, whole = [], []
    for row, slopes, steps in zip(*measured, strict=True):
        verdict = judge(claim, row)
        for group, slope, step, word in zip(row.groups, slopes.groups, steps.groups, verdict.words, strict=True):
            names = {**group.names, **row.names}
            rows = points[(points["family"] == names["family"]) & same(points["K"], names["K"])]
            found = []
            for curve in group.curves:
                at = rows[rows["d"] == curve.names["d"]]
                why = {point.x: point.why for point in curve.fit.dropped}
                known = zip(at["h"], at["unusable"], strict=True)
                points.loc[at.index, "dropped"] = [why.get(h, unusable) for h, unusable in known]
                found.append(_order(names, at, curve, claim, verdict.predicted))
            orders += found
            bounds = [one["order_of_bound"] for one in found if np.isfinite(one["order_of_bound"])]
            whole.append(_row(names, rows, group, slope) | {"predicted": verdict.predicted, "verdict": word,
                         "why": f"insufficient range: {group.reason}" if group.reason else "",
                         "exponent_in_T": step.value, "order_of_bound": np.mean(bounds) if bounds else np.nan,
                         "doubtful": group.doubtful})
    return {"accuracy_points": points, "accuracy_orders": by_family(orders, [*GROUP, "d"], ["order", "why"]),
            "accuracy": by_family(whole, GROUP, ["exponent", "low", "high"])}


def _order(names: Mapping[str, Any], rows: pd.DataFrame, curve: Curve, claim: Claim,
           predicted: float) -> dict[str, Any]:
    fit = curve.fit
    low, high = believable([fit], fit.interval())
    used = rows[rows["h"].isin([x for x, _ in fit.points])]
    return {**{name: names[name] for name in GROUP}, "d": curve.names["d"], "order": fit.slope, "stderr": fit.stderr,
            "low": low, "high": high, "points": len(fit.points), "T_min": used["T"].min(), "T_max": used["T"].max(),
            "consistent": fit.consistent, "order_at_small_h": fit.pairwise[0].slope if fit.pairwise else np.nan,
            "classical_order": _classical(rows), "order_of_bound": _of_bound(used, curve.names["d"], names["K"]),
            "predicted": 1.0 / predicted, "why": too_short(fit, claim.statistic.least_span) or ""}


def _row(names: Mapping[str, Any], rows: pd.DataFrame, group: Measured, order: Measured) -> dict[str, Any]:
    """Over all d. As T(epsilon) follows from h(epsilon) = epsilon^(1/order), the exponent is 1/order."""
    falls = group.reason is None
    # Between the two smallest h of every fit, averaged: where the order has settled if it has anywhere.
    local = [curve.fit.pairwise[0].slope for curve in group.curves if curve.fit.pairwise]
    return {**{name: names[name] for name in GROUP}, "d": " ".join(str(d) for d in sorted(rows["d"].unique())),
            "order": order.value if falls else np.nan, "order_low": order.low if falls else np.nan,
            "order_high": order.high if falls else np.nan, "order_at_small_h": np.mean(local) if local else np.nan,
            "classical_order": _classical(rows), "exponent": group.value, "low": group.low, "high": group.high}


def _of_bound(used: pd.DataFrame, d: float, points: float) -> float:
    """The order that the same fit finds in the theorem's bound, with its logarithms, on the same T."""
    if pd.isna(points):
        return np.nan
    return fit_rate(used["h"], error_bound(used["T"].to_numpy(float), d, int(points)), saturation=None).slope


def _classical(rows: pd.DataFrame) -> float:
    """As the sampler declared it; of the paper's equispaced points where it did not."""
    declared, points = rows["order"].dropna(), rows["K"].dropna()
    if len(declared):
        return float(declared.iloc[0])
    return float(classical_order(int(points.iloc[0]))) if len(points) else np.nan


def summary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The order of every family and K beside the classical one, the exponent of 1/epsilon beside the theorem's."""
    return pd.DataFrame([{
        "family": row["family"], "K": number(row["K"], ".0f"), "d": row["d"].replace(" ", ", "),
        "order in h [95 %]": interval(row["order"], row["order_low"], row["order_high"]),
        "last": number(row["order_at_small_h"], ".2f"),
        "classical": number(row["classical_order"], ".0f"), "bound": number(row["order_of_bound"], ".1f"),
        "of 1/ε [95 %]": interval(row["exponent"], row["low"], row["high"]) + mark(row["doubtful"]),
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
    orders = tables["accuracy_orders"]

    def panel(axes: Axes, rows: pd.DataFrame) -> None:
        _panel(axes, rows, orders[(orders["family"] == rows["family"].iloc[0]) & (orders["d"] == d)])
        _dress(axes, points)

    panels = [(looks.place(str(family), d), rows) for family, rows in points.groupby("family")]
    return style.panelled(panels, panel, COLUMNS, 1.8, "number of noise levels $T$", style.TV, tables["environments"],
                          sharex=True, sharey=True, narrowest=3.0)


def _panel(axes: Axes, points: pd.DataFrame, orders: pd.DataFrame) -> None:
    measured = []
    for K, curve in points.groupby("K"):
        look, found = looks.look(f"K={K}"), ""
        style.curve(axes, curve, "T", curve["dropped"] == "", "_", **look)
        row = orders[orders["K"] == K]
        if len(row) and np.isfinite(row["order"].iloc[0]) and row["why"].iloc[0] == "":
            value = style.measured(*row[["order", "low", "high"]].iloc[0])
            found = f":  {value} → {row['order_at_small_h'].iloc[0]:.2f}"
        measured.append((f"$K = {K}${found}", look))
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
                      textcoords="offset points", color=looks.GREY, va="center", annotation_clip=False)
    style.powers_of_two(axes.xaxis, points["T"])
    style.decades(axes.yaxis, bottom, 2.0)


FIGURES = (style.Picture("tv_against_steps", draw, (
    "Exact total variation of HEROISM's output against the number of noise levels T, by target family and points per "
    "step K, with the order in h = log T / T fitted to the filled points, and after the arrow the one between the two "
    "largest T. Dashed grey: slopes of reference, dotted: measured floors, shaded: the saturated range that no fit "
    "uses.")),)

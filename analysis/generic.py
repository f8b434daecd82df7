"""The table and the picture of any study: its deciding measure against T, a curve per combination of what was varied.

Where T was not varied another number that was takes its place: a parameter, the dimension, points per step, particles.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import looks, style
from analysis.curves import curves, is_spoiled
from analysis.runs import parameters
from analysis.text import NONE, interval, level, mark, number
from heroism.rates import FLOOR_FACTOR, fit_rate

TOLD = ["distance", "target", "sampler", "schedule", "perturbation", "start", "d", "K", "N", "particles"]
NUMBERS = ["d", "K", "particles"]
SYMBOLS = {"T": "number of noise levels $T$", "d": "dimension $d$", "K": "points per step $K$"}
MOST_COLUMNS = 6  # of values side by side in the table for people
COLUMNS = 3
MOST_CURVES, MOST_PANELS, MOST_ENTRIES = 8, 15, 24


@dataclass(frozen=True)
class Generic:
    """Views of a study without a module of its own, or of a question of one's own on the command line ("sweep")."""

    study: str
    NOTE = (f"Value ± standard error. ~: within {FLOOR_FACTOR:g} times its floor. †: a path folded or diverged. "
            "Order: of the fit in the schedule's step.")

    @property
    def FIGURES(self) -> Sequence[style.Picture]:
        return (style.Picture(self.study, self.draw, (
            "What decides in this study against what was varied, with one standard error; filled where the fit of an "
            "order uses it. Dotted: measured floors; crosses: some of the particles folded or diverged.")),)

    def tables(self, runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """Tables of the study.

        ``<study>`` : one row per curve: what tells it from the others, the order of its fit with the 95 % interval, or
        why there is none, its last value, and how many of its points are left out and why.
        ``<study>_points`` : every point, with ``x`` and the reason why it is not in the fit.
        ``<study>_answers`` : T for every epsilon that was asked for, if any was.
        """
        runs = runs[runs["measure"] == runs["deciding"]]  # what decides where ladders and searches stop
        answers = runs[runs["kind"] == "answer"].sort_values("epsilon", ascending=False, ignore_index=True)
        points, answers = _split(_points(runs)), _split(answers)
        varied = _varied(points)
        told = _telling(points, leave=varied)
        points = points.sort_values([*told, varied], ignore_index=True)
        panel = _panels(points, told)
        points = points.assign(x=points[varied].astype(float), varied=varied, left_out="",
                               curve=_labels(points, told).str.replace("$", ""),
                               panel=_labels(points, panel),
                               label=_labels(points, [name for name in told if name not in panel]))
        rows = []
        for label, curve in points.groupby("curve", sort=False):
            row, left_out = _row(curve, varied)
            points.loc[curve.index, "left_out"] = left_out
            rows.append({"curve": label, **curve.iloc[0][told].rename(lambda name: name.lstrip("~")), **row})
        columns = None if rows else ["curve", "order", "low", "high", "why"]
        found = {self.study: pd.DataFrame(rows, columns=columns), f"{self.study}_points": points}
        answers = answers.assign(curve=_labels(answers, told).str.replace("$", ""))
        return found if answers.empty else {**found, f"{self.study}_answers": answers}

    def summary(self, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
        """A row per curve: its values side by side, where most curves have one, or T for every epsilon; its order."""
        table, points = tables[self.study], tables[f"{self.study}_points"]
        answers = tables.get(f"{self.study}_answers", pd.DataFrame(columns=["curve"]))
        most = points.groupby("x")["curve"].nunique().reset_index().sort_values(["curve", "x"], ascending=False)["x"]
        varied = points["varied"].max().lstrip("~").replace("_", " ") if len(points) else ""
        shown = []
        for row in table.to_dict("records"):
            mine, asked = points[points["curve"] == row["curve"]], answers[answers["curve"] == row["curve"]]
            cells = {level(one["epsilon"]): number(one["T"], ".0f") for one in asked.to_dict("records")}
            if answers.empty:
                cells = {f"{varied} = {x:g}": " / ".join(map(_cell, mine[mine["x"] == x].to_dict("records"))) or NONE
                         for x in sorted(most[:MOST_COLUMNS])}
            order = interval(row["order"], row["low"], row["high"])
            declared = f", declared {row['declared_order']:g}" * bool(order != NONE and pd.notna(row["declared_order"]))
            shown.append({"curve": row["curve"], **cells, "order [95 %]": order + declared})
        return pd.DataFrame(shown)

    def draw(self, tables: Mapping[str, pd.DataFrame]) -> Figure | None:
        """A panel per target, wrapped; None without a value that logarithmic axes can show."""
        points = tables[f"{self.study}_points"]
        points = points[(points["value"] > 0) & (points["x"] > 0)]
        if points.empty:
            return None
        panels, look = list(points.groupby("panel", sort=False)), _looks(points)
        measures, varied = points["distance"].unique(), points["varied"].iloc[0]
        several = len(panels) > 1
        return style.panelled(
            panels, partial(_panel, look=look), COLUMNS, 1.9 if several else 2.8,
            SYMBOLS.get(varied, varied.lstrip("~").replace("_", " ")),
            "measured value" if len(measures) > 1 else _measure(measures[0]), tables["environments"],
            width=style.WIDTH if several else 0.7 * style.WIDTH, sharex=True, sharey=len(measures) == 1)


# ---- points and what was varied ------------------------------------------------------------------

def _points(runs: pd.DataFrame) -> pd.DataFrame:
    """The points of all curves, for every number of particles by itself."""
    parts = [curves(part).assign(particles=particles) for particles, part in runs.groupby("particles")]
    return pd.concat(parts, ignore_index=True) if parts else curves(runs).assign(particles=np.nan)


def _split(points: pd.DataFrame) -> pd.DataFrame:
    """``variant`` taken apart: a column for every parameter in it, of numbers where they are."""
    apart = pd.DataFrame([parameters(words) for words in points["variant"]], points.index).add_prefix("~")
    for name in apart:
        found = pd.to_numeric(apart[name], errors="coerce")
        if (found.notna() == apart[name].notna()).all():
            apart[name] = found
    return points.join(apart)


def _varied(points: pd.DataFrame) -> str:
    """The number on the axis: the first with two values on one curve; T where there is none."""
    parameters = [name for name in points if name.startswith("~") and pd.api.types.is_numeric_dtype(points[name])]
    for name in ("T", *parameters, *NUMBERS):
        told = _telling(points, leave=name)
        alike = points.groupby(told, dropna=False) if told else points.groupby(lambda _: 0)
        if len(points) and alike[name].nunique().max() > 1:
            return name
    return "T"


def _telling(points: pd.DataFrame, leave: str) -> list[str]:
    """The columns that tell curves apart: what varies, and does not follow from the columns before."""
    told: list[str] = []
    for name in [*TOLD, *(name for name in points if name.startswith("~"))]:
        alike = points.groupby(told, dropna=False)[name] if told else points[name]
        if name != leave and len(points) and np.max(alike.nunique(dropna=False)) > 1:
            told.append(name)
    return told


def _panels(points: pd.DataFrame, told: Sequence[str]) -> list[str]:
    """The first of the columns that tell curves apart: so many that no panel is crowded, but not many panels."""
    curves = points[list(told)].drop_duplicates()
    for many in range(sum(name in told for name in TOLD[:2]), len(told)):
        crowd = curves.groupby(told[:many], dropna=False).size().max() if many else len(curves)
        if crowd <= MOST_CURVES or len(curves[told[:many + 1]].drop_duplicates()) > MOST_PANELS:
            return list(told[:many])
    return list(told[:1])


def _labels(points: pd.DataFrame, told: Sequence[str]) -> pd.Series:
    """``low-rank mixture, DDIM, $d$ = 4``"""
    return pd.Series([", ".join(filter(None, (_word(name, row.get(name)) for name in told))) or "all"
                      for row in points.to_dict("records")], points.index, dtype=object)


def _word(name: str, value: Any) -> str:
    if pd.isna(value) or value == "":
        return ""
    if name in ("distance", "target", "sampler"):
        return looks.name(str(value))
    if isinstance(value, str) and not name.startswith("~") and name != "N":
        return value.replace("_", " ")
    symbol = f"${name}$" if len(name) == 1 else name.removeprefix("~").replace("_", " ")
    return f"{symbol} = {value if isinstance(value, str) else format(value, 'g')}"


def _measure(name: str) -> str:
    return style.TV if name == "total_variation" else name.replace("_", " ")


# ---- what a curve says ---------------------------------------------------------------------------

def _row(curve: pd.DataFrame, varied: str) -> tuple[dict[str, Any], list[str]]:
    """The fit of one curve, and for every point why it is not in it."""
    last, failed = curve.sort_values("x").iloc[-1], int((curve["unusable"] == "failed").sum())
    row = {"points": len(curve), "failed": failed, "x": last["x"], "value": last["value"], "stderr": last["stderr"],
           "floor": last["floor"], "declared_order": curve["order"].iloc[0]}
    if varied != "T":
        return row | {"order": np.nan, "low": np.nan, "high": np.nan, "why": "T was not varied"}, [""] * len(curve)
    fit = fit_rate(curve["h"], curve["value"], curve["stderr"], curve["floor"], unusable=list(curve["unusable"]))
    dropped, (low, high) = {point.x: point.why for point in fit.dropped}, fit.interval()
    return (row | {"order": fit.slope, "low": low, "high": high, "why": fit.reason or ""},
            [dropped.get(step, why) for step, why in zip(curve["h"], curve["unusable"], strict=True)])


def _cell(point: Mapping[str, Any]) -> str:
    if point["unusable"] == "failed":
        return "failed"
    near = "~" if point["value"] < FLOOR_FACTOR * point["floor"] else ""
    return f"{near}{number(point['value'], '.2g')} ± {number(point['stderr'], '.1g')}{mark(is_spoiled(point))}"


# ---- picture -------------------------------------------------------------------------------------

def _panel(axes: Axes, points: pd.DataFrame, look: Mapping[str, dict[str, Any]]) -> None:
    for label, curve in points.groupby("label", sort=False):
        style.curve(axes, curve, "x", curve["left_out"] == "", **look[str(label)])
    style.floor_line(axes, [], [], looks.INK, "measured floors")
    axes.set(xscale="log", yscale="log")
    style.plain_ticks(axes.xaxis)
    style.decades(axes.yaxis, *axes.get_ylim())


def _looks(points: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """By label that of the sampler where samplers differ in a panel, else of K, else one after the other.

    Where one comes again, its mark and line change. A legend of too many curves names what gives them their colours.
    """
    samplers, orders = (points.groupby("panel")[name].nunique().max() > 1 for name in ("sampler", "K"))
    found, seen = {}, Counter[str]()
    labels = points.drop_duplicates("label")
    for place, first in enumerate(labels.to_dict("records")):
        base = first["sampler"] if samplers else f"K={first['K']}" if orders and pd.notna(first["K"]) else str(place)
        word = first["label"] if len(labels) <= MOST_ENTRIES else looks.name(base) if base != str(place) else "_"
        again = looks.nth((len(looks.COLOURS) + 1) * seen[base])
        found[first["label"]] = (looks.nth(place) if base == str(place) else looks.look(base)) \
            | ({name: again[name] for name in ("marker", "linestyle")} if seen[base] else {}) | {"label": word}
        seen[base] += 1
    return found

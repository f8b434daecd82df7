"""The whole field: the order of every sampler in total variation, in KL and in W2, beside what is claimed of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import looks, style
from analysis.curves import curves
from analysis.files import read_study_file
from analysis.runs import parameters
from analysis.text import interval, markdown, number
from heroism.rates import fit_rate

NOTE = ("Orders in the number of steps with 95 % intervals; half of it for KL, which is of twice the order. Claimed: "
        "by its authors or its name, else as this suite declares it. diffusers' sde-dpmsolver of order 3 has no branch "
        "and cannot run (heroism/tests/test_external_noise.py, which also says why others fall short).")
MEASURES = {"total_variation": ("TV", 1.0, looks.BLUE, "o"), "kl": ("KL / 2", 2.0, looks.VERMILION, "^"),
            "wasserstein_exact": ("W2", 1.0, looks.GREEN, "s")}
TARGETS = {"gaussian_mixture": "Gaussian", "product_mixture": "two modes"}
NEEDED = "total_variation"  # what was measured for its path alone has none
SETTLED = 0.3  # errors above it are left out of fits
FINEST = 6
BAND = "path_kl_band_"
Row = dict[str, Any]


def tables(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables of the study.

    ``field`` : one row per target and method: whether it is stochastic, the declared order, the claimed one and by
    whom, why it fails if it does, and the orders in total variation, in KL (halved) and in W2 with 95 % intervals.
    ``field_path`` : the share of every band of log-SNR in the divergence of a path, the most noise first.
    """
    said = read_study_file("field")
    found: dict[tuple[str, str], Row] = {}
    whole = runs[runs["key"].isin(runs["key"][runs["measure"] == NEEDED])]
    for measure in MEASURES:
        points = curves(whole, measure)
        points = points[(points["unusable"] == "") & (points["value"] > 0)]
        points = points.assign(variant=points["variant"].map(_without_schedule))  # which is the same for all of these
        points = points.assign(method=[looks.method_name(row) for row in points.to_dict("records")])
        for (target, method), curve in points.groupby(["target", "method"], sort=True):
            row = found.setdefault((str(target), str(method)), _method(curve.iloc[0], said))
            row |= _order(curve, measure)
    for run in runs[runs["status"] == "failed"].drop_duplicates(["target", "sampler", "variant"]).to_dict("records"):
        run["variant"] = _without_schedule(run["variant"])
        row = found.setdefault((str(run["target"]), looks.method_name(run)), _method(pd.Series(run), said))
        row["why"] = f"fails: {run['reason']}"
    columns = ["target", "method", "sampler", "stochastic", "declared", "claimed", "source", "why",
               *(f"{measure}{end}" for measure in MEASURES for end in ("", "_low", "_high"))]
    keyed = [{"target": target, "method": method, **row} for (target, method), row in found.items()]
    return {"field": pd.DataFrame(keyed, columns=columns), "field_path": _path(runs)}


def _without_schedule(variant: Any) -> str:
    return " ".join(f"{name}={value}" for name, value in parameters(variant).items() if not name.startswith("tau_"))


def _method(run: pd.Series, said: Mapping[str, Any]) -> Row:
    sampler = str(run["sampler"])
    claims, declared = said["claimed"], float(run["order"]) if pd.notna(run["order"]) else np.nan
    keys = [*(f"{sampler} {name}={value}" for name, value in parameters(run["variant"]).items()), sampler]
    claimed = next((float(claims[key]) for key in keys if key in claims), declared)
    return {"sampler": sampler, "stochastic": looks.is_stochastic(sampler), "declared": declared, "claimed": claimed,
            "source": said["sources"].get(sampler, "")}


def _order(curve: pd.DataFrame, measure: str) -> Row:
    _, power, *_ = MEASURES[measure]
    curve = curve[curve["value"] < SETTLED**power].sort_values("T").tail(FINEST)
    fit = fit_rate(curve["T"].to_numpy(float) - 1.0, curve["value"], curve["stderr"], curve["floor"], None)
    low, high = fit.interval()
    return {measure: -fit.slope / power, f"{measure}_low": -high / power, f"{measure}_high": -low / power}


def _path(runs: pd.DataFrame) -> pd.DataFrame:
    bands = curves(runs[runs["measure"].astype(str).str.startswith(BAND)])
    bands = bands[bands["unusable"] == ""]
    place = ["target", "sampler", "d", "T"]
    rows = bands.assign(band=bands["distance"].str.removeprefix(BAND).astype(int))
    rows = rows[[*place, "band", "value"]].sort_values([*place, "band"], ignore_index=True)
    return rows.assign(share=rows["value"] / rows.groupby(place)["value"].transform("sum"))


def summary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Orders in words, target by target: the stochastic samplers first."""
    keys = ["target", "stochastic", "claimed", "method"]
    table = tables["field"].sort_values(keys, ascending=[True, False, True, True])
    return pd.DataFrame([{
        "family": _target(row["target"]), "sampler": row["method"], "claimed": number(row["claimed"], "g"),
        "by": row["source"], **{name: interval(row[measure], row[f"{measure}_low"], row[f"{measure}_high"], digits=2)
                                for measure, (name, *_) in MEASURES.items()},
        "why": row["why"] if isinstance(row["why"], str) else ""} for row in table.to_dict("records")])


def page(tables: Mapping[str, pd.DataFrame]) -> str:
    """All of it."""
    return f"# The whole field\n\n{NOTE}\n\n{markdown(summary(tables))}\n"


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """``field``: a row for every sampler, its orders beside the claimed one; None without rows."""
    table = tables["field"].dropna(subset=["claimed", NEEDED])
    if table.empty:
        return None
    groups = [(name, table[table["stochastic"] == stochastic]) for name, stochastic in
              (("deterministic", False), ("stochastic", True))]
    groups = [(name, rows) for name, rows in groups if len(rows)]
    most = max(rows["method"].nunique() for _, rows in groups)
    return style.panelled(groups, _panel, 2, 0.155 * most + 1.6, "order of convergence", "",
                          tables["environments"])


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    order = rows.groupby("method")[["claimed", "sampler"]].first().sort_values(["claimed", "sampler"], ascending=False)
    place = {method: i for i, method in enumerate(order.index)}
    targets = sorted(rows["target"].unique())
    for method, at in place.items():
        axes.axhline(at, color=looks.GREY, linewidth=0.3, zorder=style.REFERENCE)
        axes.plot(order.at[method, "claimed"], at, marker="D", markersize=6.5, fillstyle="none", color=looks.INK,
                  linestyle="", zorder=style.REFERENCE, label="claimed" if at == 0 else "_")
    for i, (measure, (name, _, colour, marker)) in enumerate(MEASURES.items()):
        for target in targets:
            mine = rows[(rows["target"] == target) & rows[measure].notna()]
            heights = mine["method"].map(place).astype(float) + 0.22 * (1 - i)
            axes.plot(mine[measure], heights, color=colour, marker=marker, markersize=3.2, linestyle="",
                      fillstyle="full" if target == targets[0] else "none", zorder=style.DATA,
                      label=f"{name}, {_target(target)}")
    axes.set_yticks(list(place.values()), [_short(method) for method in place], fontsize=style.SMALL)
    axes.set(ylim=(-0.7, len(place) - 0.3), xlim=(0.3, max(4.6, float(rows["claimed"].max()) + 0.6)))


def _target(target: Any) -> str:
    return TARGETS.get(str(target), looks.name(str(target)))


def _short(method: str) -> str:
    for word in ("damping=", "algorithm type=", "solver order="):
        method = method.replace(word, "")
    return method


def draw_path(tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """``field_path``: what every band contributes, a panel for each target; None without rows."""
    rows = tables["field_path"]
    if rows.empty:
        return None
    panels = [(looks.place(str(target), d), here) for (target, d), here in rows.groupby(["target", "d"], sort=True)]
    return style.panelled(panels, partial(_bands, least=float(rows["value"].max()) * 1e-5), 3, 2.3,
                          "eighth of the log-SNR range", "contribution to the path's KL",
                          tables["environments"], sharey=True)


def _bands(axes: Axes, rows: pd.DataFrame, least: float) -> None:
    steps = sorted(rows["T"].unique())
    for colour, (sampler, mine) in zip(looks.COLOURS, rows.groupby("sampler", sort=True), strict=False):
        for steps_now, curve in mine.groupby("T", sort=True):
            strength = 0.35 + 0.65 * (steps.index(steps_now) + 1) / len(steps)
            axes.plot(curve["band"], np.maximum(curve["value"], least), alpha=strength, zorder=style.DATA,
                      markersize=3.0, label=f"{looks.name(str(sampler))}, $T = {int(steps_now)}$",
                      color=colour, marker=looks.look(str(sampler))["marker"])
    axes.set(yscale="log", ylim=(least, None))
    axes.set_xticks(sorted(rows["band"].unique()))


FIGURES = (
    style.Picture("field", draw, (
        "The order of every sampler in the number of steps, in total variation, in KL (halved: it is of twice the "
        "order) and in W2. Hollow diamonds: what is claimed of it. Filled: on an anisotropic Gaussian, where every law "
        "is exact; hollow: on a product of two modes.")),
    style.Picture("field_path", draw_path, (
        "Where the KL divergence between a sampler's path and that of the exact reverse process comes from: the "
        "contributions of the steps in each eighth of the schedule's log-SNR, from the most noise to the least; "
        "darker: more steps.")),
)

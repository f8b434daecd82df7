"""The study of codebooks: exact codes beside the planted model of the same dimension and rate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import looks, style
from analysis.curves import DISTANCE, points
from analysis.text import NONE, level, number
from heroism.rates import crossing

LEVELS = (3e-1, 1e-1, 3e-2)
SHOWN = 1e-1  # of the picture
MODELS, UNCOUNTED = ("random_codebook", "random_tree"), "total_variation_uncounted"
SIZES = {"hamming": "[8, 4]", "golay": "[24, 12]", "rm24": "[16, 11]", "rm25": "[32, 16]", "rm26": "[64, 22]"}
METHODS = {"ddim": "DDIM", "heun": "Heun", "dpm_solver_pp": "DPM-Solver++(3M)"}  # all of them in half-log-SNR
ALONE = ((MODELS[0], looks.VERMILION, "o", "codebook, $R = 1$, model"), (MODELS[1], looks.PURPLE, "D", "tree, model"))
EXACT = (("linear_code", looks.BLUE, "s", "linear codes, exact"), ("codebook", looks.GREEN, "^", "random words, exact"))
GENTLE = ("simplex", "cross_polytope")
COLUMNS = ["target", "what", "law", "d", "rate", "sampler", "epsilon", "T", "T_stderr", "uncounted", "uncounted_stderr",
           "over_model", "over_uncounted", "reason"]
NOTE = ("T where the total variation is ε, by interpolation. Exact: sums over all words; in brackets its T over that "
        "of its model, lost paths of the model counted 1, and uncounted. Model: the planted model of the same d and "
        "rate R, the log of the number of words over d; lost paths counted 1, in brackets uncounted.")


def tables(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """``codes``: T(epsilon) of every code, d, rate, sampler and epsilon, or why there is none. ``law`` is exact, model,
    or growth (a model by itself); ``uncounted`` is a model's T where lost paths do not count 1, ``over_..``
    what an exact code needs over its model.
    """
    table = pd.DataFrame(list(_rows(points(runs).reindex(columns=[*runs, "unusable"]))), columns=COLUMNS)
    models = table[table["law"] == "model"].set_index(["d", "sampler", "epsilon"])
    for i, row in table[table["law"] == "exact"].iterrows():
        key = (row["d"], row["sampler"], row["epsilon"])
        if key in models.index:
            model = models.loc[key]
            table.loc[i, ["rate", "over_model", "over_uncounted"]] = [
                model["rate"], row["T"] / model["T"], row["T"] / model["uncounted"]]
    order = ["law", "what", "d", "sampler", "epsilon"]
    return {"codes": table.sort_values(order, ascending=[True, True, True, True, False], ignore_index=True)}


def _rows(table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    names = ["target", "target_code", "target_rate", "d", "sampler"]
    for name in names:
        if name not in table:
            table = table.assign(**{name: np.nan})
    for (target, code, rate, d, sampler), part in table.groupby(names, dropna=False, sort=True):
        what = str(target) if pd.isna(code) else f"{code} {SIZES.get(code, '')}".strip()
        alone = target != MODELS[0] or rate == 1  # beside no exact code
        law = "exact" if target not in MODELS else "growth" if alone else "model"
        for epsilon in LEVELS:
            found, other = (_crossing(part[part["measure"] == measure], epsilon) for measure in (DISTANCE, UNCOUNTED))
            yield {"target": target, "what": what, "law": law, "d": int(d), "rate": rate, "sampler": sampler,
                   "epsilon": epsilon, "T": found.x, "T_stderr": found.stderr, "uncounted": other.x,
                   "uncounted_stderr": other.stderr, "reason": found.reason or ""}


def _crossing(part: pd.DataFrame, epsilon: float) -> Any:
    return crossing(part["T"], part["error"], part["stderr"], epsilon, part["floor"], list(part["unusable"]))


def summary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A row per code, d and sampler: T at every epsilon."""
    rows = []
    for (law, what, d, sampler), part in tables["codes"].groupby(["law", "what", "d", "sampler"], sort=False):
        row = {"law": "exact" if law == "exact" else "model", "code": what.replace("_", " "), "d": str(d),
               "R": number(part["rate"].iloc[0], ".3g"), "sampler": METHODS.get(sampler, looks.name(sampler))}
        for one in part.to_dict("records"):
            row[f"T at {level(one['epsilon'])}"] = _cell(one)
        rows.append(row)
    return pd.DataFrame(rows)


def _cell(row: Mapping[str, Any]) -> str:
    if row["law"] == "exact":
        other = " to ".join(number(row[name], ".2f") for name in ("over_model", "over_uncounted")
                            if np.isfinite(row[name]))
    else:
        other = number(row["uncounted"], ".0f") if np.isfinite(row["uncounted"]) else ""
    return (number(row["T"], ".0f") if np.isfinite(row["T"]) else NONE) + (f" ({other})" if other else "")


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """``codes``, at one epsilon; None when it is empty."""
    table = tables["codes"]
    table = table[(table["epsilon"] == SHOWN) & (table["T"].notna() | table["uncounted"].notna())]
    if table.empty:
        return None
    groups = [(METHODS.get(name, looks.name(name)), part) for name, part in table.groupby("sampler", sort=True)]
    return style.panelled(groups, _panel, 3, 2.6, "dimension $d$", f"$T$ at total variation {SHOWN:g}",
                          tables["environments"])


def _panel(axes: Axes, table: pd.DataFrame) -> None:
    growth, exact, models = (table[table["law"] == law].sort_values("d") for law in ("growth", "exact", "model"))
    for target, colour, marker, label in ALONE:
        rows = growth[growth["target"] == target]
        style.error_bars(axes, rows["d"], rows["T"], rows["T_stderr"], None, color=colour, marker=marker, linestyle="-",
                         label=label)
        axes.plot(rows["d"], rows["uncounted"], color=colour, linestyle=looks.DOTTED, marker=marker,
                  markerfacecolor="white", label="lost paths uncounted", zorder=style.DATA)
    for target, colour, marker, label in EXACT:
        rows = exact[exact["target"] == target]
        beside = models[models["d"].isin(rows["d"])]
        axes.vlines(beside["d"], beside["uncounted"], beside["T"].fillna(beside["uncounted"]), color=colour, alpha=0.35,
                    linewidth=5, label="their models, both counts", zorder=style.DATA - 1)
        style.error_bars(axes, rows["d"], rows["T"], rows["T_stderr"], None, color=colour, marker=marker,
                         linestyle="none", label=label)
    for target in GENTLE:
        rows = exact[exact["target"] == target]
        style.error_bars(axes, rows["d"], rows["T"], rows["T_stderr"], None, color=looks.GREY, linestyle="-",
                         marker="P" if target == GENTLE[0] else "X", label=f"{looks.name(target)}, exact")
    if len(growth):
        last = growth[growth["d"] == growth["d"].max()]
        ends = np.array([growth["d"].min(), growth["d"].max()], dtype=float)
        style.slope_line(axes, ends, 0.5 * last[["T", "uncounted"]].min().min() * ends / ends[1], "$d$")
    axes.set(xscale="log", yscale="log")
    round_ones = table["d"][np.log2(table["d"].astype(float)) % 2 == 0]
    style.powers_of_two(axes.xaxis, round_ones if len(round_ones) else table["d"])
    style.plain_ticks(axes.yaxis)


FIGURES = (style.Picture("codes", draw, (
    "Noise levels that samplers need on codebooks, on a grid uniform in log-SNR. Squares and triangles: exact, sums "
    "over all words, with one standard error; bars beside them: the planted model of the same dimension and rate, from "
    "lost paths uncounted to lost paths counted 1. Circles and diamonds: planted models of a codebook and of a tree "
    "with two transitions, counted (filled) and uncounted (hollow). Grey: simplex and cross-polytope, exact, whose "
    "words have an entropy of log d only. Dashed: growth in proportion to d.")),)

"""What practitioners run: every sampler on every grid at a few score evaluations, ranked, with ties said to be ties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import looks, style
from analysis.curves import DISTANCE, curves
from analysis.files import read_study_file
from analysis.runs import parameters
from analysis.text import markdown, number

NOTE = ("Of all samplers and grids that spend at most so many score evaluations the best in total variation, and how "
        "many are not significantly worse. results/practice.md has the rest.")
MADE_BY = "practice"
SURE = 1.96  # standard errors of a difference; runs start from the same points, which makes it less, if anything
SHOWN = 8  # of a ranking, ties counted as one
PLACE = ["family", "budget"]
METHOD = ["sampler", "grid"]
MEASURES = {DISTANCE: "TV", "kl": "KL", "sliced_wasserstein": "sliced W2"}
CHANGED = "diffusers"
Row = dict[str, Any]


def tables(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables of the study, at the budgets that its file names.

    ``practice_points`` : one row for every family, budget, sampler and grid, the dearest run of each that the budget
    holds: what it spent, and every measure with its standard error and floor.
    ``practice`` : the same ranked by total variation: ``rank`` from 1, the same for all that are not significantly
    worse than the best of their group.
    ``practice_changes`` : shipped schedulers, each with its default options and with one change.
    """
    points = _points(runs)
    own = points[points["sampler"] != CHANGED]
    ranked = [_ranked(group) for _, group in own.groupby(PLACE, sort=True)]
    board = pd.concat(ranked, ignore_index=True) if ranked else own.assign(rank=pd.Series(dtype=int))
    return {"practice": board, "practice_points": points, "practice_changes": points[points["sampler"] == CHANGED]}


def _points(runs: pd.DataFrame) -> pd.DataFrame:
    every = curves(runs)
    every = every[every["unusable"] != "failed"]
    budgets = np.array(sorted(read_study_file("practice")["budgets"]))
    held = np.searchsorted(budgets, every["evaluations"].astype(float))
    every = every.assign(budget=[int(budgets[i]) if i < len(budgets) else 0 for i in held], grid=_grids(every),
                         family=[looks.place(str(target), d) for target, d in every[["target", "d"]].to_numpy()])
    every = every[every["budget"] > 0].sort_values("evaluations", kind="stable")
    keys = [*PLACE, *METHOD]
    wide = every[every["distance"] == DISTANCE].drop_duplicates(keys, keep="last")
    wide = wide[[*keys, "target", "d", "T", "evaluations", "folded", "diverged", "value", "stderr", "floor"]]
    for name in MEASURES:
        if name != DISTANCE:
            part = every[every["distance"] == name].drop_duplicates(keys, keep="last").set_index(keys)
            wide = wide.join(part[["value", "stderr", "floor"]].add_prefix(f"{name}_"), on=keys)
    return wide.sort_values([*PLACE, "value"], ignore_index=True)


def _grids(points: pd.DataFrame) -> list[str]:
    """The grid, and whatever else was varied of sampler or grid."""
    return [" ".join([str(grid), *_settings(variant)]) for grid, variant in points[["schedule", "variant"]].to_numpy()]


def _settings(variant: Any) -> Iterable[str]:
    """Of the setting those words that tell methods apart."""
    for name, value in parameters(variant).items():
        name = name.rpartition(".")[2]
        if name in ("digit", "seed", "rank", "components", "radius", "variance", "eps_s", "terminal", "table", "rate"):
            continue
        if value not in ("None", "sigma_min") or name == "final_sigmas_type":
            yield f"{name}={value}" if name != "scheduler" else value.removesuffix("Scheduler")


def _ranked(group: pd.DataFrame) -> pd.DataFrame:
    """By total variation; one rank for all that are not significantly worse than the best of them."""
    ordered = group.sort_values("value", kind="stable", ignore_index=True)
    value, error = (ordered[name].fillna(np.inf).to_numpy(float) for name in ("value", "stderr"))
    ranks, leader = np.ones(len(ordered), dtype=int), 0
    for i in range(1, len(ordered)):
        new = value[i] - value[leader] > SURE * np.hypot(error[i], error[leader])
        leader = i if new else leader
        ranks[i] = ranks[i - 1] + new
    return ordered.assign(rank=ranks)


def summary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The best at every budget, and how many are as good."""
    shown = []
    for (family, budget), rows in tables["practice"].groupby(PLACE, sort=True):
        best = rows.iloc[0]
        shown.append({"family": family.replace("$", ""), "evaluations": str(budget), "method": _name(best),
                      "TV": _measured(best, ""), "as good": str(int(np.sum(rows["rank"] == 1)) - 1),
                      "of": str(len(rows))})
    return pd.DataFrame(shown)


# ---- the page ------------------------------------------------------------------------------------

HEAD = """# What to run at 5 to 50 score evaluations

Exact joint total variation, KL divergence and sliced W2 (between samples: below its floor nothing is told, ~) of what
people run, from the noise of Stable Diffusion down to its smallest. Value ± 1.96 standard errors. Methods of one rank
are not significantly worse than the first of them. †: some paths fold or diverge, and the value is a lower bound.
"""
OVERALL = """## In how many places a method is of the first rank

A place is a family of data at a budget; behind the bar, how many places had the method. The best of many is lucky: what
counts is to be there often.
"""
GRIDS = """## What the grid does, sampler by sampler

The factor in total variation against the best grid of the same sampler at the same budget and data (geometric mean over
all such places); 1 is never worse.
"""
CHANGES = """## What costs nothing to change in shipped defaults

The schedulers of diffusers on the table of Stable Diffusion, with their default options and with one change each: total
variation, as many evaluations. (`end=zero`: the last step leads to zero noise, as it does by default.)
"""
LAST = """## The last step: to zero noise, or to the smallest noise of the model

The same samplers on the same mixture, which has a density at both ends.
"""


def page(tables: Mapping[str, pd.DataFrame]) -> str:
    """Rankings over all places, what grids do, what could be changed, and the best of every place."""
    board, parts = tables["practice"], [HEAD]
    parts += [OVERALL, markdown(_first_ranks(board)), "", GRIDS, markdown(_factors(board)), ""]
    if len(tables["practice_changes"]):
        parts += [CHANGES, markdown(_by_budget(tables["practice_changes"])), ""]
    ends = board[board["grid"].str.contains("end=zero")]
    if len(ends):
        first = board["grid"].str.partition(" ")[0]
        same = board[board["family"].isin(ends["family"]) & board["sampler"].isin(ends["sampler"])
                     & first.isin(first[ends.index])]
        parts += [LAST, markdown(_by_budget(same)), ""]
    for (family, budget), rows in board.groupby(PLACE, sort=True):
        parts += [f"## {family.replace('$', '')}: {budget} evaluations\n", markdown(_top(rows)), ""]
    return "\n".join(parts)


def _first_ranks(board: pd.DataFrame) -> pd.DataFrame:
    whole = board[~board["grid"].str.contains("end=zero")]
    by = whole.assign(first=whole["rank"] == 1).groupby(METHOD)["first"].agg(["sum", "count"])
    by = by.assign(share=by["sum"] / by["count"]).sort_values(["share", "count"], ascending=False)
    return pd.DataFrame([{"method": _name({"sampler": sampler, "grid": grid}),
                          "first": f"{int(row['sum'])} | {int(row['count'])}"}
                         for (sampler, grid), row in by.head(3 * SHOWN).iterrows()])


def _factors(board: pd.DataFrame) -> pd.DataFrame:
    whole = board[~board["grid"].str.contains("end=zero") & (board["value"] > 0)]
    logs = np.log(whole["value"].clip(upper=1.0).astype(float))
    least = logs.groupby([whole[name] for name in (*PLACE, "sampler")]).transform("min")
    factor = np.exp((logs - least).groupby([whole[name] for name in METHOD]).mean()).unstack()
    order = factor.mean().sort_values().index
    return pd.DataFrame([{"method": looks.name(str(sampler)),
                          **{str(grid): number(row[grid], ".2f") for grid in order}}
                         for sampler, row in factor.iterrows()])


def _by_budget(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for every method, a column for every budget."""
    budgets = sorted(rows["budget"].unique())
    return pd.DataFrame([{
        "method": _name({"sampler": sampler, "grid": grid}),
        **{str(budget): _measured(here.iloc[0], "") if len(here := group[group["budget"] == budget]) else "-"
           for budget in budgets}} for (sampler, grid), group in rows.groupby(METHOD, sort=True)])


def _top(rows: pd.DataFrame) -> pd.DataFrame:
    shown = rows[rows["rank"] <= SHOWN].head(3 * SHOWN)
    return pd.DataFrame([{
        "rank": str(row["rank"]), "method": _name(row), "evaluations": str(int(row["evaluations"])),
        **{words: _measured(row, "" if name == DISTANCE else f"{name}_") for name, words in MEASURES.items()}}
        for row in shown.to_dict("records")])


def _name(row: Mapping[str, Any]) -> str:
    return f"{looks.name(str(row['sampler']))}, {str(row['grid']).replace('_', ' ')}"


def _measured(row: Mapping[str, Any], prefix: str) -> str:
    value, error, floor = (float(row.get(f"{prefix}{name}", np.nan)) for name in ("value", "stderr", "floor"))
    if not np.isfinite(value):
        return "-" if np.isnan(value) else "∞"
    near = "~" if value < 2.0 * floor else ""
    spoiled = " †" if not prefix and max(float(row["folded"] or 0.0), float(row["diverged"] or 0.0)) > 0.0 else ""
    return f"{near}{value:.3g} ± {SURE * error:.1g}{spoiled}"


# ---- picture -------------------------------------------------------------------------------------

COLUMNS = 3
LINES = ("ddim", "heun", "dpmpp_2m", "dpmpp_2s", "uni_pc", "uni_pc_bh2", "ipndm", "etdrk4", "heroism_frugal")


def draw(tables: Mapping[str, pd.DataFrame], names: Sequence[str] = LINES) -> Figure | None:
    """Of every sampler the best of its grids, and behind them everything; None without points."""
    board = tables["practice"]
    board = board[(board["value"] > 0) & ~board["grid"].str.contains("end=zero")]
    if board.empty:
        return None
    panels = [(str(family), rows) for family, rows in board.groupby("family", sort=True)]
    low = max(1e-6, 0.5 * float(board["value"].min()))
    return style.panelled(panels, partial(_panel, names=names, low=low), COLUMNS, 2.2, "score evaluations", style.TV,
                          tables["environments"], sharey=True)


def _panel(axes: Axes, rows: pd.DataFrame, names: Sequence[str], low: float) -> None:
    axes.plot(rows["evaluations"], rows["value"], linestyle="none", marker=".", markersize=1.5, color=looks.PALE,
              zorder=style.REFERENCE, label="every sampler on every grid")
    for name in names:
        best = rows[rows["sampler"] == name].sort_values("value").drop_duplicates("budget").sort_values("evaluations")
        if len(best):
            style.error_bars(axes, best["evaluations"], best["value"], best["stderr"], None,
                             label=looks.name(name), **looks.look(name))
    axes.set(xscale="log", yscale="log", ylim=(low, 1.5))
    style.plain_ticks(axes.xaxis)


FIGURES = (style.Picture("practice", draw, (
    "Exact total variation against score evaluations per sample path, at what people spend. Grey: every sampler on "
    "every grid; lines: of some samplers the best of their grids at each budget, with one standard error. A best of "
    "many is lucky: results/practice.md says which are significantly better.")),)

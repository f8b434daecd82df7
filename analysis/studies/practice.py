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
from analysis.curves import DISTANCE, curves, is_spoiled
from analysis.files import read_study_file
from analysis.runs import parameters
from analysis.text import markdown, number

NOTE = ("Of all samplers and grids that spend at most so many score evaluations the best in total variation, and how "
        "many are not significantly worse. results/practice.md has the rest.")
MADE_BY = "practice"
SURE = 1.96  # standard errors of a difference; runs start from the same points, which makes it less, if anything
SHOWN = 12  # of a ranking
UNRELATED = 0.99  # a total variation from here on says that output and target have nothing in common
PLACE = ["family", "budget"]
METHOD = ["sampler", "grid"]
MEASURES = {DISTANCE: "TV", "kl": "KL", "wasserstein_exact": "W2", "sliced_wasserstein": "sliced W2"}
CHANGED = "diffusers"
KEPT = "final_sigmas_type=sigma_min"  # with that alone other options of the last step have an effect
TO_ZERO = "end=zero"
Row = dict[str, Any]
UNWRITTEN = ("practice_points", "practice_ranks")


def tables(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables of the study, at the budgets that its file names.

    ``practice_points`` : one row for every family, budget, sampler and grid, the dearest run of each that the budget
    holds: what it spent, and every measure with its standard error and floor.
    ``practice_ranks`` : the same ranked by total variation: ``rank`` from 1, the same for all that are not
    significantly worse than the best of their group; ``practice``, the first of every family and budget.
    ``practice_changes`` : shipped schedulers, each with its default options and with one change.
    """
    points = _points(runs)
    own = points[points["sampler"] != CHANGED]
    places = own.groupby([*PLACE, own["grid"].astype(str).str.contains(TO_ZERO)], sort=True)
    ranked = [_ranked(group) for _, group in places]
    board = pd.concat(ranked, ignore_index=True) if ranked else own.assign(rank=pd.Series(dtype=int))
    return {"practice": board.groupby(PLACE, sort=False).head(SHOWN), "practice_ranks": board,
            "practice_points": points, "practice_changes": points[points["sampler"] == CHANGED]}


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
    for (family, budget), rows in tables["practice_ranks"].groupby(PLACE, sort=True):
        best = rows.iloc[0]
        shown.append({"family": family.replace("$", ""), "evaluations": str(budget), "method": _name(best),
                      "TV": _measured(best, ""), "as good": str(int(np.sum(rows["rank"] == 1)) - 1),
                      "of": str(len(rows))})
    return pd.DataFrame(shown)


# ---- the page ------------------------------------------------------------------------------------

HEAD = """# What to run at 5 to 50 score evaluations

Exact joint total variation and KL divergence of what people run, and W2 (exact on the product; sliced and between
samples elsewhere, shown where it is above its floor), from the noise of Stable Diffusion down to its smallest. Value ±
1.96 standard errors; ~: below its floor. Methods of one rank are not significantly worse than the first of them. †:
some paths fold or diverge, and the value is a lower bound. Digits start from N(0, I), as people do: what that alone
costs is where their curves end.
"""
OVERALL = """## In how many places a method is of the first rank

A place is a family of data at a budget; behind the bar, how many places had the method. The best of many is lucky: what
counts is to be there often. Lower bounds do not count, nor places where nothing is below 0.99.
"""
GRIDS = """## What the grid does, sampler by sampler

The factor in total variation against the best grid of the same sampler at the same budget and data (geometric mean over
all such places); 1 is never worse.
"""
CHANGES = f"""## What costs nothing to change in shipped defaults

The schedulers of diffusers on the table of Stable Diffusion, as shipped and with one change each, on the low-rank
mixture: total variation at as many evaluations, and its mean factor to what is shipped. With
`{KEPT}` the last step leads to the smallest noise of the model, not to zero, and the output is
compared with the law there; what else changes the last step is compared with that. Better, worse: significantly at some
budget, and at none the other way, lower bounds (†) left out.
"""
LAST = """## The last step: to zero noise, or to the smallest noise of the model

The same samplers on the same mixture, which has a density at both ends. (Others are not run at full order there.)
"""


def page(tables: Mapping[str, pd.DataFrame]) -> str:
    """Rankings over all places, what grids do, what could be changed, and the best of every place."""
    board, changed, parts = tables["practice_ranks"], tables["practice_changes"], [HEAD]
    to_zero = board["grid"].str.contains(TO_ZERO)
    whole, ends = board[~to_zero], board[to_zero]
    parts += [OVERALL, markdown(_first_ranks(whole)), "", GRIDS, markdown(_factors(whole)), ""]
    if len(changed):
        rows = _changes(changed)
        parts += [CHANGES, *_answers(rows), "", markdown(rows), ""]
    if len(ends):
        first = board["grid"].str.partition(" ")[0]
        same = board[board["family"].isin(ends["family"]) & board["sampler"].isin(ends["sampler"])
                     & first.isin(first[ends.index])]
        parts += [LAST, markdown(_by_budget(same)), ""]
    for (family, budget), rows in whole.groupby(PLACE, sort=True):
        parts += [f"## {family.replace('$', '')}: {budget} evaluations\n", *_place(rows), ""]
    return "\n".join(parts)


def _place(rows: pd.DataFrame) -> list[str]:
    """The best, and how many are as good."""
    if not rows["value"].min() < UNRELATED:
        return [f"None of {len(rows)} methods has a total variation below {UNRELATED}."]
    return [f"Of the first rank: {int(np.sum(rows['rank'] == 1))} of {len(rows)} methods.\n", markdown(_top(rows))]


def _first_ranks(board: pd.DataFrame) -> pd.DataFrame:
    told = board[board.groupby(PLACE)["value"].transform("min") < UNRELATED]
    by = told.assign(first=(told["rank"] == 1) & ~is_spoiled(told)).groupby(METHOD)["first"].agg(["sum", "count"])
    by = by.assign(share=by["sum"] / by["count"]).sort_values(["share", "count"], ascending=False)
    return pd.DataFrame([{"method": _name({"sampler": sampler, "grid": grid}),
                          "first": f"{int(row['sum'])} | {int(row['count'])}"}
                         for (sampler, grid), row in by.head(2 * SHOWN).iterrows()])


def _factors(board: pd.DataFrame) -> pd.DataFrame:
    whole = board[board["value"] > 0]
    logs = np.log(whole["value"].clip(upper=1.0).astype(float))
    least = logs.groupby([whole[name] for name in (*PLACE, "sampler")]).transform("min")
    factor = np.exp((logs - least).groupby([whole[name] for name in METHOD]).mean()).unstack()
    order = factor.mean().sort_values().index
    return pd.DataFrame([{"method": looks.name(str(sampler)),
                          **{str(grid): number(row[grid], ".2f") for grid in order}}
                         for sampler, row in factor.iterrows()])


def _changes(rows: pd.DataFrame) -> pd.DataFrame:
    """Of every scheduler first what is shipped, then every change: a column for every budget, and what it does."""
    budgets, shown = sorted(rows["budget"].unique()), list[Row]()
    words = [_options(grid) for grid in rows["grid"]]
    rows = rows.assign(scheduler=[name for name, _ in words], options=[options for _, options in words])
    for scheduler, group in rows.groupby("scheduler", sort=True):
        by = {options: some.set_index("budget") for options, some in group.groupby("options", sort=False)}
        for options in sorted(by, key=lambda options: (len(options), sorted(options))):
            base = by.get(frozenset({KEPT}) if len(options) > 1 else frozenset())
            factor, verdict = ("", "") if base is None or not options else _compared(by[options], base)
            change = ", ".join(sorted(options, key=lambda word: word != KEPT)) or "as shipped"
            shown.append({"scheduler": scheduler, "change": change, **{
                str(budget): _measured(by[options].loc[budget], "") if budget in by[options].index else "-"
                for budget in budgets}, "factor": factor, "verdict": verdict})
    return pd.DataFrame(shown)


def _options(grid: str) -> tuple[str, frozenset[str]]:
    """The scheduler and the options that are not its defaults."""
    words = grid.split()[1:]
    return next((word for word in words if "=" not in word), "?"), frozenset(
        word for word in words if "=" in word and not word.endswith("=None") and word != TO_ZERO)


def _compared(changed: pd.DataFrame, base: pd.DataFrame) -> tuple[str, str]:
    """Mean factor over the budgets at which both are more than lower bounds, and what it comes to."""
    usual = base.loc[~is_spoiled(base), ["value", "stderr"]].add_suffix("_base")
    both = changed[~is_spoiled(changed)].join(usual, how="inner")
    if both.empty:
        return "", "lower bounds only"
    apart = (both["value"] - both["value_base"]) / np.hypot(both["stderr"], both["stderr_base"])
    better, worse = bool((apart < -SURE).any()), bool((apart > SURE).any())
    verdict = "mixed" if better and worse else "better" if better else "worse" if worse else "no difference"
    return number(float(np.exp(np.log(both["value"] / both["value_base"]).mean())), ".2f"), verdict


def _answers(rows: pd.DataFrame) -> Iterable[str]:
    """A line for every verdict."""
    for verdict in ("better", "no difference", "worse", "mixed"):
        some = rows[rows["verdict"] == verdict]
        if len(some):
            listed = [f"{change} ({', '.join(f'{row.scheduler} {row.factor}' for row in group.itertuples())})"
                      for change, group in some.groupby("change", sort=False)]
            yield f"* {verdict}: {'; '.join(listed)}."


def _by_budget(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for every method, a column for every budget."""
    budgets = sorted(rows["budget"].unique())
    return pd.DataFrame([{
        "method": _name({"sampler": sampler, "grid": grid}),
        **{str(budget): _measured(here.iloc[0], "") if len(here := group[group["budget"] == budget]) else "-"
           for budget in budgets}} for (sampler, grid), group in rows.groupby(METHOD, sort=True)])


def _top(rows: pd.DataFrame) -> pd.DataFrame:
    shown = pd.DataFrame([{
        "rank": str(row["rank"]), "method": _name(row), "evaluations": str(int(row["evaluations"])),
        **{words: _measured(row, "" if name == DISTANCE else f"{name}_") for name, words in MEASURES.items()}}
        for row in rows.head(SHOWN).to_dict("records")])
    return shown.drop(columns=[words for words in MEASURES.values() if shown[words].str.match("[~-]").all()])


def _name(row: Mapping[str, Any]) -> str:
    return f"{looks.name(str(row['sampler']))}, {str(row['grid']).replace('_', ' ')}"


def _measured(row: Mapping[str, Any], prefix: str) -> str:
    value, error, floor = (float(row.get(f"{prefix}{name}", np.nan)) for name in ("value", "stderr", "floor"))
    if not np.isfinite(value):
        return "-" if np.isnan(value) else "∞"
    near = "~" if value < 2.0 * floor else ""
    if not prefix and value >= UNRELATED:
        return f"> {UNRELATED}"
    spoiled = " †" if not prefix and is_spoiled(row) else ""
    return f"{near}{value:.3g} ± {SURE * error:.1g}{spoiled}"


# ---- picture -------------------------------------------------------------------------------------

COLUMNS = 3
LINES = ("ddim", "heun", "dpmpp_2m", "dpmpp_2s", "uni_pc", "uni_pc_bh2", "ipndm", "etdrk4", "heroism_frugal")


def draw(tables: Mapping[str, pd.DataFrame], names: Sequence[str] = LINES) -> Figure | None:
    """Of every sampler the best of its grids, and behind them everything; None without points."""
    board = tables["practice_ranks"]
    board = board[(board["value"] > 0) & ~board["grid"].str.contains(TO_ZERO)]
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

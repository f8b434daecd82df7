"""The leaderboard: what a total variation of epsilon costs with every sampler, in score evaluations and in rounds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import looks, style
from analysis.curves import DISTANCE, curves, is_spoiled
from analysis.files import read_study_file
from analysis.text import DOUBTFUL, NONE, interval, level, mark, markdown, number
from heroism.rates import FLOOR_FACTOR, NOISY, Crossing, crossing, fit_rate, reach

NOTE = ("HEROISM's best : the best of all others (their ratio ± its standard error); a dash where no run gets there. "
        "On the same levels the ratio is the method's doing, on any it is the levels' too. "
        "results/leaderboard.md has every sampler. " + DOUBTFUL)
MADE_BY = "leaderboard"
ALSO = ("leaderboard_stochastic",)
METHOD = ["target", "d", "sampler", "method", "ours", "levels", "measured_by"]
# What levels are called: of schedules, and of samplers that place their own, whatever the schedule.
LEVELS = {"log_snr": "even in log-SNR", "rho": "Karras", "focused": "frugal's"}
PLACE = ("heroism_frugal", "heroism_parallel", "heroism_piloted", "heroism_adaptive")  # and what begins like these
ANY = "any"
COSTS = ("evaluations", "rounds")
POINT = [*METHOD, "T", *COSTS, "value", "stderr", "error", "floor", "folded", "diverged", "n", "unusable"]
ASYMPTOTIC = 1e-2  # above it an order has not settled
FOLD = 10.0  # mass that a folded particle may stand for: branches overlap around it
Row = dict[str, Any]
UNWRITTEN = ("leaderboard_points",)


def tables(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables of the study, at the epsilon that its file names.

    ``leaderboard_points`` : every run, with the name of its method and ``error``, its total variation or, where the map
    folds or the floor is higher, a cautious bound on it.
    ``leaderboard`` : one row per target, method and epsilon: the costs from which on the error stays below epsilon, or
    why there are none, and whether runs on which paths fold or diverge are behind it (``doubtful``); the order in
    the number of steps beside the declared one.
    ``leaderboard_frontier`` : for every target, epsilon and cost the best of HEROISM and the best of the others, of
    those that are not doubtful, on the same noise levels and on any.
    """
    points = _named(curves(runs, DISTANCE))
    levels = sorted(map(float, read_study_file("leaderboard")["epsilon"]), reverse=True)
    rows = [row for key, curve in points.groupby(METHOD, sort=True)
            for row in _rows(dict(zip(METHOD, key, strict=True)), curve, levels)]
    columns = [*METHOD, "epsilon", *COSTS, *(f"{cost}_stderr" for cost in COSTS), "reason", "doubtful", "order",
               "order_low", "order_high", "declared_order", "smallest"]
    board = pd.DataFrame(rows, columns=columns)
    return {"leaderboard": board, "leaderboard_points": points[POINT], "leaderboard_frontier": _frontier(board)}


def envelope(errors: np.ndarray) -> np.ndarray:
    """The worst error from each run on, in increasing cost: a lucky run in front of worse ones does not count."""
    return np.fmax.accumulate(errors[::-1])[::-1]


def _named(points: pd.DataFrame) -> pd.DataFrame:
    rows = points.to_dict("records")
    error = np.minimum(np.maximum(points["value"] + FOLD * points["folded"].fillna(0.0), points["floor"]), 1.0)
    return points.assign(method=pd.Series([looks.method_name(row) for row in rows], points.index, dtype=object),
                         ours=pd.Series([looks.is_ours(row["sampler"]) for row in rows], points.index, dtype=bool),
                         levels=pd.Series([_levels(row) for row in rows], points.index, dtype=object),
                         measured_by=pd.Series(points["sampler"].map(_measured_by), dtype=object),
                         error=error)


def _levels(row: Row) -> str:
    """What the noise levels of a run are called."""
    placed = row["sampler"].startswith(PLACE) and "placement=schedule" not in str(row.get("variant") or "")
    schedule = "focused" if placed else str(row["schedule"])
    return LEVELS.get(schedule, schedule)


def _measured_by(sampler: str) -> str:
    """What its total variation is measured by; one number whatever the way."""
    return "its law" if looks.is_stochastic(sampler) else "its map"


def _rows(group: Row, curve: pd.DataFrame, levels: Sequence[float]) -> list[Row]:
    curve = curve[curve["unusable"] != "failed"].sort_values("evaluations")
    order, found = _order(curve), []
    for epsilon in levels:
        reached = {cost: _cost(curve, cost, epsilon) for cost in COSTS}
        found.append({**group, "epsilon": epsilon, **{cost: at.x for cost, at in reached.items()},
                      **{f"{cost}_stderr": at.stderr for cost, at in reached.items()},
                      "reason": reached["evaluations"].reason or "",
                      "doubtful": any(is_spoiled(curve[curve[cost] >= at.after]).any() for cost, at in reached.items()),
                      **order, "smallest": curve["error"][~is_spoiled(curve)].min()})
    return found


def _cost(curve: pd.DataFrame, cost: str, epsilon: float) -> Crossing:
    """By interpolation between the last run above the level and the next, in logarithms; or why there is none.

    The error already holds the floor, and however noisy it still says on which side of the level it is.
    """
    curve = curve.sort_values(cost).drop_duplicates(cost, keep="last")
    error = envelope(curve["error"].to_numpy(float))
    return crossing(curve[cost], error, np.minimum(curve["stderr"].fillna(0.0), NOISY * error), epsilon)


def _order(curve: pd.DataFrame) -> Row:
    """In the number of steps T - 1, from the runs on the falling part of the curve."""
    declared = curve["order"].dropna()
    error = curve["error"].to_numpy(float)
    why = ["a later run is worse" if one < worst else spoiled
           for one, worst, spoiled in zip(error, envelope(error), curve["unusable"], strict=True)]
    fit = fit_rate(curve["T"].to_numpy(float) - 1.0, error, curve["stderr"], curve["floor"], ASYMPTOTIC, why)
    low, high = fit.interval()
    return {"order": -fit.slope, "order_low": -high, "order_high": -low,
            "declared_order": float(declared.iloc[0]) if len(declared) else np.nan}


def _frontier(board: pd.DataFrame) -> pd.DataFrame:
    rows = []
    both = pd.concat([board.assign(levels=ANY), board])
    for (target, d, levels, epsilon), at in both.groupby(["target", "d", "levels", "epsilon"], sort=True):
        for cost in COSTS:
            ours, others = _best(at[at["ours"].astype(bool)], cost), _best(at[~at["ours"].astype(bool)], cost)
            ratio = ours[0] / others[0]
            rows.append((target, d, levels, epsilon, cost, ours[0], ours[2], others[0], others[2], ratio,
                         ratio * float(np.hypot(ours[1], others[1]))))
    return pd.DataFrame(rows, columns=["target", "d", "levels", "epsilon", "cost", "heroism", "heroism_method", "other",
                                       "other_method", "ratio", "ratio_stderr"])


def _best(rows: pd.DataFrame, cost: str) -> tuple[float, float, str]:
    """(cost, its relative standard error, method) of the cheapest."""
    rows = rows[~rows["doubtful"].astype(bool)].dropna(subset=cost)
    if rows.empty:
        return np.nan, np.nan, ""
    least = rows.loc[rows[cost].astype(float).idxmin()]
    return float(least[cost]), float(least[f"{cost}_stderr"] / least[cost]), str(least["method"])


def summary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """HEROISM's best beside the best of the others, ``59 : 70``, and their ratio: on the same levels, then on any;
    rounds on any.
    """
    shown, table = [], tables["leaderboard_frontier"]
    table = table[(table["cost"] == "evaluations") | (table["levels"] == ANY)]
    table = table.assign(last=table["levels"] == ANY)
    for (target, d, cost, _, levels), rows in table.groupby(["target", "d", "cost", "last", "levels"], sort=True):
        cells = {level(row["epsilon"]): f"{number(row['heroism'], '.0f')} : {number(row['other'], '.0f')}"
                 + (f" ({row['ratio']:.2f} ± {row['ratio_stderr']:.2f})" if np.isfinite(row["ratio"]) else "")
                 for row in rows.sort_values("epsilon", ascending=False).to_dict("records")}
        shown.append({"family": f"{looks.name(str(target))}, d = {d}", "cost": cost, "levels": levels, **cells})
    return pd.DataFrame(shown)


# ---- the page ------------------------------------------------------------------------------------

HEAD = """# Leaderboard: every sampler on every target

Score evaluations / sequential rounds per sample path from which on the exact joint total variation stays below ε. All
samplers run from the same starting points, between the same ends of noise (sigma from 80 to 0.01). Levels between them:
even in log-SNR, Karras's, or those that HEROISM frugal places for one evaluation, which is charged to whoever runs on
them: on the same levels the method makes the difference. Every target follows from the date of the last remake and was
committed before any sampler ran on it. Bold: the fewest evaluations of all. A dash: not reached by any run
(`results/tables/leaderboard.csv` says why). Orders are measured in the number of steps, on the falling part of the
curve below a total variation of 10⁻², with a 95 % interval.
Measured by: a deterministic sampler by the change of variables of its map at sample paths; a stochastic one by its
exact law, without sample paths, where that is known: on the sphere without a memory, on the hypercube all of them.
Where a map folds, ten times the share of folded particles is added to its total variation; †: such a run is behind the
number, which is neither the fewest nor in an order.
"""


def page(tables: Mapping[str, pd.DataFrame]) -> str:
    """One table for every target, the cheapest method at the smallest total variation first."""
    parts = [HEAD, "## The method and the levels\n", f"{NOTE}\n", markdown(summary(tables)) + "\n"]
    for (target, d), board in tables["leaderboard"].groupby(["target", "d"], sort=True):
        parts += [f"## {looks.name(str(target))}, d = {d}\n", markdown(_of_target(board)) + "\n"]
    return "\n".join(parts)


def _of_target(board: pd.DataFrame) -> pd.DataFrame:
    levels = sorted(board["epsilon"].unique(), reverse=True)
    costs, rounds, doubtful = (board.pivot(index="method", columns="epsilon", values=name).astype(float)
                               for name in (*COSTS, "doubtful"))
    least = costs[doubtful == 0.0].min()
    orders = board.drop_duplicates("method").set_index("method").replace([np.inf, -np.inf], np.nan)
    return pd.DataFrame([{
        "method": method,
        **{f"{at:.0e}".replace("e-0", "e-"): _cell(costs.at[method, at], rounds.at[method, at], least[at],
                                                   doubtful.at[method, at]) for at in levels},
        "order": interval(orders.at[method, "order"], orders.at[method, "order_low"],
                          orders.at[method, "order_high"], digits=1),
        "declared": f"{orders.at[method, 'declared_order']:g}",
        "levels": orders.at[method, "levels"],
        "measured by": orders.at[method, "measured_by"],
    } for method in costs.sort_values(sorted(levels), na_position="last").index])


def _cell(evaluations: float, rounds: float, least: float, doubtful: float) -> str:
    if not np.isfinite(evaluations):
        return NONE
    text = f"{evaluations:.0f}" if abs(evaluations - rounds) < 1.5 else f"{evaluations:.0f} / {rounds:.0f}"
    return text + mark(doubtful) if doubtful else f"**{text}**" if evaluations <= least else text


# ---- pictures ------------------------------------------------------------------------------------

COLUMNS = 3
BOTTOM, DEAREST = 1e-13, 6e3  # ends of the axes
OTHERS = "0.72"  # the grey of samplers that are the cheapest nowhere
LABELS = {"evaluations": "score evaluations", "rounds": "sequential rounds"}


def draw(tables: Mapping[str, pd.DataFrame], cost: str) -> Figure | None:
    """``leaderboard_points`` against their evaluations or rounds, a panel for every target; None without points."""
    points = tables["leaderboard_points"]
    points = points[(points["error"] > 0) & (points["unusable"] != "failed")]
    if points.empty:
        return None
    best = tables["leaderboard_frontier"]
    best = best[(best["cost"] == cost) & (best["levels"] == ANY)]
    leading = set(best[["heroism_method", "other_method"]].to_numpy().ravel())
    named = {*points.loc[points["method"].isin(leading), "sampler"]} - {*looks.PACKAGES}
    panels = [(looks.place(*key), here) for key, here in points.groupby(["target", "d"], sort=True)]
    return style.panelled(panels, partial(_panel, cost=cost, named=named), COLUMNS, 2.1, LABELS[cost], style.TV,
                          tables["environments"], sharey=True)


def frontier(points: pd.DataFrame, cost: str) -> pd.DataFrame:
    """Of one sampler in all its settings the runs that no cheaper one is as good as; a lucky run does not count."""
    lasting = []
    for _, curve in points.groupby("method", sort=True):
        curve = curve.sort_values(cost)
        lasting.append(curve.assign(error=envelope(curve["error"].to_numpy(float))))
    every = pd.concat(lasting).sort_values([cost, "error"])
    return every[every["error"] < every["error"].cummin().shift(fill_value=np.inf)]


def _panel(axes: Axes, points: pd.DataFrame, cost: str, named: Collection[str]) -> None:
    """The frontiers of those that are the cheapest somewhere, each in its own look; of all others thin and grey."""
    for sampler, rows in points.groupby("sampler", sort=True):
        if sampler not in named:
            packaged = sampler in looks.PACKAGES
            label = "every solver of a package" if packaged else "samplers that are the cheapest nowhere"
            for _, setting in rows.sort_values(cost).groupby("method" if packaged else "sampler", sort=True):
                curve = setting if packaged else frontier(setting, cost)
                axes.plot(curve[cost], curve["error"].clip(lower=BOTTOM), color=OTHERS, linewidth=0.6,
                          zorder=style.REFERENCE, linestyle="--" if packaged else "-", label=label)
            continue
        look = looks.look(str(sampler))
        curve = frontier(rows, cost)
        axes.plot(curve[cost], curve["error"].clip(lower=BOTTOM), label=looks.name(str(sampler)), zorder=style.DATA,
                  markersize=2.8, linewidth=1.4 if looks.is_ours(str(sampler)) else 0.8, **look)
        axes.errorbar(curve[cost], curve["error"], reach(curve["error"], curve["stderr"]), fmt="none",
                      ecolor=look["color"], elinewidth=0.7, zorder=style.DATA)
        style.spoiled(axes, curve[cost], curve["error"], curve)
        near = curve["floor"].where(FLOOR_FACTOR * curve["floor"] > curve["error"])  # elsewhere it says nothing
        style.floor_line(axes, curve[cost], near.clip(upper=curve["error"]), look["color"], width=0.7)
    style.floor_line(axes, [], [], style.INK, "measured floors")
    axes.set(xscale="log", yscale="log", ylim=(BOTTOM, 2.0))
    style.decades(axes.yaxis, BOTTOM, 2.0)
    axes.set_xlim(points[cost].min() / 1.1, min(points[cost].max() * 1.1, DEAREST))


READ = ("with one standard error. Coloured: the cheapest at some epsilon of HEROISM's forms, or of all others; grey: "
        "samplers that are the cheapest nowhere; dashed grey: every solver of a package; dotted: measured floors, "
        "where an error is near them; crosses: some of the particles folded.")
FIGURES = (
    style.Picture("work_precision", partial(draw, cost="evaluations"), (
        "Exact total variation against score evaluations per sample path, target by target, from the same starting "
        "points between the same noise levels. Of every sampler the best of its settings at each cost is drawn, if no "
        f"dearer run of that setting is worse, {READ}")),
    style.Picture("work_precision_rounds", partial(draw, cost="rounds"), (
        "The same runs against sequential rounds, each of which makes all score evaluations that do not wait for each "
        f"other. Of every sampler the best of its settings at each number of rounds is drawn, {READ}")),
)

"""The leaderboard: what a total variation of epsilon costs with every sampler, in score evaluations and in rounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.curves import DISTANCE, curves
from analysis.methods import is_ours, method_name
from heroism.rates import NOISY, Crossing, crossing, fit_rate

METHOD = ["target", "d", "sampler", "method", "ours"]
COSTS = ("evaluations", "rounds")
ASYMPTOTIC = 1e-2  # above it an order has not settled
FOLD = 10.0  # mass that a folded particle may stand for: branches overlap around it
Row = dict[str, Any]


def leaderboard(runs: pd.DataFrame, levels: Sequence[float]) -> dict[str, pd.DataFrame]:
    """Tables of the study.

    ``leaderboard_points`` : every run, with the name of its method and ``error``, its total variation or, where the map
    folds or the floor is higher, a cautious bound on it.
    ``leaderboard`` : one row per target, method and epsilon: the costs from which on the error stays below epsilon, or
    why there are none; the order in the number of steps beside the declared one.
    ``leaderboard_frontier`` : for every target, epsilon and cost the best of HEROISM and the best of the others.
    """
    points = _named(curves(runs, DISTANCE))
    rows = [row for key, curve in points.groupby(METHOD, sort=True)
            for row in _rows(dict(zip(METHOD, key, strict=True)), curve, levels)]
    columns = [*METHOD, "epsilon", *COSTS, *(f"{cost}_stderr" for cost in COSTS), "reason", "order", "order_low",
               "order_high", "declared_order", "smallest"]
    board = pd.DataFrame(rows, columns=columns)
    return {"leaderboard": board, "leaderboard_points": points, "leaderboard_frontier": _frontier(board)}


def envelope(errors: np.ndarray) -> np.ndarray:
    """The worst error from each run on, in increasing cost: a lucky run in front of worse ones does not count."""
    return np.fmax.accumulate(errors[::-1])[::-1]


def _named(points: pd.DataFrame) -> pd.DataFrame:
    rows = points.to_dict("records")
    error = np.minimum(np.maximum(points["value"] + FOLD * points["folded"].fillna(0.0), points["floor"]), 1.0)
    return points.assign(method=pd.Series([method_name(row) for row in rows], points.index, dtype=object),
                         ours=pd.Series([is_ours(row["sampler"]) for row in rows], points.index, dtype=bool),
                         error=error)


def _rows(group: Row, curve: pd.DataFrame, levels: Sequence[float]) -> list[Row]:
    curve = curve[curve["unusable"] != "failed"].sort_values("evaluations")
    order, found = _order(curve), []
    for level in levels:
        reached = {cost: _cost(curve, cost, level) for cost in COSTS}
        found.append({**group, "epsilon": level, **{cost: at.x for cost, at in reached.items()},
                      **{f"{cost}_stderr": at.stderr for cost, at in reached.items()},
                      "reason": reached["evaluations"].reason or "", **order, "smallest": curve["error"].min()})
    return found


def _cost(curve: pd.DataFrame, cost: str, level: float) -> Crossing:
    """By interpolation between the last run above the level and the next, in logarithms; or why there is none.

    The error already holds the floor, and however noisy it still says on which side of the level it is.
    """
    curve = curve.sort_values(cost).drop_duplicates(cost, keep="last")
    error = envelope(curve["error"].to_numpy(float))
    return crossing(curve[cost], error, np.minimum(curve["stderr"].fillna(0.0), NOISY * error), level)


def _order(curve: pd.DataFrame) -> Row:
    """In the number of steps T - 1, from the runs on the falling part of the curve."""
    declared = curve["order"].dropna()
    error = curve["error"].to_numpy(float)
    why = ["a later run is worse" if one < worst else None for one, worst in zip(error, envelope(error), strict=True)]
    fit = fit_rate(curve["T"].to_numpy(float) - 1.0, error, curve["stderr"], curve["floor"], ASYMPTOTIC, why)
    low, high = fit.interval()
    return {"order": -fit.slope, "order_low": -high, "order_high": -low,
            "declared_order": float(declared.iloc[0]) if len(declared) else np.nan}


def _frontier(board: pd.DataFrame) -> pd.DataFrame:
    rows = []
    for (target, d, epsilon), at in board.groupby(["target", "d", "epsilon"], sort=True):
        for cost in COSTS:
            ours, others = _best(at[at["ours"]], cost), _best(at[~at["ours"].astype(bool)], cost)
            ratio = ours[0] / others[0]
            rows.append({"target": target, "d": d, "epsilon": epsilon, "cost": cost,
                         "heroism": ours[0], "heroism_method": ours[2], "other": others[0], "other_method": others[2],
                         "ratio": ratio, "ratio_stderr": ratio * float(np.hypot(ours[1], others[1]))})
    columns = ["target", "d", "epsilon", "cost", "heroism", "heroism_method", "other", "other_method", "ratio",
               "ratio_stderr"]
    return pd.DataFrame(rows, columns=columns)


def _best(rows: pd.DataFrame, cost: str) -> tuple[float, float, str]:
    """(cost, its relative standard error, method) of the cheapest."""
    rows = rows.dropna(subset=cost)
    if rows.empty:
        return np.nan, np.nan, ""
    least = rows.loc[rows[cost].astype(float).idxmin()]
    return float(least[cost]), float(least[f"{cost}_stderr"] / least[cost]), str(least["method"])

"""T(d, epsilon): how many noise levels, and score evaluations, a total variation of epsilon takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from heroism.rates import Crossing, crossing

GROUP = ["family", "target", "K"]  # one sampler on one family of targets
Row = dict[str, Any]


def steps_needed(points: pd.DataFrame, levels: Sequence[float]) -> pd.DataFrame:
    """One row per curve and level: T by interpolation between the rungs around it, or the reason why there is none.

    ``above_at`` and ``below_at`` are the largest rung above the level and the smallest at or below it.
    """
    found = []
    for curve, rows in groups(points, [*GROUP, "d"]):
        for level in levels:
            at = crossing(rows["T"], rows["value"], rows["stderr"], level, rows["floor"], list(rows["unusable"]))
            found.append({**curve, "epsilon": level, "T": at.x, "T_stderr": at.stderr, "above_at": at.after,
                          "below_at": at.by, "evaluations": _evaluations(rows, at), "reason": at.reason or ""})
    columns = [*GROUP, "d", "epsilon", "T", "T_stderr", "above_at", "below_at", "evaluations", "reason"]
    return pd.DataFrame(found, columns=columns)


def groups(table: pd.DataFrame, names: list[str]) -> Iterator[tuple[Row, pd.DataFrame]]:
    """(the values of the names, their rows), sorted; K is missing for samplers that have none."""
    for key, rows in table.groupby(names, sort=True, dropna=False):
        yield dict(zip(names, key, strict=True)), rows


def _evaluations(curve: pd.DataFrame, at: Crossing) -> float:
    """Between the evaluations of the two rungs, in logarithms, as T is."""
    ends = curve[curve["T"].isin([at.after, at.by])]
    if not np.isfinite(at.x) or ends["evaluations"].isna().any():
        return np.nan
    logs = np.log(ends[["T", "evaluations"]].to_numpy(float))
    return float(np.exp(np.interp(np.log(at.x), logs[:, 0], logs[:, 1])))

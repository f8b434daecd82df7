"""The published experiment of 2404.09730: its total variation of one coordinate beside the joint one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import yaml

from analysis.curves import DISTANCE, curves
from analysis.paths import STUDIES

MARGINAL = "histogram"
COLUMNS = ["d", "N_t", "published_marginal", "published_floor", "marginal", "marginal_stderr", "marginal_floor",
           "joint", "joint_stderr", "floor", "evaluations"]


def published(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """``published``: one row per d and number of steps, with what stands in the authors' notebook (from the study's
    file).
    """
    content = yaml.safe_load((STUDIES / "published.yaml").read_text())
    points = curves(runs)
    joint, marginal = (_by_steps(points, name) for name in (DISTANCE, MARGINAL))
    rows = []
    for at, row in joint.iterrows():
        d, steps = at
        own = marginal.loc[at] if at in marginal.index else pd.Series(dtype=float)
        rows.append({"d": d, "N_t": steps, "published_marginal": content["published"].get(d, {}).get(steps, np.nan),
                     "published_floor": content["published_floor"], "marginal": own.get("value", np.nan),
                     "marginal_stderr": own.get("stderr", np.nan), "marginal_floor": own.get("floor", np.nan),
                     "joint": row["value"], "joint_stderr": row["stderr"], "floor": row["floor"],
                     "evaluations": row["evaluations"]})
    return {"published": pd.DataFrame(rows, columns=COLUMNS)}


def _by_steps(points: pd.DataFrame, distance: str) -> pd.DataFrame:
    """By (d, N_t): the authors count steps, T counts noise levels."""
    rows = points[(points["distance"] == distance) & (points["unusable"] != "failed")]
    return rows.assign(N_t=rows["T"].astype(int) - 1, d=rows["d"].astype(int)).set_index(["d", "N_t"]).sort_index()

"""Which points a statistic is about, and its expressions as columns of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.claims.claim import ANY, Statistic
from analysis.curves import SETTINGS, points, with_family
from analysis.runs import WHOLE, of_studies
from heroism.errors import require
from heroism.formulas import parsed

NEEDED = [*SETTINGS, "kind", "measure", "deciding", "setting", "T", "particles", "seed", "status", "finished", "error",
          "stderr", "floor", "tail", "n", "spent", "folded", "diverged", "score_error", "jacobian_error"]


def select(statistic: Statistic, table: pd.DataFrame, records: Sequence[str]) -> pd.DataFrame:
    """The points that a statistic is about, with the columns that it needs."""
    rungs = of_studies(table, records)
    rungs = rungs[rungs["kind"] == "rung"].reindex(columns=list(dict.fromkeys([*NEEDED, *sorted(statistic.names)])))
    wanted = rungs["deciding"] if statistic.measure is None else statistic.measure
    right = (rungs["measure"] == wanted) | (statistic.measure == ANY) | (rungs["status"] == "failed")
    rungs = where(rungs[right], statistic.where)
    seeds = {"seed"} & {*statistic.each, *statistic.by, *statistic.over}
    paired = ["seed"] if statistic.paired else []
    found = with_family(points(rungs, paired or sorted(seeds)))
    return found.astype({name: float for name in found if name in (*WHOLE, "runs", "seeds")})


def split(table: pd.DataFrame, columns: Sequence[str]) -> Iterator[tuple[dict[str, Any], pd.DataFrame]]:
    """(the values of the columns, the rows that have them), sorted by them."""
    if not columns:
        yield {}, table
        return
    missing = [name for name in columns if name not in table.columns]
    require(not missing, "statistic", ", ".join(missing), "not a column of the table of runs")
    for values, part in table.groupby(list(columns), dropna=False, sort=True):
        yield dict(zip(columns, values, strict=True)), part


def where(table: pd.DataFrame, condition: str | None) -> pd.DataFrame:
    """The rows that fulfil a condition."""
    if condition is None or table.empty:
        return table
    return table[np.broadcast_to(_evaluated(table, condition), len(table)).astype(bool)]


def column(table: pd.DataFrame, expression: str) -> np.ndarray:
    """(n,) floats of an expression in the columns; NaN where it has no value."""
    value = np.broadcast_to(_evaluated(table, expression), len(table))
    return value.astype(float) if value.dtype.kind in "bif" else \
        pd.to_numeric(pd.Series(value), errors="coerce").to_numpy(dtype=float)


def numbers(statistic: Statistic, table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x, y, standard error and floor; a y that is not the estimate has neither of the last two."""
    x = column(table, statistic.x) if statistic.x else np.arange(len(table), dtype=float)
    y = column(table, statistic.y)
    stderr, floor = (column(table, name) if statistic.y == "error" else np.zeros(len(y))
                     for name in ("stderr", "floor"))
    factor = column(table, statistic.scaled_by) if statistic.scaled_by else np.ones(len(y))
    if statistic.scaled_by and statistic.saturation is not None:  # saturated is what y was before
        factor = np.where(y > statistic.saturation, np.nan, factor)
    return x, y * factor, stderr * factor, np.nan_to_num(floor) * factor * statistic.use_floor


def _evaluated(table: pd.DataFrame, expression: str) -> Any:
    formula = parsed(expression)
    return formula({name: table[name].to_numpy() for name in formula.names if name in table})

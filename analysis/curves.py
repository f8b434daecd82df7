"""Points of curves: the one place where runs become what claims, tables and figures see. Seeds are averaged here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from heroism.record.measured import HEAVY

SETTINGS = ["target", "variant", "sampler", "schedule", "perturbation", "start", "N"]
CURVE = ["family", *SETTINGS, "K", "d", "distance"]
GROUP = ["family", "target", "K"]  # one sampler on one family of targets
SPOILED = ["folded", "diverged"]  # shares of the particles of a point
HEAVY_TAIL = "heavy tail"
DOUBTED = (*SPOILED, HEAVY_TAIL)  # why a point that has a number decides nothing
DISTANCE = "total_variation"  # the one that exponents are fitted to


def points(runs: pd.DataFrame, apart: Sequence[str] = ()) -> pd.DataFrame:
    """One row per setting, measure and T, with the columns of the table of runs and ``seeds, runs, spent, unusable``.

    Seeds are averaged, unless ``apart`` holds "seed"; the standard error is the larger of the propagated one and the
    scatter between them. Of runs that differ in nothing but their age the newest counts, of several numbers of
    particles the largest. ``folded`` and ``diverged`` are the largest of the seeds: a number with either above zero is
    to be marked wherever it is shown, and decides nothing. ``unusable`` says why a point decides nothing: "failed",
    "folded", "diverged", "heavy tail" (a few particles carry the number, and its error is not to be trusted; ``tail``
    is the heaviest of the seeds), or nothing.
    """
    place = ["setting", "measure", "T", *apart]
    rungs = runs[(runs["kind"] == "rung") & runs["T"].notna()].sort_values("finished", kind="stable")
    rungs = rungs.drop_duplicates([*place, "particles", "seed"], keep="last")
    rungs = rungs[rungs["particles"] == rungs.groupby(place)["particles"].transform("max")]
    rungs = rungs.sort_values("status", kind="stable")  # those that are done before those that failed
    error = rungs["error"].where(rungs["status"] == "done")
    by_place = rungs.assign(error=error, square=rungs["stderr"].where(error.notna()) ** 2).groupby(place)
    shared = rungs.drop_duplicates(place).set_index(place)
    seeds = by_place["error"].count()
    scatter = by_place["error"].std().fillna(0.0) / np.sqrt(seeds.where(seeds > 0))
    propagated = np.sqrt(by_place["square"].sum(min_count=1)) / seeds.where(seeds > 0)
    averaged = pd.DataFrame({
        "error": by_place["error"].mean(), "stderr": np.fmax(propagated, scatter.where(seeds > 1)),
        "floor": by_place["floor"].mean().fillna(0.0), "score_error": by_place["score_error"].mean(),
        "jacobian_error": by_place["jacobian_error"].mean(), "n": by_place["n"].sum(), "spent": by_place["spent"].sum(),
        "folded": by_place["folded"].max(), "diverged": by_place["diverged"].max(),
        "tail": by_place["tail"].max(), "seeds": seeds, "runs": by_place.size()})
    kept = shared.drop(columns=[name for name in averaged if name in shared])
    table = pd.concat([kept, averaged.loc[kept.index]], axis="columns").reset_index()
    why = [table["seeds"] == 0, *(table[name].astype(float) > 0.0 for name in SPOILED),
           table["tail"].astype(float) > HEAVY]
    return table.assign(unusable=np.select(why, ["failed", *DOUBTED], ""))


def is_spoiled(points: Any) -> Any:
    """Whether particles of a point folded or diverged, or its tail is heavy: such a number is marked, and decides
    nothing. (n,) for a table, one truth value for a mapping of one point; an unknown share is none, and a tail is
    told by ``unusable``, or else by ``tail``, where there is such a column."""
    shares = [np.asarray(points[name], dtype=float) > 0.0 for name in SPOILED if name in points]
    if "unusable" in points:
        shares.append(np.asarray(points["unusable"] == HEAVY_TAIL))
    elif "tail" in points:
        shares.append(np.asarray(points["tail"], dtype=float) > HEAVY)
    return np.any(shares, axis=0)


def curves(runs: pd.DataFrame, distance: str | None = None) -> pd.DataFrame:
    """The points of one distance, or of all, as tables show them: ``CURVE, T, h, value, stderr, floor`` and what they
    cost, sorted. ``family`` is the target, and whatever else of the settings varies between these runs."""
    chosen = runs if distance is None else runs[(runs["measure"] == distance)]
    table = with_family(points(chosen)).rename(columns={"measure": "distance", "error": "value"})
    table = table.assign(N=table["N"].map(str, na_action="ignore").fillna(""), variant=table["variant"].fillna(""))
    columns = [*CURVE, "T", "h", "value", "stderr", "floor", "folded", "diverged", "n", "seeds", "order",
               "evaluations", "rounds", "unusable"]
    return table.sort_values([*CURVE, "T"], kind="stable", ignore_index=True)[columns]


def with_family(table: pd.DataFrame) -> pd.DataFrame:
    """With ``family``: what a curve is called among all others of the table."""
    family = table["target"].astype(object)
    for name in SETTINGS[1:]:
        words = "N=" * (name == "N") + table[name].map(str, na_action="ignore").fillna("")
        if words.nunique() > 1:
            family = family + (", " + words).where(words != "", "")
    return table.assign(family=family)


def by_family(rows: list[dict[str, Any]], order: list[str], needed: list[str]) -> pd.DataFrame:
    """A table of rows, sorted by the columns ``order``; ``needed``: those that it has as well if it is empty."""
    table = pd.DataFrame(rows, columns=None if rows else [*order, *needed]).sort_values(order, kind="stable")
    return table.astype({name: "Int64" for name in ("K", "d") if name in order}).reset_index(drop=True)


def same(column: pd.Series, value: Any) -> pd.Series:
    """(n,) whether the column has this value; a missing one is like another."""
    return column.isna() if pd.isna(value) else column == value

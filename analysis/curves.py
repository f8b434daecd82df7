"""Curves: the error of one sampler on one target against T, averaged over seeds."""

from __future__ import annotations

import numpy as np
import pandas as pd

from heroism.theory import step_size

SETTINGS = ["target", "variant", "sampler", "schedule", "perturbation", "start", "N"]
CURVE = ["family", *SETTINGS, "K", "d", "distance"]
DISTANCE = "total_variation"  # the one that exponents are fitted to
FOLDED = 0.1  # of the error: with more particles folded than that, a total variation is only a lower bound


def curves(runs: pd.DataFrame, distance: str | None = None) -> pd.DataFrame:
    """One row per point of a curve: ``CURVE, T, h, value, stderr, floor, folded, unusable`` and what it cost.

    Seeds are averaged; the standard error is the larger of the propagated one and the scatter between them. Of runs
    that differ in nothing but their age the newest counts, of several numbers of particles the largest. ``unusable``
    says why a point must not enter a fit ("failed", "folded", or nothing).
    """
    rungs = runs[(runs["kind"] != "answer") & runs["T"].notna()].copy()
    if distance is not None:
        rungs = rungs[rungs["distance"] == distance]
    rungs[["variant", "N"]] = rungs[["variant", "N"]].fillna("")
    place = [*SETTINGS, "K", "d", "distance", "T"]
    rungs = rungs.sort_values("finished", kind="stable").drop_duplicates([*place, "particles", "seed"], keep="last")
    most = rungs.groupby(place, dropna=False)["particles"].transform("max")
    return _averaged(_labelled(rungs[rungs["particles"] == most]))


def _labelled(rungs: pd.DataFrame) -> pd.DataFrame:
    """``family``: the target, and whatever else of the settings varies between these runs."""
    varied = [name for name in SETTINGS[1:] if rungs[name].nunique() > 1]
    words = [rungs["target"].astype(str), *((f"{name}=" if name == "N" else "") + rungs[name].astype(str)
                                            for name in varied)]
    family = pd.concat(words, axis=1).agg(lambda row: ", ".join(part for part in row if part), axis=1) \
        if len(rungs) else pd.Series(dtype=object)
    return rungs.assign(family=family)


def _averaged(rungs: pd.DataFrame) -> pd.DataFrame:
    """Over the seeds that succeeded; a point where none did is "failed"."""
    value = rungs["value"].where(rungs["status"] == "done")
    rungs = rungs.assign(value=value, square=rungs["stderr"].fillna(0.0) ** 2 * value.notna())
    table = rungs.groupby([*CURVE, "T"], dropna=False, sort=True).agg(
        value=("value", "mean"), scatter=("value", "std"), square=("square", "sum"), floor=("floor", "mean"),
        n=("n", "sum"), seeds=("value", "count"), order=("order", "first"), evaluations=("evaluations", "first"),
        rounds=("rounds", "first"), folded=("folded", "max")).reset_index()
    seeds = table["seeds"].to_numpy(float)
    with np.errstate(divide="ignore", invalid="ignore"):
        propagated, scatter = np.sqrt(table["square"]) / seeds, table["scatter"].fillna(0.0) / np.sqrt(seeds)
    folded = table["folded"].fillna(0.0) > FOLDED * table["value"]
    return table.assign(h=step_size(table["T"].to_numpy(float)), stderr=np.fmax(propagated, scatter),
                        floor=table["floor"].fillna(0.0),
                        unusable=np.select([seeds == 0, folded], ["failed", "folded"], "")
                        )[[*CURVE, "T", "h", "value", "stderr", "floor", "folded", "n", "seeds", "order", "evaluations",
                           "rounds", "unusable"]]

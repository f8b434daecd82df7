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
    """One row per point of a curve: ``CURVE, T, h, value, stderr, floor, unusable`` and what it cost.

    Seeds are averaged; the standard error is the larger of the propagated one and the scatter between them. Of runs
    that differ in nothing but their age the newest counts, of several numbers of particles the largest. ``unusable``
    says why a point must not enter a fit ("failed", "folded").
    """
    rungs = runs[(runs["kind"] != "answer") & runs["T"].notna()].copy()
    if distance is not None:
        rungs = rungs[rungs["distance"] == distance]
    rungs[["variant", "N"]] = rungs[["variant", "N"]].fillna("")
    place = [*SETTINGS, "K", "d", "distance", "T"]
    rungs = rungs.sort_values("finished", kind="stable").drop_duplicates([*place, "particles", "seed"], keep="last")
    most = rungs.groupby(place, dropna=False)["particles"].transform("max")
    rungs = _labelled(rungs[rungs["particles"] == most])
    points = [_point(rows) for _, rows in rungs.groupby([*CURVE, "T"], dropna=False, sort=True)]
    table = pd.DataFrame(points, columns=[*CURVE, "T", "h", "value", "stderr", "floor", "n", "seeds", "order",
                                          "evaluations", "rounds", "unusable"])
    return table.sort_values([*CURVE, "T"], kind="stable", ignore_index=True)


def _labelled(rungs: pd.DataFrame) -> pd.DataFrame:
    """``family``: the target, and whatever else of the settings varies between these runs."""
    varied = [name for name in SETTINGS[1:] if rungs[name].nunique() > 1]
    words = [rungs["target"].astype(str), *((f"{name}=" if name == "N" else "") + rungs[name].astype(str)
                                            for name in varied)]
    family = pd.concat(words, axis=1).agg(lambda row: ", ".join(part for part in row if part), axis=1) \
        if len(rungs) else pd.Series(dtype=object)
    return rungs.assign(family=family)


def _point(rows: pd.DataFrame) -> dict[str, object]:
    done = rows[(rows["status"] == "done") & rows["value"].notna()]
    first = rows.iloc[0]
    point = {name: first[name] for name in [*CURVE, "T", "order"]} | {"h": float(step_size(first["T"]))}
    if done.empty:
        return point | {"unusable": "failed"}
    errors, seeds = done["stderr"].fillna(0.0).to_numpy(float), len(done)
    propagated = float(np.sqrt(np.sum(errors**2))) / seeds
    scatter = float(done["value"].std(ddof=1)) / np.sqrt(seeds) if seeds > 1 else 0.0
    value = float(done["value"].mean())
    folded = float(done["folded"].fillna(0.0).max())
    return point | {
        "value": value, "stderr": max(propagated, scatter), "floor": float(done["floor"].fillna(0.0).mean()),
        "n": int(done["n"].fillna(0).sum()), "seeds": seeds, "evaluations": done["evaluations"].iloc[0],
        "rounds": done["rounds"].iloc[0], "order": done["order"].iloc[0],
        "unusable": "folded" if folded > FOLDED * value else None,
    }

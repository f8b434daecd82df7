"""Where each way to measure a distance stops: several distances on the same runs."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.curves import curves

EXACT = "total_variation"
NEAR = 2.0  # a value below this multiple of the floor is the floor
RUN = ["family", "target", "d", "K"]


def floors(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables of the floors study.

    ``floors_curves``: every distance at every T, with its measured floor.
    ``floors``: for every run and distance the floor, where it stops, and how far the exact figure goes on.
    """
    points = curves(runs)
    points = points[points.groupby(RUN, dropna=False)["distance"].transform("nunique") > 1].reset_index(drop=True)
    rows = [_row(dict(zip([*RUN, "distance"], key, strict=True)), curve, _exact(points, curve))
            for key, curve in points.groupby([*RUN, "distance"], sort=True, dropna=False)]
    columns = [*RUN, "distance", "particles", "floor", "smallest", "stops_at", "exact_there", "exact_at_the_end",
               "decades_unseen"]
    return {"floors_curves": points, "floors": pd.DataFrame(rows, columns=columns)}


def _exact(points: pd.DataFrame, curve: pd.DataFrame) -> pd.Series:
    """The exact total variation of the same runs, by T."""
    same = points[(points["distance"] == EXACT) & (points["family"] == curve["family"].iloc[0])]
    for name in ("d", "K"):
        value = curve[name].iloc[0]
        same = same[same[name].isna() if pd.isna(value) else same[name] == value]
    return same.set_index("T")["value"].dropna()


def _stops_at(curve: pd.DataFrame) -> object:
    """The first T where the value is its floor, within its error, or falls no further; missing if it goes on."""
    curve = curve.sort_values("T")
    value, error = curve["value"].to_numpy(float), curve["stderr"].fillna(0.0).to_numpy(float)
    at_floor = value <= np.maximum(NEAR * curve["floor"], curve["floor"] + 2.0 * error)
    lowest_later = np.append(np.minimum.accumulate(value[::-1])[::-1][1:], np.nan)  # the last one has nothing after it
    stopped = at_floor | (lowest_later >= value - 2.0 * error)
    return curve["T"].to_numpy()[np.argmax(stopped)] if stopped.any() else pd.NA


def _row(run: dict[str, object], curve: pd.DataFrame, exact: pd.Series) -> dict[str, object]:
    at = _stops_at(curve.dropna(subset="value"))
    there = float(exact.get(at, np.nan)) if pd.notna(at) else np.nan
    end = float(exact.min()) if len(exact) else np.nan
    return {**run, "particles": curve["n"].max(), "floor": float(curve["floor"].median()),
            "smallest": float(curve["value"].min()), "stops_at": at, "exact_there": there, "exact_at_the_end": end,
            "decades_unseen": float(np.log10(there / end)) if there > 0 and end > 0 else np.nan}

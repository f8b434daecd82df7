"""Where each way to measure a distance stops: several distances on the same runs."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import looks, style
from analysis.curves import curves, is_spoiled
from analysis.text import DOUBTFUL, mark, number

NOTE = f"Stops at T: where the estimate is its measured floor, within its error, or falls no further. {DOUBTFUL}"
EXACT = "total_variation"
NEAR = 2.0  # a value below this multiple of the floor is the floor
RUN = ["family", "target", "d", "K"]


def tables(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables of the floors study.

    ``floors_curves``: every distance at every T, with its measured floor.
    ``floors``: for every run and distance the floor, where it stops, and how far the exact figure goes on; ``doubtful``
    of its points decide nothing, as paths fold or diverge.
    """
    points = curves(runs)
    points = points[points.groupby(RUN, dropna=False)["distance"].transform("nunique") > 1].reset_index(drop=True)
    rows = [dict(zip(RUN, run, strict=True)) | _row(curve, here[(here["distance"] == EXACT) & ~is_spoiled(here)])
            for run, here in points.groupby(RUN, sort=True, dropna=False) for _, curve in here.groupby("distance")]
    columns = [*RUN, "distance", "particles", "floor", "smallest", "stops_at", "exact_there", "exact_at_the_end",
               "decades_unseen", "doubtful"]
    return {"floors_curves": points, "floors": pd.DataFrame(rows, columns=columns)}


def _row(curve: pd.DataFrame, exact: pd.DataFrame) -> dict[str, object]:
    """One distance of a run beside the exact total variation of the same run."""
    exact, used = exact.set_index("T")["value"].dropna(), curve[~is_spoiled(curve)].dropna(subset="value")
    at = _stops_at(used.sort_values("T"))
    there = float(exact.get(at, np.nan)) if pd.notna(at) else np.nan
    end = float(exact.min()) if len(exact) else np.nan
    return {"distance": curve["distance"].iloc[0], "particles": curve["n"].max(),
            "floor": float(curve["floor"].median()), "smallest": float(used["value"].min()), "stops_at": at,
            "exact_there": there, "exact_at_the_end": end,
            "decades_unseen": float(np.log10(there / end)) if there > 0 and end > 0 else np.nan,
            "doubtful": int(is_spoiled(curve).sum())}


def _stops_at(curve: pd.DataFrame) -> object:
    """The first T where the value is its floor, within its error, or falls no further; missing if it goes on."""
    value, error = curve["value"].to_numpy(float), curve["stderr"].fillna(0.0).to_numpy(float)
    at_floor = value <= np.maximum(NEAR * curve["floor"], curve["floor"] + 2.0 * error)
    lowest_later = np.append(np.minimum.accumulate(value[::-1])[::-1][1:], np.nan)  # the last one has nothing after it
    stopped = at_floor | (lowest_later >= value - 2.0 * error)
    return curve["T"].to_numpy()[np.argmax(stopped)] if stopped.any() else pd.NA


def summary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The floor of every distance, where it stops, and how far the exact figure goes on."""
    return pd.DataFrame([{
        "family": row["family"], "d": number(row["d"], ".0f"), "distance": row["distance"] + mark(row["doubtful"]),
        "floor": number(row["floor"], ".1e"), "smallest value": number(row["smallest"], ".1e"),
        "stops at T": number(row["stops_at"], ".0f") if pd.notna(row["stops_at"]) else "goes on",
        "exact TV there": number(row["exact_there"], ".1e"),
        "exact TV at the end": number(row["exact_at_the_end"], ".1e"),
    } for row in tables["floors"].to_dict("records")])


VARIATIONS = ("total_variation", "quadrature", "histogram")
MOST_ROWS = 3


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """``floors_curves``, one row of panels for every target and d (the first few); None without curves."""
    curves = tables["floors_curves"]
    if curves.empty:
        return None
    panels = []
    for family, d in _variety(curves):
        rows = curves[(curves["family"] == family) & (curves["d"] == d)]
        rows = rows[rows["K"].isna() | (rows["K"] == rows["K"].min())]
        variation = rows["distance"].isin(VARIATIONS)
        panels += [(f"{kind}: {looks.place(family, d)}", rows[those])
                   for kind, those in (("total variation", variation), ("optimal transport", ~variation))]
    return style.panelled(panels, _panel, 2, 2.5 if len(panels) == 2 else 1.8, "number of noise levels $T$",
                          "measured distance", tables["environments"], sharex=True, narrowest=2.4)


def _variety(curves: pd.DataFrame) -> list[tuple[str, int]]:
    """Every d once (the first few), with a family that was not shown before where there is one."""
    shown: list[tuple[str, int]] = []
    for d in sorted(curves["d"].unique())[:MOST_ROWS]:
        families = sorted(curves.loc[curves["d"] == d, "family"].unique())
        seen = {family for family, _ in shown}
        shown.append((next((family for family in families if family not in seen), families[0]), int(d)))
    return shown


def _panel(axes: Axes, rows: pd.DataFrame) -> None:
    seen = pd.concat([rows["value"], rows["floor"]])
    low, high = (seen[seen > 0].min() / 2, seen.max() * 2) if (seen > 0).any() else (0.1, 1.0)
    axes.set(xscale="log", yscale="log", ylim=(low, high))
    drawn = sorted(rows["distance"].unique(), key=lambda distance: (distance == "quadrature", distance))  # it on top
    for distance in drawn:
        style.curve(axes, rows[rows["distance"] == distance], "T", None, looks.name(distance), **looks.look(distance))
    style.floor_line(axes, [], [], looks.INK, "measured floors")
    style.decades(axes.yaxis, low, high)
    if len(rows):
        style.powers_of_two(axes.xaxis, rows["T"])


FIGURES = (style.Picture("estimator_floors", draw, (
    "The same runs of HEROISM, measured in several ways. Left: total variation, exact and by histogram. Right: "
    "distances from optimal transport. Dotted lines are the measured floors, what each way reports between two "
    "exact samples; the exact total variation goes on to round-off.")),)

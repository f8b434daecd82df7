"""The picture of the error budget: shares of every source, stacked, beside the total variation measured on its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.claims import DPI, LEGEND
from analysis.verify.statistics import NORMAL
from analysis.verify.table import Judged

PARTS = ("initialisation", "jacobian", "score", "refinement", "discretisation")
COLOURS = dict(zip(PARTS, ("#4477aa", "#ee6677", "#ccbb44", "#228833", "#aa3377"), strict=True))


def draw(judged: Sequence[Judged], table: pd.DataFrame, folder: Path) -> Path:
    """One panel per target and d: the signed shares stacked, for every T.

    ``table`` holds the runs of the study. Writes ``budget.png`` and returns its path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    panels = list(table[table["status"] == "done"].groupby(["d", "target"]))
    columns = max(1, len(panels) // max(1, table["d"].nunique()))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(3.1 * columns, 2.9 * rows + 1.0), layout="constrained")
    axes = figure.subplots(max(rows, 1), columns, squeeze=False)
    for axis, (names, part) in zip(axes.flat, panels, strict=False):
        _stack(axis, part)
        axis.set_title(f"{names[1]}, d = {names[0]:g}", fontsize=9)
    axes[0, 0].legend(fontsize=7, **LEGEND)
    figure.supxlabel("T", fontsize=9)
    figure.supylabel("total variation, end to end", fontsize=9)
    figure.suptitle("Shares of the end-to-end error (bars; their sum: dash) and the total variation measured "
                    "on its own (points, 95%)", fontsize=10)
    path = folder / "budget.png"
    figure.savefig(path, dpi=DPI, metadata={"Software": None})
    return path


def _stack(axes: Axes, part: pd.DataFrame) -> None:
    """Positive shares upwards from zero, negative ones downwards."""
    steps = sorted(part["T"].unique())
    place = np.arange(len(steps))
    up, down = np.zeros(len(steps)), np.zeros(len(steps))
    for name in PARTS:
        share = _values(part, f"budget_{name}", steps, "error")
        axes.bar(place, share, 0.55, bottom=np.where(share >= 0, up, down), color=COLOURS[name],
                 label=name.replace("jacobian", "Jacobian"))
        up, down = up + np.maximum(share, 0), down + np.minimum(share, 0)
    for measure, shift, marker, size in (("budget", 0.0, "_", 22.0), ("total_variation", 0.36, "o", 3.5)):
        value, error = (_values(part, measure, steps, name) for name in ("error", "stderr"))
        axes.errorbar(place + shift, value, NORMAL * error, fmt=marker, color="k", markersize=size, elinewidth=1.0)
    axes.axhline(0, color="k", linewidth=0.6)
    axes.set_xticks(place, [f"{count:g}" for count in steps])
    axes.tick_params(labelsize=8)


def _values(part: pd.DataFrame, measure: str, steps: Sequence[float], column: str) -> np.ndarray:
    rows = part[part["measure"] == measure].groupby("T")[column].mean()
    return np.nan_to_num(rows.reindex(steps).to_numpy(dtype=float))

"""Schedulers of diffusers as they are shipped, and the same code in double precision: where rounding stops them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import style

STUDY = "diffusers"
CAPTION = ("Exact total variation of the schedulers of diffusers, unmodified, on uniform steps of log-SNR from sigma = "
           "80 to 0.01. Solid: as shipped, with tables in single precision; thin dashes: the same code in double "
           "precision. The order that a scheduler claims stands beside its name; dashed grey: slopes of reference.")
DRAWN = (  # solver, options, name with the claimed order, look
    ("DPMSolverMultistepScheduler", "solver_order=2", "DPM-Solver++ 2M (2)", (style.SKY, "v")),
    ("DPMSolverMultistepScheduler", "solver_order=3", "DPM-Solver++ 3M (3)", (style.BLUE, "o")),
    ("UniPCMultistepScheduler", "solver_order=2", "UniPC-2 (3)", (style.PURPLE, "^")),
    ("UniPCMultistepScheduler", "solver_order=3", "UniPC-3 (4)", (style.VERMILION, "D")),
    ("DEISMultistepScheduler", "solver_order=3", "DEIS-3 (3)", (style.ORANGE, "<")),
    ("LMSDiscreteScheduler", "", "LMS (4)", (style.GREEN, "s")),
    ("PNDMScheduler", "", "PNDM (4)", (style.BLACK, "X")),
)
REFERENCES = (2, 3, 4)


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """``diffusers_curves``, one panel for each target; None without curves on our levels."""
    curves = tables["diffusers_curves"]
    drawn = {(solver, options) for solver, options, _, _ in DRAWN}
    known = np.array([key in drawn for key in zip(curves["solver"], curves["options"], strict=True)], dtype=bool)
    curves = curves[known & (curves["levels"] == "ours") & (curves["value"] > 0)]
    if curves.empty:
        return None
    targets = sorted(curves["target"].unique())
    figure, grid = style.panels(1, len(targets), 3.8, sharey=True)
    for axes, target in zip(grid.flat, targets, strict=True):
        here = curves[curves["target"] == target]
        _panel(axes, here)
        axes.set_title(f"{style.name(target)}, $d = {here['d'].iloc[0]}$")
        axes.set_xlabel("number of steps $T - 1$")
    grid.flat[0].set_ylabel(style.TV)
    style.footer(figure, tables["environments"], *grid.flat, columns=5)
    return figure


def _panel(axes: Axes, curves: pd.DataFrame) -> None:
    smallest = float(curves["value"].min())
    for solver, options, name, (colour, marker) in DRAWN:
        mine = curves[(curves["solver"] == solver) & (curves["options"] == options)]
        for precision, how in (("shipped", {"marker": marker, "linestyle": "-", "label": name}),
                               ("double", {"linestyle": (0, (4, 2)), "linewidth": 0.9})):
            curve = mine[mine["precision"] == precision].sort_values("T")
            axes.plot(curve["T"].astype(float) - 1.0, curve["value"], color=colour, zorder=style.DATA, **how)
    axes.plot([], [], color=style.INK, linestyle=(0, (4, 2)), linewidth=0.9, label="the same code in double precision",
              zorder=style.DATA)
    ends = float(curves["T"].min() - 1.0), float(curves["T"].max() - 1.0)
    for order in REFERENCES:
        line = np.geomspace(ends[0], ends[1], 40)
        falling = 0.5 * (line / line[0]) ** -order
        inside = falling > smallest / 2
        style.slope_line(axes, line[inside], falling[inside], "slopes of reference" if order == 2 else "_")
        axes.annotate(f"$T^{{-{order}}}$", (line[inside][-1], falling[inside][-1]), (3, 0), textcoords="offset points",
                      fontsize=7, color=style.GREY, va="center", annotation_clip=False)
    axes.set(xscale="log", yscale="log", xlim=(ends[0] / 1.1, ends[1] * 1.5), ylim=(smallest / 3, 2.0))
    style.decades(axes.yaxis, smallest / 3, 2.0)

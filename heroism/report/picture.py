"""Pictures of reports; matplotlib is imported when one is drawn, and no backend is chosen for anybody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from heroism.errors import require
from heroism.rates import reach

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AGAINST = {"evaluations": "score evaluations per path", "steps": "steps"}
MARKERS = "osD^vP<>X*"


class Curve(Protocol):
    """What is drawn of a report."""

    @property
    def name(self) -> str: ...

    def rows(self) -> list[dict[str, Any]]: ...


def work_precision(reports: Sequence[Curve], axes: Any = None, against: str = "evaluations") -> Figure:
    """Total variation of each report, bars of one standard error, a dotted line at the floor where it matters, crosses
    where paths fold or diverge."""
    from matplotlib.figure import Figure

    require(against in AGAINST, "against", against, f"choose one of {', '.join(AGAINST)}")
    if axes is None:
        axes = Figure(figsize=(6.0, 4.0), layout="constrained").subplots()
    for i, report in enumerate(reports):
        rows = report.rows()
        x, tv, stderr, floor = (np.array([row[key] for row in rows], dtype=float)
                                for key in (against, "tv", "tv_stderr", "tv_floor"))
        shown = tv > 0.0
        drawn = axes.errorbar(x[shown], tv[shown], reach(tv, stderr)[:, shown], fmt=f"-{MARKERS[i % len(MARKERS)]}",
                              markersize=4, linewidth=1.2, capsize=2, label=report.name)
        bad = shown & np.array([row["folded"] + row["diverged"] > 0 for row in rows])
        axes.plot(x[bad], tv[bad], "kx", markersize=4, zorder=5, label="_")
        if np.any(tv < 100.0 * floor):
            axes.plot(x, floor, ":", color=drawn[0].get_color(), linewidth=1.0)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set(yscale="log", xlabel=AGAINST[against], ylabel="total variation")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize="small")
    drawn_in: Figure = axes.get_figure()
    return drawn_in

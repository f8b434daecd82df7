"""The picture of the search for the hardest instance: what every trial gave, and the winners measured again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures.claims import DPI, wrapped
from analysis.palette import COLOURS
from analysis.verify.table import Judged

LINE = 69  # characters


def draw(judged: Sequence[Judged], table: pd.DataFrame, folder: Path) -> Path:
    """One column per search: exponents of all trials above, of the winners with their 95% intervals below.

    ``table`` holds the runs of the study. Writes ``worst_case.png`` and returns its path.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(max(5.2 * len(judged), 7.0), 6.4), layout="constrained")
    axes = figure.subplots(2, len(judged), squeeze=False, gridspec_kw={"height_ratios": [3, 2]})
    families = sorted(table.dropna(subset="trial")["target"].unique())
    for column, one in enumerate(judged):
        mine = table
        for name, value in one.row.names.items():
            mine = mine[mine[name] == value]
        _trials(axes[0, column], mine.dropna(subset="trial").drop_duplicates("trial"), families)
        axes[0, column].set_title(one.names or one.claim.name, fontsize=10)
        _winners(axes[1, column], one, families)
    axes[0, 0].set_ylabel("exponent of d in T / log T")
    axes[0, -1].legend(fontsize=7, frameon=False, ncols=2)
    figure.suptitle("Search for the steepest dependence on d: every trial, and the hardest instances measured again "
                    "with a fresh seed (95%)", fontsize=10)
    path = folder / "worst_case.png"
    figure.savefig(path, dpi=DPI, metadata={"Software": None})
    return path


def _trials(axes: Axes, trials: pd.DataFrame, families: Sequence[str]) -> None:
    for colour, family in zip(COLOURS * 2, families, strict=False):
        rows = trials[trials["target"] == family]
        axes.plot(rows["trial"] + 1, rows["trial_exponent"], "o", markersize=4, color=colour, label=family, alpha=0.8)
    axes.set_xlabel("trial")
    axes.grid(alpha=0.25, linewidth=0.5)


def _winners(axes: Axes, one: Judged, families: Sequence[str]) -> None:
    groups, verdict = one.row.groups, one.verdict
    for i, group in enumerate(groups):
        family = group.label.partition(" ")[0]
        colour = COLOURS[list(families).index(family) % len(COLOURS)] if family in families else "0.4"
        if np.isfinite(group.value):
            axes.plot([group.low, group.high], [i, i], color=colour, linewidth=1.4)
            axes.plot(group.value, i, "o", color=colour, markersize=5)
        words = group.label if group.reason is None else f"{group.label}: {group.reason.partition(' (')[0]}"
        axes.text(0.01, i - 0.28, wrapped(words, LINE), fontsize=6, va="bottom", transform=axes.get_yaxis_transform())
    if np.isfinite(verdict.predicted):
        axes.axvline(verdict.predicted, color="k", linestyle="--", linewidth=1)
    axes.set_yticks([])
    axes.set_ylim(len(groups) - 0.4, -1.0)
    axes.grid(axis="x", alpha=0.25, linewidth=0.5)
    axes.set_xlabel(f"exponent of d, measured again (dashed: the bound {verdict.predicted:.3g})\n{verdict.word}",
                    fontsize=9)

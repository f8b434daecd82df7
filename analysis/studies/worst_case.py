"""The search for the hardest instance: what every trial gave, and the winners measured again."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import looks, style
from analysis.claims.claim import read_study
from analysis.claims.statistics import measure
from analysis.claims.verdicts import judge
from analysis.paths import STUDIES
from analysis.text import interval, number

NOTE = "The hardest instance of each of the hardest families, measured again with a fresh seed (95 % interval)."
MADE_BY = "verify"
TRIALS = ["K", "trial", "target", "trial_exponent"]
WINNERS = ["K", "instance", "exponent", "low", "high", "predicted", "verdict", "why"]


def tables(runs: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Tables of the study.

    ``worst_case`` : one row per K and instance measured again, its exponent of d beside the bound, or why it has none.
    ``worst_case_trials`` : the exponent of every trial, for every K.
    """
    (claim,) = read_study(STUDIES / "worst_case.yaml")
    winners = []
    for row in measure(claim.statistic, runs, claim.records):
        verdict = judge(claim, row)
        winners += [{**row.names, "instance": group.label, "exponent": group.value, "low": group.low,
                     "high": group.high, "predicted": verdict.predicted, "verdict": verdict.word,
                     "why": group.reason or ""} for group in row.groups]
    trials = runs.reindex(columns=TRIALS).dropna(subset="trial").drop_duplicates(["K", "trial"])
    return {"worst_case": pd.DataFrame(winners, columns=WINNERS),
            "worst_case_trials": trials.sort_values(TRIALS, ignore_index=True)}


def summary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The instances measured again, and the bound."""
    return pd.DataFrame([{
        "K": number(row["K"], ".0f"), "family": row["instance"],
        "exponent of d [95 %]": interval(row["exponent"], row["low"], row["high"]),
        "1 + 2/K": number(row["predicted"], ".2f"), "verdict": row["verdict"],
        "why": row["why"].partition(" (")[0],
    } for row in tables["worst_case"].to_dict("records")])


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """One column per K: exponents of all trials above, of the winners with their intervals below; None without any."""
    winners, trials = tables["worst_case"], tables["worst_case_trials"]
    every = sorted(winners["K"].unique())
    if not every:
        return None
    figure, grid = style.panels(2, len(every), 2.5, sharex="row", gridspec_kw={"height_ratios": [2, 3]})
    for (above, below), K in zip(grid.T, every, strict=True):
        _trials(above, trials[trials["K"] == K])
        above.set_title(f"$K = {K:g}$")
        _winners(below, winners[winners["K"] == K].reset_index(drop=True))
    grid[0, 0].set_ylabel("exponent of $d$ in $T / \\log T$")
    style.footer(figure, tables["environments"], *grid[0])
    return figure


def _trials(axes: Axes, trials: pd.DataFrame) -> None:
    for family, rows in trials.groupby("target", sort=True):
        axes.plot(rows["trial"] + 1, rows["trial_exponent"], zorder=style.DATA, label=looks.name(str(family)),
                  **looks.look(str(family)) | {"linestyle": "none"})
    axes.set_xlabel("trial")


def _winners(axes: Axes, rows: pd.DataFrame) -> None:
    """Every instance's parameters above its interval; the bound dashed."""
    for i, row in rows.iterrows():
        family, _, parameters = row["instance"].partition(" ")
        look = looks.look(family)
        if np.isfinite(row["exponent"]):
            axes.plot([row["low"], row["high"]], [i, i], color=look["color"])
            axes.plot(row["exponent"], i, marker=look["marker"], color=look["color"])
        words = f"{looks.name(family)} {parameters}" + f": {row['why'].partition(' (')[0]}" * bool(row["why"])
        axes.text(0.01, i - 0.2, style.wrapped(words, 46), fontsize=style.SMALL, va="bottom",
                  transform=axes.get_yaxis_transform())
    axes.axvline(rows["predicted"].iloc[0], color=looks.BLACK, linestyle="--", linewidth=1.0)
    axes.set(yticks=[], ylim=(len(rows) - 0.4, -1.0),
             xlabel="exponent of $d$, measured again", title=rows["verdict"].iloc[0])


FIGURES = (style.Picture("worst_case", draw, (
    "Search for the steepest dependence on d. Above: the exponent of every trial. Below: the hardest instances "
    "measured again with a fresh seed, with 95 % intervals, beside the theorem's bound (dashed).")),)

"""The search for the hardest instance: what every trial gave, and the winners measured again."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import looks, style
from analysis.claims.claim import read_study
from analysis.claims.statistics import measure
from analysis.claims.verdicts import judge
from analysis.files import STUDIES
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
    """The exponent of every trial, one panel per K; None without any. The winners are in the picture of the claim."""
    panels = [(f"$K = {K:g}$", rows) for K, rows in tables["worst_case_trials"].groupby("K")]
    return style.panelled(panels, _trials, len(panels), 2.2, "trial", "exponent of $d$ in $T / \\log T$",
                          tables["environments"], sharey=True) if panels else None


def _trials(axes: Axes, trials: pd.DataFrame) -> None:
    for family, rows in trials.groupby("target"):
        axes.plot(rows["trial"] + 1, rows["trial_exponent"], zorder=style.DATA, label=looks.name(str(family)),
                  **looks.look(str(family)) | {"linestyle": "none"})
    axes.axhline(1.0 + 2.0 / trials["K"].iloc[0], color=looks.BLACK, linestyle="--", linewidth=1.0)


FIGURES = (style.Picture("worst_case", draw, (
    "Search for the steepest dependence on d: the exponent of every trial, below the theorem's bound 1 + 2/K (dashed). "
    "The hardest instances measured again with a fresh seed stand in the picture of the claim.")),)

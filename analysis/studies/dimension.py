"""The dimension study: the exponent of d in T(d, epsilon), beside what is proved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from analysis import headline, style
from analysis.claims.claim import Claim, own_claim
from analysis.claims.fits import believable, too_short
from analysis.claims.measured import Curve, Measured
from analysis.claims.statistics import measure
from analysis.claims.verdicts import compare, judge
from analysis.curves import GROUP, by_family, same
from analysis.files import STUDIES
from analysis.text import DOUBTFUL, NONE, interval, level, mark, number, verdict
from heroism.rates import RateFit, fit_rate, pool
from heroism.theory import step_size

NOTE = ("▲ the steepest family at this K; △ the same, within the uncertainty of others. Columns ε: the exponent of d "
        "at that total variation alone. " + DOUBTFUL)


def tables(runs: pd.DataFrame, claim: Claim | None = None) -> dict[str, pd.DataFrame]:
    """Tables of the study, of its own claim.

    ``dimension_steps``: T(d, epsilon) for every family, K, d and epsilon, or why there is none.
    ``dimension_exponents``: the exponent of d for every family, K and epsilon.
    ``dimension``: one exponent for every family and K, beside the theorem's, with a verdict and the steepest family.
    """
    claim = claim or own_claim(STUDIES / "dimension.yaml")
    steps, single, whole = [], [], []
    costs = measure(replace(claim.statistic, reached="evaluations"), runs, claim.records)
    for row, spent in zip(measure(claim.statistic, runs, claim.records), costs, strict=True):
        verdict = judge(claim, row)
        for group, cost, word in zip(row.groups, spent.groups, verdict.words, strict=True):
            names = {**group.names, **row.names, "predicted": verdict.predicted}
            fits = [_costs(curve, same, claim) for curve, same in zip(group.curves, cost.curves, strict=True)]
            steps += [_step(names, d, curve, same, at) for at, d in enumerate(group.curves[0].x)
                      for curve, same in zip(group.curves, cost.curves, strict=True)]
            single += [_level_row(names, curve, costs, claim) for curve, costs in zip(group.curves, fits, strict=True)]
            whole.append(_row(names, group, word, pool([each["evaluations"] for each in fits if _long(each, claim)])))
    return {"dimension_steps": by_family(steps, [*GROUP, "d"], ["epsilon", "T", "T_stderr", "above_at", "below_at",
                                                             "evaluations", "reason"]),
            "dimension_exponents": by_family(single, GROUP, ["epsilon", "exponent", "why"]),
            "dimension": _with_steepest(by_family(whole, GROUP, ["exponent", "low", "high"]))}


def _step(names: Mapping[str, Any], d: float, curve: Curve, cost: Curve, at: int) -> dict[str, Any]:
    """One T(d, epsilon), between the largest rung above the level and the smallest at or below it."""
    found = curve.at[at]
    return {**{name: names[name] for name in GROUP}, "d": d, "epsilon": curve.names["epsilon"], "T": found.x,
            "T_stderr": found.stderr, "above_at": found.after, "below_at": found.by, "evaluations": cost.y[at],
            "reason": found.reason or ""}


def _costs(curve: Curve, cost: Curve, claim: Claim) -> dict[str, RateFit]:
    """The exponents of d in 1/h and in score evaluations at the same T, as uncertain as it is."""
    relative, reasons = curve.stderr / curve.y, [at.reason for at in curve.at]
    return {name: fit_rate(curve.x, y, relative * y, saturation=None, unusable=reasons)
            for name, y in (("inverse_h", 1.0 / step_size(curve.y)), ("evaluations", cost.y))}


def _long(fits: Mapping[str, RateFit], claim: Claim) -> bool:
    return too_short(fits["evaluations"], claim.statistic.least_span) is None


def _level_row(names: Mapping[str, Any], curve: Curve, costs: Mapping[str, RateFit], claim: Claim) -> dict[str, Any]:
    fit, why = curve.fit, too_short(curve.fit, claim.statistic.least_span)
    low, high = believable([fit], fit.interval())
    here = Measured("", fit.slope, low, high, reason=why)
    return {**{name: names[name] for name in GROUP}, "epsilon": curve.names["epsilon"], "exponent": fit.slope,
            "stderr": fit.stderr, "low": low, "high": high, "points": len(fit.points),
            "d_min": fit.points[0][0] if fit.points else np.nan, "d_max": fit.points[-1][0] if fit.points else np.nan,
            "consistent": fit.consistent, "predicted": names["predicted"],
            "verdict": compare(claim.direction, here, names["predicted"], float(claim.tolerance)), "why": why or "",
            "exponent_of_inverse_h": costs["inverse_h"].slope, "exponent_of_evaluations": costs["evaluations"].slope}


def _row(names: Mapping[str, Any], group: Measured, word: str, evaluations: Any) -> dict[str, Any]:
    """One exponent from those at every epsilon that has one."""
    return {**{name: names[name] for name in GROUP}, "exponent": group.value, "low": group.low, "high": group.high,
            "levels": group.fits, "predicted": names["predicted"], "verdict": word,
            "why": f"insufficient range: {group.reason}" if group.reason else "",
            "exponent_of_evaluations": evaluations.slope if evaluations else np.nan, "doubtful": group.doubtful}


def _with_steepest(table: pd.DataFrame) -> pd.DataFrame:
    """Marks the family with the largest exponent at every K, and names those that may be as steep."""
    mark = pd.Series("", index=table.index)
    for _, rows in table.dropna(subset="exponent").groupby("K", dropna=False):
        ranked = rows.sort_values("exponent", ascending=False)
        near = ranked["family"].iloc[1:][ranked["high"].iloc[1:] >= ranked["low"].iloc[0]]
        mark[ranked.index[0]] = "steepest" + (f", with {', '.join(near)} not clearly behind" if len(near) else "")
    return table.assign(steepest=mark)


def summary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """The exponent of d of every family and K beside the theorem's, with the verdict."""
    table, single = tables["dimension"], tables["dimension_exponents"]
    levels = sorted(single["epsilon"].unique(), reverse=True) if len(single) else []
    shown = []
    for row in table.to_dict("records"):
        mine = single[(single["family"] == row["family"]) & same(single["K"], row["K"])].set_index("epsilon")
        exponents = {level(at): number(mine["exponent"].get(at, np.nan), ".2f")
                     if mine["why"].get(at) == "" else NONE for at in levels}
        whole = interval(row["exponent"], row["low"], row["high"]) + mark(row["doubtful"])
        family = "N(0, I), closed form" if row["target"] == headline.CLOSED else row["family"]
        shown.append({"family": family, "K": number(row["K"], ".0f"), **exponents,
                      "exponent of d [95 %]": whole, "1 + 2/K": number(row["predicted"], ".2f"),
                      "verdict": verdict(row), "": _steepest(row["steepest"])})
    return pd.DataFrame(shown)


def _steepest(mark: str) -> str:
    """Clear, or within the uncertainty of others."""
    return ("△" if "not clearly" in mark else "▲") if mark else ""


FIGURES = (style.Picture("iteration_complexity", headline.draw, (
    "Left: the number of noise levels T that HEROISM needs for a total variation of ε, against the dimension d; marks "
    "are measured, the thin line is the closed form of all easy families (what the sampler makes of N(0, I)), the "
    "dashed one has the theorem's slope 1 + 2/K. On a random codebook the score turns within 1/d in log-SNR. Right: "
    "the exponents of d at every K, pooled over every ε reached, with 95 % confidence intervals, between the "
    "theorem's (thick bars) and those of the closed form (thin bars).")),)

"""The dimension study: the exponent of d in T(d, epsilon), beside what is proved."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.curves import DISTANCE, curves
from analysis.intervals import believable, pooled, too_short
from analysis.prediction import Prediction
from analysis.steps import GROUP, Row, groups, steps_needed
from heroism.rates import RateFit, fit_rate
from heroism.theory import step_size

Fits = dict[str, RateFit]  # one exponent of d for each quantity: T, 1/h, score evaluations


def dimension(runs: pd.DataFrame, prediction: Prediction) -> dict[str, pd.DataFrame]:
    """Tables of the study.

    ``dimension_steps``: T(d, epsilon) for every family, K, d and epsilon, or why there is none.
    ``dimension_exponents``: the exponent of d for every family, K and epsilon.
    ``dimension``: one exponent for every family and K, beside the theorem's, with a verdict and the steepest family.
    """
    steps = steps_needed(curves(runs, DISTANCE), prediction.epsilon)
    single, whole = [], []
    for group, rows in groups(steps, GROUP):
        fits = {epsilon: _fits(of_level) for epsilon, of_level in rows.groupby("epsilon", sort=False)}
        single += [_row_of_level({**group, "epsilon": epsilon}, fit, prediction) for epsilon, fit in fits.items()]
        whole.append(_row(group, list(fits.values()), prediction))
    exponents = pd.DataFrame(single, columns=None if single else [*GROUP, "epsilon", "exponent", "why"])
    summary = pd.DataFrame(whole, columns=None if whole else [*GROUP, "exponent", "low", "high"])
    return {"dimension_steps": steps, "dimension_exponents": exponents, "dimension": _with_steepest(summary)}


def _fits(rows: pd.DataFrame) -> Fits:
    """Each d counts once; one without a T says why in the fit's ``dropped``."""
    relative = rows["T_stderr"] / rows["T"]
    quantities = {"T": rows["T"], "inverse_h": 1.0 / step_size(rows["T"]), "evaluations": rows["evaluations"]}
    return {name: fit_rate(rows["d"], quantity, relative * quantity, saturation=None, unusable=list(rows["reason"]))
            for name, quantity in quantities.items()}


def _row_of_level(group: Row, fits: Fits, prediction: Prediction) -> Row:
    fit, why = fits["T"], too_short(fits["T"])
    low, high = believable([fit], fit.interval())
    predicted = prediction.of(group["K"])
    return {**group, "exponent": fit.slope, "stderr": fit.stderr, "low": low, "high": high, "points": len(fit.points),
            "d_min": fit.points[0][0] if fit.points else np.nan, "d_max": fit.points[-1][0] if fit.points else np.nan,
            "consistent": fit.consistent, "predicted": predicted,
            "verdict": "undecided" if why else prediction.verdict(low, high, predicted), "why": why or "",
            "exponent_of_inverse_h": fits["inverse_h"].slope, "exponent_of_evaluations": fits["evaluations"].slope}


def _row(group: Row, levels: list[Fits], prediction: Prediction) -> Row:
    """One exponent from those at every epsilon that has one."""
    one, evaluations = (pooled([fits[name] for fits in levels]) for name in ("T", "evaluations"))
    predicted = prediction.of(group["K"])
    row = {**group, "exponent": np.nan, "low": np.nan, "high": np.nan, "levels": 0, "predicted": predicted,
           "verdict": "undecided", "why": "", "exponent_of_evaluations": evaluations[0] if evaluations else np.nan}
    if one is None:
        nearest = max((fits["T"] for fits in levels), key=lambda fit: len(fit.points), default=None)
        return row | {"why": f"insufficient range: {too_short(nearest) if nearest else 'no runs'}"}
    exponent, low, high, count = one
    return row | {"exponent": exponent, "low": low, "high": high, "levels": count,
                  "verdict": prediction.verdict(low, high, predicted)}


def _with_steepest(table: pd.DataFrame) -> pd.DataFrame:
    """Marks the family with the largest exponent at every K, and names those that may be as steep."""
    mark = pd.Series("", index=table.index)
    for _, rows in table.dropna(subset="exponent").groupby("K", dropna=False):
        ranked = rows.sort_values("exponent", ascending=False)
        near = ranked["family"].iloc[1:][ranked["high"].iloc[1:] >= ranked["low"].iloc[0]]
        mark[ranked.index[0]] = "steepest" + (f", with {', '.join(near)} not clearly behind" if len(near) else "")
    return table.assign(steepest=mark)

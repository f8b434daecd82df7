"""The accuracy study: the order of the error in h, and with it the exponent of 1/epsilon in T(d, epsilon)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.curves import DISTANCE, curves
from analysis.intervals import believable, pooled, too_short
from analysis.prediction import Prediction
from analysis.steps import GROUP, Row, groups, steps_needed
from heroism.rates import RateFit, fit_rate
from heroism.theory import classical_order, error_bound

SHORTEST_LADDER = 3.0  # least factor in h behind an order
DECADES = tuple(10.0**-power for power in range(2, 13))


def accuracy(runs: pd.DataFrame, prediction: Prediction) -> dict[str, pd.DataFrame]:
    """Tables of the study.

    ``accuracy_points``: every point, and why it did not enter the fit.
    ``accuracy_orders``: the order in h for every family, d and K, beside the classical one and what the same fit finds
    in the theorem's bound with its logarithms.
    ``accuracy``: the exponent of 1/epsilon for every family and K, beside 1/K and the classical order.
    """
    points = curves(runs, DISTANCE)
    orders, whole, dropped = [], [], pd.Series("", index=points.index)
    for group, rows in groups(points, GROUP):
        fits = []
        for d, curve in rows.groupby("d", sort=True):
            unusable = list(curve["unusable"])
            fit = fit_rate(curve["h"], curve["value"], curve["stderr"], curve["floor"], unusable=unusable)
            why = {point.x: point.why for point in fit.dropped}
            dropped[curve.index] = [why.get(h, "") for h in curve["h"]]
            orders.append(_row_of_curve({**group, "d": d}, curve, fit, prediction))
            fits.append(fit)
        bounds = [row["order_of_bound"] for row in orders[-len(fits):] if np.isfinite(row["order_of_bound"])]
        bound = float(np.mean(bounds)) if bounds else np.nan
        whole.append(_row(group, rows, fits, prediction) | {"order_of_bound": bound})
    return {"accuracy_points": points.assign(dropped=dropped),
            "accuracy_orders": pd.DataFrame(orders, columns=None if orders else [*GROUP, "d", "order", "why"]),
            "accuracy": pd.DataFrame(whole, columns=None if whole else [*GROUP, "exponent", "low", "high"])}


def _row_of_curve(group: Row, curve: pd.DataFrame, fit: RateFit, prediction: Prediction) -> Row:
    low, high = believable([fit], fit.interval())
    used = curve[curve["h"].isin([x for x, _ in fit.points])]
    return {**group, "order": fit.slope, "stderr": fit.stderr, "low": low, "high": high, "points": len(fit.points),
            "T_min": used["T"].min(), "T_max": used["T"].max(), "consistent": fit.consistent,
            "order_at_small_h": fit.pairwise[0].slope if fit.pairwise else np.nan, "classical_order": _classical(curve),
            "order_of_bound": _order_of_bound(used, group), "predicted": 1.0 / prediction.of(group["K"]),
            "why": too_short(fit, SHORTEST_LADDER) or ""}


def _row(group: Row, rows: pd.DataFrame, fits: list[RateFit], prediction: Prediction) -> Row:
    """Over all d. As T(epsilon) follows from h(epsilon) = epsilon^(1/order), the exponent is 1/order."""
    predicted = prediction.of(group["K"])
    row = {**group, "d": " ".join(str(d) for d in sorted(rows["d"].unique())), "order": np.nan, "order_low": np.nan,
           "order_high": np.nan, "order_at_small_h": _mean_local(fits), "classical_order": _classical(rows),
           "exponent": np.nan, "low": np.nan, "high": np.nan, "predicted": predicted, "verdict": "undecided", "why": "",
           "exponent_in_T": _exponent_in_steps(rows)}
    one = pooled(fits, SHORTEST_LADDER)
    if one is None or one[0] <= 0:
        nearest = max(fits, key=lambda fit: len(fit.points))
        return row | {"why": f"insufficient range: {too_short(nearest, SHORTEST_LADDER) or 'the error does not fall'}"}
    order, low, high, _ = one
    exponents = {"low": 1.0 / high, "high": 1.0 / low if low > 0 else np.inf}
    return row | {"order": order, "order_low": low, "order_high": high, "exponent": 1.0 / order,
                  **exponents, "verdict": prediction.verdict(exponents["low"], exponents["high"], predicted)}


def _mean_local(fits: list[RateFit]) -> float:
    """Between the two smallest h of every fit, averaged: where the order has settled if it has anywhere."""
    local = [fit.pairwise[0].slope for fit in fits if fit.pairwise]
    return float(np.mean(local)) if local else np.nan


def _exponent_in_steps(rows: pd.DataFrame) -> float:
    """The exponent of 1/epsilon in T itself, whose logarithm makes it larger than 1/order at every finite T."""
    fits = [fit_rate(1.0 / level["epsilon"], level["T"], level["T_stderr"], saturation=None,
                     unusable=list(level["reason"])) for _, level in steps_needed(rows, DECADES).groupby("d")]
    one = pooled(fits)
    return one[0] if one else np.nan


def _order_of_bound(used: pd.DataFrame, group: Row) -> float:
    """The order that the same fit finds in the theorem's bound, with its logarithms, on the same T."""
    if pd.isna(group["K"]):
        return np.nan
    bound = error_bound(used["T"].to_numpy(float), float(group["d"]), int(group["K"]))
    return fit_rate(used["h"], bound, saturation=None).slope


def _classical(curve: pd.DataFrame) -> float:
    """As the sampler declared it; of the paper's equispaced points where it did not."""
    declared, points = curve["order"].dropna(), curve["K"].dropna()
    if len(declared):
        return float(declared.iloc[0])
    return float(classical_order(int(points.iloc[0]))) if len(points) else np.nan

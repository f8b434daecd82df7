"""What a study predicts, read from its file in ``conf/study``, and the verdict on a measured exponent."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import yaml

from analysis.paths import STUDIES
from analysis.verify.claim import DIRECTIONS, evaluate
from heroism.errors import require
from heroism.rates import RateFit, pool

Verdict = Literal["confirmed", "sharper than claimed", "refuted", "undecided"]
FEWEST_POINTS = 3
SHORTEST_RANGE = 8.0  # between the ends, of d: an exponent from less says nothing about a power law


@dataclass(frozen=True)
class Prediction:
    """``predicted`` is a formula in K, ``direction`` what the theorem says of the exponent, ``epsilon`` the levels."""

    study: str
    title: str
    predicted: str
    direction: str
    tolerance: float
    epsilon: tuple[float, ...]

    def of(self, points: Any) -> float:
        """The predicted exponent at K = ``points``; NaN for a sampler without K. InputError if it is no formula."""
        return math.nan if pd.isna(points) else evaluate(self.predicted, {"K": float(points)})

    def verdict(self, low: float, high: float, predicted: float) -> Verdict:
        """Of a confidence interval beside the prediction; an interval on both sides of the border leaves it open."""
        if math.isnan(predicted):
            return "undecided"
        if self.direction == "at least":
            low, high, predicted = -high, -low, -predicted
        if self.direction == "equal":
            inside = predicted - self.tolerance <= low and high <= predicted + self.tolerance
            outside = low > predicted + self.tolerance or high < predicted - self.tolerance
            return "confirmed" if inside else "refuted" if outside else "undecided"
        if high <= predicted + self.tolerance:
            return "sharper than claimed" if high < predicted - self.tolerance else "confirmed"
        return "refuted" if low > predicted + self.tolerance else "undecided"


def read_prediction(study: str) -> Prediction:
    """Of ``conf/study/<study>.yaml``. Raises InputError for a study that is not there, or an unknown direction."""
    path = STUDIES / f"{study}.yaml"
    known = sorted(file.stem for file in STUDIES.glob("*.yaml"))
    require(path.is_file(), "study", study, f"choose one of {', '.join(known)}")
    content: Mapping[str, Any] = yaml.safe_load(path.read_text())
    direction = str(content.get("direction", "at most"))
    require(direction in DIRECTIONS, f"study.{study}.direction", direction, f"choose one of {', '.join(DIRECTIONS)}")
    levels = sorted((float(level) for level in content.get("epsilon") or ()), reverse=True)
    return Prediction(study, str(content.get("title", study)), str(content.get("predicted")), direction,
                      evaluate(str(content.get("tolerance", 0)), {}), tuple(levels))


def believable(fits: Sequence[RateFit], interval: tuple[float, float]) -> tuple[float, float]:
    """The interval, widened to hold the slopes of both halves of every fit whose halves disagree."""
    low, high = interval
    for fit in fits:
        if fit.consistent is False and fit.halves is not None:
            first, second, error = fit.halves
            low, high = min(low, first - error, second - error), max(high, first + error, second + error)
    return low, high


def pooled(fits: Sequence[RateFit], shortest: float = SHORTEST_RANGE) -> tuple[float, float, float, int] | None:
    """(exponent, low, high, how many) from the fits that are long enough; None if there are none."""
    usable = [fit for fit in fits if too_short(fit, shortest) is None]
    one = pool(usable)
    return None if one is None else (one.slope, *believable(usable, one.interval()), one.fits)


def too_short(fit: RateFit, shortest: float = SHORTEST_RANGE) -> str | None:
    """Why a fit decides nothing, or None if it does; ``shortest`` is the least factor between its ends."""
    if len(fit.points) < FEWEST_POINTS:
        why = "; ".join(sorted({point.why for point in fit.dropped}))
        return f"{len(fit.points)} of {FEWEST_POINTS} points needed" + f" ({why})" * bool(why)
    first, last = fit.points[0][0], fit.points[-1][0]
    if last < shortest * first:
        return f"a range of {last / first:.3g} only"
    return None

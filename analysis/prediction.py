"""What a study predicts, read from its file in ``conf/study``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import yaml

from analysis.intervals import verdict
from analysis.paths import STUDIES
from analysis.verify.claim import DIRECTIONS
from heroism.errors import require
from heroism.formulas import evaluate


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

    def verdict(self, low: float, high: float, predicted: float) -> str:
        """Of a confidence interval beside the prediction."""
        return verdict(self.direction, low, high, predicted, self.tolerance)


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

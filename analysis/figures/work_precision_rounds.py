"""Work against precision when score evaluations run side by side: the exact total variation against rounds."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib.figure import Figure

from analysis.figures import work_precision

STUDY = "leaderboard"
CAPTION = ("The same runs against sequential rounds, each of which makes all score evaluations that do not wait for "
           "each other. Of every sampler the best of its settings at each number of rounds is drawn, with one standard "
           "error; thin grey: the schedulers of diffusers; dotted: measured floors.")


def draw(tables: Mapping[str, pd.DataFrame]) -> Figure | None:
    """``leaderboard_points``; None without points."""
    return work_precision.draw_cost(tables, "rounds", "sequential rounds")

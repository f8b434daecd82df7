"""Small pictures for pages: a target as a cloud, a sampler or measure by what was measured with it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hydra import compose, initialize_config_dir
from matplotlib.figure import Figure

from analysis import looks, style
from analysis.curves import CURVE, same
from experiments.build import make
from experiments.paths import CONF
from heroism.errors import InputError
from heroism.noise import NoiseLevel

PLAIN = NoiseLevel(1.0 - 1e-4, 1e-4)  # nearly the data
SIZE, NAMED = (3.4, 2.2), (5.4, 2.4)  # inches; with a legend at the right
DIMENSIONS = (2, 3, 8, 16)  # the first that a target takes
MOST = 6  # curves of a picture
AXES = {"sampler": ("evaluations", "score evaluations"), "measure": ("T", "noise levels $T$")}


def of_target(name: str) -> Figure:
    """Points of the target: its first two coordinates (in R^d where it is reduced), or a histogram of a single one."""
    figure = Figure(figsize=SIZE, layout="constrained")
    axes = figure.subplots()
    cloud = _cloud(name)
    if cloud is None:
        return _nothing(figure)
    if cloud.shape[1] == 1:
        axes.hist(cloud[:, 0], 60, color=looks.BLUE)
        axes.set(yticks=[], xlabel="$x$")
    else:
        axes.plot(*cloud[:, :2].T, ".", markersize=1.5, color=looks.BLUE, alpha=0.5)
        axes.set(aspect="equal", xlabel="$x_1$", ylabel="$x_2$")
    return figure


def of_points(points: pd.DataFrame, group: str) -> Figure:
    """The exact total variation of a sampler on the targets that it was run on most, against its cost; the values of a
    measure, against T; its floors dotted."""
    figure = Figure(figsize=NAMED, layout="constrained")
    points = points[(points["value"] > 0) & ((group == "measure") | (points["distance"] == "total_variation"))]
    if points.empty:
        return _nothing(figure)
    axes, (across, label) = figure.subplots(), AXES[group]
    chosen = points.groupby(CURVE, dropna=False).size().reset_index(name="many").sort_values("many", ascending=False)
    chosen = chosen.drop_duplicates("target")[:MOST]
    for one in chosen[CURVE].to_dict("records"):
        at = np.logical_and.reduce([same(points[key], value) for key, value in one.items()])
        curve = points[at].sort_values([across, "n"]).drop_duplicates(across, keep="last")
        look = looks.look(one["target"])
        axes.plot(curve[across], curve["value"], label=f"{looks.name(one['target'])}, d = {one['d']}", **look)
        style.floor_line(axes, curve[across], curve["floor"], look["color"], width=0.7)
    axes.set(xscale="log", yscale="log", xlabel=label, ylabel=style.TV if group == "sampler" else "measured")
    figure.legend(loc="outside right upper")
    return figure


def _cloud(name: str) -> np.ndarray | None:
    with initialize_config_dir(str(CONF), version_base="1.3"):
        for d in DIMENSIONS:
            try:
                config = compose("config", overrides=[f"target={name}", f"d={d}"])
                target = make(config.target, "target")
                points = target.sample(2000, PLAIN, np.random.default_rng(0))
                lift = getattr(target, "lift", None)
                return np.asarray(lift(points, np.random.default_rng(1)) if lift else points)
            except (InputError, OSError):
                continue
    return None


def _nothing(figure: Figure) -> Figure:
    figure.text(0.5, 0.5, "nothing to show without data of your own,\nor not yet measured", ha="center", va="center",
                color=looks.GREY)
    return figure

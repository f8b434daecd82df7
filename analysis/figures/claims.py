"""The picture of a claim: what was measured and fitted above, every group's number beside the prediction below."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from analysis.palette import COLOURS
from analysis.verify.claim import Claim
from analysis.verify.statistics import ANY, NORMAL, Curve
from analysis.verify.table import Judged, measured, source
from analysis.verify.verdicts import CONFIRMED, REFUTED, SHARPER

VERDICTS = {CONFIRMED: "#1b7837", SHARPER: "#2166ac", REFUTED: "#b2182b"}
OPEN_COLOUR = "0.4"
NOTATION = {"log(T)**(2 + 2/K)": "log^(2+2/K) T", "inverse_h": "T / log T", "log(T)": "log T",
            "jacobian_error": "ε_Jacobi", "score_error": "ε_score", "epsilon": "ε", "size": "R", "**": "^", " * ": " "}
MEASURES = {None: "TV", ANY: "measured value", "score_bound": "‖s‖ √τ", "jacobian_bound": "‖∇s‖ τ",
            "iterate_error": "iterate error / √τ", "refinement_contraction": "factor per refinement"}
# Columns of the records whose names would crowd out the numbers.
SHORT = {"schedule_duration=": "L=", "perturbation_frequency=": "ω="}
LEGEND: dict[str, Any] = {"framealpha": 0.85, "edgecolor": "none"}  # what lies under it shows through
MOST_LABELS = 14  # groups of a panel that are named one by one
DPI = 110


def draw(judged: Sequence[Judged], folder: Path) -> Path:
    """One PNG for the rows of one claim: a column of panels per row."""
    folder.mkdir(parents=True, exist_ok=True)
    claim = judged[0].claim
    fitted = any(group.curves for one in judged for group in one.row.groups)
    most = max(len(one.row.groups) for one in judged)
    below = 0.9 + 0.24 * min(max(most, 2), 4 * MOST_LABELS)
    heights = [3.0, below] if fitted else [below]
    width, total = max(4.6 * len(judged), 7.0), sum(heights) + 1.5
    figure = Figure(figsize=(width, total), layout="constrained")
    axes = figure.subplots(len(heights), len(judged), squeeze=False, gridspec_kw={"height_ratios": heights})
    for column, one in enumerate(judged):
        if fitted:
            _curves(axes[0, column], one)
        _forest(axes[-1, column], one, width=width / len(judged))
    figure.suptitle(wrapped(f"{claim.words} [{source(claim)}]", int(13 * width)), fontsize=10)
    path = folder / f"{claim.name}.png"
    figure.savefig(path, dpi=DPI, metadata={"Software": None})
    return path


def _curves(axes: Axes, one: Judged) -> None:
    curves = [(i, curve) for i, group in enumerate(one.row.groups) for curve in group.curves]
    if not any(np.any(_drawable(curve)) for _, curve in curves):
        axes.set_axis_off()
        return
    for i, curve in curves:
        _curve(axes, curve, _colour(i, len(one.row.groups)))
    axes.set_yscale("log")
    if one.claim.statistic.kind != "geometric":
        axes.set_xscale("log")
        _plain_ticks(axes)
        _reference(axes, one, [curve for _, curve in curves])
    axes.set_xlabel(_x_label(one.claim))
    axes.set_ylabel(_y_label(one.claim))
    axes.set_title(one.names.replace("_", " "), fontsize=10)
    axes.grid(alpha=0.25, linewidth=0.5)


def _curve(axes: Axes, curve: Curve, colour: str | tuple[float, ...]) -> None:
    """Points used in the fit filled, the others hollow; the fit over its own range; the floor dotted."""
    used = {y for _, y in curve.fit.points}
    inside = np.array([y in used for y in curve.y], dtype=bool)
    good = _drawable(curve)
    axes.errorbar(curve.x[good & inside], curve.y[good & inside], NORMAL * curve.stderr[good & inside], fmt="o",
                  markersize=3.5, color=colour, elinewidth=0.8)
    axes.plot(curve.x[good & ~inside], curve.y[good & ~inside], "o", markersize=3.5, color=colour, fillstyle="none",
              alpha=0.6)
    if curve.fit.reason is None:
        x = np.array([point[0] for point in curve.fit.points])
        ends = np.array([x.min(), x.max()])
        geometric = not np.allclose(np.sort(x), np.sort(curve.x[good & inside])) if (good & inside).any() else False
        axes.plot(np.log(ends) if geometric else ends, curve.fit.predict(ends), color=colour, linewidth=0.9, alpha=0.7)
    if curve.floor > 0 and good.any() and curve.floor > 0.02 * curve.y[good].min():
        axes.axhline(curve.floor, color=colour, linewidth=0.6, linestyle=":")


def _drawable(curve: Curve) -> np.ndarray:
    """The points that logarithmic axes can show."""
    return np.isfinite(curve.x) & np.isfinite(curve.y) & (curve.x > 0) & (curve.y > 0)


def _plain_ticks(axes: Axes) -> None:
    """1, 2 and 5 of every decade, or the decades alone where there are many."""
    low, high = axes.get_xlim()
    few = high < 300 * low
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if few else (1.0,)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    if few:
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _reference(axes: Axes, one: Judged, curves: Sequence[Curve]) -> None:
    """The predicted slope, dashed, through the middle of everything."""
    points = np.array([point for curve in curves for point in curve.fit.points])
    if not len(points):
        return
    x = np.array([points[:, 0].min(), points[:, 0].max()])
    middle = np.exp(np.log(points).mean(axis=0))
    axes.plot(x, middle[1] * (x / middle[0]) ** one.verdict.predicted, "k--", linewidth=1.2,
              label=f"predicted: {one.claim.direction} {one.verdict.predicted:.3g}")
    axes.legend(fontsize=8, **LEGEND)


def _forest(axes: Axes, one: Judged, width: float) -> None:
    """Value and 95% interval of every group; the prediction with its tolerance shaded. ``width`` in inches."""
    groups, verdict = one.row.groups, one.verdict
    if not groups:
        axes.set_axis_off()
        return
    axes.axvspan(verdict.predicted - verdict.tolerance, verdict.predicted + verdict.tolerance, color="0.88", zorder=0)
    axes.axvline(verdict.predicted, color="k", linestyle="--", linewidth=1)
    for i, group in enumerate(groups):
        if np.isfinite(group.value):
            low, high = (bound if np.isfinite(bound) else group.value for bound in (group.low, group.high))
            axes.plot([low, high], [i, i], color=_colour(i, len(groups)), linewidth=1.2)
            axes.plot(group.value, i, "o", markersize=4, color=_colour(i, len(groups)))
        else:
            axes.text(0.02, i, str(group.reason).partition(" (")[0], transform=axes.get_yaxis_transform(), fontsize=6,
                      va="center", color="0.4")
    every = max(1, -(-len(groups) // (3 * MOST_LABELS)))
    labels = [_rewritten(group.label, SHORT) or "all" for group in groups]
    axes.set_yticks(range(0, len(groups), every), labels[::every], fontsize=7)
    axes.set_ylim(len(groups) - 0.4, -0.6)
    axes.grid(axis="x", alpha=0.25, linewidth=0.5)
    # A space that does not break keeps an interval on one line.
    words = _rewritten(f"{verdict.word}: {measured(verdict.worst)}", SHORT).replace(", ", ",\N{NO-BREAK SPACE}")
    axes.set_xlabel(wrapped(words, int(8.5 * width)), fontsize=9, color=VERDICTS.get(verdict.word, OPEN_COLOUR))


def _colour(index: int, count: int) -> str | tuple[float, ...]:
    """From the palette; more groups than it has take shades of one map."""
    return COLOURS[index] if count <= len(COLOURS) else colormaps["viridis"](0.9 * index / max(count - 1, 1))


def _x_label(claim: Claim) -> str:
    return {None: "", "h": "h = log T / T"}.get(claim.statistic.x, _rewritten(str(claim.statistic.x), NOTATION))


def _y_label(claim: Claim) -> str:
    statistic = claim.statistic
    if statistic.kind == "crossing_slope":
        return f"{_rewritten(statistic.reached, NOTATION)} where TV = ε"
    measure = MEASURES.get(statistic.measure, str(statistic.measure).replace("_", " "))
    name = measure if statistic.y == "error" else _rewritten(statistic.y, NOTATION)
    if statistic.scaled_by is None:
        return name
    scale = _rewritten(statistic.scaled_by, NOTATION)
    return f"{name} · {scale}" if len(statistic.scaled_by) < 40 else f"{name}, scaled"


def _rewritten(text: str, symbols: Mapping[str, str]) -> str:
    """Every name as its symbol, in their order."""
    for name, symbol in symbols.items():
        text = text.replace(name, symbol)
    return text


def wrapped(text: str, width: int) -> str:
    """Lines of at most so many characters, broken at plain spaces alone."""
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)

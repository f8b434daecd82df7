"""The picture of a claim: a strip per row, what was measured and fitted beside every group's number and the prediction.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import looks, style
from analysis.claims.claim import Claim
from analysis.claims.statistics import ANY, NORMAL, Curve, Measured
from analysis.claims.table import Judged, measured, source
from analysis.claims.verdicts import CONFIRMED, REFUTED, SHARPER

VERDICTS = {CONFIRMED: "#1b7837", SHARPER: "#2166ac", REFUTED: "#b2182b"}
SPOILED = ("folded", "diverged")  # reasons of a fit for leaving a point out
NOTATION = {"log(T)**(2 + 2/K)": "log^(2+2/K) T", "inverse_h": "T / log T", "log(T)": "log T",
            "jacobian_error": "ε_Jacobi", "score_error": "ε_score", "epsilon": "ε", "size": "R", "**": "^", " * ": " "}
MEASURES = {None: "TV", "total_variation": "TV", "kl": "KL", "path_kl": "KL of the path", "wasserstein_exact": "W2",
            ANY: "measured value", "score_bound": "‖s‖ √τ", "jacobian_bound": "‖∇s‖ τ",
            "iterate_error": "iterate error / √τ", "refinement_contraction": "factor per refinement"}
# Columns of the records whose names would crowd out the numbers.
SHORT = {"schedule_duration=": "L=", "perturbation_frequency=": "ω=", "_": " "}
LINE = 0.13  # inches of a line of labels
AROUND = 0.7  # inches of a strip for title and axis
LEAST, MOST, PAGE = 1.7, 6.5, 10.0  # inches of a strip, and of all of them
FAR = 0.02  # a floor below this share of every value is not drawn


def draw(judged: Sequence[Judged]) -> Figure:
    """The rows of one claim below each other: curves at the left if there are any, numbers at the right."""
    claim = judged[0].claim
    fitted = any(group.curves for one in judged for group in one.row.groups)
    labels = [[_label(group) for group in one.row.groups] for one in judged]
    heights = np.array([AROUND + LINE * sum(1 + text.count("\n") for text in texts) for texts in labels])
    heights = np.clip(heights, LEAST, MOST)
    heights *= min(1.0, PAGE / heights.sum())
    words = style.wrapped(f"{claim.words} [{source(claim)}]", 112)
    figure = Figure(figsize=(style.WIDTH, heights.sum() + 0.15 * (2 + words.count("\n"))), layout="constrained")
    axes = figure.subplots(len(judged), 1 + fitted, squeeze=False, gridspec_kw={"height_ratios": heights})
    for strip, one, texts, height in zip(axes, judged, labels, heights, strict=True):
        drawn, room = _looks(one.row.groups), max(1, round((height - AROUND) / LINE))
        if fitted:
            _curves(strip[0], one, drawn)
        _forest(strip[-1], one, drawn, texts, every=max(1, -(-len(texts) // room)))
    figure.suptitle(words, fontsize=8.5)
    return figure


def _curves(axes: Axes, one: Judged, drawn: Sequence[Mapping[str, Any]]) -> None:
    curves = [(look, curve) for look, group in zip(drawn, one.row.groups, strict=True) for curve in group.curves]
    if not any(np.any(_drawable(curve)) for _, curve in curves):
        axes.set_axis_off()
        return
    for look, curve in curves:
        _curve(axes, curve, look)
    axes.set_yscale("log")
    if one.claim.statistic.kind != "geometric":
        axes.set_xscale("log")
        style.plain_ticks(axes.xaxis)
        _reference(axes, one, [curve for _, curve in curves])
    axes.set(xlabel=_x_label(one.claim), ylabel=_y_label(one.claim))
    axes.set_title(one.names.replace("_", " "))


def _curve(axes: Axes, curve: Curve, look: Mapping[str, Any]) -> None:
    """Points used in the fit filled, the others hollow; the fit over its own range; the floor of every point dotted."""
    used = {y for _, y in curve.fit.points}
    inside = np.array([y in used for y in curve.y], dtype=bool)
    good, colour = _drawable(curve), look["color"]
    for part, face in ((good & inside, colour), (good & ~inside, "white")):
        axes.errorbar(curve.x[part], curve.y[part], style.reach(curve.y[part], NORMAL * curve.stderr[part]),
                      fmt=look["marker"], markersize=3.0, color=colour, markerfacecolor=face, elinewidth=0.7,
                      zorder=style.DATA)
    bad = good & np.isin(curve.y, [point.y for point in curve.fit.dropped if point.why.startswith(SPOILED)])
    bad |= good & (curve.doubtful if curve.doubtful is not None else False)
    style.cross(axes, curve.x[bad], curve.y[bad])
    if curve.fit.reason is None:
        x = np.array([point[0] for point in curve.fit.points])
        ends = np.array([x.min(), x.max()])
        geometric = not np.allclose(np.sort(x), np.sort(curve.x[good & inside])) if (good & inside).any() else False
        axes.plot(np.log(ends) if geometric else ends, curve.fit.predict(ends), color=colour, linewidth=0.8)
    if good.any():
        floor, order = np.broadcast_to(curve.floor, curve.x.shape), np.argsort(curve.x)
        near = np.where(floor > FAR * curve.y[good].min(), floor, np.nan)
        style.floor_line(axes, curve.x[order], near[order], colour, width=0.7)


def _drawable(curve: Curve) -> np.ndarray:
    """The points that logarithmic axes can show."""
    return np.isfinite(curve.x) & np.isfinite(curve.y) & (curve.x > 0) & (curve.y > 0)


def _reference(axes: Axes, one: Judged, curves: Sequence[Curve]) -> None:
    """The predicted slope, dashed, through the middle of everything."""
    points = np.array([point for curve in curves for point in curve.fit.points])
    if not len(points):
        return
    x = np.array([points[:, 0].min(), points[:, 0].max()])
    middle = np.exp(np.log(points).mean(axis=0))
    axes.plot(x, middle[1] * (x / middle[0]) ** one.verdict.predicted, "k--", linewidth=1.0, zorder=style.DATA,
              label=f"predicted: {one.claim.direction} {one.verdict.predicted:.3g}")
    axes.legend(fontsize=style.SMALL, frameon=True, framealpha=0.85, edgecolor="none")


def _forest(axes: Axes, one: Judged, drawn: Sequence[Mapping[str, Any]], texts: Sequence[str], every: int) -> None:
    """Value and 95% interval of every group; the prediction with its tolerance shaded; words for every so many."""
    groups, verdict = one.row.groups, one.verdict
    if not groups:
        axes.set_axis_off()
        return
    axes.axvspan(verdict.predicted - verdict.tolerance, verdict.predicted + verdict.tolerance, color="0.9", zorder=0)
    axes.axvline(verdict.predicted, color="k", linestyle="--", linewidth=1.0)
    for i, (look, group) in enumerate(zip(drawn, groups, strict=True)):
        if np.isfinite(group.value):
            low, high = (bound if np.isfinite(bound) else group.value for bound in (group.low, group.high))
            axes.plot([low, high], [i, i], color=look["color"], linewidth=1.0)
            axes.plot(group.value, i, marker=look["marker"], markersize=3.4, color=look["color"])
        elif i % every == 0:
            axes.text(0.02, i, str(group.reason).partition(" (")[0], transform=axes.get_yaxis_transform(),
                      fontsize=style.SMALL, va="center", color=looks.GREY)
    axes.set_yticks(range(0, len(texts), every), texts[::every], fontsize=style.SMALL)
    axes.set_ylim(len(groups) - 0.4, -0.6)
    axes.grid(axis="y", visible=False)
    worst = verdict.worst and replace(verdict.worst, label=_label(verdict.worst).replace("\n", " "))
    # A space that does not break keeps an interval on one line.
    words = f"{verdict.word}: {measured(worst)}".replace(", ", ",\N{NO-BREAK SPACE}")
    axes.set_title(style.wrapped(words, 54), loc="right", color=VERDICTS.get(verdict.word, looks.GREY))


def _label(group: Measured) -> str:
    """The group's name in words, on several lines if need be."""
    first, _, rest = group.label.partition(" ")
    return style.wrapped(f"{looks.name(first)} {_rewritten(rest, SHORT)}".strip(), 38) or "all"


def _looks(groups: Sequence[Measured]) -> list[dict[str, Any]]:
    """By the first word of a group's name, that of a target or sampler; further marks where it comes again."""
    words = [group.label.partition(" ")[0] for group in groups]
    seen, found = Counter[str](), []
    for place, word in enumerate(words):
        look = looks.nth(place) if "=" in word or not word else looks.look(word)
        found.append(look | ({"marker": looks.MARKERS[seen[word] % len(looks.MARKERS)]} if seen[word] else {}))
        seen[word] += 1
    return found


def _x_label(claim: Claim) -> str:
    return {None: "", "h": "h = log T / T"}.get(claim.statistic.x, _rewritten(str(claim.statistic.x), NOTATION))


def _y_label(claim: Claim) -> str:
    statistic = claim.statistic
    measure = MEASURES.get(statistic.measure, str(statistic.measure).replace("_", " "))
    if statistic.kind == "crossing_slope":
        return f"{_rewritten(statistic.reached, NOTATION)} where {measure} = ε"
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

"""The picture of a claim: a strip per row, what was measured and fitted beside every group's number and the prediction.

Every group has its own colour and mark, in the curves and beside its name: nothing needs a legend.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis import looks, style
from analysis.claims.measured import NORMAL, Curve, Measured
from analysis.claims.notation import symbol, words, x_label, y_label
from analysis.claims.table import Judged, by_claim, measured, source
from analysis.claims.verdicts import CONFIRMED, REFUTED, SHARPER
from analysis.curves import DOUBTED
from heroism.rates import reach

VERDICTS = {CONFIRMED: "#1b7837", SHARPER: "#2166ac", REFUTED: "#b2182b"}
LINE = 0.145  # inches of a line of labels
AROUND = 0.75  # inches of a strip for title and axis
LEAST, CURVES, MOST_CURVES = 1.2, 1.75, 2.6  # inches of a panel of curves
LONG = 30  # characters of a line of a label
MOST, PAGE = 6.5, 9.5  # inches of a strip, and of all of them
NARROW = "\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}"  # where no line is broken
FAR = 0.02  # a floor below this share of every value is not drawn
ENDS = 6  # more curves of a group are not named at their ends
READ = ("Filled: points of the fit, hollow: left out of it, crosses: a path folded or diverged, or a heavy tail, "
        "dotted: floors; dashed: what is predicted, shaded: its tolerance; bars: 95 % intervals that hold together.")


def draw(judged: Sequence[Judged]) -> Figure:
    """The rows of one claim below each other: curves at the left if there are any, numbers at the right; on a page of
    one column numbers below the curves."""
    width = style.fitting()
    fitted = any(group.curves for one in judged for group in one.row.groups)
    beside = fitted and width > style.COLUMN
    labels = [_labels(one.row.groups) for one in judged]
    forests = np.clip([AROUND + LINE * _lines(texts).sum() for texts in labels], 1.0, MOST)
    least = CURVES if beside else max(LEAST, min(CURVES, PAGE / len(judged) - forests.max()))
    curved = np.full(len(judged), least if fitted else 0.0)
    total = np.maximum(forests, curved) if beside else forests + curved
    share = min(1.0, PAGE / total.sum())
    figure = Figure(figsize=(width, share * total.sum()), layout="constrained")
    strips = figure.add_gridspec(len(judged), 1, height_ratios=total)
    for i, (one, texts, forest, height) in enumerate(zip(judged, labels, share * forests, share * total, strict=True)):
        strip = strips[i]
        if beside:  # curves keep their shape beside a long list of numbers
            parts = strip.subgridspec(1, 2)
            rest = height - MOST_CURVES
            upper = parts[0].subgridspec(2, 1, height_ratios=(MOST_CURVES, rest))[0] if rest > 0 else parts[0]
        else:
            ratios = (least, forest / share) if fitted else (1.0,)
            parts = strip.subgridspec(len(ratios), 1, height_ratios=ratios)
            upper = parts[0]
        drawn = _looks(one.row.groups, one.names)
        first = figure.add_subplot(upper)
        if fitted:
            _curves(first, one, drawn, min(height if beside else share * least, MOST_CURVES))
        _forest(figure.add_subplot(parts[1]) if fitted else first, one, drawn, texts, forest)
        first.set_title(words(looks.name(one.names)), loc="left")
    return figure


def pictures(judged: Iterable[Judged]) -> Iterator[tuple[str, Callable[[], Figure], str]]:
    """(name, what draws it, caption) of the picture of every claim that has runs."""
    for name, mine in by_claim(judged).items():
        if any(one.row.runs for one in mine):
            yield name, partial(draw, mine), caption(mine)


def caption(judged: Sequence[Judged]) -> str:
    """What is claimed, by whom, what came out for every row, and how to read the picture."""
    claim = judged[0].claim
    found = "; ".join(f"{one.names}: " * bool(one.names) + f"{one.verdict.word}, {measured(one.verdict.worst)}, "
                      f"predicted {claim.direction} {one.verdict.predicted:.3g}" for one in judged if one.row.groups)
    return f"{claim.words} [{source(claim)}] Measured: {found or 'nothing yet'}. {READ}"


def _curves(axes: Axes, one: Judged, drawn: Sequence[Mapping[str, Any]], height: float) -> None:
    curves = [(look, curve) for look, group in zip(drawn, one.row.groups, strict=True) for curve in group.curves]
    if not any(np.any(_drawable(curve)) for _, curve in curves):
        axes.set_axis_off()
        return
    for look, curve in curves:
        _curve(axes, curve, look)
    axes.set_yscale("log")
    low, high = _range([curve for _, curve in curves])
    axes.set_ylim(low, high)
    style.decades(axes.yaxis, low, high)
    if one.claim.statistic.kind != "geometric":
        axes.set_xscale("log")
        style.plain_ticks(axes.xaxis)
        _reference(axes, one, [curve for _, curve in curves])
    axes.set(xlabel=x_label(one.claim.statistic), ylabel=y_label(one.claim.statistic))
    _name_ends(axes, curves, height - 0.5)


def _range(curves: Sequence[Curve]) -> tuple[float, float]:
    """Of what was measured, with a little room: neither a reference nor a far floor spreads the axis."""
    values = np.concatenate([curve.y[_drawable(curve)] for curve in curves])
    room = max(1.6, (values.max() / values.min()) ** 0.08)
    return float(values.min() / room), float(values.max() * room)


def _curve(axes: Axes, curve: Curve, look: Mapping[str, Any]) -> None:
    """Points used in the fit filled, the others hollow; the fit over its own range; the floor of every point dotted."""
    used = {y for _, y in curve.fit.points}
    inside = np.array([y in used for y in curve.y], dtype=bool)
    good, colour = _drawable(curve), look["color"]
    for part, face in ((good & inside, colour), (good & ~inside, "white")):
        axes.errorbar(curve.x[part], curve.y[part], reach(curve.y[part], NORMAL * curve.stderr[part]),
                      fmt=look["marker"], markersize=3.2, color=colour, markerfacecolor=face, markeredgewidth=0.7,
                      elinewidth=0.7, zorder=style.DATA)
    bad = good & np.isin(curve.y, [point.y for point in curve.fit.dropped if point.why in DOUBTED])
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
    """The predicted slope, dashed, through the middle of everything, named in the corner that it leaves free."""
    points = np.array([point for curve in curves for point in curve.fit.points])
    if not len(points) or not np.isfinite(one.verdict.predicted):
        return
    inverse = one.claim.statistic.kind == "inverse_slope"
    slope = 1.0 / one.verdict.predicted if inverse else one.verdict.predicted
    x = np.array([points[:, 0].min(), points[:, 0].max()])
    middle = np.exp(np.log(points).mean(axis=0))
    axes.plot(x, middle[1] * (x / middle[0]) ** slope, color=looks.INK, linestyle=looks.DASHED, linewidth=1.0,
              zorder=style.DATA, label=f"{one.claim.direction} {one.verdict.predicted:.3g}")
    along, up = (np.log(points) - np.log(middle)).T  # of one point nothing rises
    rises = along @ up >= 0
    axes.legend(loc="upper left" if rises else "upper right", borderpad=0.1, handlelength=1.6, frameon=True,
                framealpha=0.8, edgecolor="none")


def _name_ends(axes: Axes, curves: Sequence[tuple[Mapping[str, Any], Curve]], height: float) -> None:
    """What tells the curves of a group apart, at the right end of the highest of each."""
    ends: dict[str, float] = {}
    for _, curve in curves:
        good = _drawable(curve)
        if good.any():
            name = ", ".join(symbol(key, value) for key, value in curve.names.items())
            last = float(curve.y[good][np.argmax(curve.x[good])])
            ends[name] = max(last, ends.get(name, 0.0))
    if 1 < len(ends) <= ENDS:
        style.end_labels(axes, [(y, name, looks.INK) for name, y in ends.items()], height)


def _forest(axes: Axes, one: Judged, drawn: Sequence[Mapping[str, Any]], texts: Sequence[tuple[str, str]],
            height: float) -> None:
    """Value and 95% interval of every group; the prediction with its tolerance shaded; words for as many as fit."""
    groups, verdict = one.row.groups, one.verdict
    if not groups:
        axes.set_axis_off()
        return
    axes.axvspan(verdict.predicted - verdict.tolerance, verdict.predicted + verdict.tolerance, color="0.9", zorder=0)
    axes.axvline(verdict.predicted, color=looks.INK, linestyle=looks.DASHED, linewidth=1.0)
    lines = _lines(texts)
    places = np.cumsum(lines) - (lines + 1) / 2  # 0, 1, 2, ... where every label is one line
    crowded = LINE * lines.sum() > height - AROUND + LINE
    every = int(np.ceil(LINE * lines.max() * len(lines) / (height - AROUND + LINE))) if crowded else 1
    for i, (place, look, group) in enumerate(zip(places, drawn, groups, strict=True)):
        if np.isfinite(group.value):
            low, high = (bound if np.isfinite(bound) else group.value for bound in (group.low, group.high))
            axes.plot([low, high], [place, place], color=look["color"], linewidth=1.0)
            axes.plot(group.value, place, marker=look["marker"], markersize=3.6, color=look["color"],
                      markerfacecolor=look["color"] if high > low else "white")
        elif i % every == 0:
            room = int(9 * style.fitting(style.COLUMN))
            reason = style.wrapped(re.split(r" \(| where ", str(group.reason))[0], room).partition("\n")
            axes.text(0.02, place, reason[0] + " …" * bool(reason[1]), transform=axes.get_yaxis_transform(),
                      va="center", color=looks.GREY)
    before = ["", *(lead for lead, _ in texts[::every])]
    axes.set_yticks(places[::every], [_said(*text, last) for text, last in zip(texts[::every], before, strict=False)])
    axes.set_ylim(places[-1] + lines[-1] / 2 + 0.1, -0.6)
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    axes.set_title(verdict.word, loc="right", color=VERDICTS.get(verdict.word, looks.GREY), fontweight="bold")
    if one.claim.statistic.kind in ("level", "ratio") and not any(group.curves for group in groups):
        axes.set_xlabel(y_label(one.claim.statistic) + ", ratio" * (one.claim.statistic.kind == "ratio"))


def _lines(texts: Sequence[tuple[str, str]]) -> np.ndarray:
    """How many lines every label takes; a name that stands above it in the list is not said again."""
    before = ["", *(lead for lead, _ in texts)]
    return np.array([1 + _said(*text, last).count("\n") for text, last in zip(texts, before, strict=False)], dtype=int)


def _said(lead: str, rest: str, before: str) -> str:
    if not (lead and rest):
        return lead or rest or "all"
    return rest if lead == before else f"{lead}{' ' if len(lead + rest) < LONG else chr(10)}{rest}"


def _labels(groups: Sequence[Measured]) -> list[tuple[str, str]]:
    """The groups' names in words: (target or sampler, what else tells them apart, on several lines if need be)."""
    found = []
    for group in groups:
        first, _, rest = group.label.partition(" ")
        lead, rest = ("", group.label) if "=" in first else (looks.name(first), rest)
        found.append((lead, style.wrapped(words(rest).replace(" = ", NARROW), LONG).replace(NARROW, " = ")))
    return found


def _looks(groups: Sequence[Measured], row: str) -> list[dict[str, Any]]:
    """By the first word of a group's name, that of a target or sampler, or of its row's where it has none; further
    marks where it comes again."""
    first = [group.label.partition(" ")[0] or row for group in groups]
    seen, found = Counter[str](), []
    for place, word in enumerate(first):
        look = looks.nth(place) if "=" in word or not word else looks.look(word)
        found.append(look | ({"marker": looks.MARKERS[seen[word] % len(looks.MARKERS)]} if seen[word] else {}))
        seen[word] += 1
    return found

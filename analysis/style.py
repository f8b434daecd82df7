"""The layout of every picture: sizes and type for print, axes, error bars, floors, legends."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from analysis.curves import is_spoiled
from analysis.looks import GREY, INK
from heroism.rates import reach

TV = r"$\mathrm{TV}(p_{X_1}, p_{Y_1})$"
STAMP, LEGEND_ROW = 0.15, 0.17  # inches of a line of the stamp, and of a legend
REFERENCE, FLOOR, DATA = 1, 2, 3  # layers, from the back
WIDTH, COLUMN = 7.1, 3.45  # inches: 180 mm, the two columns of a page, and 88 mm, one of them
LETTER = 0.068  # inches of a letter, on average
NARROWEST = 1.6  # inches of a panel with its labels
SMALL = 8.0  # points: no type in any picture is smaller, or larger, at its final size
FEW, DIGITS = (1.0, 2.0, 5.0), FuncFormatter(lambda value, _: f"{value:g}")  # ticks of a short range
EVERY = (1.0, 1.5, *range(2, 10))  # of a very short one

matplotlib.rcParams.update({
    "font.family": "DejaVu Sans", "mathtext.fontset": "dejavusans", "font.size": SMALL, "axes.labelsize": SMALL,
    "axes.titlesize": SMALL, "legend.fontsize": SMALL, "xtick.labelsize": SMALL, "ytick.labelsize": SMALL,
    "figure.titlesize": SMALL,
    "axes.edgecolor": INK, "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.linewidth": 0.6, "axes.spines.top": False, "axes.spines.right": False, "axes.titlelocation": "left",
    "lines.linewidth": 1.2, "lines.markersize": 3.8, "legend.frameon": False, "grid.color": "#E3E3E3",
    "grid.linewidth": 0.5, "axes.grid": True, "axes.axisbelow": True, "savefig.dpi": 150, "pdf.fonttype": 42,
    "figure.facecolor": "white", "savefig.facecolor": "white",
})
_page: ContextVar[float] = ContextVar("page", default=WIDTH)


@contextmanager
def page(width: float) -> Iterator[None]:
    """No figure made inside is wider than that many inches: panels that do not fit side by side are wrapped."""
    token = _page.set(width)
    try:
        yield
    finally:
        _page.reset(token)


def fitting(width: float = WIDTH) -> float:
    """A width in inches, or that of the page if it is less."""
    return min(width, _page.get())


class Picture(NamedTuple):
    """A figure of a study: ``draw(tables)`` gives None where they hold nothing to draw; ``caption`` says what it shows.

    ``name`` is that of its files in ``results/figures``.
    """

    name: str
    draw: Callable[[Mapping[str, pd.DataFrame]], Figure | None]
    caption: str


def panels(rows: int, columns: int, height: float, width: float = WIDTH, **shared: Any) -> tuple[Figure, np.ndarray]:
    """A figure of rows x columns axes; ``height`` of one row in inches."""
    size = fitting(width), height * rows
    figure = Figure(figsize=size, layout="constrained")  # without pyplot: no display, nothing kept
    return figure, figure.subplots(rows, columns, squeeze=False, **shared)


def wrapped_panels(count: int, columns: int, height: float, width: float = WIDTH, narrowest: float = NARROWEST,
                   **shared: Any) -> tuple[Figure, list[Axes]]:
    """A figure of ``count`` axes, at most so many side by side, none narrower than so many inches with its words."""
    columns = _beside(count, columns, width, narrowest)
    figure, grid = panels(-(-count // columns), columns, height, width, **shared)
    for axes in grid.flat[count:]:
        figure.delaxes(axes)
    return figure, list(grid.flat[:count])


def _beside(count: int, columns: int, width: float, narrowest: float) -> int:
    """How many panels stand side by side."""
    return max(1, min(columns, count, int(fitting(width) / narrowest)))


def panelled(groups: Sequence[tuple[str, pd.DataFrame]], panel: Callable[[Axes, pd.DataFrame], None], columns: int,
             height: float, x: str, y: str, environments: pd.DataFrame, **shared: Any) -> Figure:
    """A figure with a panel for every (title, rows), at most ``columns`` side by side, legend and stamp below.

    The axes are named where a row of panels begins and where a column ends, and nowhere else.
    """
    figure, shown = wrapped_panels(len(groups), columns, height, **shared)
    columns = _beside(len(groups), columns, shared.get("width", WIDTH), shared.get("narrowest", NARROWEST))
    room = max(12, int(figure.get_figwidth() / columns / LETTER))
    for place, (axes, (title, rows)) in enumerate(zip(shown, groups, strict=True)):
        panel(axes, rows)
        axes.set(title=wrapped(title, room), xlabel=x if place + columns >= len(shown) else "",
                 ylabel="" if place % columns else y)
    footer(figure, environments, *shown)
    return figure


def powers_of_two(axis: Any, values: pd.Series) -> None:
    """Ticks at the measured values, such as T, a power of two; thinned when there are many."""
    ticks = sorted({int(value) for value in values})
    ticks = ticks[:: -(-len(ticks) // (7 if ticks[-1] < 1e4 else 5))]
    axis.set(major_locator=FixedLocator(ticks), major_formatter=DIGITS, minor_locator=NullLocator(),
             minor_formatter=NullFormatter())


def plain_ticks(axis: Any) -> None:
    """1, 2 and 5 of every decade in plain digits, or the decades alone where there are many."""
    low, high = axis.get_view_interval()
    few = high < 300 * low
    axis.set(major_locator=LogLocator(subs=FEW if few else (1.0,)), minor_formatter=NullFormatter(),
             **{"major_formatter": DIGITS} if few else {})


def decades(axis: Any, low: float, high: float) -> None:
    """Ticks between low and high: powers of ten, every second one over a long range, 1-2-5 over a short one."""
    span = np.log10(high / low)
    far = LogLocator(base=10.0 ** (2 if span > 7 else 1), numticks=30)
    near = LogLocator(subs=EVERY if span < 0.6 else FEW)
    axis.set(major_locator=near if span < 2.0 else far, minor_locator=NullLocator(), minor_formatter=NullFormatter(),
             **{"major_formatter": DIGITS} if span < 2.0 else {})


def slope_line(axes: Axes, x: Any, y: Any, label: str, **how: Any) -> None:
    """A reference: thin, grey, dashed, behind the data."""
    dashes: dict[str, Any] = {"color": GREY, "linewidth": 1.0, "linestyle": (0, (4, 2))}
    axes.plot(x, y, zorder=REFERENCE, label=label, **(dashes | how))


def error_bars(axes: Axes, x: Any, y: Any, stderr: Any, used: Any, label: str, **look: Any) -> None:
    """A curve with its standard errors (one each way); hollow where ``used`` is false."""
    x, y, stderr = (np.asarray(column, dtype=float) for column in (x, y, stderr))
    axes.plot(x, y, color=look["color"], linestyle=look["linestyle"], zorder=DATA)
    bars = reach(y, stderr)
    filled = np.ones(len(x), dtype=bool) if used is None else np.asarray(used, dtype=bool)
    for part, face in ((filled, look["color"]), (~filled, "white")):
        axes.errorbar(x[part], y[part], bars[:, part], color=look["color"], marker=look["marker"],
                      linestyle="none", markerfacecolor=face, elinewidth=0.9, zorder=DATA + 1)
    axes.plot([], [], label=label, zorder=DATA, **look)


def curve(axes: Axes, points: pd.DataFrame, x: str, used: Any, label: str, **look: Any) -> None:
    """Points with ``value, stderr, floor, folded, diverged, unusable`` against their column ``x``: error bars, hollow
    where not ``used``, crosses over what decides nothing, the floors dotted."""
    error_bars(axes, points[x], points["value"], points["stderr"], used, label=label, **look)
    spoiled(axes, points[x], points["value"], points)
    floor_line(axes, points[x], points["floor"], look["color"])


def spoiled(axes: Axes, x: Any, y: Any, points: pd.DataFrame) -> None:
    """A cross over every point that decides nothing although it has a number."""
    bad = is_spoiled(points)
    cross(axes, np.asarray(x, dtype=float)[bad], np.asarray(y, dtype=float)[bad])


def cross(axes: Axes, x: Any, y: Any) -> None:
    """Marks points that decide nothing."""
    if len(x):
        axes.plot(x, y, "x", color=INK, markersize=3.2, markeredgewidth=0.7, zorder=DATA + 2,
                  label="folded, diverged or heavy tail")


def measured(value: float, low: float, high: float) -> str:
    """``0.21 ± 0.02``: as many digits as the interval is sure of, at most two; the interval is rounded up."""
    half = (high - low) / 2
    if not np.isfinite(half):
        return f"{value:.2f}"
    digits = 2 if half < 0.1 else 1
    return f"{value:.{digits}f} ± {np.ceil(half * 10**digits) / 10**digits:.{digits}f}"


def floor_line(axes: Axes, x: Any, floor: Any, color: str, label: str = "_", width: float = 1.1) -> None:
    """What an estimator reports between identical laws: thin and dotted, in the colour of its curve."""
    floor = np.asarray(floor, dtype=float)
    axes.plot(np.asarray(x, dtype=float), np.where(floor > 0, floor, np.nan), color=color, label=label,
              linestyle=":", linewidth=width, zorder=FLOOR)


def wrapped(text: str, width: int) -> str:
    """Lines of at most so many characters, broken at plain spaces alone."""
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)


def power_of_ten(value: float) -> str:
    """In mathematical notation, without dollars."""
    exponent = int(np.floor(np.log10(value) + 1e-9))
    factor = value / 10.0**exponent
    return ("" if abs(factor - 1) < 1e-6 else rf"{factor:.3g}\cdot ") + f"10^{{{exponent}}}"


def numbers(axes: Axes, heading: str, lines: Sequence[tuple[str, str | Mapping[str, Any]]],
            corner: str | None = None) -> None:
    """Measured numbers in the colours of their curves, or with their looks in front, so that no legend is needed:
    beside the panel, or in a corner of it ("upper right")."""
    if not lines:
        return
    looks = [how if isinstance(how, Mapping) else {"color": how, "linestyle": "none"} for _, how in lines]
    marked = any("marker" in look for look in looks)
    shown = [Line2D([], [], **{**look, "label": "_"}) for look in looks]
    place: dict[str, Any] = {"loc": corner} if corner else {"loc": "center left", "bbox_to_anchor": (1.02, 0.5)}
    axes.legend(shown, [text for text, _ in lines], labelcolor=[look["color"] for look in looks], title=heading,
                title_fontsize=SMALL, alignment="left", handlelength=1.4 * marked, handletextpad=0.5 * marked,
                fontsize=SMALL, labelspacing=0.25, ncols=1 + (len(lines) > 5), columnspacing=1.2, frameon=True,
                framealpha=0.85, edgecolor="none", borderpad=0.2, **place)


def end_labels(axes: Axes, ends: Sequence[tuple[float, str, str]], height: float) -> None:
    """Names beside the right edge of a panel with a logarithmic y axis of so many inches, in place of a legend: every
    (y, text, colour) at its height, moved as far as its neighbours ask for."""
    low, high = np.log(axes.get_ylim())
    line = 1.15 * SMALL / 72 / height
    bottom = -np.inf
    for y, text, colour in sorted(ends):
        bottom = max((np.log(y) - low) / (high - low), bottom + line)
        axes.annotate(text, (1.0, bottom), (3, 0), xycoords="axes fraction", textcoords="offset points", color=colour,
                      va="center", fontsize=SMALL, annotation_clip=False)


def footer(figure: Figure, environments: pd.DataFrame, *sources: Axes) -> None:
    """Under the panels: one legend for all of them (every label once, references last), and where the runs come from.

    The stamp names machine, versions and commit.
    """
    entries: dict[str, Any] = {}
    for axes in sources:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    behind = {label: (one[0] if isinstance(one, tuple) else one).get_zorder() < DATA for label, one in entries.items()}
    order = sorted(entries, key=behind.__getitem__)
    width, height = figure.get_size_inches()
    columns = max(1, int(width / (0.45 + 0.06 * max(map(len, order), default=1))))
    rows = -(-len(order) // columns)
    stamp = textwrap.wrap(" · ".join(_origin(environments)), int(width / 0.065))
    under = STAMP * len(stamp) + 0.04
    below = under + LEGEND_ROW * rows + 0.06
    figure.set_figheight(height + below)  # the panels stay as high as they are
    if rows:
        figure.legend([entries[label] for label in order], order, loc="lower center", ncols=-(-len(order) // rows),
                      bbox_to_anchor=(0.5, under / (height + below)), borderaxespad=0.0, columnspacing=1.2)
    figure.text(0.995, 0.03 / (height + below), "\n".join(stamp), fontsize=SMALL, color=GREY, ha="right", va="bottom",
                linespacing=1.1)
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(0, below / (height + below), 1, height / (height + below)))


def _origin(environments: pd.DataFrame) -> list[str]:
    """Processor, cores, versions and commit, each with all of its values, as far as they are known."""
    found = []
    for words, column in (("{}", "machine.cpu"), ("{} cores", "machine.cores"), ("python {}", "versions.python"),
                          ("heroism {}", "versions.heroism"), ("numpy {}", "versions.numpy"),
                          ("scipy {}", "versions.scipy"), ("commit {}", "commit")):
        values = environments[column].dropna() if column in environments else []
        texts = {f"{value:g}" if isinstance(value, float) else str(value) for value in values}
        short = {text[:10] if column == "commit" else text for text in texts}
        found += [words.format(", ".join(sorted(short)))] * bool(short)
    return found

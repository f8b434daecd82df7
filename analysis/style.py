"""One look for every picture: the same colour, marker and line for the same label everywhere, readable in print."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from analysis.palette import BLACK, BLUE, COLOURS, GREEN, ORANGE, PURPLE, SKY, VERMILION

GREY = "#8A8A8A"
INK = "#333333"
MARKERS = "os^Dv<>pP*X"
LINES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (5, 1.2, 1.2, 1.2)), (0, (7, 2)))

# Colour, marker, line: written down for what everybody draws, so that it is the same in every figure ever made.
FIXED: Mapping[str, tuple[str, str, Any]] = {
    "product_mixture": (BLUE, "o", LINES[0]), "scale_mixture": (VERMILION, "s", LINES[0]),
    "low_rank_mixture": (GREEN, "^", LINES[0]), "hypercube": (PURPLE, "D", LINES[0]), "sphere": (ORANGE, "v", LINES[0]),
    "digits": (BLACK, "X", LINES[0]),
    "K=1": (BLACK, "o", LINES[0]), "K=2": (ORANGE, "s", LINES[0]), "K=3": (BLUE, "^", LINES[0]),
    "K=4": (VERMILION, "D", LINES[2]), "K=5": (GREEN, "v", LINES[0]), "K=6": (PURPLE, "P", LINES[2]),
    "heroism": (BLUE, "o", LINES[0]), "euler": (BLACK, "s", LINES[1]), "ddim": (ORANGE, "^", LINES[2]),
    "ddpm": (GREY, "X", LINES[3]),
    "heroism_frugal": (VERMILION, "D", LINES[0]), "heroism_frugal_embedded": (VERMILION, "d", LINES[1]),
    "heroism_parallel": (GREEN, "P", LINES[0]), "heroism_parallel_embedded": (GREEN, "p", LINES[1]),
    "unipc": (PURPLE, "^", LINES[0]), "dpm_solver_pp": (SKY, "v", LINES[0]), "deis": (ORANGE, "<", LINES[0]),
    "dop853": (BLACK, "X", LINES[0]), "rk4": (GREY, "4", LINES[0]), "heun": (PURPLE, "h", LINES[2]),
    "picard": (GREEN, "*", LINES[2]), "accelerated": (BLACK, ">", LINES[3]),
    "total_variation": (BLUE, "o", LINES[0]), "histogram": (VERMILION, "s", LINES[1]),
    "wasserstein": (SKY, "s", LINES[1]), "sliced_wasserstein": (GREEN, "^", LINES[2]),
    "sinkhorn": (PURPLE, "D", LINES[3]), "wasserstein_1d": (ORANGE, "v", LINES[4]),
    "quadrature": (BLACK, "+", LINES[2]),
}
NAMES = {
    "product_mixture": "product mixture", "scale_mixture": "scale mixture", "low_rank_mixture": "low-rank mixture",
    "digits": "handwritten digits", "total_variation": "exact", "histogram": "histogram",
    "wasserstein": r"$W_2$ between samples", "sliced_wasserstein": r"sliced $W_2$", "sinkhorn": "Sinkhorn",
    "wasserstein_1d": r"$W_2$ of one coordinate", "quadrature": "quadrature (oracle)",
}
TV = r"$\mathrm{TV}(p_{X_1}, p_{Y_1})$"
STAMP, LEGEND_ROW = 0.18, 0.2  # inches
REFERENCE, FLOOR, DATA = 1, 2, 3  # layers, from the back
WIDTH = 9.0  # inches; in print 180 mm at 79 %

matplotlib.rcParams.update({
    "font.family": "DejaVu Sans", "mathtext.fontset": "dejavusans", "font.size": 9, "axes.labelsize": 9.5,
    "axes.titlesize": 9.5, "legend.fontsize": 8, "xtick.labelsize": 8.5, "ytick.labelsize": 8.5,
    "axes.edgecolor": INK, "axes.labelcolor": INK, "text.color": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.linewidth": 0.7, "axes.spines.top": False, "axes.spines.right": False, "axes.titlelocation": "left",
    "lines.linewidth": 1.4, "lines.markersize": 4.6, "legend.frameon": False, "grid.color": "#E3E3E3",
    "grid.linewidth": 0.6, "axes.grid": True, "axes.axisbelow": True, "figure.dpi": 110, "savefig.dpi": 200,
    "svg.hashsalt": "heroism", "svg.fonttype": "path", "figure.facecolor": "white", "savefig.facecolor": "white",
})


def look(label: str) -> dict[str, Any]:
    """Colour, marker and line of a label; one that nobody wrote down gets one that depends on its name alone."""
    if label not in FIXED:
        number = zlib.crc32(label.encode())
        colour, marker, line = COLOURS[number % 7], MARKERS[number // 7 % len(MARKERS)], LINES[number // 77 % 5]
    else:
        colour, marker, line = FIXED[label]
    return {"color": colour, "marker": marker, "linestyle": line}


def name(label: str) -> str:
    """A label in words: ``"low_rank_mixture, start=gaussian"`` keeps what follows the comma."""
    first, comma, rest = label.partition(",")
    return NAMES.get(first, first.replace("_", " ")) + comma + rest


def panels(rows: int, columns: int, height: float, width: float = WIDTH, **shared: Any) -> tuple[Figure, np.ndarray]:
    """A figure of rows x columns axes; ``height`` of one row in inches."""
    figure = Figure(figsize=(width, height * rows), layout="constrained")  # without pyplot: no display, nothing kept
    return figure, figure.subplots(rows, columns, squeeze=False, **shared)


def powers_of_two(axis: Any, values: pd.Series) -> None:
    """Ticks at the measured T, which are powers of two; thinned when there are many."""
    ticks = sorted({int(value) for value in values})
    ticks = ticks[:: 2 if len(ticks) > 7 else 1]
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_locator(NullLocator())
    axis.set_minor_formatter(NullFormatter())


def decades(axis: Any, low: float, high: float) -> None:
    """Ticks between low and high: powers of ten, every second one over a long range, 1-2-5 over a short one."""
    span = np.log10(high / low)
    if span < 2.0:
        axis.set_major_locator(LogLocator(base=10.0, subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    else:
        axis.set_major_locator(LogLocator(base=10.0 ** (2 if span > 7 else 1), numticks=30))
    axis.set_minor_locator(NullLocator())


def slope_line(axes: Axes, x: Any, y: Any, label: str, **how: Any) -> None:
    """A reference: thin, grey, dashed, behind the data."""
    dashes: dict[str, Any] = {"color": GREY, "linewidth": 1.0, "linestyle": (0, (4, 2))}
    axes.plot(x, y, zorder=REFERENCE, label=label, **(dashes | how))


def mosaic(layout: list[list[str]], height: float, widths: list[float]) -> tuple[Figure, dict[str, Axes]]:
    """A figure of named axes, laid out as the names are."""
    figure = Figure(figsize=(WIDTH, height * len(layout)), layout="constrained")
    return figure, figure.subplot_mosaic(layout, width_ratios=widths)  # type: ignore[arg-type]


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


def reach(y: Any, stderr: Any) -> Any:
    """(2, n) lengths of error bars down and up; one that reaches zero has no place on a logarithmic axis."""
    return np.array([np.minimum(stderr, 0.999 * y), stderr])


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


def power_of_ten(value: float) -> str:
    """In mathematical notation, without dollars."""
    exponent = int(np.floor(np.log10(value) + 1e-9))
    factor = value / 10.0**exponent
    return ("" if abs(factor - 1) < 1e-6 else rf"{factor:.3g}\cdot ") + f"10^{{{exponent}}}"


def numbers(axes: Axes, heading: str, lines: list[tuple[str, str]], beside: bool = False) -> None:
    """Measured numbers in the colours of their curves: beside the panel, or where the data leave most room in it."""
    if not lines:
        return
    blank = [Line2D([], [], linestyle="none") for _ in lines]
    axes.legend(blank, [text for text, _ in lines], labelcolor=[colour for _, colour in lines], title=heading,
                title_fontsize=7.5, alignment="left", handlelength=0, handletextpad=0, fontsize=7.5, labelspacing=0.25,
                ncols=1 + (len(lines) > 5), columnspacing=1.2, frameon=True, framealpha=0.85, edgecolor="none",
                borderpad=0.2, **({"loc": "center left", "bbox_to_anchor": (1.0, 0.5)} if beside else {"loc": "best"}))


def footer(figure: Figure, environments: pd.DataFrame, *sources: Axes, columns: int = 7) -> None:
    """Under the panels: one legend for all of them (every label once, references last), and where the runs come from.

    The stamp names machine, versions and commit.
    """
    entries: dict[str, Any] = {}
    for axes in sources:
        entries |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    order = sorted(entries, key=lambda label: (entries[label].get_zorder() < DATA, label))
    rows = -(-len(order) // columns)
    height = figure.get_figheight()
    if rows:
        figure.legend([entries[label] for label in order], order, loc="lower center", ncols=min(len(order), columns),
                      bbox_to_anchor=(0.5, STAMP / height), borderaxespad=0.0)
    figure.text(0.995, 0.3 * STAMP / height, " · ".join(_origin(environments)), fontsize=6, color=GREY, ha="right")
    below = (STAMP + LEGEND_ROW * rows + 0.06) / height
    engine = figure.get_layout_engine()
    if isinstance(engine, ConstrainedLayoutEngine):
        engine.set(rect=(0, below, 1, 1 - below))


def _origin(environments: pd.DataFrame) -> list[str]:
    def all_of(column: str, cut: int | None = None) -> str:
        values = environments[column].dropna().astype(str).str[:cut] if column in environments else []
        return ", ".join(sorted(set(values)))

    libraries = [column for column in ("versions.python", "versions.heroism", "versions.numpy", "versions.scipy")
                 if column in environments]
    cores = all_of("machine.cores").replace(".0", "")
    words = [all_of("machine.cpu"), f"{cores} cores" if cores else "",
             *(f"{column.partition('.')[2]} {all_of(column)}" for column in libraries),
             f"commit {all_of('commit', 10)}" if all_of("commit") else ""]
    return [word for word in words if word]


def save(figure: Figure, path: Path) -> list[Path]:
    """As PNG and SVG beside each other, with the same bytes for the same figure."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = []
    for suffix, metadata in ((".png", {"Software": None}), (".svg", {"Date": None, "Creator": None})):
        target = path.with_suffix(suffix)
        figure.savefig(target, metadata=metadata)
        written.append(target)
    return written

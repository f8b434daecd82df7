"""A study's own table as people read it: in a terminal, in a pipe, and in the README."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from analysis import style
from analysis.shipped_text import summary
from analysis.tables import Tables

NONE = "-"


def readable(study: str, tables: Tables) -> pd.DataFrame:
    """The rows and columns that answer the study's question, as text."""
    return READABLE[study](tables)


def show(table: pd.DataFrame, title: str, note: str) -> None:
    """Ruled and coloured in a terminal, aligned columns elsewhere."""
    if not sys.stdout.isatty():
        print(title, plain(table), note, sep="\n\n")
        return
    ruled = Table(title=title, title_justify="left", title_style="bold", caption=note, caption_justify="left",
                  header_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in table:
        ruled.add_column(name, justify="left" if name in LEFT else "right", no_wrap=name != "verdict")
    for row in table.itertuples(index=False):
        ruled.add_row(*map(_coloured, row))
    Console().print(ruled)


def plain(table: pd.DataFrame) -> str:
    """Aligned columns of text; one line where there is nothing to align."""
    if table.empty:
        return "(no rows)"
    columns = [[str(name), *table[name]] for name in table]
    widths = [max(map(len, column)) for column in columns]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
             for row in zip(*columns, strict=True)]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def markdown(table: pd.DataFrame) -> str:
    """For the README."""
    rows = [[str(name) for name in table], ["---" if name in LEFT else "---:" for name in table], *table.to_numpy()]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows)


def write_between(path: Path, name: str, text: str) -> bool:
    """Replace what stands between ``<!-- table:x -->`` and the next ``<!-- /table -->``; False without such marks."""
    kind = name.partition(":")[0]
    pattern = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- /{re.escape(kind)} -->)", re.DOTALL)
    old = path.read_text()
    new, count = pattern.subn(lambda match: f"{match[1]}{text}\n{match[2]}", old)
    if new != old:
        path.write_text(new)
    return count > 0


def interval(value: float, low: float, high: float) -> str:
    """``0.213 [0.19, 0.23]``; a dash where there is no number."""
    if not np.isfinite(value):
        return NONE
    return f"{value:.2f} [{_end(low)}, {_end(high)}]"


def _end(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "∞" if value > 0 else "-∞"


def _number(value: float, form: str) -> str:
    return format(value, form) if pd.notna(value) and np.isfinite(value) else NONE


def _dimension(tables: Tables) -> pd.DataFrame:
    table, single = tables["dimension"], tables["dimension_exponents"]
    levels = sorted(single["epsilon"].unique(), reverse=True) if len(single) else []
    shown = []
    for row in table.to_dict("records"):
        mine = single[(single["family"] == row["family"]) & _same(single["K"], row["K"])].set_index("epsilon")
        exponents = {_level(level): _number(mine["exponent"].get(level, np.nan), ".2f")
                     if mine["why"].get(level) == "" else NONE for level in levels}
        shown.append({"family": row["family"], "K": _number(row["K"], ".0f"), **exponents,
                      "exponent of d [95 %]": interval(row["exponent"], row["low"], row["high"]),
                      "1 + 2/K": _number(row["predicted"], ".2f"), "verdict": _verdict(row),
                      "": _steepest(row["steepest"])})
    return pd.DataFrame(shown)


def _accuracy(tables: Tables) -> pd.DataFrame:
    return pd.DataFrame([{
        "family": row["family"], "K": _number(row["K"], ".0f"), "d": row["d"].replace(" ", ", "),
        "order in h [95 %]": interval(row["order"], row["order_low"], row["order_high"]),
        "last": _number(row["order_at_small_h"], ".2f"),
        "classical": _number(row["classical_order"], ".0f"), "bound": _number(row["order_of_bound"], ".1f"),
        "of 1/ε [95 %]": interval(row["exponent"], row["low"], row["high"]),
        "1/K": _number(row["predicted"], ".2f"), "verdict": _verdict(row),
    } for row in tables["accuracy"].to_dict("records")])


def _floors(tables: Tables) -> pd.DataFrame:
    return pd.DataFrame([{
        "family": row["family"], "d": _number(row["d"], ".0f"), "distance": row["distance"],
        "floor": _number(row["floor"], ".1e"), "smallest value": _number(row["smallest"], ".1e"),
        "stops at T": _number(row["stops_at"], ".0f") if pd.notna(row["stops_at"]) else "goes on",
        "exact TV there": _number(row["exact_there"], ".1e"),
        "exact TV at the end": _number(row["exact_at_the_end"], ".1e"),
    } for row in tables["floors"].to_dict("records")])


def _leaderboard(tables: Tables) -> pd.DataFrame:
    """HEROISM's best beside the best of the others, ``59 : 70``, and their ratio."""
    shown = []
    for (target, d, cost), rows in tables["leaderboard_frontier"].groupby(["target", "d", "cost"], sort=True):
        rows = rows.sort_values("epsilon", ascending=False)
        cells = {_level(row["epsilon"]): f"{_number(row['heroism'], '.0f')} : {_number(row['other'], '.0f')}"
                 + (f" ({row['ratio']:.2f} ± {row['ratio_stderr']:.2f})" if np.isfinite(row["ratio"]) else "")
                 for row in rows.to_dict("records")}
        shown.append({"family": f"{style.name(str(target))}, d = {d}", "cost": cost, **cells})
    return pd.DataFrame(shown)


def _published(tables: Tables) -> pd.DataFrame:
    return pd.DataFrame([{
        "d": _number(row["d"], ".0f"), "N_t": _number(row["N_t"], ".0f"),
        "published, one coordinate": _number(row["published_marginal"], ".4f"),
        "ours, one coordinate": _number(row["marginal"], ".4f"),
        "joint (stderr)": f"{_number(row['joint'], '.4f')} ({_number(row['joint_stderr'], '.1g')})",
    } for row in tables["published"].to_dict("records")])


def _level(epsilon: float) -> str:
    """``ε 1e-4``"""
    mantissa, _, exponent = f"{epsilon:.1e}".partition("e")
    return f"ε {mantissa.removesuffix('.0')}e{int(exponent)}"


def _steepest(mark: str) -> str:
    """Clear, or within the uncertainty of others."""
    return ("△" if "not clearly" in mark else "▲") if mark else ""


def _verdict(row: Mapping[str, object]) -> str:
    why = row["why"] or ("the interval holds both sides" if row["verdict"] == "undecided" else "")
    return f"{row['verdict']}: {why}" if why else str(row["verdict"])


def _same(column: pd.Series, value: object) -> pd.Series:
    return column.isna() if pd.isna(value) else column == value


def _coloured(text: str) -> str:
    for word, colour in (("refuted", "red"), ("undecided", "yellow"), ("confirmed", "green"), ("sharper", "green")):
        if text.startswith(word):
            return f"[{colour}]{text}[/]"
    return text.replace("[", r"\[")


READABLE: Mapping[str, Callable[[Tables], pd.DataFrame]] = {
    "dimension": _dimension, "accuracy": _accuracy, "floors": _floors, "leaderboard": _leaderboard,
    "published": _published, "diffusers": summary}
NOTES: Mapping[str, str] = {
    "dimension": "▲ the steepest family at this K; △ the same, within the uncertainty of others. "
                 "Columns ε: the exponent of d at that total variation alone.",
    "accuracy": "Last: order between the two largest T. Bound: the order that the same fit finds in the theorem's "
                "bound, logarithms included, on the same T. Of 1/ε: its exponent in T(ε), 1/order in h = log T / T.",
    "floors": "Stops at T: where the estimate is its measured floor, within its error, or falls no further.",
    "leaderboard": "HEROISM's best : the best of all others (their ratio ± its standard error); a dash where no run "
                   "gets there. results/leaderboard.md has every sampler.",
    "published": "Other draws of the same law of modes and covariances. What is published stops at its estimator's "
                 "floor, about 0.012; the floor of our histogram stands in results/tables/published.csv.",
    "diffusers": "Both targets, the Gaussian mixture / the scale mixture. Order: on the last rungs above the floor. "
                 "Holds to T: the last to which the error fell at about the claimed order. results/diffusers.md has "
                 "every option, the tables of a trained model, SciPy, diffrax, and what cannot run."}
LEFT = ("family", "verdict", "distance", "cost", "method", "solver", "options", "levels", "why", "")

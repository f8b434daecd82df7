"""Numbers and tables as people read them: in a terminal, in a pipe, in the README and on pages."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

NONE = "-"
DOUBTFUL = "†: on some of the runs a path folded or diverged, or the tail is heavy; those decide nothing."
LEFT = ("family", "verdict", "distance", "cost", "method", "solver", "options", "levels", "why", "")  # columns of words
COLOURS = {"refuted": "red", "undecided": "yellow", "confirmed": "green", "sharper": "green"}


def number(value: float, form: str) -> str:
    """In Python's format ``form``; a dash where there is no number."""
    return format(value, form) if pd.notna(value) and np.isfinite(value) else NONE


def interval(value: float, low: float, high: float, digits: int = 2) -> str:
    """``0.21 [0.19, 0.23]``; a dash where there is no number, or no interval."""
    return NONE if np.isnan([value, low, high]).any() else \
        f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]".replace("inf", "∞")


def level(epsilon: float) -> str:
    """``ε 1e-4``"""
    mantissa, _, exponent = f"{epsilon:.1e}".partition("e")
    return f"ε {mantissa.removesuffix('.0')}e{int(exponent)}"


def verdict(row: Mapping[str, object]) -> str:
    """``confirmed``, or ``undecided: why`` for a row with columns ``verdict`` and ``why``."""
    why = row["why"] or ("the interval holds both sides" if row["verdict"] == "undecided" else "")
    return f"{row['verdict']}: {why}" if why else str(row["verdict"])


def mark(doubtful: float) -> str:
    """After a number that some runs on which a path folded or diverged (so many) are behind."""
    return " †" if doubtful else ""


def show(table: pd.DataFrame, title: str, note: str) -> None:
    """On the screen: ruled, coloured in a terminal, and as wide as it has to be elsewhere."""
    ruled = Table(title=title, title_justify="left", title_style="bold", caption=note, caption_justify="left",
                  header_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in table:
        ruled.add_column(name, justify="left" if name in LEFT else "right", no_wrap=name != "verdict")
    for row in table.itertuples(index=False):
        ruled.add_row(*map(_coloured, row))
    Console(width=None if sys.stdout.isatty() else 1000).print("(no rows)" if table.empty else ruled)


def markdown(table: pd.DataFrame, left: Collection[str] = LEFT) -> str:
    """For the README; ``left`` are the columns of words."""
    rows = [[str(name) for name in table], ["---" if name in left else "---:" for name in table], *table.to_numpy()]
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


def _coloured(text: str) -> str:
    colour = next((COLOURS[word] for word in COLOURS if text.startswith(word)), None)
    return f"[{colour}]{text}[/]" if colour else text.replace("[", r"\[")

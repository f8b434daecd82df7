"""A study's own table as people read it: in a terminal, in a pipe, and in the README."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection
from pathlib import Path

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table


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


def markdown(table: pd.DataFrame, left: Collection[str] | None = None) -> str:
    """For the README; ``left`` are the columns of words."""
    words = LEFT if left is None else left
    rows = [[str(name) for name in table], ["---" if name in words else "---:" for name in table], *table.to_numpy()]
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
    for word, colour in (("refuted", "red"), ("undecided", "yellow"), ("confirmed", "green"), ("sharper", "green")):
        if text.startswith(word):
            return f"[{colour}]{text}[/]"
    return text.replace("[", r"\[")


LEFT = ("family", "verdict", "distance", "cost", "method", "solver", "options", "levels", "why", "")
